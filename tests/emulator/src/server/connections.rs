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

use crate::faults::Wire;
use crate::server::service::Service;
use crate::server::wire::WireStream;

/// How many connections may wait to be accepted, so far as the system allows: many clients that
/// start at once are no reason to turn any of them away.
const BACKLOG: u32 = 4096;
/// The wait after a failed accept, which may be for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How patient a server is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// With a client that neither sends nor reads.
    pub(crate) client: Duration,
    /// With the requests in flight, when it stops.
    pub(crate) grace: Duration,
}

/// Listens on the first address of `address` that can be listened on.
pub(crate) async fn listen(address: &str) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
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
    // Connections of an emulator of before must not keep the next one from its address. On Windows
    // the same option would let two of them share it.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `stop` is sent or dropped, and then lets the requests in flight finish. Whoever
/// drops this future drops every connection with it.
pub(crate) async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    patience: Patience,
    stop: oneshot::Receiver<()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(patience.client)
        // Who has said everything may still listen.
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
                        service: Arc::clone(&service),
                        patience,
                        watcher: graceful.watcher(),
                    };
                    connections.spawn(connection.serve(http.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let finished = tokio::time::timeout(patience.grace, graceful.shutdown()).await;
    if finished.is_err() {
        tracing::warn!("some requests did not finish in time");
    }
}

/// One connection.
struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    service: Arc<Service>,
    patience: Patience,
    /// Tells when the server stops.
    watcher: Watcher,
}

impl Connection {
    async fn serve(self, http: http1::Builder) {
        let peer = self.peer;
        // Small responses should not wait for the acknowledgement of others.
        if let Err(error) = self.stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "no TCP_NODELAY");
        }
        let wire = Arc::new(Wire::default());
        let stream = WireStream::new(self.stream, Arc::clone(&wire), self.patience.client);
        let connection = http.serve_connection(
            TokioIo::new(stream),
            service_fn(|request| self.service.handle(request, peer, &wire)),
        );
        // Clients that go away are no concern of ours.
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(%peer, %error, "a connection ended early");
        }
    }
}
