//! Projects that `myc-schema new` writes: making them, following the steps that it prints, and the programs that the
//! last step starts.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::program::{Run, command};
use crate::toolchain::{self, root, target_folder};

/// The commands of the printed steps: the indented lines.
pub fn steps(words: &str) -> Vec<String> {
    words.lines().filter_map(|line| line.strip_prefix("  ")).map(str::to_owned).collect()
}

/// What is said by `myc-schema new` with these arguments, run in `folder`.
pub fn new(folder: &Path, arguments: &[&str]) -> String {
    let run = Run::from(command(folder, [&["new"], arguments].concat()).output().expect("myc-schema runs")).exits(0);
    assert_eq!(run.text(), "");
    run.stderr
}

/// Commands for bash in `folder`, with the workspace's build output and without a network.
pub fn bash(folder: &Path, line: &str) -> Command {
    let mut bash = Command::new("bash");
    bash.args(["-euc", line]).current_dir(folder).stdin(Stdio::null());
    bash.env("CARGO_TARGET_DIR", target_folder()).env("CARGO_NET_OFFLINE", "true").env_remove("CARGO_BUILD_TARGET");
    // As in a shell of its own: no settings of this run of cargo.
    for name in ["INSIDE_DUNE", "MYCELIUM_SOCKET", "RUST_LOG"] {
        bash.env_remove(name);
    }
    toolchain::without_colours(bash)
}

/// Gives a cargo project the versions of this workspace, which are there without a network.
pub fn lock(project: &Path) {
    std::fs::copy(root().join("Cargo.lock"), project.join("Cargo.lock")).expect("a lock file");
}

/// A program that runs until it is told to end. Dropping it kills it.
pub struct Program {
    child: Child,
    lines: Receiver<String>,
    said: String,
}

/// Longer than anything takes, also where `cargo run` builds it first on a busy machine.
const LIMIT: Duration = Duration::from_secs(600);

impl Program {
    /// Starts a command whose stderr is listened to.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let stderr = BufReader::new(child.stderr.take().expect("stderr is a pipe"));
        let (sender, lines) = channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines, said: String::new() }
    }

    /// Waits until it has said `words` in one line.
    #[track_caller]
    pub fn says(&mut self, words: &str) {
        let deadline = Instant::now() + LIMIT;
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.said.push_str(&line);
            self.said.push('\n');
            if line.contains(words) {
                return;
            }
        }
        panic!("it did not say {words:?}, but:\n{}", self.said);
    }

    /// Asks it to end, and asserts that it does with exit code 0.
    #[track_caller]
    pub fn ends(self) {
        self.ends_at(Signal::TERM);
    }

    /// The same, with the signal that asks.
    #[track_caller]
    pub fn ends_at(mut self, signal: Signal) {
        let told = kill_process(Pid::from_child(&self.child), signal);
        assert!(told.is_ok(), "{told:?}; it said:\n{}", self.said);
        let deadline = Instant::now() + LIMIT;
        // Its end closes its stderr.
        while let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.said.push_str(&line);
            self.said.push('\n');
        }
        assert!(Instant::now() < deadline, "it does not end:\n{}", self.said);
        let status = self.child.wait().expect("it has ended");
        assert_eq!(status.code(), Some(0), "{}", self.said);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
