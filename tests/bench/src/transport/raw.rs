//! Floors: blocking sockets and threads, no protocol but frames of a fixed size.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use super::{Carrier, Failure, OneWay, RoundTrip, Size, each};

/// What a batch holds before it is written.
pub const BATCH: usize = 64 * 1024;

trait Stream: Read + Write + Send {}

impl<S: Read + Write + Send> Stream for S {}

fn pair(carrier: Carrier) -> io::Result<(Box<dyn Stream>, Box<dyn Stream>)> {
    match carrier {
        Carrier::Unix => {
            let (one, other) = UnixStream::pair()?;
            Ok((Box::new(one), Box::new(other)))
        }
        Carrier::Tcp => {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            let one = TcpStream::connect(listener.local_addr()?)?;
            let (other, _) = listener.accept()?;
            one.set_nodelay(true)?;
            other.set_nodelay(true)?;
            Ok((Box::new(one), Box::new(other)))
        }
    }
}

/// A loop that writes frames, and a thread that reads 64 KiB at a time.
pub struct Loop {
    socket: Box<dyn Stream>,
    size: Size,
    batch: usize,
    expect: mpsc::Sender<usize>,
    arrived: mpsc::Receiver<io::Result<Instant>>,
}

impl Loop {
    /// A loop that collects `batch` bytes for each call of `write`; with 0, one frame.
    pub fn new(carrier: Carrier, size: Size, batch: usize) -> io::Result<Self> {
        let (socket, mut reader) = pair(carrier)?;
        let (expect, expected) = mpsc::channel::<usize>();
        let (arrive, arrived) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = vec![0; BATCH];
            for total in expected {
                let outcome = read_total(&mut reader, &mut buffer, total).map(|()| Instant::now());
                if arrive.send(outcome).is_err() {
                    break;
                }
            }
        });
        Ok(Self { socket, size, batch: batch.max(size.frame()), expect, arrived })
    }
}

fn read_total(reader: &mut impl Read, buffer: &mut [u8], total: usize) -> io::Result<()> {
    let mut left = total;
    while left > 0 {
        match reader.read(buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => left = left.checked_sub(read).ok_or(io::ErrorKind::InvalidData)?,
        }
    }
    Ok(())
}

impl OneWay for Loop {
    fn run(&mut self, count: u64) -> Result<Duration, Failure> {
        let frame = vec![7; self.size.frame()];
        let mut pending = Vec::with_capacity(self.batch);
        self.expect.send(frame.len() * usize::try_from(count)?)?;
        let start = Instant::now();
        for _ in 0..count {
            pending.extend_from_slice(&frame);
            if pending.len() + frame.len() > self.batch {
                self.socket.write_all(&pending)?;
                pending.clear();
            }
        }
        self.socket.write_all(&pending)?;
        Ok(self.arrived.recv()?? - start)
    }
}

/// A frame there and a frame back.
pub struct PingPong {
    socket: Box<dyn Stream>,
    frame: Vec<u8>,
}

impl PingPong {
    /// Both ends, the far one on a thread of its own.
    pub fn new(carrier: Carrier, size: Size) -> io::Result<Self> {
        let (socket, mut far) = pair(carrier)?;
        let frame = vec![7; size.frame()];
        let mut buffer = frame.clone();
        thread::spawn(move || while far.read_exact(&mut buffer).is_ok() && far.write_all(&buffer).is_ok() {});
        Ok(Self { socket, frame })
    }
}

impl RoundTrip for PingPong {
    fn run(&mut self, count: usize) -> Result<Vec<Duration>, Failure> {
        each(count, || {
            self.socket.write_all(&self.frame)?;
            Ok(self.socket.read_exact(&mut self.frame)?)
        })
    }
}

/// A loop that writes each frame to every socket, and a thread that reads them all.
pub struct FanOut {
    sockets: Vec<UnixStream>,
    size: Size,
    batch: usize,
    drain: Drain,
}

impl FanOut {
    /// As many sockets as there are clients; `batch` as for [`Loop`].
    pub fn new(clients: usize, size: Size, batch: usize) -> Result<Self, Failure> {
        let (sockets, readers) =
            (0..clients).map(|_| UnixStream::pair()).collect::<io::Result<Vec<_>>>()?.into_iter().unzip();
        Ok(Self { sockets, size, batch: batch.max(size.frame()), drain: Drain::new(readers)? })
    }
}

impl OneWay for FanOut {
    fn run(&mut self, count: u64) -> Result<Duration, Failure> {
        let frame = vec![7; self.size.frame()];
        let mut pending = Vec::with_capacity(self.batch);
        self.drain.expect(frame.len() * usize::try_from(count)?)?;
        let start = Instant::now();
        for sent in 1..=count {
            pending.extend_from_slice(&frame);
            if pending.len() + frame.len() > self.batch || sent == count {
                for socket in &mut self.sockets {
                    socket.write_all(&pending)?;
                }
                pending.clear();
            }
        }
        Ok(self.drain.wait()? - start)
    }
}

/// A thread that reads from many sockets, whichever has something.
pub struct Drain {
    expect: tokio::sync::mpsc::UnboundedSender<usize>,
    arrived: mpsc::Receiver<io::Result<Instant>>,
}

impl Drain {
    /// Takes the sockets to read from.
    pub fn new(sockets: Vec<UnixStream>) -> io::Result<Self> {
        let (expect, mut expected) = tokio::sync::mpsc::unbounded_channel();
        let (arrive, arrived) = mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        thread::spawn(move || {
            runtime.block_on(async {
                let sockets: io::Result<Vec<_>> = sockets
                    .into_iter()
                    .map(|socket| socket.set_nonblocking(true).and_then(|()| tokio::net::UnixStream::from_std(socket)))
                    .collect();
                let mut sockets = match sockets {
                    Ok(sockets) => sockets,
                    Err(error) => return drop(arrive.send(Err(error))),
                };
                while let Some(total) = expected.recv().await {
                    let mut outcome = Ok(());
                    let mut tasks = tokio::task::JoinSet::new();
                    for socket in sockets.drain(..) {
                        tasks.spawn(drain(socket, total));
                    }
                    for done in tasks.join_all().await {
                        match done {
                            Ok(socket) => sockets.push(socket),
                            Err(error) => outcome = Err(error),
                        }
                    }
                    if arrive.send(outcome.map(|()| Instant::now())).is_err() {
                        break;
                    }
                }
            });
        });
        Ok(Self { expect, arrived })
    }

    /// How many bytes come next on each socket.
    pub fn expect(&self, bytes: usize) -> Result<(), Failure> {
        Ok(self.expect.send(bytes)?)
    }

    /// Waits until they are there.
    pub fn wait(&self) -> Result<Instant, Failure> {
        Ok(self.arrived.recv()??)
    }
}

async fn drain(mut socket: tokio::net::UnixStream, total: usize) -> io::Result<tokio::net::UnixStream> {
    use tokio::io::AsyncReadExt as _;
    let mut buffer = vec![0; BATCH];
    let mut left = total;
    while left > 0 {
        match socket.read(&mut buffer).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => left = left.checked_sub(read).ok_or(io::ErrorKind::InvalidData)?,
        }
    }
    Ok(socket)
}
