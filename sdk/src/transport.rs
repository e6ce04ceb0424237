//! [`Transport`]: sends requests over the network, or to an in-process handler.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use hyper_util::client::legacy::connect::capture_connection;
use tokio::time::Instant;

use crate::base::deadline::deadline_after;
use crate::base::error::{Error, Result};
use crate::config::Config;
use crate::config::transport::Handler;
use crate::message::address::Address;
use crate::message::body::{Body, SendProgress};
use crate::message::throughput::{MinThroughput, ThroughputMeter};
use crate::message::timed_body::{RawBody, TimedBody};

mod connection_use;
mod connector;
mod failure;
mod meter;
mod network;
mod proxies;
#[cfg(feature = "reqwest-client")]
mod reqwest_client;
mod response_wait;
#[cfg(feature = "rustls")]
mod rustls_config;
mod short_reads;
mod stream;
mod tls;
mod tunnel;

use failure::SendFailure;
pub(crate) use meter::AttemptMeter;
use network::{ConnectionKind, NetworkClient, RequestBody};
use response_wait::{SendWatch, in_time};

/// Sends requests. Nothing else in this crate uses the network. A clone shares the connections.
#[derive(Clone)]
pub(crate) struct Transport {
    backend: Backend,
    connect_timeout: Duration,
    idle_timeout: Duration,
    slow_timeout: Duration,
    min_throughput: Option<MinThroughput>,
    user_agent: HeaderValue,
}

#[derive(Clone)]
enum Backend {
    Network(Arc<NetworkClient>),
    #[cfg(feature = "reqwest-client")]
    Reqwest(reqwest::Client),
    InProcess(Arc<Handler>),
}

/// A signed request.
pub(crate) struct TransportRequest<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: &'a Body,
    /// The address of `uri`.
    pub(crate) address: &'a Address,
    /// Whether the service may work for a long time before it responds.
    pub(crate) slow: bool,
    /// Maximum time until the response, and until the end of its body if the client reads it as a
    /// whole. `None` without a limit.
    pub(crate) attempt_timeout: Option<Duration>,
    /// Whether the response is one of many that arrive at the same time, so that its connection should
    /// need little memory.
    pub(crate) short_reads: bool,
    /// Whether to open a connection for the request instead of using an idle one.
    pub(crate) new_connection: bool,
    /// How often the minimum throughput is halved.
    pub(crate) halvings: u32,
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
        (progress.bytes_taken() < len).then_some(Self { progress, len })
    }

    /// Returns the number of bytes that the connection has taken.
    pub(crate) fn bytes_taken(&self) -> u64 {
        self.progress.bytes_taken()
    }
}

impl Drop for UnsentBody {
    fn drop(&mut self) {
        self.progress.abandon();
    }
}

impl Transport {
    /// Creates the transport. `service`: the address of the service.
    pub(crate) fn new(config: &Config, service: &Address) -> Result<Self> {
        Ok(Self {
            backend: Backend::new(config, service)?,
            connect_timeout: config.connect_timeout,
            idle_timeout: config.idle_timeout,
            slow_timeout: config.slow_timeout,
            min_throughput: config.min_throughput,
            user_agent: user_agent(config)?,
        })
    }

    /// Checks that a stream or a file that is announced as empty has no bytes.
    pub(crate) async fn check(&self, body: &Body) -> Result<()> {
        if !body.is_empty() || body.has_certain_length() {
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
        let start = Instant::now();
        let mut timer = Box::pin(tokio::time::sleep_until(deadline_after(start, timeout)));
        let halvings = outbound.halvings;
        let new_throughput = || Some(ThroughputMeter::new(self.min_throughput?, halvings));
        let (meter, address, uri) = (outbound.meter, outbound.address, outbound.uri);
        let len = outbound.body.len();
        let mut watch = SendWatch {
            start,
            progress: None,
            len,
            throughput: new_throughput(),
            attempt_timeout: outbound.attempt_timeout,
            connection: None,
        };
        let (result, progress) = match &self.backend {
            Backend::Network(client) => {
                let connection = ConnectionKind {
                    short_reads: outbound.short_reads,
                    is_new: outbound.new_connection,
                };
                let (mut request, progress) = outbound.into_network_request(&self.user_agent)?;
                // Otherwise, connecting ends before the wait for a response does.
                let may_end_connecting = timeout <= self.connect_timeout;
                if watch.attempt_timeout.is_some() || meter.is_some() || may_end_connecting {
                    let captured = capture_connection(&mut request);
                    if let Some(meter) = meter {
                        meter.connecting(&captured);
                    }
                    watch.connection = Some(captured);
                }
                watch.progress.clone_from(&progress);
                let response = client.send(request, connection);
                let result = in_time(response, &mut timer, timeout, &mut watch).await?;
                let result = match result {
                    Ok(response) => match client.refusal_of_proxy(response.status(), uri) {
                        Some(failure) => Err(failure),
                        None => Ok(response.map(RawBody::Network)),
                    },
                    Err(error) => Err(error.into()),
                };
                (result, progress)
            }
            #[cfg(feature = "reqwest-client")]
            Backend::Reqwest(client) => {
                let (request, progress) = outbound.into_network_request(&self.user_agent)?;
                let request = reqwest_client::request(request)?;
                watch.progress.clone_from(&progress);
                let response = Box::pin(client.execute(request));
                let result = in_time(response, &mut timer, timeout, &mut watch).await?;
                let result =
                    result.map(|response| http::Response::from(response).map(RawBody::Reqwest));
                (result.map_err(SendFailure::from), progress)
            }
            Backend::InProcess(handler) => {
                let progress = Arc::new(SendProgress::default());
                if let Some(meter) = meter {
                    meter.sending(&progress);
                }
                let response = handler(outbound.into_request(&progress));
                watch.progress = Some(progress);
                let response = in_time(response, &mut timer, timeout, &mut watch).await?;
                // A handler may respond without reading the body. The request was not lost.
                (Ok(response.map(RawBody::Whole)), None)
            }
        };
        // Dropped with every error below: a failed request must not continue to send its body.
        let unsent = progress
            .as_ref()
            .and_then(|progress| UnsentBody::of(Arc::clone(progress), len));
        let response = result.map_err(|failure| {
            let source = progress.as_ref().and_then(|progress| progress.failure());
            source.unwrap_or_else(|| self.backend.error(failure, address, uri))
        })?;
        if let Some(meter) = meter {
            meter.responded();
        }
        let response = response.map(|body| TimedBody {
            body,
            timer,
            idle_timeout: self.idle_timeout,
            throughput: new_throughput(),
            slow_timeout: self.slow_timeout,
            attempt_time_left: watch.attempt_time_left(),
        });
        Ok((response, unsent))
    }
}

impl Backend {
    fn new(config: &Config, service: &Address) -> Result<Self> {
        if let Some(handler) = &config.transport.handler {
            return Ok(Self::InProcess(Arc::clone(handler)));
        }
        #[cfg(feature = "reqwest-client")]
        if let Some(client) = &config.transport.client {
            let client = client.clone().map_err(|error| {
                Error::config(format!("reqwest_client: {error}")).with_source(error)
            })?;
            return Ok(Self::Reqwest(client));
        }
        let client = NetworkClient::new(config, service)?;
        Ok(Self::Network(Arc::new(client)))
    }

    /// Returns the error of a request that got no response.
    fn error(&self, failure: SendFailure, address: &Address, uri: &Uri) -> Error {
        let proxy = match self {
            Self::Network(client) => client.proxy_of(uri),
            _ => None,
        };
        failure.into_error(&address.origin(), proxy.as_deref())
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

    /// Returns the request as it is sent, and the progress of its body if it can be observed. Sets the
    /// headers that all requests have in common, apart from the operation and the caller.
    ///
    /// Add a header that the SDK itself sends with every request here. Users of the SDK add theirs
    /// with `Config::interceptor`. Other headers are set elsewhere: `Date` and `Authorization` when
    /// an attempt is signed (`client::dispatch`), `Host` and other lengths than zero by the HTTP
    /// library. The signature covers headers that start with `x-qs-`, so those must be set before
    /// signing, not here.
    ///
    /// # Errors
    ///
    /// Returns an error if the body is a stream that was already sent.
    fn into_network_request(
        self,
        user_agent: &HeaderValue,
    ) -> Result<(Request<RequestBody>, Option<Arc<SendProgress>>)> {
        let (body, progress) = match self.body.as_bytes() {
            // The client has already checked that an empty stream is empty.
            _ if self.body.is_empty() => (RequestBody::Whole(None), None),
            Some(bytes) if bytes.len() <= MAX_SINGLE_CHUNK => {
                (RequestBody::Whole(Some(bytes.clone())), None)
            }
            _ => {
                let (stream, progress) = self.body.start()?;
                if let Some(meter) = self.meter {
                    meter.sending(&progress);
                }
                (RequestBody::Stream(Box::new(stream)), Some(progress))
            }
        };
        let mut headers = self.headers;
        if self.body.content_length(self.method) == Some(0) {
            // The HTTP library sets other lengths from the body.
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        headers
            .entry(header::USER_AGENT)
            .or_insert_with(|| user_agent.clone());
        // Without it, a proxy may encode the body of the response, which must arrive as it is stored.
        headers
            .entry(header::ACCEPT_ENCODING)
            .or_insert(HeaderValue::from_static("identity"));
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = headers;
        Ok((request, progress))
    }
}

/// The value of `User-Agent`, unless the caller sets another one.
fn user_agent(config: &Config) -> Result<HeaderValue> {
    HeaderValue::try_from(config.user_agent())
        .map_err(|error| Error::config("additional_user_agent").with_source(error))
}

/// Bodies in memory up to this length, in bytes, are sent as one chunk: a connection takes them at
/// once, so progress cannot be observed.
const MAX_SINGLE_CHUNK: usize = 64 * 1024;
