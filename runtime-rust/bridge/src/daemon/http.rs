//! A few pages over HTTP/1, on a TCP address or a Unix socket. What the pages say is their caller's.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use mycelium_bus::UnixServer;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Connections at a time; more wait to be accepted.
const MOST_CONNECTIONS: usize = 64;

/// How long a peer may take over its request.
const HEADER_LIMIT: Duration = Duration::from_secs(10);

/// How long a connection may last, whatever its peer does.
const CONNECTION_LIMIT: Duration = Duration::from_secs(60);

/// How long nothing is accepted after the system ran out of something.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What is answered to a path; `None`: there is no such page.
pub type Pages = Arc<dyn Fn(&str) -> Option<Page> + Send + Sync>;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The status.
    pub status: StatusCode,
    /// What the text is.
    pub content_type: &'static str,
    /// The text.
    pub text: String,
}

impl Page {
    /// Plain text.
    pub fn text(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, content_type: "text/plain; charset=utf-8", text: text.into() }
    }
}

/// Where connections come from.
pub enum Listener {
    /// A TCP port.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixServer),
}

/// Answers until it is told to stop; then connections that are in the middle of something are given up.
pub async fn serve(listener: Listener, pages: Pages, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut connections = JoinSet::new();
    let accepting = async {
        loop {
            // The semaphore is never closed.
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            while connections.try_join_next().is_some() {}
            let pages = Arc::clone(&pages);
            let accepted = match &listener {
                Listener::Tcp(listener) => listener.accept().await.map(|(stream, _)| {
                    connections.spawn(async move { (connection(stream, pages).await, drop(place)).0 });
                }),
                Listener::Unix(server) => server.accept().await.map(|stream| {
                    connections.spawn(async move { (connection(stream, pages).await, drop(place)).0 });
                }),
            };
            if let Err(error) = accepted
                && !is_of_one_connection(&error)
            {
                tracing::warn!(%error, "no connection could be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stop.cancelled() => {}
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

/// Answers one connection's requests, for as long as it may take.
fn connection<S>(stream: S, pages: Pages) -> impl Future<Output = ()> + Send
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer(&request, &pages);
        async { Ok::<_, Infallible>(answer) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    async {
        // A peer that goes, is slow, or speaks something else is its own affair.
        let _ = timeout(CONNECTION_LIMIT, connection).await;
    }
}

fn answer(request: &Request<Incoming>, pages: &Pages) -> Response<Full<Bytes>> {
    let allowed = [Method::GET, Method::HEAD].contains(request.method());
    let page = match pages(request.uri().path()) {
        None => Page::text(StatusCode::NOT_FOUND, "there is no such page\n"),
        Some(_) if !allowed => Page::text(StatusCode::METHOD_NOT_ALLOWED, "only GET\n"),
        Some(page) => page,
    };
    let mut response = Response::builder()
        .status(page.status)
        .header(CONTENT_TYPE, page.content_type)
        .header(CACHE_CONTROL, "no-store");
    if page.status == StatusCode::METHOD_NOT_ALLOWED {
        response = response.header(ALLOW, "GET, HEAD");
    }
    response.body(Full::new(Bytes::from(page.text))).unwrap_or_else(|_| {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}
