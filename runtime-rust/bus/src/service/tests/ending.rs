//! Shutdown, deadlines, aborts.

use super::*;

fn outcomes(report: &ShutdownReport) -> Vec<String> {
    report.services.iter().map(ToString::to_string).collect()
}

#[tokio::test(start_paused = true)]
async fn hundreds_of_services_end_at_the_same_time() {
    let (log, runtime) = (Log::new(), runtime());
    for index in 0..500 {
        runtime.spawn(patient(format!("service {index}"), 4 * SECOND)).unwrap();
    }
    tokio::task::yield_now().await;
    let report = runtime.shutdown().await;
    log.note("over");
    assert_eq!((report.services.len(), report.is_clean()), (500, true));
    assert_eq!(log.take()[0].0, 4.0);
    assert_no_tasks();
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_is_dropped_at_its_own_deadline() {
    let (log, runtime) = (Log::new(), runtime());
    let config = |seconds: u32| ServiceConfig { shutdown_deadline: seconds * SECOND, ..ServiceConfig::default() };
    let hangs = |phase: &'static str| {
        let held = |here: bool| async move { if here { std::future::pending().await } else { Ok(()) } };
        patient(phase, Duration::ZERO)
            .startup(move |_| held(phase == "startup"))
            .shutdown(move |_| held(phase == "shutdown"))
    };
    let handles = [
        runtime.spawn_with(deaf("run"), config(2)).unwrap(),
        runtime.spawn_with(hangs("shutdown"), config(3)).unwrap(),
        runtime.spawn_with(hangs("startup"), config(7)).unwrap(),
        runtime.spawn_with(patient("slow", 6 * SECOND), config(7)).unwrap(),
        runtime.spawn_with(patient("zero", Duration::ZERO), config(0)).unwrap(),
    ];
    tokio::time::sleep(SECOND).await;
    let ends = async {
        let mut ends = tokio::task::JoinSet::new();
        for handle in handles {
            let log = log.clone();
            ends.spawn(async move {
                handle.ended().await;
                log.note(handle.name());
            });
        }
        ends.join_all().await
    };
    let (report, _) = tokio::join!(runtime.shutdown(), ends);
    let ends = [(1.0, "zero"), (3.0, "run"), (4.0, "shutdown"), (7.0, "slow"), (8.0, "startup")];
    assert_eq!(log.take(), ends.map(|(at, what)| (at, what.to_owned())));
    let expected = [
        "run: aborted (run took longer than 2s)",
        "shutdown: aborted (shutdown took longer than 3s)",
        "slow: stopped",
        "startup: aborted (startup took longer than 7s)",
        "zero: stopped",
    ];
    assert_eq!(outcomes(&report), expected);
    assert_no_tasks();
}

// run and shutdown share one deadline: it is the service's, not one a step.
#[tokio::test(start_paused = true)]
async fn a_deadline_is_for_the_whole_of_ending() {
    let (log, runtime) = (Log::new(), runtime());
    let service = patient("slow", 3 * SECOND).shutdown(|_| async {
        tokio::time::sleep(3 * SECOND).await;
        Ok(())
    });
    runtime.spawn(service).unwrap();
    tokio::task::yield_now().await;
    let report = runtime.shutdown().await;
    log.note("over");
    assert_eq!(outcomes(&report), ["slow: aborted (shutdown took longer than 5s)"]);
    assert_eq!(log.take()[0].0, 5.0);
}

#[tokio::test(start_paused = true)]
async fn services_may_fail_finish_or_be_waiting_while_they_are_asked_to_end() {
    let (log, runtime) = (Log::new(), runtime());
    let after = |name: &str, delay: Duration, result: fn() -> Result<(), ServiceError>| {
        Scripted::new(name, move |_| async move {
            tokio::time::sleep(delay).await;
            result()
        })
    };
    runtime.spawn(after("backing off", Duration::ZERO, || Err("before".into()))).unwrap();
    runtime.spawn(after("errs meanwhile", 3 * SECOND, || Err("meanwhile".into()))).unwrap();
    runtime.spawn(after("finishes before", SECOND / 4, || Ok(()))).unwrap();
    runtime.spawn(after("finishes meanwhile", 3 * SECOND, || Ok(()))).unwrap();
    runtime.spawn(after("panics meanwhile", 4 * SECOND, || panic!("meanwhile"))).unwrap();
    tokio::time::sleep(SECOND / 2).await;
    let report = runtime.shutdown().await;
    log.note("over");
    let expected = [
        "backing off: stopped",
        "errs meanwhile: failed (error in run: meanwhile)",
        "finishes meanwhile: stopped",
        "panics meanwhile: failed (panic in run: meanwhile)",
    ];
    assert_eq!(outcomes(&report), expected);
    assert_eq!(log.take()[0].0, 4.0);
    assert_no_tasks();
}

// Before its task was polled even once.
#[tokio::test(start_paused = true)]
async fn a_service_that_had_no_time_to_start_does_not() {
    let (log, runtime) = (Log::new(), runtime());
    let noted = log.clone();
    let service = Scripted::new("early", move |_| {
        noted.note("run");
        std::future::pending()
    });
    runtime.spawn(service).unwrap();
    let report = runtime.shutdown().await;
    assert_eq!((outcomes(&report), log.words()), (vec!["early: stopped".to_owned()], vec![]));
    assert_eq!(report.services[0].status.starts, 0);
}

#[tokio::test(start_paused = true)]
async fn one_service_can_be_asked_to_end() {
    let runtime = runtime();
    let [kept, asked, deaf] = [patient("kept", SECOND), patient("asked", SECOND), deaf("deaf")]
        .map(|service| runtime.spawn(service).unwrap());
    tokio::task::yield_now().await;
    asked.stop();
    deaf.stop();
    assert_eq!(asked.ended().await.state, ServiceState::Stopped);
    assert_eq!(deaf.ended().await.state, ServiceState::Aborted);
    assert_eq!(kept.status().state, ServiceState::Running);
    assert_eq!(&*runtime.failed().await.name, "deaf");
    runtime.shutdown().await;
    assert_eq!(kept.status().state, ServiceState::Stopped);
    assert_no_tasks();
}

/// A service whose own drop is noted, that holds something whose drop panics if asked for.
fn held(name: &str, log: &Log, bomb: bool) -> Scripted {
    struct Noted(Log, #[expect(dead_code, reason = "held for its drop")] Option<Bomb>);
    impl Drop for Noted {
        fn drop(&mut self) {
            self.0.note("dropped");
        }
    }
    let noted = Noted(log.clone(), bomb.then(|| Bomb));
    Scripted::new(name, move |_| {
        let _in_service = &noted;
        async { std::future::pending().await }
    })
}

#[tokio::test(start_paused = true)]
async fn dropping_the_runtime_aborts_its_services() {
    for bomb in [false, true] {
        let (log, runtime) = (Log::new(), runtime());
        let started = runtime.spawn(held("started", &log, bomb)).unwrap();
        tokio::task::yield_now().await;
        let unstarted = runtime.spawn(held("unstarted", &log, bomb)).unwrap();
        drop(runtime);
        for handle in [started, unstarted] {
            assert_eq!(handle.ended().await.state, ServiceState::Aborted);
        }
        assert_eq!(log.words(), ["dropped", "dropped"]);
        tokio::task::yield_now().await;
        assert_no_tasks();
    }
}

#[tokio::test(start_paused = true)]
async fn giving_up_on_shutdown_aborts_what_has_not_ended() {
    let (log, runtime) = (Log::new(), runtime());
    let handle = runtime.spawn(held("deaf", &log, false)).unwrap();
    tokio::task::yield_now().await;
    assert!(tokio::time::timeout(SECOND, runtime.shutdown()).await.is_err());
    assert_eq!(handle.ended().await.state, ServiceState::Aborted);
    log.note("seen");
    assert_eq!(log.take(), [(1.0, "dropped".to_owned()), (1.0, "seen".to_owned())]);
    tokio::task::yield_now().await;
    assert_no_tasks();
}

// What a service holds may panic when it goes, whichever way it goes; others must not feel it.
#[tokio::test(start_paused = true)]
async fn services_may_panic_when_they_are_dropped() {
    let runtime = runtime();
    let log = Log::new();
    let other = runtime.spawn(patient("other", Duration::ZERO)).unwrap();
    let bomb = Bomb;
    let ended = Scripted::new("ended", move |_| {
        let _in_service = &bomb;
        async { Ok(()) }
    });
    let ended = runtime.spawn(ended).unwrap();
    let late = Scripted::new("future", |_| async {
        let _bomb = Bomb;
        std::future::pending().await
    });
    let late = runtime.spawn(late).unwrap();
    let service = runtime.spawn(held("service", &log, true)).unwrap();
    tokio::task::yield_now().await;
    let status = ended.ended().await;
    assert_eq!(status.state, ServiceState::Stopped);
    assert_eq!(status.last_failure.unwrap().to_string(), "panic in drop: a value that is not text");
    let report = runtime.shutdown().await;
    let expected =
        ["future: aborted (run took longer than 5s)", "other: stopped", "service: aborted (run took longer than 5s)"];
    assert_eq!(outcomes(&report), expected);
    assert_eq!(other.status().restarts(), 0);
    for handle in [late, service] {
        assert_eq!((handle.metrics().counters().panics, handle.metrics().counters().deadlines), (1, 1));
    }
    assert_no_tasks();
}

// Nothing can stop a thread: the report must come all the same. Real time, since a paused clock waits for the thread.
#[test]
fn a_service_that_blocks_its_thread_is_reported() {
    let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    let (release, blocked) = std::sync::mpsc::channel::<()>();
    let blocked = Mutex::new(blocked);
    executor.block_on(async {
        let runtime = runtime();
        let (entered, mut has_entered) = tokio::sync::mpsc::unbounded_channel();
        let service = Scripted::new("blocks", move |_| {
            entered.send(()).unwrap();
            let _ = blocked.lock().unwrap().recv();
            async { Ok(()) }
        });
        let config = ServiceConfig { shutdown_deadline: Duration::ZERO, ..ServiceConfig::default() };
        let handle = runtime.spawn_with(service, config).unwrap();
        has_entered.recv().await.unwrap();
        let report = runtime.shutdown().await;
        assert_eq!(outcomes(&report), ["blocks: aborted (run took longer than 0ns)"]);
        drop(release);
        assert_eq!(handle.ended().await.state, ServiceState::Aborted);
    });
}
