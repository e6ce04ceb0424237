//! How requests reach the network: reqwest behind one function.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, header};
use http_body::Body as _;
use reqwest::Url;
use tokio::time::{Instant, Sleep};

use crate::body::{Body, Progress};
use crate::config::Config;
use crate::error::{Error, ErrorKind, Result};

/// Sends requests. The one way out of this crate. A clone shares the connections.
#[derive(Clone)]
pub(crate) struct Transport {
    client: reqwest::Client,
    idle_timeout: Duration,
    slow_timeout: Duration,
}

/// An answer's body, and the timer that watches over it.
pub(crate) struct Incoming {
    pub(crate) body: IncomingBody,
    pub(crate) timer: Pin<Box<Sleep>>,
    pub(crate) idle_timeout: Duration,
}

/// The body of an answer, before anything is checked.
pub(crate) struct IncomingBody(reqwest::Body);

impl IncomingBody {
    /// The next bytes. Trailers are passed over: the API has none.
    pub(crate) fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, reqwest::Error>>> {
        loop {
            return match ready!(Pin::new(&mut self.0).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(bytes) => Poll::Ready(Some(Ok(bytes))),
                    Err(_) => continue,
                },
                Some(Err(error)) => Poll::Ready(Some(Err(error))),
                None => Poll::Ready(None),
            };
        }
    }
}

impl Transport {
    /// `https`: whether TLS will be needed.
    pub(crate) fn new(config: &Config, https: bool) -> Result<Self> {
        Ok(Self {
            client: client(config, https)?,
            idle_timeout: config.idle_timeout,
            slow_timeout: config.slow_timeout,
        })
    }

    /// Sends one request, and gives the answer's head and its body to be read.
    ///
    /// `root`: the request's scheme, host and port. `slow`: the service may work long without
    /// sending a byte.
    pub(crate) async fn send(
        &self,
        request: http::Request<Body>,
        root: &Url,
        slow: bool,
    ) -> Result<http::Response<Incoming>> {
        if request.body().is_empty() && !request.body().is_replayable() {
            let checked = tokio::time::timeout(self.idle_timeout, request.body().check_empty());
            checked
                .await
                .unwrap_or_else(|_| Err(no_answer(self.idle_timeout, 0)))?;
        }
        let (request, progress) = outgoing(request, root)?;
        let patience = if slow {
            self.slow_timeout
        } else {
            self.idle_timeout
        };
        let mut timer = Box::pin(tokio::time::sleep(patience));
        let mut answer = std::pin::pin!(self.client.execute(request));
        let mut taken = 0;
        let answer = poll_fn(|cx| {
            loop {
                if let Poll::Ready(answer) = answer.as_mut().poll(cx) {
                    return Poll::Ready(Ok(answer));
                }
                ready!(timer.as_mut().poll(cx));
                let now_taken = progress.as_ref().map_or(0, |progress| progress.taken());
                if now_taken == taken {
                    return Poll::Ready(Err(no_answer(patience, taken)));
                }
                // The connection takes the upload's bytes: it is slow, but it moves.
                taken = now_taken;
                timer.as_mut().reset(deadline(patience));
            }
        });
        match answer.await? {
            Ok(answer) => Ok(http::Response::from(answer).map(|body| Incoming {
                body: IncomingBody(body),
                timer,
                idle_timeout: self.idle_timeout,
            })),
            Err(error) => Err(progress
                .and_then(|progress| progress.failure())
                .unwrap_or_else(|| broken(error))),
        }
    }
}

/// The request as reqwest takes it. Fails when its URL library would send another target than the
/// one that is signed.
fn outgoing(
    request: http::Request<Body>,
    root: &Url,
) -> Result<(reqwest::Request, Option<Arc<Progress>>)> {
    let (head, body) = request.into_parts();
    let mut url = root.clone();
    url.set_path(head.uri.path());
    url.set_query(head.uri.query());
    if url.path() != head.uri.path() || url.query() != head.uri.query() {
        return Err(Error::invalid_input(format!(
            "`{}` would be changed to `{}` on the way",
            head.uri.path(),
            url.path()
        )));
    }
    let mut out = reqwest::Request::new(head.method, url);
    *out.headers_mut() = head.headers;
    if body.is_empty() && matches!(*out.method(), Method::PUT | Method::POST) {
        // Else nothing would say that there is none, and some servers insist.
        let zero = HeaderValue::from_static("0");
        out.headers_mut().insert(header::CONTENT_LENGTH, zero);
    }
    let progress = match body.as_bytes() {
        Some(bytes) if bytes.is_empty() => None,
        Some(bytes) if bytes.len() <= WHOLE => {
            *out.body_mut() = Some(bytes.clone().into());
            None
        }
        _ => {
            let (wire, progress) = body.start()?;
            *out.body_mut() = Some(reqwest::Body::wrap(wire));
            Some(progress)
        }
    };
    Ok((out, progress))
}

/// Bodies up to this length, in bytes, go out in one piece: a connection takes them at once.
const WHOLE: usize = 64 * 1024;

/// The time after which patience ends; far away, when it would lie beyond what a clock can tell.
pub(crate) fn deadline(patience: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
    let now = Instant::now();
    now.checked_add(patience).unwrap_or_else(|| now + FAR)
}

fn no_answer(patience: Duration, sent: u64) -> Error {
    let seconds = patience.as_secs_f32();
    let text = format!("no answer came for {seconds} s ({sent} bytes of the body were sent)");
    Error::new(ErrorKind::Timeout, text)
}

/// Tells a connection that was never made, or broke, from a request that can't be sent.
fn broken(error: reqwest::Error) -> Error {
    let error = error.without_url();
    let kind = if error.is_timeout() {
        ErrorKind::Timeout
    } else if error.is_builder() {
        ErrorKind::InvalidInput
    } else {
        ErrorKind::Connect
    };
    // reqwest's own text says only that sending failed; the reason is the last of its sources.
    let mut reason: &dyn StdError = &error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    let text = match kind {
        ErrorKind::Timeout => format!("no connection in time: {reason}"),
        ErrorKind::Connect if error.is_connect() => format!("no connection: {reason}"),
        ErrorKind::Connect => format!("the connection broke before an answer came: {reason}"),
        _ => format!("the request can't be sent: {reason}"),
    };
    Error::new(kind, text).with_source(error)
}

fn client(config: &Config, https: bool) -> Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        // Another crate may switch these on for the whole program; stored bytes stay as they are.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        // A redirect would be followed with another signature than it needs.
        .redirect(reqwest::redirect::Policy::none())
        // The one place where a call is repeated is this crate's own.
        .retry(reqwest::retry::never())
        .user_agent(config.user_agent())
        .connect_timeout(config.connect_timeout)
        .tcp_nodelay(true);
    secured(builder, https)?
        .build()
        .map_err(|error| Error::config("the HTTP client can't be made").with_source(error))
}

#[cfg(feature = "rustls")]
fn secured(builder: reqwest::ClientBuilder, https: bool) -> Result<reqwest::ClientBuilder> {
    Ok(builder.tls_backend_preconfigured(rustls_config(https)?))
}

#[cfg(all(feature = "native-tls", not(feature = "rustls")))]
fn secured(builder: reqwest::ClientBuilder, _: bool) -> Result<reqwest::ClientBuilder> {
    Ok(builder)
}

#[cfg(not(any(feature = "rustls", feature = "native-tls")))]
fn secured(builder: reqwest::ClientBuilder, https: bool) -> Result<reqwest::ClientBuilder> {
    if https {
        let text = "an https endpoint needs the crate's feature `rustls` or `native-tls`";
        return Err(Error::config(text));
    }
    Ok(builder)
}

/// TLS with ring, given to this client alone: no provider is installed for the whole process.
#[cfg(feature = "rustls")]
fn rustls_config(https: bool) -> Result<rustls::ClientConfig> {
    use rustls_platform_verifier::BuilderVerifierExt;

    let failed = |error: rustls::Error| Error::config("TLS can't be set up").with_source(error);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    // Reading the platform's certificates takes time that a plain HTTP endpoint need not spend.
    if !https {
        let none = rustls::RootCertStore::empty();
        return Ok(builder.with_root_certificates(none).with_no_client_auth());
    }
    Ok(builder
        .with_platform_verifier()
        .map_err(failed)?
        .with_no_client_auth())
}
