//! `session` blocks: what a newcomer types. All of a page's are one shell, from the folder of the checkout on and with an
//! empty home, so that folders, variables and programs in the background go on from block to block. Each command has to
//! succeed; a here-document is part of its command.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::blocks::Block;
use super::console::matches;
use super::{Finding, Place, difference};
use crate::toolchain;

/// Seconds after which a session hangs.
const LIMIT: &str = "900";

/// Begins the line that says which command has ended, and how.
const MARK: char = '\u{1e}';

/// A command with the output that the page shows below it.
#[derive(Debug, PartialEq, Eq)]
struct Typed {
    line: usize,
    command: String,
    shown: String,
}

/// Types the sessions of a page.
pub(super) fn check(place: &Place, blocks: &[Block]) -> Vec<Finding> {
    let mut typed = Vec::new();
    for block in blocks.iter().filter(|block| block.kind() == "session") {
        match commands(block) {
            Ok(commands) => typed.extend(commands),
            Err(finding) => return vec![finding],
        }
    }
    let Some(first) = typed.first() else { return Vec::new() };
    let printed = match run(place, &typed) {
        Ok(printed) => printed,
        Err(words) => return vec![Finding { line: first.line, words }],
    };
    // After a command that failed the rest says nothing.
    let wrong = typed.iter().enumerate().find_map(|(index, typed)| {
        let words = match ended(&printed, index) {
            Some((printed, 0)) if matches(&typed.shown, &printed) => return None,
            Some((printed, 0)) => format!("prints something else:\n{}", difference(&typed.shown, &printed)),
            Some((printed, code)) => format!("`{}` ended with exit code {code}:\n{printed}", typed.command),
            None => format!("`{}` did not end within {LIMIT} s:\n{printed}", typed.command),
        };
        Some(Finding { line: typed.line, words })
    });
    wrong.into_iter().collect()
}

fn commands(block: &Block) -> Result<Vec<Typed>, Finding> {
    let mut typed: Vec<Typed> = Vec::new();
    let mut document: Option<String> = None;
    for (index, text) in block.body.lines().enumerate() {
        let line = block.line + 1 + index;
        match (text.strip_prefix("$ "), typed.last_mut(), &document) {
            (_, Some(last), Some(end)) => {
                last.command.push_str(&format!("\n{text}"));
                document = document.clone().filter(|_| text != end);
            }
            (Some(command), ..) => {
                document = command.split_once("<<'").and_then(|(_, rest)| rest.split('\'').next()).map(str::to_owned);
                typed.push(Typed { line, command: command.to_owned(), shown: String::new() });
            }
            (None, Some(last), None) => last.shown.push_str(&format!("{text}\n")),
            (None, None, _) => {
                return Err(Finding { line, words: format!("`{text}` comes before any `$ command`") });
            }
        }
    }
    Ok(typed)
}

fn run(place: &Place, typed: &[Typed]) -> Result<String, String> {
    // What runs in the background when the session ends is ended with it.
    let mut script = format!("trap 'kill $(jobs -p) 2>/dev/null' EXIT\ncd '{}' || exit 1\n", place.root.display());
    for (index, typed) in typed.iter().enumerate() {
        script.push_str(&format!("{}\nprintf '{MARK}%d %d\\n' {index} $? >&3\n", typed.command));
    }
    let home = tempfile::tempdir().map_err(|error| error.to_string())?;
    let (path, file) = (home.path().join("session.sh"), home.path().join("session.log"));
    // Into a file: what is left in the background would keep a pipe open.
    let said = fs::write(&path, script).and_then(|()| fs::File::create(&file)).map_err(|error| error.to_string())?;
    let copy = || said.try_clone().map(Stdio::from).map_err(|error| error.to_string());
    let mut shell = Command::new("timeout");
    shell.args(["--kill-after=5", LIMIT, "bash", "-c", "exec 3>&1; . \"$0\""]).arg(&path);
    shell.current_dir(home.path()).stdin(Stdio::null()).stdout(copy()?).stderr(copy()?);
    surroundings(&mut shell, home.path());
    shell.status().map_err(|error| format!("bash: {error}"))?;
    fs::read_to_string(&file).map_err(|error| error.to_string())
}

/// A home without anything, but with the Rust that is there.
fn surroundings(shell: &mut Command, home: &Path) {
    let old = std::env::var_os("HOME").map(std::path::PathBuf::from).unwrap_or_default();
    for (name, folder) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        if std::env::var_os(name).is_none() {
            shell.env(name, old.join(folder));
        }
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([toolchain::target_folder().join("debug")]);
    if let Ok(path) = std::env::join_paths(folders) {
        shell.env("PATH", path);
    }
    shell.env("HOME", home).env("CARGO_TERM_COLOR", "never").env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8");
    for name in ["MYCELIUM_SOCKET", "INSIDE_DUNE", "RUST_LOG", "RUST_BACKTRACE", "COLUMNS", "CLICOLOR_FORCE"] {
        shell.env_remove(name);
    }
}

/// What the command of this number printed, and its exit code.
fn ended(printed: &str, index: usize) -> Option<(String, i32)> {
    let from = match index {
        0 => 0,
        _ => {
            let before = printed.find(&format!("{MARK}{} ", index - 1))?;
            before + printed[before..].find('\n')? + 1
        }
    };
    let to = printed.find(&format!("{MARK}{index} "))?;
    let code = printed[to..].lines().next()?.split(' ').nth(1)?.parse().ok()?;
    let lines: String = printed.get(from..to)?.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    Some((lines, code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::docs::blocks::Page;

    fn place() -> Place {
        Place { root: toolchain::root(), folder: toolchain::target_folder() }
    }

    fn findings(body: &str) -> Vec<String> {
        let page = Page::parse(&format!("```session\n{body}```\n"));
        check(&place(), &page.blocks)
            .into_iter()
            .map(|finding| format!("{}: {}", finding.line, finding.words))
            .collect()
    }

    #[test]
    fn a_session_is_one_shell() {
        let right = "$ cd ~ && a=1\n$ cat > x <<'END'\n$ no command\nEND\n$ tail -c 8 x; echo $a\ncommand\n1\n\
                     $ sleep 100 &\n$ kill $!; echo on…\non…\n$ ls Cargo.toml\n…\n";
        let [only] = &findings(right)[..] else { panic!("{:?}", findings(right)) };
        // The home has none.
        assert!(only.starts_with("12: `ls Cargo.toml` ended with exit code 2"), "{only}");
    }

    #[test]
    fn what_is_wrong_is_found() {
        assert_eq!(findings("$ test -f Cargo.toml\n$ echo one two three\none … three\n"), [""; 0]);
        assert!(findings("$ echo a\nb\n")[0].contains("-b\n+a\n"));
        assert!(findings("b\n$ echo a\n")[0].contains("before any"));
    }
}
