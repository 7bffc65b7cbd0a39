//! Stdout and stderr: data goes to the one and only when all is well, words to the other.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use super::exit::Failure;
use super::logs;

/// Writes data to stdout.
pub fn data(bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes.as_ref()).and_then(|()| stdout.flush()).map_err(|error| Failure::stdout(&error))
}

/// Writes words to stderr, behind the log where there is one. Where nobody can read them there is nothing to do about it.
pub fn words(text: &str) {
    if logs::words(text) {
        return;
    }
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes());
}

/// A text as a line of a terminal: control characters, which could do anything there, as their escapes.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let mut printable = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if c.is_control() { printable.extend(c.escape_default()) } else { printable.push(c) }
    }
    Cow::Owned(printable)
}

/// Whether words on stderr are coloured.
pub fn is_colored() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Says why a command stops.
pub fn say(failure: &Failure) {
    let (red, cyan, reset) =
        if is_colored() { ("\x1b[1m\x1b[31m", "\x1b[1m\x1b[36m", "\x1b[0m") } else { ("", "", "") };
    for line in &failure.lines {
        words(&format!("{red}error{reset}: {}\n", printable(line)));
    }
    if let Some(help) = &failure.help {
        words(&format!("  {cyan}help{reset}: {}\n", printable(help)));
    }
}
