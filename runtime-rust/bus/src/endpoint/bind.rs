//! Making sockets to listen on. Most of it is about the file of a Unix socket: whose it is, who may use it, and when it
//! may be removed.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::fs::{FlockOperation, Mode, RenameFlags};
use rustix::io::Errno;
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::{TcpListener, ToSocketAddrs, UnixListener, UnixStream};
use tokio::time::sleep;

use super::listen::{Listener, start};
use super::{Endpoint, EndpointConfig};
use crate::MessageBus;

/// The longest path of a Unix socket, in bytes: the system's field of 108 with its terminator.
const MAX_UNIX_PATH: usize = 107;

/// How often, and how long apart, the lock of a socket's folder is tried for. It is held for less than a millisecond.
const TRIES: u32 = 200;
const TRY_AGAIN: Duration = Duration::from_millis(5);

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// Why an endpoint cannot listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// The path does not fit into the operating system's field.
    #[error(
        "the socket path {path:?} has {length} bytes, and the system takes {MAX_UNIX_PATH} at most: choose a shorter one"
    )]
    PathTooLong {
        /// The path.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
    },
    /// A server listens at the path.
    #[error("{path:?} is in use: another server listens there; stop it, or choose another path")]
    InUse {
        /// The path.
        path: PathBuf,
    },
    /// There is something at the path that is no socket. It was left alone.
    #[error("there is something at {path:?} that is not a socket: remove it, or choose another path")]
    NotASocket {
        /// The path.
        path: PathBuf,
    },
    /// The operating system refuses.
    #[error("cannot {action} {address}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// Where.
        address: String,
        /// What the system says.
        source: io::Error,
    },
}

/// The file of a socket of one's own.
#[derive(Debug)]
pub(super) struct SocketFile {
    pub(super) path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    /// Removes the file, if it still is this socket's. To be called while the socket is open, since until then nobody
    /// else's file can have its number.
    pub(super) fn remove(&self) {
        match identity(&self.path) {
            Ok(found) if found == self.identity => {
                if let Err(error) = std::fs::remove_file(&self.path) {
                    tracing::warn!(path = ?self.path, %error, "the socket file cannot be removed");
                }
            }
            _ => tracing::debug!(path = ?self.path, "the socket file is somebody else's now, and stays"),
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = std::fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// A Unix socket that listens, for other things than an endpoint's clients, with the same care for its file: one whose
/// server is gone is replaced, anything else is left alone. Dropping it removes its file.
#[derive(Debug)]
pub struct UnixServer {
    listener: UnixListener,
    file: SocketFile,
}

impl UnixServer {
    /// Listens at `path`; the file has these permissions from the beginning.
    pub async fn bind(path: impl AsRef<Path>, mode: u32) -> Result<Self, BindError> {
        let (listener, file) = listen_at(path.as_ref(), mode & 0o777).await?;
        Ok(Self { listener, file })
    }

    /// The next connection. Cancel-safe.
    pub async fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl Drop for UnixServer {
    fn drop(&mut self) {
        self.file.remove();
    }
}

pub(super) async fn unix(config: EndpointConfig, bus: &MessageBus, path: &Path) -> Result<Endpoint, BindError> {
    let (listener, file) = listen_at(path, config.unix_mode).await?;
    Ok(start(config, bus, Listener::Unix(listener, file)))
}

async fn listen_at(path: &Path, mode: u32) -> Result<(UnixListener, SocketFile), BindError> {
    let length = path.as_os_str().as_bytes().len();
    if length > MAX_UNIX_PATH {
        return Err(BindError::PathTooLong { path: path.to_owned(), length });
    }
    let failed = |action| move |source| BindError::Io { action, address: format!("{path:?}"), source };
    let socket = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None).map_err(failed("bind"))?;
    // The file gets the permissions of the socket, so that there is no moment in which it has wider ones.
    rustix::fs::fchmod(&socket, Mode::from_raw_mode(mode)).map_err(io::Error::from).map_err(failed("bind"))?;
    let address = SockAddr::unix(path).map_err(failed("bind"))?;
    // A socket that is bound and does not listen yet looks like one whose server is gone.
    let _turn = take_turn(path).await;
    let mut replaced = false;
    loop {
        match socket.bind(&address) {
            Ok(()) => break,
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && !replaced => {
                replaced = true;
                make_room(path)?;
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(BindError::InUse { path: path.to_owned() });
            }
            Err(error) => return Err(failed("bind")(error)),
        }
    }
    let file = SocketFile { path: path.to_owned(), identity: identity(path).map_err(failed("find"))? };
    let listener = listen(&socket, path, mode).map_err(failed("listen on"));
    match listener.and_then(|()| UnixListener::from_std(socket.into()).map_err(failed("listen on"))) {
        Ok(listener) => Ok((listener, file)),
        Err(error) => {
            file.remove();
            Err(error)
        }
    }
}

/// Keeps other endpoints that are made at the same time, in whichever process, from looking at the path until this one
/// listens: by a lock on the folder. Without one, as when the folder may not be read or somebody holds its lock for
/// something else, things go their way, and only two servers that start at the very same time are none the wiser.
async fn take_turn(path: &Path) -> Option<File> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = File::open(folder).ok()?;
    for _ in 0..TRIES {
        match rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Some(folder),
            Err(Errno::WOULDBLOCK | Errno::INTR) => sleep(TRY_AGAIN).await,
            Err(_) => return None,
        }
    }
    tracing::warn!(?path, "the lock of the socket's folder is held by another program");
    None
}

fn listen(socket: &Socket, path: &Path, mode: u32) -> io::Result<()> {
    // The process's mask may have taken permissions away.
    let permissions = std::fs::symlink_metadata(path)?.permissions();
    if permissions.mode() & 0o777 != mode {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode))?;
    }
    socket.listen(BACKLOG)
}

/// Removes the file of a socket whose server is gone; anything else is an error.
fn make_room(path: &Path) -> Result<(), BindError> {
    let failed = |action| move |source| BindError::Io { action, address: format!("{path:?}"), source };
    let in_use = || BindError::InUse { path: path.to_owned() };
    let metadata = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("look at")(error)),
    };
    if !metadata.file_type().is_socket() {
        return Err(BindError::NotASocket { path: path.to_owned() });
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None).map_err(failed("probe"))?;
    let address = SockAddr::unix(path).map_err(failed("probe"))?;
    match probe.connect(&address) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(failed("probe")(error)),
        // Somebody answers, or would if it were not too busy, or it is a socket of another kind.
        _ => return Err(in_use()),
    }
    // Two servers may find the same stale file, and the slower one must not remove the other's new one. So it is first
    // put aside, then looked at again.
    static ASIDE: AtomicU64 = AtomicU64::new(0);
    let number = ASIDE.fetch_add(1, Ordering::Relaxed);
    let mut aside = path.as_os_str().to_owned();
    aside.push(format!(".stale-{}-{number}", std::process::id()));
    let aside = PathBuf::from(aside);
    match std::fs::rename(path, &aside) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed("replace")(error)),
    }
    if identity(&aside).ok() == Some((metadata.dev(), metadata.ino())) {
        tracing::info!(?path, "a socket file whose server is gone is replaced");
        return std::fs::remove_file(&aside).map_err(failed("replace"));
    }
    let here = rustix::fs::CWD;
    if let Err(error) = rustix::fs::renameat_with(here, &aside, here, path, RenameFlags::NOREPLACE) {
        tracing::warn!(?path, ?aside, %error, "another server's socket file was put aside and cannot be put back");
    }
    Err(in_use())
}

pub(super) async fn tcp(
    config: EndpointConfig,
    bus: &MessageBus,
    address: impl ToSocketAddrs,
) -> Result<Endpoint, BindError> {
    let failed = |action| move |source| BindError::Io { action, address: "the TCP address".to_owned(), source };
    let addresses: Vec<SocketAddr> = tokio::net::lookup_host(address).await.map_err(failed("resolve"))?.collect();
    let text = addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    let failed = |action| move |source| BindError::Io { action, address: text, source };
    let listener = match TcpListener::bind(&addresses[..]).await {
        Ok(listener) => listener,
        Err(error) => return Err(failed("listen on")(error)),
    };
    Ok(start(config, bus, Listener::Tcp(listener)))
}
