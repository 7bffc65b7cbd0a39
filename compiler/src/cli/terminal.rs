//! Stdout and stderr: data goes to the one and only when all is well, words to the other.

use std::io::{self, Read, Write};

use anstream::{AutoStream, ColorChoice};
use clap::ValueEnum;
use myc_schema::diag::render::printable;
use myc_schema::source::reason;

use super::exit::Failure;

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl From<Color> for ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
    }
}

impl From<Color> for clap::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => clap::ColorChoice::Auto,
            Color::Always => clap::ColorChoice::Always,
            Color::Never => clap::ColorChoice::Never,
        }
    }
}

/// Whether words on stderr are coloured.
pub fn colored_words(color: Color) -> bool {
    let choice = match color {
        Color::Auto => AutoStream::choice(&io::stderr()),
        other => other.into(),
    };
    choice != ColorChoice::Never
}

/// Whether data on stdout is coloured.
pub fn colored_data(color: Color) -> bool {
    let choice = match color {
        Color::Auto => AutoStream::choice(&io::stdout()),
        other => other.into(),
    };
    choice != ColorChoice::Never
}

/// Columns of the terminal that stdout is; `None` where it is none.
pub fn width() -> Option<usize> {
    terminal_size::terminal_size_of(io::stdout()).map(|(terminal_size::Width(width), _)| width.into())
}

/// Writes data to stdout.
pub fn data(bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes.as_ref()).and_then(|()| stdout.flush()).map_err(|error| Failure::stdout(&error))
}

/// Writes words to stderr. Where nobody can read them there is nothing to do about it.
pub fn words(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
}

/// A line on stderr in which nothing moves the cursor, whatever a file is called.
pub fn line(text: &str) {
    words(&format!("{}\n", printable(text)));
}

/// Says why a command stops.
pub fn say(failure: &Failure, color: Color) {
    let (red, cyan, reset) =
        if colored_words(color) { ("\x1b[1m\x1b[31m", "\x1b[1m\x1b[36m", "\x1b[0m") } else { ("", "", "") };
    if let Some(text) = &failure.text {
        words(&format!("{red}error{reset}: {}\n", lines(text)));
    }
    if let Some(help) = &failure.help {
        words(&format!("  {cyan}help{reset}: {}\n", lines(help)));
    }
}

/// Lines in which nothing moves the cursor, whatever a file is called.
fn lines(text: &str) -> String {
    text.split('\n').map(printable).collect::<Vec<_>>().join("\n")
}

/// All of stdin, which may have `limit` bytes at most.
pub fn stdin(what: &str, limit: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(limit + 1).read_to_end(&mut bytes);
    read.map_err(|error| Failure::io(format!("cannot read {what} from stdin: {}", reason(&error))))?;
    if bytes.len() as u64 > limit {
        return Err(Failure::finding(format!("{what} on stdin is longer than {limit} bytes")));
    }
    Ok(bytes)
}
