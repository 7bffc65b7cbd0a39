//! A folder with a contract and a configuration, and the command in it.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::{ErrorKind, Read};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// Longer than anything takes on a busy machine; a test that waits so long has failed.
pub const LONG: Duration = Duration::from_secs(60);

pub struct Place {
    folder: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    /// With the contract that the tests' messages are of.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bus/tests/messages/contracts.yaml");
        fs::copy(contract, folder.path().join("contracts.yaml")).expect("the contract");
        Self { folder }
    }

    /// With a configuration as well, in front of which are the contract and a socket.
    pub fn with(config: &str) -> Self {
        let place = Self::new();
        place.write("bridge.yaml", &format!("contracts: contracts.yaml\nsocket: bus.sock\n{config}"));
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    pub fn append(&self, name: &str, text: &str) {
        let path = self.path(name);
        let before = fs::read_to_string(&path).expect("a file");
        fs::write(path, before + text).expect("a file");
    }

    /// The names of what is there, in order.
    pub fn files(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).expect("the folder").flatten();
        let mut names: Vec<_> = names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    pub fn command<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_myc-bridge"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for name in ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "NO_COLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command
    }

    /// Runs the command to its end.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ended {
        Ended::of(self.command(arguments).output().expect("it runs"))
    }

    /// Runs the command to its end, with this on stdin.
    pub fn run_with<S: AsRef<OsStr>>(&self, stdin: &str, arguments: impl IntoIterator<Item = S>) -> Ended {
        self.write("stdin", stdin);
        let stdin = fs::File::open(self.path("stdin")).expect("a file");
        Ended::of(self.command(arguments).stdin(stdin).output().expect("it runs"))
    }

    /// The command by another one, which gets it as its arguments.
    pub fn command_by<S: AsRef<OsStr>>(&self, by: &[&str], arguments: impl IntoIterator<Item = S>) -> Command {
        let command = self.command(arguments);
        let mut outer = Command::new(by[0]);
        outer.args(&by[1..]).arg(command.get_program()).args(command.get_args());
        outer.current_dir(self.folder.path()).stdin(Stdio::null()).env_remove("NO_COLOR");
        outer
    }

    /// The command as somebody whom permissions concern: for root they are what the system does not look at.
    pub fn unprivileged<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        match rustix::process::geteuid().is_root() {
            true => self.command_by(&["setpriv", "--bounding-set=-all", "--inh-caps=-all"], arguments),
            false => self.command(arguments),
        }
    }

    /// Starts a bridge with this configuration, and with a service manager that listens.
    pub fn start(&self, arguments: &[&str]) -> Running {
        self.start_as(arguments, |_| {})
    }

    pub fn start_as(&self, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Running {
        let path = self.path("notify");
        let _ = fs::remove_file(&path);
        let manager = UnixDatagram::bind(&path).expect("a socket");
        manager.set_read_timeout(Some(LONG)).expect("a limit");
        let mut command = self.command([&["run", "--config", "bridge.yaml"], arguments].concat());
        command.env("NOTIFY_SOCKET", &path).stdout(Stdio::piped()).stderr(Stdio::piped());
        change(&mut command);
        let mut child = command.spawn().expect("it runs");
        let log = child.stderr.take().map(read);
        Running { child, manager, log }
    }

    /// Starts a bridge and waits until it is ready.
    pub fn ready(&self, arguments: &[&str]) -> Running {
        let mut running = self.start(arguments);
        running.told("READY=1");
        running
    }

    /// What `status --json` says.
    pub fn status(&self) -> serde_json::Value {
        let ended = self.run(["status", "--config", "bridge.yaml", "--json"]).exits(0);
        serde_json::from_str(&ended.stdout).expect("JSON")
    }

    /// Asks for the status whenever the service manager was told of a change, until it is as wanted.
    pub fn status_until(
        &self,
        running: &mut Running,
        mut is: impl FnMut(&serde_json::Value) -> bool,
    ) -> serde_json::Value {
        loop {
            running.told("STATUS=");
            let status = self.status();
            if is(&status) {
                return status;
            }
        }
    }
}

impl Ended {
    pub fn of(output: std::process::Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }

    /// Asserts that nothing is on stdout and every one of `words` on stderr.
    #[track_caller]
    pub fn says(self, words: &[&str]) -> Self {
        assert_eq!(self.stdout, "", "stdout is for data, and only when all is well");
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in:\n{}", self.stderr);
        }
        self
    }
}

fn read(mut stderr: ChildStderr) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = stderr.read_to_string(&mut text);
        text
    })
}

/// A bridge that runs. Dropping it kills it.
pub struct Running {
    pub child: Child,
    manager: UnixDatagram,
    log: Option<JoinHandle<String>>,
}

impl Running {
    /// Waits until the service manager is told something that begins so, and gives the line.
    #[track_caller]
    pub fn told(&mut self, start: &str) -> String {
        let mut buffer = [0; 4096];
        let mut heard = Vec::new();
        loop {
            let length = match self.manager.recv(&mut buffer) {
                Ok(length) => length,
                // As when the machine was suspended.
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => panic!("{error} instead of {start}; it heard {heard:?}"),
            };
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if let Some(line) = text.lines().find(|line| line.starts_with(start)) {
                return line.to_owned();
            }
            heard.push(text);
        }
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id() as i32).expect("a process");
        kill_process(pid, signal).expect("the process is there");
    }

    /// Waits for the end, which comes without being asked for. Without a log, where that goes elsewhere.
    pub fn ended(mut self) -> Ended {
        let pid = Pid::from_raw(self.child.id() as i32).expect("a process");
        let process = pidfd_open(pid, PidfdFlags::empty()).expect("it is there, or not waited for");
        let limit = LONG.try_into().expect("a limit");
        let ended =
            poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&limit)).expect("a process can be waited for");
        assert_eq!(ended, 1, "the bridge does not end");
        let status = self.child.wait().expect("an end");
        let mut stdout = String::new();
        let _ = self.child.stdout.take().expect("a pipe").read_to_string(&mut stdout);
        let stderr = self.log.take().map(|log| log.join().expect("the log")).unwrap_or_default();
        Ended { code: status.code(), stdout, stderr }
    }

    /// Asks for the end and waits for it. Gives the log.
    #[track_caller]
    pub fn stop(self) -> String {
        self.signal(Signal::TERM);
        let ended = self.ended().exits(0);
        assert_eq!(ended.stdout, "");
        ended.stderr
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer over HTTP: the status line, the headers in lower case, the text.
pub struct Answer {
    pub status: String,
    pub headers: BTreeMap<String, String>,
    pub text: String,
}

/// Asks over HTTP/1, and for the end of the connection.
pub fn ask(mut stream: impl Read + std::io::Write, method: &str, page: &str) -> Answer {
    let request = format!("{method} {page} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, text) = answer.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines();
    let status = lines.next().expect("a status").to_owned();
    let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    Answer { status, headers: lines.filter_map(header).collect(), text: text.to_owned() }
}
