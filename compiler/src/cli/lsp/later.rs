//! What takes longer than an answer about one place may: done on a thread of its own, in order. What is not wanted any
//! more before its turn comes is not done.

use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Sender, unbounded};
use serde::Serialize;

use super::rpc::{Id, Outgoing};

type Work = Box<dyn FnOnce() + Send>;

/// The thread, as the server sees it.
pub struct Later {
    work: Sender<Work>,
    out: Sender<Outgoing>,
    /// The requests whose turn has not come.
    queued: Arc<Mutex<Vec<Id>>>,
}

impl Later {
    pub fn start(out: Sender<Outgoing>) -> Self {
        let (work, todo) = unbounded::<Work>();
        std::thread::spawn(move || todo.into_iter().for_each(|work| work()));
        Self { work, out, queued: Arc::default() }
    }

    /// Answers a request with what comes out of some work.
    pub fn answer<R: Serialize>(&self, id: Id, result: impl FnOnce() -> R + Send + 'static) {
        let (out, queued) = (self.out.clone(), self.queued.clone());
        lock(&queued).push(id.clone());
        self.todo(move || {
            if take(&queued, &id) {
                let _ = out.send(Outgoing::answer(&id, &result()));
            }
        });
    }

    /// Takes a request back; whether its turn had not come yet.
    pub fn cancel(&self, id: &Id) -> bool {
        take(&self.queued, id)
    }

    /// Drops something large.
    pub fn dispose(&self, what: impl Send + 'static) {
        self.todo(move || drop(what));
    }

    fn todo(&self, work: impl FnOnce() + Send + 'static) {
        let _ = self.work.send(Box::new(work));
    }
}

fn lock(queued: &Mutex<Vec<Id>>) -> std::sync::MutexGuard<'_, Vec<Id>> {
    queued.lock().unwrap_or_else(PoisonError::into_inner)
}

fn take(queued: &Mutex<Vec<Id>>, id: &Id) -> bool {
    let mut queued = lock(queued);
    let found = queued.iter().position(|queued| queued == id);
    found.map(|at| queued.remove(at)).is_some()
}
