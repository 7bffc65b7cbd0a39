//! This executable again, as a program that logs.

use std::process::{Command, Stdio};

use tracing_subscriber::filter::Targets;

use super::*;

const PLAY: &str = "LOGS_TEST_PLAY";

/// Not a test, but the program: where nobody tells it what to do, it does nothing.
#[test]
fn program() {
    let Ok(play) = std::env::var(PLAY) else { return };
    begin().expect("a thread");
    start(LogFormat::Json, Targets::new().with_default(Level::INFO)).expect("the only one");
    for word in play.split(' ') {
        match word {
            "line" => tracing::info!(target: "test", "a line"),
            "flood" => (0..100_000).for_each(|number| tracing::info!(target: "test", number, "many lines")),
            "panic" => drop(
                std::thread::Builder::new()
                    .name("wrong".into())
                    .spawn(|| panic!("on purpose"))
                    .expect("a thread")
                    .join(),
            ),
            "words" => super::super::terminal::words("the last words\n"),
            word => panic!("{word}"),
        }
    }
    finish();
    std::process::exit(7);
}

fn playing(play: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a path"));
    command.args(["--exact", "daemon::logs::tests::program", "--nocapture", "--quiet"]);
    command.env(PLAY, play).env("RUST_BACKTRACE", "0").stdin(Stdio::null()).stdout(Stdio::null());
    command
}

// Whoever looks why a bridge has ended needs all that it said, in its order.
#[test]
fn all_is_written_at_the_end_and_in_order() {
    let output = playing("line panic line words").output().expect("it runs");
    let text = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(7), "{text}");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 7, "{text}");
    assert!(lines[0].contains("\"message\":\"a line\""), "{text}");
    assert!(lines[2].starts_with("thread 'wrong' panicked at ") && lines[2].contains("logs/tests.rs:"), "{text}");
    assert_eq!((lines[1], lines[3]), ("", "on purpose"));
    assert!(lines[4].starts_with("note: run with `RUST_BACKTRACE=1`"), "{text}");
    assert!(lines[5].contains("\"message\":\"a line\""), "{text}");
    assert_eq!(lines[6], "the last words");
}

// A bridge that waits here is killed by its service manager, and its workers with it.
#[test]
fn a_reader_who_reads_nothing_holds_up_neither_a_panic_nor_the_end() {
    let (reader, writer) = io::pipe().expect("a pipe");
    let status = playing("flood panic flood words").stderr(writer).status().expect("it runs");
    assert_eq!(status.code(), Some(7));
    drop(reader);
}
