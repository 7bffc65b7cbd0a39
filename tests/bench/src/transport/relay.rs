//! The floor of a round trip through a bridge: its four crossings, and nothing else. A client, a relay on a thread of
//! its own, and an echo in a process of its own, as a bridge and its worker are; frames of a fixed size.

use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

use super::{Failure, RoundTrip, Size, each};

/// How each of the three waits for the next frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// In `read`. A relay can do so as long as only one side speaks at a time: none that is of any use.
    Read,
    /// In `epoll_wait`, then it reads: as everybody does who has more than one thing to wait for.
    Epoll,
}

/// The sockets of one of the three.
struct Sockets<const N: usize> {
    sockets: [UnixStream; N],
    epoll: Option<OwnedFd>,
    /// Where the last frame came from, if nothing says where the next one does: from the next.
    next: usize,
}

impl<const N: usize> Sockets<N> {
    fn new(sockets: [UnixStream; N], wait: Wait) -> io::Result<Self> {
        let epoll = match wait {
            Wait::Read => None,
            Wait::Epoll => Some(epoll::create(CreateFlags::CLOEXEC)?),
        };
        if let Some(epoll) = &epoll {
            for (index, socket) in sockets.iter().enumerate() {
                epoll::add(epoll, socket, EventData::new_u64(index as u64), EventFlags::IN | EventFlags::ET)?;
            }
        }
        Ok(Self { sockets, epoll, next: N - 1 })
    }

    /// Reads a frame from wherever one comes; the index of the socket.
    fn read(&mut self, frame: &mut [u8]) -> io::Result<usize> {
        let index = match &self.epoll {
            None => {
                self.next = (self.next + 1) % N;
                self.next
            }
            Some(epoll) => {
                let mut events = [MaybeUninit::<Event>::uninit(); N];
                let (found, _) = epoll::wait(epoll, &mut events, None)?;
                found.first().map_or(0, |event| event.data.u64() as usize)
            }
        };
        self.sockets[index].read_exact(frame)?;
        Ok(index)
    }

    fn write(&mut self, index: usize, frame: &[u8]) -> io::Result<()> {
        self.sockets[index].write_all(frame)
    }
}

/// A frame from the client to the relay, to the echo, to the relay and back.
pub struct Relay {
    client: Sockets<1>,
    frame: Vec<u8>,
    _echo: Echo,
}

/// Ends with its socket.
struct Echo(Child);

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The argument that makes this program an echo on its standard input: see [`echo`].
pub const ECHO: &str = "echo";

impl Relay {
    /// All three. The echo is this program, with [`ECHO`] as its argument.
    pub fn new(size: Size, wait: Wait) -> Result<Self, Failure> {
        let frame = vec![7; size.frame()];
        let (client, near) = UnixStream::pair()?;
        let (far, echo) = UnixStream::pair()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args([ECHO, &format!("{wait:?}"), &frame.len().to_string()]).stdin(OwnedFd::from(echo));
        let echo = Echo(command.spawn()?);
        let (mut relay, mut buffer) = (Sockets::new([near, far], wait)?, frame.clone());
        thread::spawn(move || {
            while let Ok(from) = relay.read(&mut buffer)
                && relay.write(1 - from, &buffer).is_ok()
            {}
        });
        Ok(Self { client: Sockets::new([client], wait)?, frame, _echo: echo })
    }
}

impl RoundTrip for Relay {
    fn run(&mut self, count: usize) -> Result<Vec<Duration>, Failure> {
        each(count, || {
            self.client.write(0, &self.frame)?;
            self.client.read(&mut self.frame)?;
            Ok(())
        })
    }
}

/// Sends the frames that come on standard input back to where they came from, until the end of it. `arguments` are those
/// that follow [`ECHO`].
pub fn echo(arguments: &[String]) -> Result<(), Failure> {
    let [wait, size] = arguments else { return Err("echo takes two arguments".into()) };
    let wait = if *wait == format!("{:?}", Wait::Epoll) { Wait::Epoll } else { Wait::Read };
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let (mut socket, mut frame) = (Sockets::new([socket], wait)?, vec![0; size.parse()?]);
    while socket.read(&mut frame).is_ok() && socket.write(0, &frame).is_ok() {}
    Ok(())
}
