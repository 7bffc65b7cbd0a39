//! One connected socket, of either kind.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

#[derive(Debug)]
pub(super) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Stream {
    /// Reads some bytes; 0 at the end.
    pub(super) fn poll_read(&mut self, context: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        let read = match self {
            Stream::Unix(stream) => Pin::new(stream).poll_read(context, &mut buffer),
            Stream::Tcp(stream) => Pin::new(stream).poll_read(context, &mut buffer),
        };
        Poll::Ready(ready!(read).map(|()| buffer.filled().len()))
    }

    /// Writes some bytes of `slices`.
    pub(super) fn poll_write(&mut self, context: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self {
            Stream::Unix(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Stream::Tcp(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    /// Ends the writing; reading goes on.
    pub(super) fn end_writing(&self) {
        // It fails where the peer is gone already, which reading tells as well.
        let _ = self.socket().shutdown(Shutdown::Write);
    }

    /// Whether there is nothing to read right now, not even the end.
    pub(super) fn has_nothing_unread(&self) -> bool {
        let peeked = self.socket().peek(&mut [MaybeUninit::uninit(); 1]);
        peeked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    fn socket(&self) -> SockRef<'_> {
        match self {
            Stream::Unix(stream) => SockRef::from(stream),
            Stream::Tcp(stream) => SockRef::from(stream),
        }
    }
}
