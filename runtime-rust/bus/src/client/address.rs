//! Where a bridge is, and how it is connected to.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::{TcpStream, UnixStream};

use crate::socket::{Reader, Stream, Writer};

/// Where a bridge is.
#[derive(Debug)]
pub(super) enum Address {
    Unix(Arc<Path>),
    Tcp(String),
    /// A stream that is there already, once.
    Given(Mutex<Option<Stream>>),
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
        if let Stream::Tcp(stream) = &stream {
            stream.set_nodelay(nodelay)?;
        }
        stream.split()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Unset, a message may wait for the answer to the one before it.
    #[tokio::test]
    async fn small_writes_go_out_at_once_where_that_is_wanted() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for nodelay in [true, false] {
            let (reader, _writer) = Address::Tcp(address.to_string()).connect(nodelay).await.unwrap();
            assert_eq!(reader.is_nodelay(), nodelay);
            let given = Address::given(TcpStream::connect(address).await.unwrap().into());
            assert_eq!(given.connect(nodelay).await.unwrap().0.is_nodelay(), nodelay);
        }
    }
}
