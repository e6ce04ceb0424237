//! Connections.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::service::Service;

/// How long requests in flight may take to finish when the emulator stops.
const GRACE: Duration = Duration::from_secs(5);
/// The wait after a failed accept, which may be for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` is sent or dropped, and then lets the requests in flight finish. Whoever
/// drops this future drops every connection with it.
pub(crate) async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    header_timeout: Duration,
    stop: oneshot::Receiver<()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
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
                    // Small answers should not wait for the acknowledgement of others.
                    if let Err(error) = stream.set_nodelay(true) {
                        tracing::debug!(%peer, %error, "no TCP_NODELAY");
                    }
                    let service = Arc::clone(&service);
                    let connection = http.serve_connection(
                        TokioIo::new(stream),
                        service_fn(move |request| {
                            let service = Arc::clone(&service);
                            async move { Ok::<_, Infallible>(service.handle(request, peer.ip()).await) }
                        }),
                    );
                    let connection = graceful.watch(connection);
                    connections.spawn(async move {
                        // Clients that go away are no concern of ours.
                        if let Err(error) = connection.await {
                            tracing::debug!(%peer, %error, "a connection ended early");
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("some requests did not finish in time");
    }
}
