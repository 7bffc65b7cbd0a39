//! Bridges with workers that are small programs: this very one, started again to do as it is told, or a shell.

mod admission;
mod ending;
mod mischief;
mod output;
mod place;
mod restarts;
mod service;
mod starting;
mod worker;
