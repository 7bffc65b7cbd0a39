//! Services under tokio's paused clock: every time below is exact.

mod ending;
mod restarts;
mod runtime;

use std::future::Future;
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::*;
use crate::MessageBus;
use crate::supervision::{Backoff, Intensity, Jitter};

const SECOND: Duration = Duration::from_secs(1);

type Step = Pin<Box<dyn Future<Output = Result<(), ServiceError>> + Send>>;

/// What happens when, in seconds since the test began.
#[derive(Clone)]
struct Log(Arc<Mutex<Vec<(f64, String)>>>, Instant);

impl Log {
    fn new() -> Self {
        Self(Arc::default(), Instant::now())
    }

    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push((self.1.elapsed().as_secs_f64(), what.into()));
    }

    fn take(&self) -> Vec<(f64, String)> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// Without the times.
    fn words(&self) -> Vec<String> {
        self.take().into_iter().map(|(_, words)| words).collect()
    }
}

/// A service out of closures.
struct Scripted {
    name: String,
    startup: Box<dyn FnMut(ServiceContext) -> Step + Send>,
    run: Box<dyn FnMut(ServiceContext) -> Step + Send>,
    shutdown: Box<dyn FnMut(ServiceContext) -> Step + Send>,
}

impl Scripted {
    fn new<F>(name: impl Into<String>, mut run: impl FnMut(ServiceContext) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(), ServiceError>> + Send + 'static,
    {
        Self {
            name: name.into(),
            startup: Box::new(|_| Box::pin(async { Ok(()) })),
            run: Box::new(move |context| Box::pin(run(context))),
            shutdown: Box::new(|_| Box::pin(async { Ok(()) })),
        }
    }

    fn startup<F>(mut self, mut startup: impl FnMut(ServiceContext) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(), ServiceError>> + Send + 'static,
    {
        self.startup = Box::new(move |context| Box::pin(startup(context)));
        self
    }

    fn shutdown<F>(mut self, mut shutdown: impl FnMut(ServiceContext) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<(), ServiceError>> + Send + 'static,
    {
        self.shutdown = Box::new(move |context| Box::pin(shutdown(context)));
        self
    }
}

impl Service for Scripted {
    fn name(&self) -> &str {
        &self.name
    }

    async fn startup(&mut self, context: &ServiceContext) -> Result<(), ServiceError> {
        (self.startup)(context.clone()).await
    }

    async fn run(&mut self, context: &ServiceContext) -> Result<(), ServiceError> {
        (self.run)(context.clone()).await
    }

    async fn shutdown(&mut self, context: &ServiceContext) -> Result<(), ServiceError> {
        (self.shutdown)(context.clone()).await
    }
}

/// Runs until it is asked to end, and then for so long.
fn patient(name: impl Into<String>, ending: Duration) -> Scripted {
    Scripted::new(name, move |context| async move {
        context.cancelled().await;
        tokio::time::sleep(ending).await;
        Ok(())
    })
}

/// Never ends.
fn deaf(name: &str) -> Scripted {
    Scripted::new(name, |_| std::future::pending())
}

/// Waits of 1, 2, 4 … s, none of it random, up to three restarts in a minute; healthy after 10 s; 5 s to end.
fn runtime() -> ServiceRuntime {
    let backoff = Backoff { initial: SECOND, max: 100 * SECOND, factor: 2.0, jitter: 0.0 };
    let intensity = Intensity::new(3, 60 * SECOND);
    let supervision = Supervision { backoff, intensity, healthy_after: 10 * SECOND };
    ServiceRuntime::new(MessageBus::new()).with_config(ServiceConfig { supervision, shutdown_deadline: 5 * SECOND })
}

/// Panics when it is dropped, with a value that does so too.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any(Fuse);
    }
}

struct Fuse;

impl Drop for Fuse {
    fn drop(&mut self) {
        panic!("dropped the value of a panic");
    }
}

/// No task is left behind: not one of services, and not one of tests.
fn assert_no_tasks() {
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), 0);
}
