//! Names, handles, and what is left behind: nothing.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_name_is_free_once_its_service_has_ended() {
    let runtime = runtime();
    let first = runtime.spawn(patient("name", Duration::ZERO)).unwrap();
    let error = runtime.spawn(deaf("name")).unwrap_err();
    assert_eq!(error, SpawnError::NameTaken("name".into()));
    assert_eq!(error.to_string(), "a service named `name` has not ended yet: give this one another name");
    tokio::task::yield_now().await;
    assert_eq!(runtime.service("name").unwrap().status().state, ServiceState::Running);
    first.stop();
    first.ended().await;

    // A failed one is kept to be reported, until its name is used again.
    let config = ServiceConfig {
        supervision: Supervision { intensity: Intensity::new(0, SECOND), ..Supervision::default() },
        ..ServiceConfig::default()
    };
    let failing = Scripted::new("name", |_| async { Err("broken".into()) });
    let failed = runtime.spawn_with(failing, config).unwrap();
    assert_eq!((failed.ended().await.state, runtime.services().len()), (ServiceState::Failed, 1));
    runtime.spawn(patient("name", Duration::ZERO)).unwrap();
    assert!(runtime.shutdown().await.is_clean());
    assert_no_tasks();
}

#[test]
fn without_an_executor_there_are_no_services() {
    assert_eq!(runtime().spawn(deaf("deaf")).unwrap_err(), SpawnError::NoRuntime);
    assert!(runtime().services().is_empty());
}

// A service a connection, for years: nothing may grow.
#[tokio::test(start_paused = true)]
async fn services_that_come_and_go_leave_nothing_behind() {
    let runtime = runtime();
    let mut weak = Vec::new();
    for index in 0..1000 {
        let held = Arc::new(());
        weak.push(Arc::downgrade(&held));
        let service = Scripted::new(format!("service {index}"), move |_| {
            let held = Arc::clone(&held);
            async move {
                drop(held);
                Ok(())
            }
        });
        runtime.spawn(service).unwrap().ended().await;
    }
    tokio::task::yield_now().await;
    assert!(runtime.services().is_empty());
    assert!(weak.iter().all(|held| held.strong_count() == 0));
    assert_no_tasks();
    runtime.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_watcher_sees_the_end_and_waits_no_longer() {
    let runtime = runtime();
    let handle = runtime.spawn(patient("watched", SECOND)).unwrap();
    let mut watched = handle.watch();
    watched.wait_for(|status| status.state == ServiceState::Running).await.unwrap();
    drop(handle);
    let (report, ()) = tokio::join!(runtime.shutdown(), async {
        watched.wait_for(|status| status.state == ServiceState::Stopping).await.unwrap();
        watched.wait_for(|status| status.state == ServiceState::Stopped).await.unwrap();
    });
    assert!(report.is_clean());
}

// Who supervises a service sees what its sockets do, whichever start bound them.
#[tokio::test]
async fn endpoints_of_a_service_are_seen_from_outside() {
    let runtime = runtime();
    let service = Scripted::new("bound", |context| async move {
        let config = crate::EndpointConfig::new([1; 32]).name("socket");
        let endpoint = config.bind_tcp(context.bus(), "127.0.0.1:0").await?;
        context.metrics().share_endpoint(endpoint.stats_handle());
        if context.start() == 1 {
            return Err("again".into());
        }
        context.cancelled().await;
        endpoint.shutdown().await;
        Ok(())
    });
    let config = ServiceConfig {
        supervision: Supervision { backoff: Backoff::constant(Duration::ZERO), ..Supervision::default() },
        ..ServiceConfig::default()
    };
    let handle = runtime.spawn_with(service, config).unwrap();
    let mut status = handle.watch();
    let again = |status: &ServiceStatus| status.state == ServiceState::Running && status.starts == 2;
    status.wait_for(again).await.unwrap();
    assert!(runtime.shutdown().await.is_clean());
    let endpoints = handle.metrics().endpoints();
    assert_eq!((endpoints.len(), endpoints[0].name(), endpoints[0].stats().connections), (1, "socket", 0));
}

// An error's own cause is part of it.
#[test]
fn failures_have_words_and_causes() {
    let inner = std::io::Error::other("inner");
    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);
    let failure = Failure::new(Phase::Run, Cause::Error(Box::new(Outer(inner))));
    assert_eq!(failure.to_string(), "error in run: outer");
    assert_eq!(std::error::Error::source(&failure).unwrap().to_string(), "inner");
}
