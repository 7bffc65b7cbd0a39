//! Failures, and what follows them.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_clean_return_ends_a_service() {
    let runtime = runtime();
    let handle = runtime.spawn(Scripted::new("once", |_| async { Ok(()) })).unwrap();
    let status = handle.ended().await;
    assert_eq!((status.state, status.starts, status.restarts()), (ServiceState::Stopped, 1, 0));
    runtime.idle().await;
    assert!(runtime.services().is_empty() && status.last_failure.is_none());
    assert!(runtime.shutdown().await.services.is_empty());
    assert_no_tasks();
}

#[tokio::test(start_paused = true)]
async fn failures_are_tried_again_later_and_later_and_then_no_more() {
    let (log, runtime) = (Log::new(), runtime());
    let mut transitions = runtime.transitions();
    let noted = log.clone();
    let service = Scripted::new("broken", move |context| {
        noted.note(format!("start {}", context.start()));
        async { Err("no database".into()) }
    });
    let handle = runtime.spawn(service).unwrap();
    let report = runtime.failed().await;
    let starts = [(0.0, "start 1"), (1.0, "start 2"), (3.0, "start 3"), (7.0, "start 4")];
    assert_eq!(log.take(), starts.map(|(at, what)| (at, what.to_owned())));
    assert_eq!(report.to_string(), "broken: failed (error in run: no database)");
    assert_eq!((report.status.starts, report.status.restarts()), (4, 3));
    assert_eq!(handle.metrics().counters(), ServiceCounters { starts: 4, errors: 4, ..Default::default() });

    // Each change was told, in order, none twice.
    let mut states = vec![ServiceState::Starting];
    while let Ok(transition) = transitions.try_recv() {
        assert_eq!((&*transition.service, states.last()), ("broken", Some(&transition.from)));
        states.push(transition.status.state);
    }
    let words: Vec<_> = states.iter().map(ToString::to_string).collect();
    let start = ["starting", "running", "stopping"];
    let rests = ["backing off for 1s", "backing off for 2s", "backing off for 4s", "failed"];
    let expected: Vec<_> = rests.iter().flat_map(|rest| start.iter().chain([rest])).collect();
    assert_eq!(words.iter().map(String::as_str).collect::<Vec<_>>(), expected.into_iter().copied().collect::<Vec<_>>());

    // It is reported again to whoever asks later, and at shutdown.
    assert_eq!(&*runtime.failed().await.name, "broken");
    let report = runtime.shutdown().await;
    assert!(!report.is_clean());
    assert_eq!(report.to_string(), "1 services, 0 stopped; broken: failed (error in run: no database)");
    assert_no_tasks();
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_panic_is_a_failure_with_words() {
    type Run = fn() -> Result<(), ServiceError>;
    let cases: [(&str, Run); 5] = [
        ("panic in run: text", || panic!("text")),
        ("panic in run: text 1", || panic!("text {}", 1)),
        ("panic in run: a value that is not text", || panic_any(vec![1])),
        ("panic in run: a value that is not text", || panic_any(Fuse)),
        ("panic in run: a value that is not text", || {
            let _bomb = Bomb;
            Ok(())
        }),
    ];
    for (words, run) in cases {
        let runtime = runtime();
        let handle = runtime.spawn(Scripted::new("panics", move |_| async move { run() })).unwrap();
        let status = handle.ended().await;
        assert_eq!((status.state, status.restarts()), (ServiceState::Failed, 3), "{words}");
        assert_eq!(status.last_failure.unwrap().to_string(), words);
        assert_eq!(handle.metrics().counters(), ServiceCounters { starts: 4, panics: 4, ..Default::default() });
    }
    assert_no_tasks();
}

#[tokio::test(start_paused = true)]
async fn panics_in_startup_and_shutdown_count() {
    for (phase, words) in [("startup", "panic in startup: up"), ("shutdown", "panic in shutdown: down")] {
        let (log, runtime) = (Log::new(), runtime());
        let [a, b, c] = [log.clone(), log.clone(), log.clone()];
        let service = Scripted::new("panics", move |_| {
            b.note("run");
            async { Ok(()) }
        })
        .startup(move |_| {
            a.note("startup");
            async move {
                tokio::task::yield_now().await;
                if phase == "startup" { panic!("up") } else { Ok(()) }
            }
        })
        .shutdown(move |_| {
            c.note("shutdown");
            async { panic!("down") }
        });
        let status = runtime.spawn(service).unwrap().ended().await;
        assert_eq!(status.last_failure.unwrap().to_string(), words);
        assert_eq!(status.state, ServiceState::Failed);
        // What did not start up is not shut down; what has run to its end is not run again.
        let expected = if phase == "startup" { vec!["startup"; 4] } else { vec!["startup", "run", "shutdown"] };
        assert_eq!(log.words(), expected);
    }
    assert_no_tasks();
}

// Such as one that is written without `async`, and panics on its way to a future.
#[tokio::test(start_paused = true)]
async fn a_service_may_panic_before_it_returns_a_future() {
    struct Eager;
    impl Service for Eager {
        fn name(&self) -> &str {
            "eager"
        }

        fn run(&mut self, _: &ServiceContext) -> impl Future<Output = Result<(), ServiceError>> + Send {
            if true {
                panic!("eager");
            }
            async { Ok(()) }
        }
    }
    let runtime = runtime();
    let status = runtime.spawn(Eager).unwrap().ended().await;
    assert_eq!((status.state, status.starts), (ServiceState::Failed, 4));
    assert_eq!(status.last_failure.unwrap().to_string(), "panic in run: eager");
}

// The failure that led to the restart is what is reported, not what came of cleaning up after it.
#[tokio::test(start_paused = true)]
async fn cleaning_up_after_a_failure_may_fail_or_hang() {
    for hangs in [false, true] {
        let (log, runtime) = (Log::new(), runtime());
        let noted = log.clone();
        let service = Scripted::new("messy", move |_| {
            noted.note("run");
            async { Err("first".into()) }
        })
        .shutdown(move |_| async move { if hangs { std::future::pending().await } else { Err("second".into()) } });
        let handle = runtime.spawn(service).unwrap();
        assert_eq!(handle.ended().await.last_failure.unwrap().to_string(), "error in run: first");
        let cleaning = if hangs { 5.0 } else { 0.0 };
        let expected: Vec<_> =
            [0.0, 1.0, 3.0, 7.0].iter().zip(0..).map(|(at, n)| at + cleaning * f64::from(n)).collect();
        assert_eq!(log.take().into_iter().map(|(at, _)| at).collect::<Vec<_>>(), expected);
        let deadlines = if hangs { 4 } else { 0 };
        let counters = ServiceCounters { starts: 4, errors: 8 - deadlines, panics: 0, deadlines };
        assert_eq!(handle.metrics().counters(), counters);
    }
    assert_no_tasks();
}

#[tokio::test(start_paused = true)]
async fn a_healthy_run_starts_the_waits_over() {
    let (log, runtime) = (Log::new(), runtime());
    let noted = log.clone();
    let service = Scripted::new("flaky", move |context| {
        noted.note("run");
        async move {
            let healthy = context.start() == 3;
            tokio::time::sleep(if healthy { 10 * SECOND } else { SECOND }).await;
            Err("again".into())
        }
    });
    runtime.spawn(service).unwrap().ended().await;
    // Ran 1, waited 1, ran 1, waited 2, ran 10, waited 1.
    assert_eq!(log.take().into_iter().map(|(at, _)| at).collect::<Vec<_>>(), [0.0, 2.0, 5.0, 16.0]);
}

// Restarts further apart than the window's allowance go on for ever.
#[tokio::test(start_paused = true)]
async fn rare_failures_are_never_too_many() {
    let runtime = runtime();
    let service = Scripted::new("daily", |context| async move {
        tokio::time::sleep(30 * SECOND).await;
        if context.start() == 1000 { Ok(()) } else { Err("again".into()) }
    });
    let status = runtime.spawn(service).unwrap().ended().await;
    assert_eq!((status.state, status.starts), (ServiceState::Stopped, 1000));
    assert_eq!(status.last_failure.unwrap().to_string(), "error in run: again");
}

#[tokio::test(start_paused = true)]
async fn a_start_gets_a_token_that_ends_with_it() {
    let runtime = runtime();
    let (tokens, mut received) = tokio::sync::mpsc::unbounded_channel();
    let service = Scripted::new("tokens", move |context| {
        assert!(!context.is_cancelled() && context.name() == "tokens");
        tokens.send((context.start(), context.token().clone())).unwrap();
        async { Err("again".into()) }
    });
    let handle = runtime.spawn(service).unwrap();
    let mut starts = 0;
    while let Some((start, token)) = received.recv().await {
        starts += 1;
        token.cancelled().await;
        assert_eq!((start, handle.status().state.is_final()), (starts, starts == 4));
    }
    assert_eq!(starts, 4);
}

// Everything that depended on one thing fails with it: the restarts are spread, and bounded.
#[tokio::test(start_paused = true)]
async fn a_storm_of_restarts_is_spread_and_ends() {
    let (log, mut runtime) = (Log::new(), runtime());
    runtime = runtime.with_jitter(Jitter::seeded(1));
    let mut config = ServiceConfig::default();
    config.supervision.backoff = Backoff { jitter: 1.0, ..Backoff::constant(SECOND) };
    for index in 0..400 {
        let noted = log.clone();
        let service = Scripted::new(format!("service {index}"), move |_| {
            noted.note("run");
            async { Err("the database is gone".into()) }
        });
        runtime.spawn_with(service, config).unwrap();
    }
    runtime.idle().await;
    let starts = log.take();
    assert_eq!(starts.len(), 400 * 6);
    // The first restarts are within the first second, evenly.
    let mut tenths = [0; 10];
    for (at, _) in starts.iter().filter(|(at, _)| *at > 0.0).take(400) {
        tenths[((at * 10.0) as usize).min(9)] += 1;
    }
    assert!(starts.iter().filter(|(at, _)| *at == 0.0).count() < 410, "the first starts, and hardly any restart");
    let most = tenths.iter().max().unwrap();
    assert!(*most < 100, "{tenths:?}");
    let report = runtime.shutdown().await;
    assert_eq!((report.services.len(), report.unclean().count()), (400, 400));
    assert_no_tasks();
}
