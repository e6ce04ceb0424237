//! [`NetworkClient`]: sends requests over a pool of HTTP/1.1 connections.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, StatusCode, Uri, header};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper_util::client::legacy::{Client, Error as ClientError, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connection_use::ReuseObserver;
use super::connector::Connector;
use super::failure::SendFailure;
use super::proxies::Proxies;
use super::tls::Tls;
use super::tunnel;
use crate::base::error::Result;
use crate::config::Config;
use crate::message::address::Address;
use crate::message::body::BodyStream;

/// Time after which an unused connection is closed, unless the settings say otherwise.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(90);

/// Maximum number of headers in a response. `hyper` reads 100 by default, but the user
/// metadata of an object has up to 2,048 bytes: 256 headers whose names and values have 4 letters.
/// `hyper` initializes memory for all of them: with 1,100, small calls take a tenth more CPU time.
const MAX_HEADERS: usize = 300;

/// Sends requests.
pub(super) struct NetworkClient {
    long_reads: Clients,
    /// Use separate connections, which read less at once.
    short_reads: Clients,
    proxies: Arc<Proxies>,
}

struct Clients {
    pooled: Client<Connector, RequestBody>,
    /// Opens a connection for each request.
    unpooled: Client<Connector, RequestBody>,
}

/// What kind of connection a request needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConnectionKind {
    /// Whether the response is one of many that arrive at the same time, so that the connection should
    /// need little memory.
    pub(super) short_reads: bool,
    /// Whether the connection is opened for the request.
    pub(super) is_new: bool,
}

impl NetworkClient {
    /// `service`: the address of the service.
    ///
    /// # Errors
    ///
    /// Returns `Config` if a setting is invalid.
    pub(super) fn new(config: &Config, service: &Address) -> Result<Self> {
        let settings = &config.transport;
        let proxies = Arc::new(Proxies::new(settings, service)?);
        // Otherwise, the certificates of the platform need not be loaded.
        let needs_tls = service.scheme == Scheme::HTTPS
            || proxies.use_tls
            || !settings.ca_certificates.is_empty();
        let tls = needs_tls
            .then(|| Tls::new(&settings.ca_certificates))
            .transpose()?;
        let connector = Connector::new(
            tls,
            Arc::clone(&proxies),
            config.connect_timeout,
            config.idle_timeout,
        );
        let mut client = Client::builder(TokioExecutor::new());
        client
            .http1_max_headers(MAX_HEADERS)
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(settings.pool_idle_timeout.unwrap_or(POOL_IDLE_TIMEOUT));
        if let Some(connections) = settings.pool_max_idle_per_host {
            client.pool_max_idle_per_host(connections);
        }
        let mut unpooled = client.clone();
        unpooled.pool_max_idle_per_host(0);
        let clients = |connector: Connector| Clients {
            pooled: client.build(connector.clone()),
            unpooled: unpooled.build(connector),
        };
        Ok(Self {
            short_reads: clients(connector.with_short_reads()),
            long_reads: clients(connector),
            proxies,
        })
    }

    /// Sends a request.
    ///
    /// Not async, so that the HTTP client is compiled in this crate, and not in each program.
    pub(super) fn send(
        &self,
        mut request: Request<RequestBody>,
        connection: ConnectionKind,
    ) -> ResponseFuture {
        let proxy_auth = match request.uri().scheme_str() {
            // A proxy for HTTPS gets the password when the connection is opened.
            Some("http") => self.proxies.of(request.uri()),
            _ => None,
        };
        if let Some(auth) = proxy_auth.as_ref().and_then(|proxy| proxy.basic_auth()) {
            let headers = request.headers_mut();
            headers.insert(header::PROXY_AUTHORIZATION, auth.clone());
        }
        let clients = match connection.short_reads {
            true => &self.short_reads,
            false => &self.long_reads,
        };
        let client = match connection.is_new {
            true => &clients.unpooled,
            false => &clients.pooled,
        };
        client.request(request)
    }

    /// Returns the failure if the response is that of a proxy which does not accept the user of the
    /// request.
    pub(super) fn refusal_of_proxy(&self, status: StatusCode, uri: &Uri) -> Option<SendFailure> {
        // A proxy for HTTPS responds when the connection is opened.
        if status != StatusCode::PROXY_AUTHENTICATION_REQUIRED
            || uri.scheme() == Some(&Scheme::HTTPS)
        {
            return None;
        }
        let proxy = self.proxies.of(uri)?;
        Some(SendFailure {
            is_connect: true,
            is_unsent: true,
            is_reused_without_response: false,
            source: tunnel::authentication_failure(proxy.basic_auth()).into(),
        })
    }

    /// Returns the scheme, host and port of the proxy for requests to this URL.
    pub(super) fn proxy_of(&self, uri: &Uri) -> Option<String> {
        let proxy = self.proxies.of(uri)?;
        let uri = proxy.uri();
        Some(format!("{}://{}", uri.scheme()?, uri.authority()?))
    }
}

impl From<ClientError> for SendFailure {
    fn from(error: ClientError) -> Self {
        let connection = error.connect_info();
        Self {
            is_unsent: error.is_connect(),
            is_connect: error.is_connect(),
            is_reused_without_response: connection
                .is_some_and(ReuseObserver::is_reused_without_response),
            source: error.into(),
        }
    }
}

/// A request body as `hyper` sends it.
pub(super) enum RequestBody {
    /// Sent at once. `None` without content.
    Whole(Option<Bytes>),
    Stream(Box<BodyStream>),
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<std::io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Whole(content) => Poll::Ready(content.take().map(Frame::data).map(Ok)),
            Self::Stream(stream) => Pin::new(&mut **stream).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(content) => content.is_none(),
            Self::Stream(stream) => stream.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(content) => {
                SizeHint::with_exact(content.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Self::Stream(stream) => stream.size_hint(),
        }
    }
}
