//! Settings of the connections, and what may take their place.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use super::{Config, NEVER, without_user};
use crate::message::body::Body;

/// A function that returns the response to a request, set by [`Config::in_process`].
pub(crate) type Handler = dyn Fn(Request<Body>) -> Pin<Box<dyn Future<Output = http::Response<Bytes>> + Send>>
    + Send
    + Sync;

/// How requests travel.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) proxy: Option<String>,
    /// PEM text, each of one certificate or several.
    pub(crate) ca_certificates: Vec<Vec<u8>>,
    pub(crate) pool_idle_timeout: Option<Duration>,
    pub(crate) pool_max_idle_per_host: Option<usize>,
    #[cfg(feature = "reqwest-client")]
    pub(crate) client: Option<reqwest::Client>,
    pub(crate) handler: Option<Arc<Handler>>,
}

impl Settings {
    pub(crate) fn proxy_is_https(&self) -> bool {
        let proxy = self.proxy.as_deref().unwrap_or_default();
        proxy.to_ascii_lowercase().starts_with("https:")
    }
}

impl Config {
    /// Sends everything through this HTTP proxy: `http://proxy.example.com:3128`, or with
    /// `https://`. A user name and a password may stand in it. Without it, the environment's
    /// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` count.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.transport.proxy = Some(url.into());
        self
    }

    /// Trusts the certificates in this PEM text, too, beside the platform's: for an endpoint or a
    /// proxy with a certificate authority of its own. May be called more than once.
    #[must_use]
    pub fn ca_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.transport.ca_certificates.push(pem.into());
        self
    }

    /// How long a connection is kept while nobody uses it. 90 seconds by default.
    #[must_use]
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.transport.pool_idle_timeout = Some(timeout.min(NEVER));
        self
    }

    /// How many unused connections to one host are kept at most. No limit by default; with 0 each
    /// call makes a connection of its own.
    #[must_use]
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.transport.pool_max_idle_per_host = Some(connections);
        self
    }

    /// Sends with a client of the caller's, whose connections, proxy and TLS then count, in place
    /// of those that are set here. The version of `reqwest` must be this crate's.
    ///
    /// It must not follow redirects, decompress answers or repeat requests by itself: signatures
    /// would not fit, lengths would not agree, and calls would be carried out twice.
    #[cfg(feature = "reqwest-client")]
    #[must_use]
    pub fn reqwest_client(mut self, client: reqwest::Client) -> Self {
        self.transport.client = Some(client);
        self
    }

    /// Answers all calls in this process: for tests of programs that use this crate. Nothing is
    /// sent. Requests are signed, failures repeated and answers read as ever.
    ///
    /// The requests have no `Host` and no `Content-Length`; see [`Body::len`].
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::{Config, QingStor};
    ///
    /// let config = Config::new("ID", "SECRET").in_process(|request| async move {
    ///     assert_eq!(request.uri().path(), "/my-bucket/greeting");
    ///     http::Response::new("hello")
    /// });
    /// let bucket = QingStor::new(config)?.bucket("my-bucket", "pek3a")?;
    /// let output = bucket.get_object("greeting").await?;
    /// assert_eq!(output.body.bytes().await?, "hello");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn in_process<F, A, B>(mut self, handler: F) -> Self
    where
        F: Fn(Request<Body>) -> A + Send + Sync + 'static,
        A: Future<Output = Response<B>> + Send + 'static,
        B: Into<Bytes>,
    {
        self.transport.handler = Some(Arc::new(move |request| {
            let answer = handler(request);
            Box::pin(async move { answer.await.map(Into::into) })
        }));
        self
    }
}

/// Shows no password of a proxy.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("proxy", &self.proxy.as_deref().map(without_user))
            .field("ca_certificates", &self.ca_certificates.len())
            .field("pool_idle_timeout", &self.pool_idle_timeout)
            .field("pool_max_idle_per_host", &self.pool_max_idle_per_host)
            .field("in_process", &self.handler.is_some())
            .finish_non_exhaustive()
    }
}
