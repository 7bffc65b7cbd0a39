//! A few pages over HTTP/1, on a TCP address or a Unix socket. What the pages say is their caller's.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Connections at a time: one more, and the one that has asked for nothing for the longest time is closed.
const MOST_CONNECTIONS: usize = 64;

/// How long a peer may take over its request.
const HEADER_LIMIT: Duration = Duration::from_secs(5);

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
    let mut connections = Connections::default();
    let accepting = async {
        loop {
            let accepted = match &listener {
                Listener::Tcp(listener) => {
                    listener.accept().await.map(|(stream, _)| connections.answer(stream, &pages))
                }
                Listener::Unix(server) => server.accept().await.map(|stream| connections.answer(stream, &pages)),
            };
            if let Err(error) = accepted
                && !is_of_one_connection(&error)
            {
                tracing::warn!(%error, "no connection could be accepted");
                // What the system has run out of may be in here.
                connections.close_oldest();
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stop.cancelled() => {}
    }
}

/// The connections that there are. Dropping it closes them.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    /// When each has asked last, in the order of [`Connections::turn`].
    asked: Vec<(Arc<AtomicU64>, AbortHandle)>,
    /// Counts connections and requests.
    turn: Arc<AtomicU64>,
}

impl Connections {
    fn answer<S>(&mut self, stream: S, pages: &Pages)
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        while self.tasks.try_join_next().is_some() {}
        self.asked.retain(|(_, task)| !task.is_finished());
        // Those who do not ask must not keep out those who do.
        if self.asked.len() >= MOST_CONNECTIONS {
            self.close_oldest();
        }
        let turn = Arc::clone(&self.turn);
        let asked = Arc::new(AtomicU64::new(turn.fetch_add(1, Ordering::Relaxed)));
        let (last, pages) = (Arc::clone(&asked), Arc::clone(pages));
        let task = self.tasks.spawn(connection(stream, move |request| {
            last.store(turn.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
            answer(request, &pages)
        }));
        self.asked.push((asked, task));
    }

    fn close_oldest(&mut self) {
        let oldest = self.asked.iter().enumerate().min_by_key(|(_, (asked, _))| asked.load(Ordering::Relaxed));
        if let Some((at, _)) = oldest {
            self.asked.swap_remove(at).1.abort();
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

/// Answers one connection's requests, for as long as it may take.
fn connection<S>(
    stream: S,
    answer: impl Fn(&Request<Incoming>) -> Response<Full<Bytes>> + Send + 'static,
) -> impl Future<Output = ()> + Send
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer(&request);
        async { Ok::<_, Infallible>(answer) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_LIMIT)
        // Who has said all that there is to say may still want to hear the answer.
        .half_close(true)
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
