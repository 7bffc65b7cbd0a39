//! `console` blocks: their commands are run, and what they print is compared with what the page shows.

use std::path::Path;
use std::process::{Command, Stdio};

use super::blocks::Block;
use super::{Mismatch, Place};

/// Runs `cargo xtask test` itself, so it cannot be run from a test.
const NOT_RUN: &str = "cargo xtask test";

/// Stands for any number of lines of output, or for any text in one.
const ANYTHING: &str = "…";

pub(super) fn check(place: &Place, block: &Block) -> Result<(), Mismatch> {
    let mut real = String::new();
    let mut agrees = true;
    for (command, shown) in commands(&block.body)? {
        real.push_str(&format!("$ {command}\n"));
        let printed = if command.starts_with(NOT_RUN) { shown.clone() } else { run(place, &command)? };
        if matches(&shown, &printed) {
            real.push_str(&shown);
        } else {
            agrees = false;
            real.push_str(&printed);
        }
    }
    if agrees { Ok(()) } else { Err(Mismatch::Output(real)) }
}

/// Each command with the output that the page shows below it.
fn commands(body: &str) -> Result<Vec<(String, String)>, Mismatch> {
    let mut commands: Vec<(String, String)> = Vec::new();
    let mut continued = false;
    for line in body.lines() {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (None, None) => return Err(Mismatch::Wrong(format!("`{line}` comes before any `$ command`"))),
            (None, Some((command, _))) if continued => {
                command.push('\n');
                command.push_str(line);
            }
            (None, Some((_, shown))) => {
                shown.push_str(line);
                shown.push('\n');
            }
            (Some(command), _) => commands.push((command.to_owned(), String::new())),
        }
        let in_command = commands.last().is_some_and(|(_, shown)| shown.is_empty());
        continued = in_command && line.ends_with('\\');
    }
    Ok(commands)
}

fn run(place: &Place, command: &str) -> Result<String, Mismatch> {
    // The project's own commands run where their users run them, have to succeed, and report progress on stderr.
    let own = command.starts_with("cargo ");
    let folder: &Path = if own { &place.root } else { &place.folder };
    let streams = if own { "" } else { "exec 2>&1;" };
    let compiler = crate::toolchain::compiler();
    if command.contains("myc-bridge") {
        crate::toolchain::bridge();
    }
    let mut paths = vec![compiler.parent().expect("a file in a folder").to_path_buf()];
    paths.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let output = Command::new("bash")
        .args(["-c", &format!("{streams} {command}")])
        .current_dir(folder)
        .env("PATH", std::env::join_paths(paths).map_err(|error| Mismatch::Wrong(error.to_string()))?)
        .env("NO_COLOR", "1")
        .env("CARGO_TERM_COLOR", "never")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("FORCE_COLOR")
        .env_remove("COLUMNS")
        .env("LC_ALL", "C.UTF-8")
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Mismatch::Wrong(format!("bash: {error}")))?;
    if output.status.code().is_none_or(|code| code > i32::from(!own)) {
        let words = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        return Err(Mismatch::Wrong(format!("`{command}` ended with {}:\n{words}", output.status)));
    }
    let printed = String::from_utf8_lossy(&output.stdout);
    // Pages have no blanks at the ends of lines.
    Ok(printed.lines().map(|line| format!("{}\n", line.trim_end())).collect())
}

pub(super) fn matches(shown: &str, printed: &str) -> bool {
    fn lines_match(shown: &[&str], printed: &[&str]) -> bool {
        match shown.split_first() {
            None => printed.is_empty(),
            Some((&ANYTHING, rest)) => (0..=printed.len()).any(|skip| lines_match(rest, &printed[skip..])),
            Some((first, rest)) => {
                printed.first().is_some_and(|printed| line_matches(first, printed)) && lines_match(rest, &printed[1..])
            }
        }
    }

    /// Within a line an ellipsis stands for anything, such as the number of a process.
    fn line_matches(shown: &str, printed: &str) -> bool {
        match shown.split_once(ANYTHING) {
            None => shown == printed,
            Some((before, after)) => printed.strip_prefix(before).is_some_and(|rest| {
                rest.char_indices().any(|(at, _)| line_matches(after, &rest[at..])) || after.is_empty()
            }),
        }
    }

    lines_match(&shown.lines().map(timeless).collect::<Vec<_>>(), &printed.lines().map(timeless).collect::<Vec<_>>())
}

/// A line without the seconds that it begins with, `[ 12.3 s]` or `  0.123 s`: no two runs take the same time.
fn timeless(line: &str) -> &str {
    let rest = line.trim_start().trim_start_matches('[').split_once(" s");
    match rest {
        Some((seconds, words)) if seconds.trim().parse::<f64>().is_ok() => words.trim_start_matches(']'),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ellipsis_stands_for_lines() {
        for (shown, printed, verdict) in [
            ("a\nb\n", "a\nb\n", true),
            ("a\n", "a\nb\n", false),
            ("a\n…\n", "a\nb\nc\n", true),
            ("…\nc\n", "a\nb\nc\n", true),
            ("a\n…\nd\n", "a\nb\nc\n", false),
            ("up …, pid …\n", "up 3s, pid 17\n", true),
            ("up …, pid …!\n", "up 3s, pid 17\n", false),
            ("", "", true),
            ("", "a\n", false),
            ("[  1.5 s] a\n", "[ 71.3 s] a\n", true),
            ("[  1.5 s] a\n", "[ 71.3 s] b\n", false),
            ("  1.523 s  a\n", " 10.001 s  a\n", true),
            ("  1.523 s  a\n", "  1.523 s  b\n", false),
            ("pid … is … ready\n", "pid 1 is not is ready\n", true),
            ("pid … is ready …\n", "pid 1 is ready \n", true),
            ("pid … is ready\n", "pid 1 is not\n", false),
        ] {
            assert_eq!(matches(shown, printed), verdict, "{shown:?} {printed:?}");
        }
    }

    #[test]
    fn commands_go_on_after_a_backslash() {
        let Ok(found) = commands("$ a \\\n  b\nc\n$ d\n") else { panic!("commands") };
        assert_eq!(found, [("a \\\n  b".into(), "c\n".into()), ("d".into(), String::new())]);
    }
}
