//! Connections.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::faults::ConnectionControl;
use crate::server::connection_stream::ConnectionStream;
use crate::server::state::ServerState;

/// Number of connections that may wait to be accepted, if the system allows it. It is large,
/// because many clients may start at once.
const BACKLOG: u32 = 4096;
/// Delay after a failed accept. The process may have run out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Timeouts of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    /// Idle timeout of a client that neither sends nor reads.
    pub(crate) client: Duration,
    /// Time for the requests in flight when the server stops.
    pub(crate) grace: Duration,
}

/// Listens on the first usable address of `address`.
pub(crate) async fn listen(address: &str) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host does not have an address");
    for address in tokio::net::lookup_host(address).await? {
        match listen_on(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Allows a restart while connections of the previous emulator still occupy the address. On
    // Windows, the same option would let two emulators share it.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `stop` is sent or dropped, and then lets the requests in flight finish. Dropping
/// this future closes every connection.
pub(crate) async fn serve(
    listener: TcpListener,
    state: Arc<ServerState>,
    timeouts: Timeouts,
    stop: oneshot::Receiver<()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(timeouts.client)
        // A client that has closed its sending side may still read the response.
        .half_close(true);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            _ = &mut stop => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let connection = Connection {
                        stream,
                        peer,
                        state: Arc::clone(&state),
                        timeouts,
                        watcher: graceful.watcher(),
                    };
                    connections.spawn(connection.serve(http.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let finished = tokio::time::timeout(timeouts.grace, graceful.shutdown()).await;
    if finished.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}

/// A connection.
struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    state: Arc<ServerState>,
    timeouts: Timeouts,
    /// Closes the connection when the server stops.
    watcher: Watcher,
}

impl Connection {
    async fn serve(self, http: http1::Builder) {
        let peer = self.peer;
        // Small responses must not wait for the acknowledgement of previous ones.
        if let Err(error) = self.stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "no TCP_NODELAY");
        }
        let control = Arc::new(ConnectionControl::default());
        let stream = ConnectionStream::new(self.stream, Arc::clone(&control), self.timeouts.client);
        let connection = http.serve_connection(
            TokioIo::new(stream),
            service_fn(|request| self.state.handle(request, peer, &control)),
        );
        // A client that disconnects is not an error of the server.
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(%peer, %error, "a connection ended early");
        }
    }
}
