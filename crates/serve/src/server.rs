//! Routes served at an address, on a thread of their own.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use futures_util::future::{Either, select};
use headwater_log::OperationsFailed;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};

use crate::peer::Peer;
use crate::{Limits, ServeError};

/// How long accepting pauses when the system refuses it, for it is out of files as a rule.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// How long work that was begun may go on when the server ends.
const STOP_AT_MOST: Duration = Duration::from_secs(2);

/// Fields of a request's head.
const HEADERS_MAX: usize = 64;

/// Serves until it is dropped.
pub struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Listens on the address that a key of the configuration gives, and serves routes there to clients within limits.
    ///
    /// # Errors
    /// [`ServeError`] names the key and the address.
    pub fn start(key: &'static str, address: SocketAddr, routes: Router, limits: Limits) -> Result<Server, ServeError> {
        Server::start_with(key, address, limits, async || Ok((routes, std::future::ready(()))))
    }

    /// As [`Server::start`], with routes that are made within the runtime that serves them: what they hold open to a
    /// database lives there, and is closed by what is to be done in the end.
    ///
    /// # Errors
    /// [`ServeError`] names the key and the address; what making the routes gives.
    pub fn start_with<E: From<ServeError>, C: Future<Output = ()> + Send + 'static>(
        key: &'static str,
        address: SocketAddr,
        limits: Limits,
        routes: impl AsyncFnOnce() -> Result<(Router, C), E>,
    ) -> Result<Server, E> {
        let refused = |source| ServeError::listen(key, address, source);
        let no_thread = |source| ServeError::Thread { key, source };
        let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().build().map_err(no_thread)?;
        let listener = runtime.block_on(async { listen(address, limits.connections) }).map_err(refused)?;
        let bound = listener.local_addr().map_err(refused)?;
        let (stop, stopped) = oneshot::channel();
        let (routes, closing) = runtime.block_on(routes())?;
        let routes = routes.layer(middleware::from_fn_with_state(limits.body_bytes, with_a_body));
        let thread = thread::Builder::new()
            .name("operations".into())
            .spawn(move || {
                runtime.block_on(async {
                    select(pin!(accept(listener, routes, limits)), stopped).await;
                    let _ = timeout(STOP_AT_MOST, closing).await;
                });
                // A question that is being worked on is not waited for longer.
                runtime.shutdown_timeout(STOP_AT_MOST);
            })
            .map_err(no_thread)?;
        Ok(Server { address: bound, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens: with the port that the system chose, where it was asked to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    /// Ends every connection, answers under way included.
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Listens, with room in the system's queue for as many as may be connected: after a restart all come back at once, and
/// whoever finds the queue full waits seconds or is reset.
fn listen(address: SocketAddr, queue: usize) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Of an earlier process, connections may still be ending. On other systems the option lets two listen.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(address)?;
    socket.listen(u32::try_from(queue).unwrap_or(u32::MAX))
}

/// Accepts connections for ever, as many at a time as may be.
async fn accept(listener: TcpListener, routes: Router, limits: Limits) {
    let free = Arc::new(Semaphore::new(limits.connections));
    loop {
        let Ok(permit) = Arc::clone(&free).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, from)) => {
                let routes = routes.clone();
                tokio::spawn(async move {
                    connection(stream, Peer(from.ip()), routes, limits).await;
                    drop(permit);
                });
            }
            // Of a client that is gone already.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                OperationsFailed { error: &format_args!("a connection cannot be accepted: {error}") }.log();
                sleep(AGAIN_AFTER).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, from: Peer, routes: Router, limits: Limits) {
    let routes = TowerToHyperService::new(routes);
    let routes = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(from);
        routes.call(request)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_at_most)
        .max_buf_size(limits.head_bytes)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), routes);
    let mut serving = pin!(serving);
    // What a client does wrong ends its connection and is nobody else's business.
    if let Either::Right(_) = select(serving.as_mut(), pin!(sleep(limits.connection_at_most))).await {
        serving.as_mut().graceful_shutdown();
        let _ = timeout(limits.answer_at_most, serving).await;
    }
}

/// Refuses a request whose body is larger than may be. One that does not say how large it is is taken where any body is:
/// whoever reads it stops at the limit.
async fn with_a_body(State(bytes_max): State<usize>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let fits = |length: &HeaderValue| {
        length.to_str().ok().and_then(|length| length.parse().ok()).is_some_and(|length: usize| length <= bytes_max)
    };
    let taken =
        headers.get(CONTENT_LENGTH).is_none_or(fits) && (bytes_max > 0 || !headers.contains_key(TRANSFER_ENCODING));
    if !taken {
        let words = match bytes_max {
            0 => "no body is taken here\n".to_owned(),
            _ => format!("a body has at most {bytes_max} bytes here\n"),
        };
        return (StatusCode::PAYLOAD_TOO_LARGE, [(CONNECTION, "close")], words).into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_may_be_connected_may_come_at_once() {
        const CLIENTS: usize = 600;
        let runtime = runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let _within = runtime.enter();
        let listener = listen("127.0.0.1:0".parse().unwrap(), CLIENTS).unwrap();
        let address = listener.local_addr().unwrap();
        // Nobody accepts: all of them are in the queue. One that finds it full is not connected, however long it waits.
        let connect = |n| {
            let stream = std::net::TcpStream::connect_timeout(&address, Duration::from_secs(10));
            stream.unwrap_or_else(|error| panic!("client {n}: {error}"))
        };
        let clients: Vec<_> = (0..CLIENTS).map(connect).collect();
        assert_eq!(clients.len(), CLIENTS);
    }
}
