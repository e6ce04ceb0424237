//! [`Config`]: the settings of a client, and where they come from.

pub(crate) mod clock;
pub(crate) mod credentials;
pub(crate) mod endpoint;
pub(crate) mod observe;
pub(crate) mod request_options;
pub(crate) mod retry;
pub(crate) mod sign;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::uri::Scheme;
use zeroize::Zeroizing;

use crate::base::error::{Error, Result};
use crate::config::credentials::{Cache, Credentials, ProvideCredentials, Source};
use crate::config::endpoint::Endpoint;
use crate::config::observe::Observer;
use crate::config::retry::{RetryBudget, RetryPolicy};

#[cfg(feature = "serde")]
mod deserialize;
#[cfg(feature = "config-file")]
pub(crate) mod file;
mod layers;
mod settings;
pub(crate) mod transport;

/// The settings of a [`QingStor`](crate::QingStor) client.
///
/// [`Config::new`] takes the credentials and reads nothing else. [`Config::load`] reads, in this
/// order, the environment and a file; what is set in code afterwards wins over both. A wrong
/// setting is an error of [`QingStor::new`](crate::QingStor::new) (or of `load`) that names it.
///
/// | environment | file | method | default |
/// | --- | --- | --- | --- |
/// | `QINGSTOR_ACCESS_KEY_ID` | `access_key_id` | [`Config::new`] | |
/// | `QINGSTOR_SECRET_ACCESS_KEY` | `secret_access_key` | [`Config::new`] | |
/// | `QINGSTOR_PROTOCOL` | `protocol` | [`protocol`](Self::protocol) | `https` |
/// | `QINGSTOR_HOST` | `host` | [`host`](Self::host) | `qingstor.com` |
/// | `QINGSTOR_PORT` | `port` | [`port`](Self::port) | the protocol's |
/// | `QINGSTOR_ENDPOINT` | `endpoint` | [`endpoint`](Self::endpoint) | |
/// | `QINGSTOR_ENABLE_VIRTUAL_HOST_STYLE` | `enable_virtual_host_style` | [`virtual_host_style`](Self::virtual_host_style) | `false` |
/// | `QINGSTOR_ADDITIONAL_USER_AGENT` | `additional_user_agent` | [`additional_user_agent`](Self::additional_user_agent) | |
/// | `QINGSTOR_CONFIG_PATH` | | | `~/.qingstor/config.yaml` |
///
/// The keys are those of the official SDKs. With the feature `serde`, a program can also read the
/// settings as a part of its own configuration, under the same keys. Both credentials empty means
/// anonymous requests. An id and its secret come from one place: one of them in the environment
/// does not go with the file's other. Any other variable that is empty counts as unset.
///
/// # TLS in the rest of the program
///
/// The feature `rustls` of this crate also changes the `reqwest` and `rustls` that the program uses
/// itself, because Cargo unifies features. If those panic because no crypto provider, or more than
/// one, is there, the program has to choose one before it makes its first client:
/// `rustls::crypto::ring::default_provider().install_default()`. See
/// [the guide](crate::guide::transport#beside-reqwest-or-rustls-of-the-program).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use qingstor_sdk::{Config, QingStor};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> qingstor_sdk::Result<()> {
/// let config = Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")
///     .endpoint("http://127.0.0.1:9000")
///     .connect_timeout(Duration::from_secs(3));
/// let qingstor = QingStor::new(config)?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Config {
    access_key_id: String,
    secret_access_key: Zeroizing<String>,
    credentials: Option<Credentials>,
    provider: Option<Arc<dyn ProvideCredentials>>,
    protocol: String,
    host: String,
    port: Option<u16>,
    endpoint: Option<String>,
    virtual_host_style: bool,
    additional_user_agent: Option<String>,
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) slow_timeout: Duration,
    pub(crate) transport: transport::Settings,
    pub(crate) retry: RetryPolicy,
    pub(crate) retry_budget: Option<RetryBudget>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
}

impl Config {
    /// Settings with these credentials and the defaults. Two empty strings sign nothing.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Self {
        Self {
            access_key_id: access_key_id.into(),
            secret_access_key: Zeroizing::new(secret_access_key.into()),
            credentials: None,
            provider: None,
            protocol: "https".into(),
            host: "qingstor.com".into(),
            port: None,
            endpoint: None,
            virtual_host_style: false,
            additional_user_agent: None,
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            slow_timeout: Duration::from_secs(600),
            transport: transport::Settings::default(),
            retry: RetryPolicy::default(),
            retry_budget: None,
            observer: None,
        }
    }

    /// Settings that sign nothing: what the bucket's policy and ACL allow everyone.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::new("", "")
    }

    /// Settings from the environment and the configuration file; see the table above.
    ///
    /// The file is the one that `QINGSTOR_CONFIG_PATH` names, which must then exist, or
    /// `~/.qingstor/config.yaml`, if it exists. Keys that are not in the table are passed over:
    /// they belong to other SDKs. Without the feature `config-file` no file is read.
    ///
    /// The file must be a regular file (or a link to one) of at most 1 MiB. YAML aliases are
    /// refused, and so are lists and maps that are nested more than 32 deep.
    ///
    /// # Errors
    ///
    /// `Config` when the file can't be read or a value is wrong; the message names variable or file
    /// and line. `Credentials` when no credentials are found anywhere.
    pub fn load() -> Result<Self> {
        layers::load(&|name| std::env::var_os(name), std::env::home_dir())
    }

    /// Credentials that were made on their own, in place of those that the settings have.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self.provider = None;
        self
    }

    /// Fetches the credentials when they are needed, in place of those that the settings have.
    ///
    /// [`Call::build`](crate::Call::build) and [`Call::presign`](crate::Call::presign) fetch
    /// nothing: they use what is known. See [`ProvideCredentials`].
    #[must_use]
    pub fn credentials_provider(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.provider = Some(Arc::new(provider));
        self
    }

    /// `http` or `https`.
    #[must_use]
    pub fn protocol(mut self, protocol: impl Into<String>) -> Self {
        self.protocol = protocol.into();
        self
    }

    /// The host behind the zone: calls on a bucket in `pek3a` go to `pek3a.<host>`. An IP address
    /// or `localhost` gets no zone.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = host.into();
        self
    }

    /// The port. The protocol's own by default.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Scheme, host and port at once (`http://127.0.0.1:9000`, `https://store.example.com`), used
    /// as they stand: no zone is put before the host. It wins over `protocol`, `host` and `port`.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.endpoint = Some(url.into());
        self
    }

    /// Whether the bucket goes into the host (`<bucket>.pek3a.qingstor.com/<key>`) or, by default,
    /// into the path (`pek3a.qingstor.com/<bucket>/<key>`).
    #[must_use]
    pub fn virtual_host_style(mut self, enabled: bool) -> Self {
        self.virtual_host_style = enabled;
        self
    }

    /// Text behind this SDK's own `User-Agent`, such as `my-service/1.0`: printable ASCII.
    #[must_use]
    pub fn additional_user_agent(mut self, text: impl Into<String>) -> Self {
        self.additional_user_agent = Some(text.into());
        self
    }

    /// How long a connection may take to be made, TLS included. 10 seconds by default. As with the
    /// other times, zero is an error of [`QingStor::new`](crate::QingStor::new), and
    /// `Duration::MAX`
    /// means never.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout.min(NEVER);
        self
    }

    /// Sets the idle timeout: the longest time without progress on a connection while a request
    /// body is sent, before the response arrives, and between two pieces of its body. 60 seconds by
    /// default.
    ///
    /// A transfer that makes progress is never cut off. Time in which the source of a request body
    /// (a stream, a reader, a file) has nothing to send does not count: only
    /// [`Call::timeout`](crate::Call::timeout) and [`RetryPolicy::total_timeout`] end that.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout.min(NEVER);
        self
    }

    /// Sets how long the service may work before it answers requests that copy, move, fetch or join
    /// objects. 10 minutes by default.
    ///
    /// It is also the longest time for a response body that the client reads as a whole: a JSON
    /// document, an error document.
    #[must_use]
    pub fn slow_timeout(mut self, timeout: Duration) -> Self {
        self.slow_timeout = timeout.min(NEVER);
        self
    }

    /// How often a call that failed is sent again. 4 attempts in all by default.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// How many repeats all calls of the client may make together. Each client has a budget of its
    /// own, of 500 tokens, by default.
    #[must_use]
    pub fn retry_budget(mut self, budget: RetryBudget) -> Self {
        self.retry_budget = Some(budget);
        self
    }

    /// Who is told of each request and each answer.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Refuses what no other step looks at.
    pub(crate) fn check(&self) -> Result<()> {
        for (name, timeout) in [
            ("connect_timeout", self.connect_timeout),
            ("idle_timeout", self.idle_timeout),
            ("slow_timeout", self.slow_timeout),
        ] {
            if timeout.is_zero() {
                return Err(Error::config(format!(
                    "{name}: must not be zero; `Duration::MAX` disables the timeout"
                )));
            }
        }
        if let Some(text) = &self.additional_user_agent {
            check_user_agent(text)
                .map_err(|why| Error::config(format!("additional_user_agent: {why}")))?;
        }
        Ok(())
    }

    pub(crate) fn resolve_credentials(&self) -> Result<Credentials> {
        if let Some(credentials) = &self.credentials {
            return Ok(credentials.clone());
        }
        if self.access_key_id.is_empty() && self.secret_access_key.is_empty() {
            return Ok(Credentials::anonymous());
        }
        Credentials::new(&*self.access_key_id, &self.secret_access_key)
    }

    pub(crate) fn credentials_source(&self) -> Result<Source> {
        Ok(match &self.provider {
            Some(provider) => Source::Provider(Cache::new(Arc::clone(provider))),
            None => Source::Fixed(self.resolve_credentials()?),
        })
    }

    pub(crate) fn resolve_endpoint(&self) -> Result<Endpoint> {
        match &self.endpoint {
            Some(url) => {
                let (scheme, host, port) = split_url(url).map_err(|why| {
                    Error::config(format!("endpoint `{}`: {why}", without_user(url)))
                })?;
                Endpoint::new(scheme, host, port, false, self.virtual_host_style)
            }
            None => {
                let scheme = scheme(&self.protocol)
                    .map_err(|why| Error::config(format!("protocol: {why}")))?;
                Endpoint::new(scheme, &self.host, self.port, true, self.virtual_host_style)
            }
        }
    }

    pub(crate) fn user_agent(&self) -> String {
        let own = concat!("qingstor-sdk-rust/", env!("CARGO_PKG_VERSION"));
        let system = std::env::consts::OS;
        match &self.additional_user_agent {
            Some(more) if !more.is_empty() => format!("{own} ({system}) {more}"),
            _ => format!("{own} ({system})"),
        }
    }
}

/// What stands for "no limit": the clock can't count much further without overflowing.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

fn check_user_agent(text: &str) -> Result<(), String> {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Ok(());
    }
    Err("must be printable ASCII".into())
}

/// The URL without what stands before an `@`, which may be a password.
fn without_user(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((_, host)) => format!("..@{host}"),
        None => url.to_owned(),
    }
}

fn scheme(name: &str) -> Result<Scheme, String> {
    match name.to_ascii_lowercase().as_str() {
        "https" => Ok(Scheme::HTTPS),
        "http" => Ok(Scheme::HTTP),
        _ => Err(format!("scheme `{name}` is not http or https")),
    }
}

/// Scheme, host and port of `http://host:port`, where nothing may follow but a slash.
fn split_url(url: &str) -> Result<(Scheme, &str, Option<u16>), String> {
    let Some((name, rest)) = url.split_once("://") else {
        return Err("it needs a scheme: `https://...` or `http://...`".into());
    };
    let scheme = scheme(name)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains(['/', '?', '#', '@']) {
        return Err("must contain only scheme, host and port".into());
    }
    let (host, port) = match rest.rsplit_once(':') {
        // The colons of a bare IPv6 address are inside its brackets.
        Some((host, port)) if !port.contains(']') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => return Err(format!("`{port}` is not a valid port")),
        },
        _ => (rest, None),
    };
    Ok((scheme, host, port))
}

/// Shows all settings but the secret.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("credentials", &self.credentials_source().ok())
            .field("protocol", &self.protocol)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("endpoint", &self.endpoint.as_deref().map(without_user))
            .field("virtual_host_style", &self.virtual_host_style)
            .field("additional_user_agent", &self.additional_user_agent)
            .field("connect_timeout", &self.connect_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("slow_timeout", &self.slow_timeout)
            .field("transport", &self.transport)
            .field("retry", &self.retry)
            .field("retry_budget", &self.retry_budget)
            .field("observer", &self.observer.is_some())
            .finish()
    }
}

#[cfg(test)]
mod tests;
