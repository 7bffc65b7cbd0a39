//! A connected socket of either kind, in two halves. It is registered with the operating system for reading alone, and
//! for writing while a write waits: a Unix socket that is registered for both wakes its writer each time that the peer
//! has read something, which doubles what a short message costs. Who connects and accepts is left to
//! [`crate::endpoint`] and [`crate::client`].

use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::io::retry_on_intr;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags};
use socket2::Socket;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::Sleep;

/// The most slices of one call.
const MAX_SLICES: usize = 1024;

/// How long a write that cannot be waited for, for want of file descriptors, waits until it is tried again.
const RETRY: Duration = Duration::from_millis(10);

/// A stream that is connected and not in use yet.
#[derive(Debug)]
pub(crate) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Self {
        Self::Unix(stream)
    }
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Self {
        Self::Tcp(stream)
    }
}

impl Stream {
    /// Both halves. Must be called in a tokio runtime with I/O and time enabled, as must all that waits.
    pub(crate) fn split(self) -> io::Result<(Reader, Writer)> {
        let descriptor: OwnedFd = match self {
            Self::Unix(stream) => stream.into_std()?.into(),
            Self::Tcp(stream) => stream.into_std()?.into(),
        };
        let socket = Arc::new(register(Socket::from(descriptor), Interest::READABLE)?);
        Ok((Reader { socket: Arc::clone(&socket) }, Writer { socket, wait: None }))
    }
}

/// Registers a socket for one thing. The deprecated function does that for a value that might give away another's
/// descriptor, or close it too early, and its successor is `unsafe` for that reason; a [`Socket`] owns its descriptor
/// until it is dropped.
#[expect(deprecated, reason = "its successor is unsafe, for descriptors that are not owned")]
fn register(socket: Socket, interest: Interest) -> io::Result<AsyncFd<Socket>> {
    AsyncFd::with_interest(socket, interest)
}

/// The half that reads.
#[derive(Debug)]
pub(crate) struct Reader {
    socket: Arc<AsyncFd<Socket>>,
}

impl Reader {
    /// Reads some bytes; 0 at the end.
    pub(crate) fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.socket.poll_read_ready(context))?;
            match read(guard.get_inner(), buffer) {
                Ok(read) => {
                    // A short read has emptied the socket: what comes then wakes again. The end stays known.
                    if 0 < read && read < buffer.len() {
                        guard.clear_ready();
                    }
                    return Poll::Ready(Ok(read));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => guard.clear_ready(),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }

    /// [`Reader::poll_read`], which may be abandoned without losing anything.
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        poll_fn(|context| self.poll_read(context, buffer)).await
    }

    /// Reads without waiting.
    pub(crate) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        read(self.socket.get_ref(), buffer)
    }

    #[cfg(test)]
    pub(crate) fn is_nodelay(&self) -> bool {
        self.socket.get_ref().tcp_nodelay().unwrap()
    }

    /// Whether there is nothing to read right now, not even the end.
    pub(crate) fn has_nothing_unread(&self) -> bool {
        let peeked = self.socket.get_ref().peek(&mut [MaybeUninit::uninit(); 1]);
        peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

/// The half that writes.
#[derive(Debug)]
pub(crate) struct Writer {
    socket: Arc<AsyncFd<Socket>>,
    /// There while the socket takes nothing.
    wait: Option<Wait>,
}

impl Writer {
    /// Writes some bytes of `slices`.
    pub(crate) fn poll_write(&mut self, context: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if self.wait.is_some() {
            ready!(self.poll_writable(context));
        }
        loop {
            match self.try_write(slices) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready!(self.poll_writable(context)),
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    /// Writes some bytes of `slices` without waiting.
    pub(crate) fn try_write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let slices = slices.get(..MAX_SLICES).unwrap_or(slices);
        // A signal, where the peer is gone, could end the whole process.
        let (socket, flags) = (self.socket.get_ref(), SendFlags::NOSIGNAL);
        let written = retry_on_intr(|| match slices {
            // The cheaper call.
            [slice] => rustix::net::send(socket, slice, flags),
            _ => rustix::net::sendmsg(socket, slices, &mut SendAncillaryBuffer::default(), flags),
        })?;
        // It was waited for, and something else came first.
        self.wait = None;
        Ok(written)
    }

    /// Waits after a write would have blocked. May be abandoned without losing anything.
    pub(crate) fn poll_writable(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let wait = self.wait.get_or_insert_with(|| Wait::new(self.socket.get_ref()));
        ready!(wait.poll(context));
        self.wait = None;
        Poll::Ready(())
    }

    /// Ends the writing; reading goes on.
    pub(crate) fn end(&self) {
        // It fails where the peer is gone already, which reading tells as well.
        let _ = self.socket.get_ref().shutdown(Shutdown::Write);
    }
}

enum Wait {
    /// A second descriptor of the same socket, registered for writing.
    Ready(AsyncFd<Socket>),
    Retry(Pin<Box<Sleep>>),
}

impl Wait {
    fn new(socket: &Socket) -> Self {
        match socket.try_clone().and_then(|socket| register(socket, Interest::WRITABLE)) {
            Ok(socket) => Self::Ready(socket),
            Err(_) => Self::Retry(Box::pin(tokio::time::sleep(RETRY))),
        }
    }

    /// What is wrong with the socket is found out by writing.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Ready(socket) => socket.poll_write_ready(context).map(drop),
            Self::Retry(sleep) => sleep.as_mut().poll(context),
        }
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wait")
    }
}

/// By the system call itself: that of the C library is a point of cancellation, and prepares for it each time.
fn read(socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
    let (read, _) = retry_on_intr(|| rustix::net::recv(socket, &mut *buffer, RecvFlags::empty()))?;
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> ((Reader, Writer), (Reader, Writer)) {
        let (one, other) = UnixStream::pair().unwrap();
        (Stream::from(one).split().unwrap(), Stream::from(other).split().unwrap())
    }

    // A write that is not woken up again would hold a connection for ever.
    #[tokio::test]
    async fn a_write_that_waits_goes_on_when_the_peer_reads() {
        let ((_near, mut writer), (mut reader, _far)) = pair();
        let block = [7; 64 * 1024];
        let total = 64 * block.len();
        let write = async {
            let mut left = total;
            while left > 0 {
                let slices = [IoSlice::new(&block[..left.min(block.len())])];
                left -= poll_fn(|context| writer.poll_write(context, &slices)).await.unwrap();
            }
            assert!(writer.wait.is_none());
        };
        let read = async {
            let (mut buffer, mut left) = (vec![0; 1 << 20], total);
            while left > 0 {
                left -= reader.read(&mut buffer).await.unwrap();
            }
        };
        tokio::join!(write, read);
    }

    // The end comes with the last bytes: a reader that forgets it after a short read would wait for ever.
    #[tokio::test]
    async fn the_end_is_read_after_the_last_bytes() {
        let ((_near, mut writer), (mut reader, _far)) = pair();
        assert_eq!(writer.try_write(&[IoSlice::new(b"abc"), IoSlice::new(b"de")]).unwrap(), 5);
        writer.end();
        let mut buffer = [0; 64];
        assert_eq!(reader.read(&mut buffer).await.unwrap(), 5);
        assert_eq!(reader.read(&mut buffer).await.unwrap(), 0);
        assert!(!reader.has_nothing_unread());
    }

    // Rust's own start-up ignores the signal, a host in another language may not.
    #[tokio::test]
    async fn a_peer_that_is_gone_is_an_error() {
        let ((mut reader, mut writer), far) = pair();
        assert!(reader.has_nothing_unread());
        drop(far);
        assert_eq!(reader.read(&mut [0; 8]).await.unwrap(), 0);
        let error = poll_fn(|context| writer.poll_write(context, &[IoSlice::new(b"x")])).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
