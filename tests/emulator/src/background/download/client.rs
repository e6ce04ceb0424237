//! HTTP client for requests to other sites.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, USER_AGENT};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use url::{Host, Position, Url};

const CLIENT: HeaderValue =
    HeaderValue::from_static(concat!("qingstor-emulator/", env!("CARGO_PKG_VERSION")));

pub(crate) type RequestError = Box<dyn StdError + Send + Sync>;

/// Sends each request over a new connection, because an origin may close a used one at the moment in
/// which the next request is sent.
///
/// The client follows no redirects, uses no proxies, so that only the URL decides which host is
/// contacted, and decompresses nothing.
#[derive(Debug)]
pub(crate) struct Client {
    /// Longest wait for a connection, for a response, and for the next piece of its body.
    timeout: Duration,
    tls: Arc<ClientConfig>,
}

/// A response. Dropping it closes the connection.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    timeout: Duration,
    /// Reads and writes while the response is in use.
    _connection: JoinSet<()>,
}

impl Client {
    pub(super) fn new(timeout: Duration) -> Result<Self, rustls::Error> {
        Ok(Self {
            timeout,
            tls: Arc::new(tls()?),
        })
    }

    /// Requests the content of a URL, without compression.
    pub(crate) async fn get(&self, url: &Url) -> Result<Response, RequestError> {
        let mut request = request(Method::GET, url, Bytes::new())?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        self.send(url, request).await
    }

    /// Sends a JSON document.
    pub(crate) async fn post_json(&self, url: &Url, body: Bytes) -> Result<Response, RequestError> {
        let mut request = request(Method::POST, url, body)?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.send(url, request).await
    }

    async fn send(
        &self,
        url: &Url,
        request: Request<Full<Bytes>>,
    ) -> Result<Response, RequestError> {
        let connecting = self.connect(url);
        let stream = within(self.timeout, "no connection", connecting).await??;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let mut task = JoinSet::new();
        // An error of the connection is also an error of the request or its body.
        task.spawn(async { drop(connection.await) });
        let response = sender.send_request(request);
        let response = within(self.timeout, "no response", response).await??;
        let (head, body) = response.into_parts();
        Ok(Response {
            status: head.status,
            headers: head.headers,
            body,
            timeout: self.timeout,
            _connection: task,
        })
    }

    async fn connect(&self, url: &Url) -> Result<Box<dyn Stream>, RequestError> {
        let host = url.host().ok_or("the URL has no host")?;
        let port = url.port_or_known_default().ok_or("the URL has no port")?;
        let tcp = match host {
            Host::Domain(name) => TcpStream::connect((name, port)).await?,
            Host::Ipv4(address) => TcpStream::connect((address, port)).await?,
            Host::Ipv6(address) => TcpStream::connect((address, port)).await?,
        };
        tcp.set_nodelay(true)?;
        if url.scheme() != "https" {
            return Ok(Box::new(tcp));
        }
        let name = match host {
            Host::Domain(name) => ServerName::try_from(name.to_owned())?,
            Host::Ipv4(address) => ServerName::from(std::net::IpAddr::from(address)),
            Host::Ipv6(address) => ServerName::from(std::net::IpAddr::from(address)),
        };
        let tls = TlsConnector::from(Arc::clone(&self.tls));
        Ok(Box::new(tls.connect(name, tcp).await?))
    }
}

impl Response {
    /// Returns the length of the body, unless the origin did not announce it.
    pub(crate) fn content_length(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    /// Returns the next piece of the body, or `None` at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, RequestError> {
        loop {
            let frame = within(self.timeout, "no data", self.body.frame()).await?;
            let Some(frame) = frame.transpose()? else {
                return Ok(None);
            };
            // Other frames are trailers.
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
    }
}

/// Returns the last source of an error. The outer errors only say that sending or reading failed.
pub(crate) fn reason(error: &RequestError) -> &dyn StdError {
    let mut reason: &dyn StdError = &**error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    reason
}

/// Creates a request. Its target is a path, because it is sent to the origin itself.
fn request(method: Method, url: &Url, body: Bytes) -> Result<Request<Full<Bytes>>, http::Error> {
    Request::builder()
        .method(method)
        .uri(&url[Position::BeforePath..Position::AfterQuery])
        .header(HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(USER_AGENT, CLIENT)
        .header(ACCEPT, "*/*")
        .body(Full::new(body))
}

async fn within<T>(timeout: Duration, what: &str, work: impl Future<Output = T>) -> io::Result<T> {
    tokio::time::timeout(timeout, work).await.map_err(|_| {
        let text = format!("{what} within {}", humantime::format_duration(timeout));
        io::Error::new(io::ErrorKind::TimedOut, text)
    })
}

/// A connection, with or without TLS.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Returns the TLS configuration of this client. It does not install a process-wide provider.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
    };
    let config = match builder()?.with_platform_verifier() {
        Ok(config) => config,
        // A machine without root certificates can still fetch over http.
        Err(error) => {
            tracing::warn!(%error, "cannot load root certificates, so https requests will fail");
            builder()?.with_root_certificates(RootCertStore::empty())
        }
    };
    Ok(config.with_no_client_auth())
}
