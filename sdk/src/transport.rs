//! [`Transport`]: sends requests over the network, or to an in-process handler.

use std::error::Error as StdError;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use reqwest::Url;
use tokio::time::{Instant, Sleep};

use crate::base::deadline::deadline;
use crate::base::error::{Error, ErrorKind, Result};
use crate::config::Config;
use crate::config::transport::Handler;
use crate::message::body::{Body, SendProgress};
use crate::message::throughput::{MinThroughput, ThroughputMeter};
use crate::message::timed_body::{RawBody, TimedBody};

mod client;
mod meter;

pub(crate) use meter::AttemptMeter;

/// Sends requests. Nothing else in this crate uses the network. A clone shares the connections.
#[derive(Clone)]
pub(crate) struct Transport {
    backend: Backend,
    idle_timeout: Duration,
    slow_timeout: Duration,
    min_throughput: Option<MinThroughput>,
}

#[derive(Clone)]
enum Backend {
    Network {
        client: reqwest::Client,
        /// The scheme, host and port of a configured proxy.
        proxy: Option<Arc<str>>,
    },
    InProcess(Arc<Handler>),
}

/// A signed request.
pub(crate) struct TransportRequest<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: &'a Body,
    /// The scheme, host and port of `uri`.
    pub(crate) root: &'a Url,
    /// Whether the service may work for a long time before it responds.
    pub(crate) slow: bool,
    /// Number of the attempt, starting at 1.
    pub(crate) attempt: u32,
    /// Measures the attempt for its observers.
    pub(crate) meter: Option<&'a AttemptMeter>,
}

/// A request body that was not completely sent when the response arrived. Dropping it stops
/// sending.
pub(crate) struct UnsentBody {
    progress: Arc<SendProgress>,
    pub(crate) len: u64,
}

impl UnsentBody {
    /// Returns `None` if the connection has taken the whole body.
    fn of(progress: Arc<SendProgress>, len: u64) -> Option<Self> {
        // A service can only have received all bytes after the connection has taken the last one.
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
    /// Creates the transport. `https`: whether the endpoint needs TLS.
    pub(crate) fn new(config: &Config, https: bool) -> Result<Self> {
        Ok(Self {
            backend: Backend::new(config, https)?,
            idle_timeout: config.idle_timeout,
            slow_timeout: config.slow_timeout,
            min_throughput: config.min_throughput,
        })
    }

    /// Checks that a stream that is announced as empty has no bytes.
    pub(crate) async fn check(&self, body: &Body) -> Result<()> {
        if !body.is_empty() || body.is_replayable() {
            return Ok(());
        }
        body.check_empty().await
    }

    /// Sends one request. Returns the response with its unread body, and the request body if it was
    /// not completely sent.
    pub(crate) async fn send(
        &self,
        outbound: TransportRequest<'_>,
    ) -> Result<(http::Response<TimedBody>, Option<UnsentBody>)> {
        let timeout = if outbound.slow {
            self.slow_timeout
        } else {
            self.idle_timeout
        };
        let mut timer = Box::pin(tokio::time::sleep(timeout));
        let attempt = outbound.attempt;
        let min_throughput = self.min_throughput.map(|limit| limit.of_attempt(attempt));
        let throughput = min_throughput.map(ThroughputMeter::new);
        let meter = outbound.meter;
        let mut unsent = None;
        let response = match &self.backend {
            Backend::Network { client, proxy } => {
                let (root, len) = (outbound.root, outbound.body.len());
                let (request, progress) = reqwest_request(outbound)?;
                if let (Some(meter), Some(progress)) = (meter, &progress) {
                    meter.sending(progress);
                }
                let response = std::pin::pin!(client.execute(request));
                let mut watch = SendWatch {
                    progress: progress.as_deref(),
                    len,
                    throughput,
                };
                match with_idle_timeout(response, &mut timer, timeout, &mut watch).await? {
                    Ok(response) => {
                        unsent = progress.and_then(|progress| UnsentBody::of(progress, len));
                        http::Response::from(response).map(RawBody::Network)
                    }
                    Err(error) => {
                        return Err(progress
                            .and_then(|progress| progress.failure())
                            .unwrap_or_else(|| connection_error(error, root, proxy.as_deref())));
                    }
                }
            }
            Backend::InProcess(handler) => {
                let progress = Arc::new(SendProgress::default());
                if let Some(meter) = meter {
                    meter.sending(&progress);
                }
                let len = outbound.body.len();
                let response = handler(outbound.into_request(&progress));
                let mut watch = SendWatch {
                    progress: Some(&progress),
                    len,
                    throughput,
                };
                let response = with_idle_timeout(response, &mut timer, timeout, &mut watch).await?;
                // A handler may respond without reading the body. The request was not lost.
                response.map(RawBody::Whole)
            }
        };
        if let Some(meter) = meter {
            meter.responded();
        }
        let response = response.map(|body| TimedBody {
            body,
            timer,
            idle_timeout: self.idle_timeout,
            throughput: min_throughput.map(ThroughputMeter::new),
            slow_timeout: self.slow_timeout,
        });
        Ok((response, unsent))
    }
}

impl Backend {
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

impl TransportRequest<'_> {
    /// Returns the request for an in-process handler. `progress` records how the handler reads the
    /// body.
    fn into_request(self, progress: &Arc<SendProgress>) -> Request<Body> {
        let mut body = self.body.share();
        if !body.is_empty() {
            body = body.with_progress(Arc::clone(progress));
        }
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers;
        request
    }
}

/// A request body that is being sent.
struct SendWatch<'a> {
    /// `None` if the body is sent at once.
    progress: Option<&'a SendProgress>,
    len: u64,
    /// `None` without a limit.
    throughput: Option<ThroughputMeter>,
}

impl SendWatch<'_> {
    fn taken(&self) -> u64 {
        self.progress.map_or(0, SendProgress::taken)
    }

    fn ready_polls(&self) -> u64 {
        self.progress.map_or(0, SendProgress::ready_polls)
    }

    fn waits_for_source(&self) -> bool {
        self.progress.is_some_and(SendProgress::waits_for_source)
    }

    /// Returns the state of sending, from which the throughput is computed.
    fn sample(&self, now: Instant) -> SendSample {
        let time = |progress: &SendProgress| progress.time_of_source(now);
        SendSample {
            at: now,
            taken: self.taken(),
            time_of_source: self.progress.map(time).unwrap_or_default(),
        }
    }

    /// Returns the time of the next check of the throughput; `None` if there is nothing to check.
    fn next_check(&self, last: &SendSample) -> Option<Instant> {
        self.progress?;
        last.at.checked_add(self.throughput.as_ref()?.next_check())
    }

    /// Fails if the connection has taken too few bytes since the last checks. Time in which the
    /// source of the body has nothing to send does not count.
    fn check(&mut self, last: &mut SendSample, now: Instant) -> Result<()> {
        let sample = self.sample(now);
        let previous = std::mem::replace(last, sample);
        if sample.taken >= self.len {
            // The rest is the time of the service.
            self.throughput = None;
        }
        // Before the first poll, the connection is not established yet.
        let is_sending = self.ready_polls() > 0;
        let Some(throughput) = self.throughput.as_mut().filter(|_| is_sending) else {
            return Ok(());
        };
        let time_of_source = sample.time_of_source - previous.time_of_source;
        let time = (now - previous.at).saturating_sub(time_of_source);
        if throughput.record(sample.taken - previous.taken, time) {
            return Ok(());
        }
        let (limit, taken) = (throughput.limit(), sample.taken);
        let text = format!(
            "the service received less than {limit} (sent {taken} bytes of the request body)"
        );
        Err(Error::new(ErrorKind::Timeout, text))
    }
}

#[derive(Clone, Copy)]
struct SendSample {
    at: Instant,
    taken: u64,
    /// Time in which the connection has waited for the source.
    time_of_source: Duration,
}

/// Waits for a response. Fails with `Timeout` if, for the duration of `timeout`, no response
/// arrives and the service takes no bytes of the request body, or if it takes them too slowly. Time
/// in which the source of the body has nothing to send does not count.
async fn with_idle_timeout<F: Future + Unpin>(
    mut response: F,
    timer: &mut Pin<Box<Sleep>>,
    timeout: Duration,
    body: &mut SendWatch<'_>,
) -> Result<F::Output> {
    let mut ready_polls = 0;
    let mut idle_deadline = timer.deadline();
    let mut last = body.sample(idle_deadline.checked_sub(timeout).unwrap_or(idle_deadline));
    if let Some(check) = body.next_check(&last) {
        timer.as_mut().reset(check.min(idle_deadline));
    }
    poll_fn(|cx| {
        loop {
            if let Poll::Ready(response) = Pin::new(&mut response).poll(cx) {
                return Poll::Ready(Ok(response));
            }
            ready!(timer.as_mut().poll(cx));
            let now = Instant::now();
            if now >= idle_deadline {
                let now_ready_polls = body.ready_polls();
                if now_ready_polls == ready_polls && !body.waits_for_source() {
                    return Poll::Ready(Err(no_response(timeout, body.taken())));
                }
                // The connection has taken bytes, or waits for the source of the body.
                ready_polls = now_ready_polls;
                idle_deadline = deadline(timeout);
            }
            if let Err(error) = body.check(&mut last, now) {
                return Poll::Ready(Err(error));
            }
            let check = body.next_check(&last);
            let next = check.map_or(idle_deadline, |check| check.min(idle_deadline));
            timer.as_mut().reset(next);
        }
    })
    .await
}

/// Converts the request for reqwest.
///
/// # Errors
///
/// Returns `InvalidInput` if the URL library of reqwest would change the target, which is signed.
fn reqwest_request(
    outbound: TransportRequest<'_>,
) -> Result<(reqwest::Request, Option<Arc<SendProgress>>)> {
    let TransportRequest { uri, body, .. } = outbound;
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
        // reqwest sets other lengths from the body.
        let zero = HeaderValue::from_static("0");
        out.headers_mut().insert(header::CONTENT_LENGTH, zero);
    }
    let progress = match body.as_bytes() {
        // The client has already checked that an empty stream is empty.
        _ if body.is_empty() => None,
        Some(bytes) if bytes.len() <= MAX_SINGLE_CHUNK => {
            *out.body_mut() = Some(bytes.clone().into());
            None
        }
        _ => {
            let (stream, progress) = body.start()?;
            *out.body_mut() = Some(reqwest::Body::wrap(stream));
            Some(progress)
        }
    };
    Ok((out, progress))
}

/// Bodies in memory up to this length, in bytes, are sent as one chunk: a connection takes them at
/// once, so progress cannot be observed.
const MAX_SINGLE_CHUNK: usize = 64 * 1024;

fn no_response(timeout: Duration, sent: u64) -> Error {
    let seconds = timeout.as_secs_f32();
    let text = format!("no response within {seconds} s (sent {sent} bytes of the request body)");
    Error::new(ErrorKind::Timeout, text)
}

/// Advice for the error of a connection whose runtime has ended.
const RUNTIME_ADVICE: &str = "; a client belongs to the Tokio runtime that it is first used in: \
                             create a client for each runtime";

/// Maps an error of reqwest to `Connect`, `Timeout` or `InvalidInput`.
fn connection_error(error: reqwest::Error, root: &Url, proxy: Option<&str>) -> Error {
    let error = error.without_url();
    let kind = if error.is_timeout() {
        ErrorKind::Timeout
    } else if error.is_builder() {
        ErrorKind::InvalidInput
    } else {
        ErrorKind::Connect
    };
    // The message of reqwest says only that sending failed. The last source has the reason.
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
        text += RUNTIME_ADVICE;
    }
    let never_sent = error.is_connect() || error.is_builder();
    let error = Error::new(kind, text).with_source(error);
    if never_sent { error.unsent() } else { error }
}
