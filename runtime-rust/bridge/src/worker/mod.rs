//! Workers: processes in another language that a bridge starts and keeps alive. One file for each concern: settings, the
//! start of a process, the process itself, its output, who it is on a connection, and its supervision.

mod admission;
mod child;
pub(crate) mod config;
mod launch;
pub(crate) mod output;
mod process;
pub(crate) mod slot;
pub(crate) mod state;
mod supervise;

pub(crate) use admission::Gate;
pub(crate) use launch::{Launcher, LauncherThread};
pub(crate) use output::Room;
pub(crate) use slot::Slot;
pub(crate) use supervise::{Supervised, supervise};
