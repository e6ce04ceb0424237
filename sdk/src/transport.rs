//! Sends requests over the network, or to an in-process handler.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use reqwest::Url;
use tokio::time::Sleep;

use crate::base::deadline::deadline;
use crate::base::error::{Error, ErrorKind, Result};
use crate::config::Config;
use crate::config::transport::Handler;
use crate::message::body::{Body, Progress};
use crate::message::incoming::{Incoming, IncomingBody};

mod client;

/// Sends requests. The one way out of this crate. A clone shares the connections.
#[derive(Clone)]
pub(crate) struct Transport {
    way: Way,
    idle_timeout: Duration,
    slow_timeout: Duration,
}

#[derive(Clone)]
enum Way {
    Network {
        client: reqwest::Client,
        /// The scheme, host and port of a configured proxy.
        proxy: Option<Arc<str>>,
    },
    InProcess(Arc<Handler>),
}

/// One attempt of a call.
pub(crate) struct Outbound<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: &'a Body,
    /// The scheme, host and port of `uri`.
    pub(crate) root: &'a Url,
    /// Whether the service may work long without sending a byte.
    pub(crate) slow: bool,
}

/// A request body of which the connection had not taken all bytes when the response arrived.
/// Dropping it ends the sending.
pub(crate) struct UnsentBody {
    progress: Arc<Progress>,
    pub(crate) len: u64,
}

impl UnsentBody {
    /// Returns `None` if the whole body was taken.
    fn of(progress: Arc<Progress>, len: u64) -> Option<Self> {
        // A service that has received all bytes answers after the connection has taken the last
        // one.
        (progress.taken() < len).then_some(Self { progress, len })
    }

    /// Returns the number of bytes that the connection has taken.
    pub(crate) fn taken(&self) -> u64 {
        self.progress.taken()
    }
}

impl Drop for UnsentBody {
    fn drop(&mut self) {
        self.progress.abandon();
    }
}

impl Transport {
    /// `https`: whether TLS will be needed.
    pub(crate) fn new(config: &Config, https: bool) -> Result<Self> {
        Ok(Self {
            way: Way::new(config, https)?,
            idle_timeout: config.idle_timeout,
            slow_timeout: config.slow_timeout,
        })
    }

    /// Makes sure that a stream which is announced as empty is.
    pub(crate) async fn check(&self, body: &Body) -> Result<()> {
        if !body.is_empty() || body.is_replayable() {
            return Ok(());
        }
        body.check_empty().await
    }

    /// Sends one request. Returns the head of the response with its unread body, and what was not
    /// yet sent of the request body.
    pub(crate) async fn send(
        &self,
        outbound: Outbound<'_>,
    ) -> Result<(http::Response<Incoming>, Option<UnsentBody>)> {
        let patience = if outbound.slow {
            self.slow_timeout
        } else {
            self.idle_timeout
        };
        let mut timer = Box::pin(tokio::time::sleep(patience));
        let mut unsent = None;
        let answer = match &self.way {
            Way::Network { client, proxy } => {
                let (root, len) = (outbound.root, outbound.body.len());
                let (request, progress) = request(outbound)?;
                let answer = std::pin::pin!(client.execute(request));
                match watched(answer, &mut timer, patience, progress.as_deref()).await? {
                    Ok(answer) => {
                        unsent = progress.and_then(|progress| UnsentBody::of(progress, len));
                        http::Response::from(answer).map(IncomingBody::Network)
                    }
                    Err(error) => {
                        return Err(progress
                            .and_then(|progress| progress.failure())
                            .unwrap_or_else(|| broken(error, root, proxy.as_deref())));
                    }
                }
            }
            Way::InProcess(handler) => {
                let progress = Arc::new(Progress::default());
                let answer = handler(outbound.into_request(&progress));
                let answer = watched(answer, &mut timer, patience, Some(&progress)).await?;
                // A handler may answer without reading the body: nothing can get lost on the way.
                answer.map(IncomingBody::Whole)
            }
        };
        let answer = answer.map(|body| Incoming {
            body,
            timer,
            idle_timeout: self.idle_timeout,
            slow_timeout: self.slow_timeout,
        });
        Ok((answer, unsent))
    }
}

impl Way {
    fn new(config: &Config, https: bool) -> Result<Self> {
        if let Some(handler) = &config.transport.handler {
            return Ok(Self::InProcess(Arc::clone(handler)));
        }
        #[cfg(feature = "reqwest-client")]
        if let Some(client) = &config.transport.client {
            return Ok(Self::Network {
                client: client.clone(),
                proxy: None,
            });
        }
        let proxy = config.transport.proxy.as_deref();
        let proxy = proxy.and_then(|url| Url::parse(url).ok());
        Ok(Self::Network {
            client: client::client(config, https)?,
            proxy: proxy.map(|url| url.origin().ascii_serialization().into()),
        })
    }
}

impl Outbound<'_> {
    /// Returns the request for an in-process handler. `progress` records how it reads the body.
    fn into_request(self, progress: &Arc<Progress>) -> Request<Body> {
        let mut body = self.body.share();
        if !body.is_empty() {
            body = body.recorded(Arc::clone(progress));
        }
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers;
        request
    }
}

/// Waits for a response. Fails if the service does not answer and takes no bytes of the request
/// body for `patience`. Time in which the source of the body has nothing to send does not count.
async fn watched<F: Future + Unpin>(
    mut answer: F,
    timer: &mut Pin<Box<Sleep>>,
    patience: Duration,
    progress: Option<&Progress>,
) -> Result<F::Output> {
    let mut answers = 0;
    poll_fn(|cx| {
        loop {
            if let Poll::Ready(answer) = Pin::new(&mut answer).poll(cx) {
                return Poll::Ready(Ok(answer));
            }
            ready!(timer.as_mut().poll(cx));
            let now_answers = progress.map_or(0, Progress::answers);
            if now_answers == answers && !progress.is_some_and(Progress::waits_for_source) {
                let taken = progress.map_or(0, Progress::taken);
                return Poll::Ready(Err(no_answer(patience, taken)));
            }
            // The connection takes bytes, or would take them if there were any.
            answers = now_answers;
            timer.as_mut().reset(deadline(patience));
        }
    })
    .await
}

/// The request as reqwest takes it. Fails when its URL library would send another target than the
/// one that is signed.
fn request(outbound: Outbound<'_>) -> Result<(reqwest::Request, Option<Arc<Progress>>)> {
    let Outbound { uri, body, .. } = outbound;
    let mut url = outbound.root.clone();
    url.set_path(uri.path());
    url.set_query(uri.query());
    if url.path() != uri.path() || url.query() != uri.query() {
        return Err(Error::invalid_input(format!(
            "cannot send `{}` unchanged: the HTTP library would normalize it to `{}`",
            uri.path(),
            url.path()
        )));
    }
    let mut out = reqwest::Request::new(outbound.method.clone(), url);
    *out.headers_mut() = outbound.headers;
    if body.content_length(out.method()) == Some(0) {
        // reqwest sets every other length from the body.
        let zero = HeaderValue::from_static("0");
        out.headers_mut().insert(header::CONTENT_LENGTH, zero);
    }
    let progress = match body.as_bytes() {
        // A stream without content was looked at before.
        _ if body.is_empty() => None,
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

fn no_answer(patience: Duration, sent: u64) -> Error {
    let seconds = patience.as_secs_f32();
    let text = format!("no response within {seconds} s (sent {sent} bytes of the request body)");
    Error::new(ErrorKind::Timeout, text)
}

/// What helps against the error of a connection whose runtime has ended.
const OTHER_RUNTIME: &str = "; a client belongs to the Tokio runtime that it is first used in: \
                             create a client for each runtime";

/// Tells a connection that was never made, or broke, from a request that can't be sent.
fn broken(error: reqwest::Error, root: &Url, proxy: Option<&str>) -> Error {
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
    let mut endpoint = root.origin().ascii_serialization();
    if let Some(proxy) = proxy {
        endpoint += &format!(" through the proxy {proxy}");
    }
    let mut text = match kind {
        ErrorKind::Timeout => format!("cannot connect to {endpoint} in time: {reason}"),
        ErrorKind::Connect if error.is_connect() => {
            format!("cannot connect to {endpoint}: {reason}")
        }
        ErrorKind::Connect => {
            format!("the connection to {endpoint} broke before the response arrived: {reason}")
        }
        _ => format!("cannot send the request: {reason}"),
    };
    if text.contains("runtime dropped the dispatch task") || text.contains("dispatch task is gone")
    {
        text += OTHER_RUNTIME;
    }
    let never_sent = error.is_connect() || error.is_builder();
    let error = Error::new(kind, text).with_source(error);
    if never_sent { error.unsent() } else { error }
}
