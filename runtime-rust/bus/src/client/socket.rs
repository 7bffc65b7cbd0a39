//! Unix and TCP streams as one thing.

use std::io::{self, IoSlice};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpStream, UnixStream, tcp, unix};

/// Where a bridge is.
#[derive(Debug)]
pub(super) enum Address {
    Unix(Arc<Path>),
    Tcp(String),
    /// A stream that is there already, once.
    Given(Mutex<Option<Stream>>),
}

#[derive(Debug)]
pub(super) enum Stream {
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

impl Address {
    pub(super) fn given(stream: Stream) -> Self {
        Self::Given(Mutex::new(Some(stream)))
    }

    /// Whether another stream can be had when one is lost.
    pub(super) fn lasts(&self) -> bool {
        !matches!(self, Self::Given(_))
    }

    pub(super) fn name(&self) -> Arc<str> {
        match self {
            Self::Unix(path) => path.display().to_string().into(),
            Self::Tcp(address) => address.as_str().into(),
            Self::Given(_) => "the given connection".into(),
        }
    }

    pub(super) async fn connect(&self, nodelay: bool) -> io::Result<(Reader, Writer)> {
        let stream = match self {
            Self::Unix(path) => Stream::Unix(UnixStream::connect(path).await?),
            Self::Tcp(address) => Stream::Tcp(TcpStream::connect(address).await?),
            Self::Given(stream) => {
                stream.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or(io::ErrorKind::NotConnected)?
            }
        };
        Ok(match stream {
            Stream::Unix(stream) => {
                let (reader, writer) = stream.into_split();
                (Reader::Unix(reader), Writer::Unix(writer))
            }
            Stream::Tcp(stream) => {
                stream.set_nodelay(nodelay)?;
                let (reader, writer) = stream.into_split();
                (Reader::Tcp(reader), Writer::Tcp(writer))
            }
        })
    }
}

pub(super) enum Reader {
    Unix(unix::OwnedReadHalf),
    Tcp(tcp::OwnedReadHalf),
}

impl Reader {
    pub(super) fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Unix(reader) => reader.try_read(buffer),
            Self::Tcp(reader) => reader.try_read(buffer),
        }
    }
}

impl AsyncRead for Reader {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(reader) => Pin::new(reader).poll_read(context, into),
            Self::Tcp(reader) => Pin::new(reader).poll_read(context, into),
        }
    }
}

pub(super) enum Writer {
    Unix(unix::OwnedWriteHalf),
    Tcp(tcp::OwnedWriteHalf),
}

impl Writer {
    pub(super) fn try_write(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Unix(writer) => writer.try_write_vectored(slices),
            Self::Tcp(writer) => writer.try_write_vectored(slices),
        }
    }

    pub(super) async fn writable(&self) -> io::Result<()> {
        match self {
            Self::Unix(writer) => writer.writable().await,
            Self::Tcp(writer) => writer.writable().await,
        }
    }

    /// Ends writing. The operating system does that at once.
    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        match self {
            Self::Unix(writer) => writer.shutdown().await,
            Self::Tcp(writer) => writer.shutdown().await,
        }
    }
}
