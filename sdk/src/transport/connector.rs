//! [`Connector`]: opens connections, through a proxy and with TLS where the target needs them.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tower_service::Service;

use super::connection_use::ConnectionUse;
use super::proxies::Proxies;
use super::short_reads::ShortReads;
use super::stream::{ConnectError, PermanentFailure, Stream};
use super::tls::Tls;
use super::tunnel;

/// Time without data after which the system asks whether the other side still exists, and the time
/// between such questions.
const KEEPALIVE: Duration = Duration::from_secs(15);
const KEEPALIVE_RETRIES: u32 = 3;

/// Bytes of request bodies that the system accepts although they cannot be sent yet, for each
/// connection. Without this limit, a local connection accepts several MiB at once: what limits its
/// throughput shows late, in large steps, and 64 uploads occupy much memory.
#[cfg(any(target_os = "android", target_os = "linux"))]
const MAX_UNSENT: u32 = 64 * 1024;

/// Returns the time after which the system gives up on data that the other side does not take. It
/// must not be shorter than the idle timeout, because a receiver may pause that long.
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
fn unconfirmed_timeout(idle_timeout: Duration) -> Duration {
    const MIN: Duration = Duration::from_secs(30);
    // The system takes milliseconds, as an `int`.
    const MAX: Duration = Duration::from_millis(i32::MAX as u64);
    idle_timeout.clamp(MIN, MAX)
}

/// Opens connections to the targets of requests. Cheap to clone, because every request does it.
#[derive(Clone)]
pub(super) struct Connector(Arc<Settings>);

#[derive(Clone)]
struct Settings {
    direct: DirectConnector,
    proxies: Arc<Proxies>,
    timeout: Duration,
}

impl Connector {
    /// `tls`: `None` if no target needs it. `timeout`: the maximum time of connecting, with the
    /// handshakes of a proxy and of TLS. `idle_timeout`: the maximum time in which the other side takes
    /// no bytes.
    pub(super) fn new(
        tls: Option<Tls>,
        proxies: Arc<Proxies>,
        timeout: Duration,
        idle_timeout: Duration,
    ) -> Self {
        let mut tcp = HttpConnector::new();
        // The scheme is checked here.
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // A host with several addresses: one that does not respond must not use up all the time.
        tcp.set_connect_timeout(Some(timeout));
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE));
        tcp.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        tcp.set_tcp_user_timeout(Some(unconfirmed_timeout(idle_timeout)));
        #[cfg(not(any(target_os = "android", target_os = "fuchsia", target_os = "linux")))]
        let _ = idle_timeout;
        Self(Arc::new(Settings {
            direct: DirectConnector {
                tcp,
                tls,
                short_reads: false,
            },
            proxies,
            timeout,
        }))
    }

    /// Returns a connector whose connections need less memory, see [`ShortReads`].
    pub(super) fn with_short_reads(&self) -> Self {
        let mut settings = Settings::clone(&self.0);
        settings.direct.short_reads = true;
        Self(Arc::new(settings))
    }
}

impl Settings {
    async fn connect(&self, target: Uri) -> Result<ConnectedStream, ConnectError> {
        let mut direct = self.direct.clone();
        let Some(proxy) = self.proxies.of(&target) else {
            return direct.call(target).await;
        };
        match proxy.uri().scheme_str() {
            Some("http" | "https") => {}
            // A SOCKS proxy of the environment that is not for the host of the service, according to
            // `NO_PROXY`, but for the host of a bucket.
            other => {
                let scheme = other.unwrap_or_default();
                let text = format!("a proxy with the scheme `{scheme}` is not supported");
                return Err(PermanentFailure::new(text).into());
            }
        }
        if target.scheme() != Some(&Scheme::HTTPS) {
            let mut connection = direct.call(proxy.uri().clone()).await?;
            connection.is_proxied = true;
            return Ok(connection);
        }
        let connection = direct.call(proxy.uri().clone()).await?;
        let stream = tunnel::open(connection.stream, &target, proxy.basic_auth()).await?;
        encrypt(direct.tls.as_ref(), &target, stream).await
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<ConnectedStream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let settings = Arc::clone(&self.0);
        Box::pin(async move {
            match tokio::time::timeout(settings.timeout, settings.connect(target)).await {
                Ok(connection) => connection.map(TokioIo::new),
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
            }
        })
    }
}

/// Opens connections without a proxy.
#[derive(Clone)]
struct DirectConnector {
    tcp: HttpConnector,
    tls: Option<Tls>,
    short_reads: bool,
}

impl Service<Uri> for DirectConnector {
    type Response = ConnectedStream;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<ConnectedStream, ConnectError>> + Send>>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let connecting = self.tcp.call(target.clone());
        let (tls, short_reads) = (self.tls.clone(), self.short_reads);
        Box::pin(async move {
            let stream = connecting.await?.into_inner();
            limit_unsent(&stream);
            let stream: Box<dyn Stream> = match short_reads {
                true => Box::new(ShortReads::new(stream)),
                false => Box::new(stream),
            };
            if target.scheme() != Some(&Scheme::HTTPS) {
                return Ok(ConnectedStream::new(stream));
            }
            encrypt(tls.as_ref(), &target, stream).await
        })
    }
}

/// Applies [`MAX_UNSENT`]. It is of use, but not necessary, so that a failure does not matter.
fn limit_unsent(stream: &TcpStream) {
    #[cfg(any(target_os = "android", target_os = "linux"))]
    let _ = socket2::SockRef::from(stream).set_tcp_notsent_lowat(MAX_UNSENT);
    #[cfg(not(any(target_os = "android", target_os = "linux")))]
    let _ = stream;
}

async fn encrypt(
    tls: Option<&Tls>,
    target: &Uri,
    stream: Box<dyn Stream>,
) -> Result<ConnectedStream, ConnectError> {
    let tls = tls.ok_or("TLS is not set up")?;
    let host = target.host().unwrap_or_default();
    Ok(ConnectedStream::new(tls.connect(host, stream).await?))
}

/// Returns whether the other side has closed the connection.
fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

/// An open connection.
pub(super) struct ConnectedStream {
    stream: Box<dyn Stream>,
    /// Whether a proxy reads the requests, which need the complete URL then.
    is_proxied: bool,
    /// Whether the other side takes no more bytes.
    is_write_closed: bool,
    usage: ConnectionUse,
}

impl ConnectedStream {
    fn new(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            is_proxied: false,
            is_write_closed: false,
            usage: ConnectionUse::default(),
        }
    }

    /// Turns the error of writing to a closed connection into a wait: the other side may have
    /// responded before it closed the connection, and `hyper` stops reading after such an error.
    /// Reading ends soon if there is no response.
    fn after_write<T>(
        &mut self,
        result: Poll<io::Result<T>>,
        cx: &Context<'_>,
    ) -> Poll<io::Result<T>> {
        match result {
            Poll::Ready(Err(error)) if is_closed(&error) => {
                if !std::mem::replace(&mut self.is_write_closed, true) {
                    // The response may have arrived after the last read.
                    cx.waker().wake_by_ref();
                }
                Poll::Pending
            }
            result => result,
        }
    }
}

impl Connection for ConnectedStream {
    fn connected(&self) -> Connected {
        Connected::new()
            .proxy(self.is_proxied)
            .extra(self.usage.observer())
    }
}

impl AsyncRead for ConnectedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled = buf.filled().len();
        let result = Pin::new(&mut *self.stream).poll_read(cx, buf);
        if buf.filled().len() > filled {
            self.usage.read();
        }
        result
    }
}

impl AsyncWrite for ConnectedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.usage.writing();
        let result = Pin::new(&mut *self.stream).poll_write(cx, buf);
        self.after_write(result, cx)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut *self.stream).poll_flush(cx);
        self.after_write(result, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.usage.writing();
        let result = Pin::new(&mut *self.stream).poll_write_vectored(cx, bufs);
        self.after_write(result, cx)
    }
}

#[cfg(test)]
#[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_system_waits_as_long_as_the_idle_timeout() {
        let seconds = Duration::from_secs;
        for (idle_timeout, expected) in [
            (seconds(1), seconds(30)),
            (seconds(60), seconds(60)),
            (seconds(300), seconds(300)),
            (Duration::MAX, Duration::from_millis(2_147_483_647)),
        ] {
            assert_eq!(unconfirmed_timeout(idle_timeout), expected);
        }
    }
}
