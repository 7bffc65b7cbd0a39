//! Where logs go: stderr, as text or as one JSON object a line.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use super::values::LogFormat;

/// Begins to log. Once in a process.
pub fn start(format: LogFormat, filter: Targets) -> Result<(), TryInitError> {
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Text => {
            let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let layer = fmt::layer().with_writer(io::stderr).with_ansi(io::stderr().is_terminal() && !no_color);
            registry.with(layer).try_init()
        }
        LogFormat::Json => registry.with(fmt::layer().with_writer(io::stderr).json().flatten_event(true)).try_init(),
    }
}
