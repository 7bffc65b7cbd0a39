//! The floor of a round trip through a bridge: its four crossings, and nothing else. A client, a relay on a thread of
//! its own, and an echo in a process of its own, as a bridge and its worker are; frames of a fixed size.

use std::io::{self, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::runtime::{Builder, Runtime};

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

struct Echo(Child);

impl Echo {
    /// This program, with [`ECHO`] as its argument, and the socket to speak to it.
    fn new(size: Size, wait: Wait) -> Result<(UnixStream, Self), Failure> {
        let (near, far) = UnixStream::pair()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args([ECHO, &format!("{wait:?}"), &size.frame().to_string()]).stdin(OwnedFd::from(far));
        Ok((near, Self(command.spawn()?)))
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The argument that makes this program an echo on its standard input: see [`echo`].
pub const ECHO: &str = "echo";

impl Relay {
    /// All three.
    pub fn new(size: Size, wait: Wait) -> Result<Self, Failure> {
        let frame = vec![7; size.frame()];
        let (client, near) = UnixStream::pair()?;
        let (far, echo) = Echo::new(size, wait)?;
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

/// The same, with the client and the relay on tokio: what they pay for tasks and timers, whatever is made of them. As it
/// is with heartbeats, some deadline is always ahead.
pub struct Tasks {
    client: Socket,
    frame: Vec<u8>,
    runtime: Runtime,
    _echo: Echo,
}

/// Registered for reading alone: a Unix socket that is registered for both wakes its writer each time that its peer reads.
type Socket = AsyncFd<UnixStream>;

#[expect(deprecated, reason = "its successor is unsafe, for descriptors that are not owned")]
fn register(socket: UnixStream) -> io::Result<Socket> {
    socket.set_nonblocking(true)?;
    AsyncFd::with_interest(socket, Interest::READABLE)
}

async fn read(socket: &Socket, frame: &mut [u8]) -> io::Result<()> {
    let mut guard = socket.readable().await?;
    guard.get_inner().read_exact(frame)?;
    // There is no more than one frame on its way.
    guard.clear_ready();
    Ok(())
}

async fn forward(from: Arc<Socket>, to: Arc<Socket>, mut frame: Vec<u8>) -> io::Result<()> {
    loop {
        read(&from, &mut frame).await?;
        to.get_ref().write_all(&frame)?;
    }
}

fn runtime() -> io::Result<Runtime> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.spawn(async { tokio::time::sleep(Duration::from_secs(3600)).await });
    Ok(runtime)
}

impl Tasks {
    /// All three; the echo waits in `epoll_wait`.
    pub fn new(size: Size) -> Result<Self, Failure> {
        let frame = vec![7; size.frame()];
        let (client, near) = UnixStream::pair()?;
        let (far, echo) = Echo::new(size, Wait::Epoll)?;
        let (relay, buffer) = (runtime()?, frame.clone());
        thread::spawn(move || {
            relay.block_on(async {
                let (near, far) = (Arc::new(register(near)?), Arc::new(register(far)?));
                let there = tokio::spawn(forward(near.clone(), far.clone(), buffer.clone()));
                let back = tokio::spawn(forward(far, near, buffer));
                let _ = tokio::join!(there, back);
                Ok::<_, io::Error>(())
            })
        });
        let runtime = runtime()?;
        let client = runtime.block_on(async { register(client) })?;
        Ok(Self { client, frame, runtime, _echo: echo })
    }
}

impl RoundTrip for Tasks {
    fn run(&mut self, count: usize) -> Result<Vec<Duration>, Failure> {
        let Self { client, frame, runtime, .. } = self;
        runtime.block_on(async {
            let mut times = Vec::with_capacity(count);
            for _ in 0..count {
                let start = Instant::now();
                client.get_ref().write_all(frame)?;
                read(client, frame).await?;
                times.push(start.elapsed());
            }
            Ok(times)
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
