//! Settings of the connections, and replacements for them: a custom client, an in-process handler.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};

use super::Config;
use super::url::without_user;
#[cfg(any(feature = "rustls", feature = "native-tls"))]
use crate::base::error::Error;
use crate::message::body::Body;

/// A function that returns the response to a request, set by [`Config::in_process`].
pub(crate) type Handler = dyn Fn(Request<Body>) -> Pin<Box<dyn Future<Output = http::Response<Bytes>> + Send>>
    + Send
    + Sync;

/// The proxy of requests.
#[derive(Clone, Default)]
pub(crate) enum ProxySetting {
    /// Those of the environment variables.
    #[default]
    Environment,
    None,
    Url(String),
}

/// Settings of the connections.
#[derive(Clone, Default)]
pub(crate) struct ConnectionSettings {
    pub(crate) proxy: ProxySetting,
    /// PEM texts, each with one or more certificates.
    pub(crate) ca_certificates: Vec<Vec<u8>>,
    pub(crate) pool_idle_timeout: Option<Duration>,
    pub(crate) pool_max_idle_per_host: Option<usize>,
    #[cfg(feature = "reqwest-client")]
    pub(crate) client: Option<Result<reqwest::Client, Arc<reqwest::Error>>>,
    pub(crate) handler: Option<Arc<Handler>>,
}

#[cfg(any(feature = "rustls", feature = "native-tls"))]
impl ConnectionSettings {
    pub(crate) fn invalid_certificate() -> Error {
        Error::config("ca_certificate_pem: no certificate, or an invalid one")
    }
}

impl Config {
    /// Sends all requests through this HTTP proxy: `http://proxy.example.com:3128`, or
    /// `https://..`. The URL may contain a user name and a password, whose special characters are
    /// percent-encoded. Without it and [`no_proxy`](Self::no_proxy), the environment variables
    /// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` apply. An invalid URL is an error of
    /// [`QingStor::new`](crate::QingStor::new), also in a variable that applies to the service.
    #[must_use]
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.set_proxy(ProxySetting::Url(url.into()));
        self
    }

    /// Sends all requests without a proxy, even if the environment variables name one: for example to
    /// a local emulator, or to an endpoint in the network of the program.
    #[must_use]
    pub fn no_proxy(mut self) -> Self {
        self.set_proxy(ProxySetting::None);
        self
    }

    /// Trusts the certificates in this PEM text in addition to those of the platform, for an
    /// endpoint or a proxy with a custom certificate authority. May be called more than once.
    #[must_use]
    pub fn ca_certificate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.transport.ca_certificates.push(pem.into());
        self
    }

    /// Sets how long an unused connection is kept. 90 seconds by default.
    #[must_use]
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.set_pool_idle_timeout(timeout);
        self
    }

    /// Sets the maximum number of unused connections per host. Downloads to files use separate
    /// connections, with the same maximum. Unlimited by default. With 0, each request opens a new
    /// connection.
    #[must_use]
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.set_pool_max_idle_per_host(connections);
        self
    }

    /// Sends requests with a `reqwest` client. The settings of the builder for connections, proxy
    /// and TLS replace those of this `Config`. Its timeouts apply in addition, and `User-Agent` is
    /// that of the SDK, see [`additional_user_agent`](Self::additional_user_agent). The builder
    /// must come from the same version of `reqwest` as in this crate. If it cannot build a client,
    /// that is an error of [`QingStor::new`](crate::QingStor::new).
    ///
    /// The client does not follow redirects, decompress responses or retry requests, even if the
    /// builder says so: headers with encryption keys could reach another site, lengths would differ,
    /// and requests would be executed twice.
    #[cfg(feature = "reqwest-client")]
    #[must_use]
    pub fn reqwest_client(mut self, builder: reqwest::ClientBuilder) -> Self {
        let client = builder
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_brotli()
            .no_deflate()
            .no_gzip()
            .no_zstd()
            .build();
        self.transport.client = Some(client.map_err(Arc::new));
        self
    }

    /// Sets a function that responds to all requests in this process, for tests of programs that use
    /// this crate. Requests are signed, failures are retried and responses are decoded as usual, but
    /// nothing is sent.
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
    pub fn in_process<F, R, B>(mut self, handler: F) -> Self
    where
        F: Fn(Request<Body>) -> R + Send + Sync + 'static,
        R: Future<Output = Response<B>> + Send + 'static,
        B: Into<Bytes>,
    {
        self.transport.handler = Some(Arc::new(move |request| {
            let response = handler(request);
            Box::pin(async move { response.await.map(Into::into) })
        }));
        self
    }
}

/// Shows the URL without user name and password.
impl fmt::Debug for ProxySetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("Environment"),
            Self::None => f.write_str("None"),
            Self::Url(url) => f.debug_tuple("Url").field(&without_user(url)).finish(),
        }
    }
}

/// Shows the settings without the password of the proxy.
impl fmt::Debug for ConnectionSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionSettings")
            .field("proxy", &self.proxy)
            .field("ca_certificates", &self.ca_certificates.len())
            .field("pool_idle_timeout", &self.pool_idle_timeout)
            .field("pool_max_idle_per_host", &self.pool_max_idle_per_host)
            .field("in_process", &self.handler.is_some())
            .finish_non_exhaustive()
    }
}
