//! Asking a running bridge: a page over its control socket.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::exit::{Failure, with_causes};

/// How long a bridge may take to answer.
const LIMIT: Duration = Duration::from_secs(5);

/// The most that is read of an answer.
const MOST_BYTES: usize = 16 << 20;

/// The text of a page of the bridge whose control socket is at `socket`.
pub async fn get(socket: &Path, page: &str) -> Result<String, Failure> {
    let shown = socket.display();
    let stream = UnixStream::connect(socket)
        .await
        .map_err(|error| Failure::system(format!("cannot ask {shown}"), &error).or_help(|| hint(socket, &error)))?;
    let asked = timeout(LIMIT, ask(stream, page)).await;
    match asked {
        Err(_) => Err(Failure::io(format!("{shown} did not answer within {} s", LIMIT.as_secs())).help(
            "the bridge is stopped, overloaded, or out of file descriptors: its log says `no connection could be accepted`, \
             and its limit is to be raised (LimitNOFILE=)",
        )),
        Ok(Err(words)) => Err(Failure::io(format!("cannot ask {shown}: {words}")).help(NOT_CONTROL)),
        Ok(Ok((StatusCode::OK, text))) => Ok(text),
        Ok(Ok((status, text))) => Err(Failure::io(format!("{shown} answers {status}: {}", text.trim_end()))),
    }
}

/// What may be meant instead of a socket that answers something else.
const NOT_CONTROL: &str = "it is not a control socket: that of a bridge is `control` in its configuration, by default the \
                           path of its socket with `.control` after it";

/// What to do where the bridge's socket cannot be connected to.
fn hint(socket: &Path, error: &io::Error) -> String {
    let found = std::fs::metadata(socket);
    match error.kind() {
        io::ErrorKind::NotFound => {
            "there is no such socket: is the bridge running, and `control` of its configuration this path?".to_owned()
        }
        io::ErrorKind::ConnectionRefused => match found {
            Ok(found) if !found.file_type().is_socket() => NOT_CONTROL.to_owned(),
            _ => {
                "the bridge that made this socket has ended without removing it, as when it is killed: start it again, \
                  it replaces the socket"
                    .to_owned()
            }
        },
        io::ErrorKind::PermissionDenied => match found {
            Ok(found) => {
                let uid = found.uid();
                format!("only the bridge's own user may ask: run this as user {uid}, as with `sudo -u '#{uid}'`")
            }
            Err(_) => {
                "only the bridge's own user may ask, and may look into the folder: run this as that user".to_owned()
            }
        },
        io::ErrorKind::WouldBlock => "too many are asking already, or the bridge is stopped".to_owned(),
        _ => "is the bridge running, and this its control socket?".to_owned(),
    }
}

async fn ask(stream: UnixStream, page: &str) -> Result<(StatusCode, String), String> {
    let words = |error: hyper::Error| with_causes(&error);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(words)?;
    let request = Request::get(page).header(HOST, "localhost").body(Empty::<Bytes>::new());
    let request = request.map_err(|error| error.to_string())?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(words)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MOST_BYTES);
        let bytes = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
        String::from_utf8(bytes.into()).map(|text| (status, text)).map_err(|error| error.to_string())
    };
    tokio::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        // With the connection at its end there may still be an answer to read.
        ended = connection => match ended {
            Ok(()) => answer.await,
            Err(error) => Err(words(error)),
        },
    }
}
