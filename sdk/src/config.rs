//! [`Config`]: the settings of a client.

pub(crate) mod clock;
pub(crate) mod credentials;
pub(crate) mod endpoint;
pub(crate) mod interceptor;
pub(crate) mod observer;
pub(crate) mod request_options;
pub(crate) mod retry;
pub(crate) mod sign;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::base::error::{Error, Result};
use crate::config::address_settings::{AddressSettings, Setting, SettingSource};
use crate::config::credentials::{
    Cache, CredentialSource, Credentials, ProvideCredentials, missing_credentials,
};
use crate::config::endpoint::Endpoint;
use crate::config::interceptor::Intercept;
use crate::config::observer::{Observer, ObserverPair};
use crate::config::retry::{RetryBudget, RetryPolicy};
use crate::config::timeouts::NEVER;
use crate::message::throughput::MinThroughput;

mod address_settings;
#[cfg(feature = "serde")]
mod deserialize;
mod duration;
#[cfg(feature = "config-file")]
pub(crate) mod file;
mod load;
pub(crate) mod proxy_url;
mod settings;
mod timeouts;
pub(crate) mod transport;
#[cfg(feature = "config-file")]
pub(crate) mod unknown_setting;
mod url;

/// The settings of a [`QingStor`](crate::QingStor) client.
///
/// [`Config::new`] takes the credentials and reads neither the environment nor a file.
/// [`Config::load`] reads both; the environment overrides the file, and methods override both. [The
/// guide](crate::guide::configuration) lists the environment variables and the keys of the file. An
/// invalid setting is an error of [`QingStor::new`](crate::QingStor::new) (or of `load`) that names
/// it.
///
/// # TLS in the rest of the program
///
/// The feature `rustls` of this crate affects the `rustls` that the program itself uses, because
/// Cargo unifies features. If it panics because more than one crypto provider is available, the
/// program has to install one before it creates its first TLS configuration:
/// `rustls::crypto::ring::default_provider().install_default()`. See [the
/// guide](crate::guide::transport#other-uses-of-rustls).
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
    /// Where the two fields above come from.
    key_pair_source: SettingSource,
    /// Whether requests without a key pair are anonymous. Otherwise, a missing key pair is an error.
    allows_anonymous: bool,
    credentials: Option<Credentials>,
    provider: Option<Arc<dyn ProvideCredentials>>,
    address: AddressSettings,
    additional_user_agent: Setting<Option<String>>,
    /// Where those of the settings below come from that have a key.
    sources: Vec<(&'static str, SettingSource)>,
    pub(crate) connect_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) slow_timeout: Duration,
    pub(crate) transport: transport::ConnectionSettings,
    pub(crate) retry: RetryPolicy,
    pub(crate) retry_budget: Option<RetryBudget>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) interceptors: Vec<Arc<dyn Intercept>>,
    pub(crate) min_throughput: Option<MinThroughput>,
    pub(crate) transfer_requests: usize,
    pub(crate) transfer_memory: u64,
}

impl Config {
    /// Creates a configuration with these credentials and default settings. Empty or invalid
    /// credentials are an error of [`QingStor::new`](crate::QingStor::new). Use
    /// [`anonymous`](Self::anonymous) for unsigned requests.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: impl Into<String>) -> Self {
        let access_key_id = access_key_id.into();
        let secret_access_key = Zeroizing::new(secret_access_key.into());
        let key_pair_source = match access_key_id.is_empty() && secret_access_key.is_empty() {
            true => SettingSource::Default,
            false => SettingSource::Method,
        };
        Self {
            access_key_id,
            secret_access_key,
            key_pair_source,
            allows_anonymous: false,
            credentials: None,
            provider: None,
            address: AddressSettings::default(),
            additional_user_agent: Setting::default(None),
            sources: Vec::new(),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(60),
            slow_timeout: Duration::from_secs(600),
            transport: transport::ConnectionSettings::default(),
            retry: RetryPolicy::default(),
            retry_budget: None,
            observer: None,
            interceptors: Vec::new(),
            min_throughput: Some(MinThroughput::DEFAULT),
            transfer_requests: 128,
            transfer_memory: 256 << 20,
        }
    }

    /// Creates a configuration for anonymous requests, which may do what the policy and the ACL of
    /// a bucket allow everyone.
    #[must_use]
    pub fn anonymous() -> Self {
        Self {
            allows_anonymous: true,
            ..Self::new("", "")
        }
    }

    /// Loads the settings from the environment and the configuration file; see [the
    /// guide](crate::guide::configuration).
    ///
    /// The file is the one that `QINGSTOR_CONFIG_PATH` names, which must exist, or
    /// `~/.qingstor/config.yaml`, if it exists. Unknown keys are ignored, because they may belong
    /// to other SDKs. Without the feature `config-file`, no file is read.
    ///
    /// The file must be a regular file (or a link to one) of at most 1 MiB. It must not contain
    /// YAML aliases, or lists and maps that are nested more than 32 levels deep.
    ///
    /// An empty variable or value counts as unset. Use [`load_anonymous`](Self::load_anonymous) for
    /// anonymous requests.
    ///
    /// # Errors
    ///
    /// Returns `Config` if the file cannot be read, a value is invalid, or only one of the
    /// credentials is set, or its name is misspelled; the message names the variable, or the file and
    /// line. Returns `Credentials` if credentials are missing.
    pub fn load() -> Result<Self> {
        load::load(&|name| std::env::var_os(name), std::env::home_dir())
    }

    /// Reads the settings from the file at `path` only: neither from the environment, nor from another
    /// file. Use it for programs that work with several accounts. The format is that of
    /// [`load`](Self::load).
    ///
    /// ```no_run
    /// # fn main() -> qingstor_sdk::Result<()> {
    /// let config = qingstor_sdk::Config::from_file("/home/me/.qingstor/archive.yaml")?;
    /// # let _ = config; Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns `Config` if the file cannot be read, a value is invalid, or only one of the credentials
    /// is set, or its name is misspelled; the message names the file and the line. Returns
    /// `Credentials` if credentials are missing.
    #[cfg(feature = "config-file")]
    pub fn from_file(path: impl AsRef<std::path::Path>) -> Result<Self> {
        load::from_file(path.as_ref())
    }

    /// Sets the credentials, and replaces those from other settings.
    #[must_use]
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self.provider = None;
        self
    }

    /// Sets a provider that fetches credentials when they are needed, and replaces those from other
    /// settings.
    ///
    /// [`Call::build`](crate::Call::build), [`Call::presign`](crate::Call::presign) and
    /// [`FormPolicy::sign`](crate::FormPolicy::sign) use the credentials that were fetched last: see
    /// [`QingStor::fetch_credentials_if_due`](crate::QingStor::fetch_credentials_if_due), and
    /// [`ProvideCredentials`].
    #[must_use]
    pub fn credentials_provider(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.provider = Some(Arc::new(provider));
        self
    }

    /// Sets the protocol, `http` or `https`. `https` by default.
    #[must_use]
    pub fn protocol(mut self, protocol: impl Into<String>) -> Self {
        self.address.set_protocol(protocol.into());
        self
    }

    /// Sets the host without the zone: requests for a bucket in `pek3a` go to `pek3a.<host>`. An IP
    /// address or `localhost` gets no zone.
    #[must_use]
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.address.set_host(host.into());
        self
    }

    /// Sets the port. By default, the port of the protocol.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }

    /// Sets scheme, host and port together (`http://127.0.0.1:9000`, `https://store.example.com`).
    /// The host is used unchanged, without a zone. Overrides `protocol`, `host` and `port`.
    ///
    /// If the environment or the file sets the endpoint, [`host`](Self::host) overrides it.
    /// [`protocol`](Self::protocol) or [`port`](Self::port) without a host is an error of
    /// [`QingStor::new`](crate::QingStor::new) then, because the endpoint contains both.
    #[must_use]
    pub fn endpoint(mut self, url: impl Into<String>) -> Self {
        self.address.set_endpoint(url.into());
        self
    }

    /// Sets whether the bucket is in the host (`<bucket>.pek3a.qingstor.com/<key>`) or, by default,
    /// in the path (`pek3a.qingstor.com/<bucket>/<key>`).
    #[must_use]
    pub fn virtual_host_style(mut self, enabled: bool) -> Self {
        self.address.set_virtual_host_style(enabled);
        self
    }

    /// Appends text to the `User-Agent` of this SDK, such as `my-service/1.0`. It must be printable
    /// ASCII.
    #[must_use]
    pub fn additional_user_agent(mut self, text: impl Into<String>) -> Self {
        self.set_additional_user_agent(text.into());
        self
    }

    /// Sets how failed requests are retried. By default, a request is sent up to 4 times.
    ///
    /// Replaces the whole policy, also `max_attempts` and `attempt_timeout` of the environment and the
    /// file.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.set_retry(policy);
        self
    }

    /// Sets the budget for the retries of all requests of this client. By default, each client has
    /// its own budget of 500 tokens.
    #[must_use]
    pub fn retry_budget(mut self, budget: RetryBudget) -> Self {
        self.retry_budget = Some(budget);
        self
    }

    /// Sets how many requests the managed transfers of the client have in flight, all together:
    /// uploads, downloads, copies and batch deletions. At least 1, 128 by default. Fewer if the process
    /// may open few files, for example 40 with a limit of 256 (on Linux).
    ///
    /// Requests above the limit wait, in their order. A request that waits for its retry does not
    /// count. Calls of single operations are not limited.
    #[must_use]
    pub fn transfer_requests(mut self, requests: usize) -> Self {
        self.transfer_requests = requests;
        self
    }

    /// Sets how many bytes the managed transfers of the client hold in memory, all together: the parts
    /// of uploads from readers and streams, and the ranges of downloads to writers. At least 1, 256 MiB
    /// by default.
    ///
    /// Parts above the limit wait, in their order, so that any number of transfers can run at the same
    /// time. By default, 32 parts of 8 MiB fit: if more sources are slow, as clients of a server may be, a
    /// higher limit makes their uploads faster. A part that is larger than the limit is held alone. Not
    /// counted: the first chunk that a transfer reads from its source (64 KiB of a reader), and the buffers
    /// of files (256 KiB for each connection).
    ///
    /// A transfer keeps its memory while its source or its writer makes no progress, or the caller does
    /// not poll it. If nothing else is left for a quarter of a second, each other transfer may exceed the
    /// limit by 64 KiB, and one upload at a time by its part, so that none of them waits forever.
    #[must_use]
    pub fn transfer_memory(mut self, bytes: u64) -> Self {
        self.transfer_memory = bytes;
        self
    }

    /// Adds an observer, which is notified of each request and each response. See [`Observer`].
    ///
    /// Observers are notified in the order in which they were added.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        let added: Arc<dyn Observer> = Arc::new(observer);
        self.observer = Some(match self.observer.take() {
            Some(previous) => Arc::new(ObserverPair(previous, added)),
            None => added,
        });
        self
    }

    /// Adds an interceptor, which is called before each attempt is signed. It can add headers that all
    /// requests have in common, or refuse the attempt. See [`Intercept`].
    ///
    /// Interceptors run in the order in which they were added.
    #[must_use]
    pub fn interceptor(mut self, interceptor: impl Intercept + 'static) -> Self {
        self.interceptors.push(Arc::new(interceptor));
        self
    }

    /// Checks the settings that are not checked elsewhere.
    pub(crate) fn check(&self) -> Result<()> {
        for (name, timeout) in [
            ("connect_timeout", self.connect_timeout),
            ("idle_timeout", self.idle_timeout),
            ("slow_timeout", self.slow_timeout),
            (
                "attempt_timeout",
                self.retry.timeout_of_attempt().unwrap_or(NEVER),
            ),
        ] {
            if timeout.is_zero() {
                return Err(Error::config(format!(
                    "{name}: must not be zero; `Duration::MAX` disables the timeout"
                )));
            }
        }
        if self
            .min_throughput
            .is_some_and(|limit| limit.period.is_zero())
        {
            let text = "min_throughput: the period must not be zero";
            return Err(Error::config(text));
        }
        for (name, limit) in [
            ("transfer_requests", self.transfer_requests as u64),
            ("transfer_memory", self.transfer_memory),
        ] {
            if limit == 0 {
                return Err(Error::config(format!("{name}: must be at least 1")));
            }
        }
        if let Some(text) = &self.additional_user_agent.value {
            check_user_agent(text)
                .map_err(|why| Error::config(format!("additional_user_agent: {why}")))?;
        }
        Ok(())
    }

    fn set_additional_user_agent(&mut self, text: String) {
        let source = self.address.source;
        self.additional_user_agent.set(Some(text), source);
    }

    pub(crate) fn resolve_credentials(&self) -> Result<Credentials> {
        if let Some(credentials) = &self.credentials {
            return Ok(credentials.clone());
        }
        if self.access_key_id.is_empty() && self.secret_access_key.is_empty() {
            return match self.allows_anonymous {
                true => Ok(Credentials::anonymous()),
                false => Err(missing_credentials(
                    "set access_key_id and secret_access_key, or use `Config::anonymous()` for \
                     unsigned requests",
                )),
            };
        }
        Credentials::new(&*self.access_key_id, &self.secret_access_key)
    }

    /// Checks the key pair of one source. `place` names the source, and is the start of the message.
    ///
    /// # Errors
    ///
    /// Returns `Config` if the key pair is invalid: a wrong setting is a mistake.
    fn check_key_pair(&self, place: &str) -> Result<()> {
        let checked = self.resolve_credentials();
        checked
            .map(drop)
            .map_err(|error| Error::config(format!("{place}: {}", error.message())))
    }

    pub(crate) fn credentials_source(&self) -> Result<CredentialSource> {
        Ok(match &self.provider {
            Some(provider) => CredentialSource::Provider(Cache::new(Arc::clone(provider))),
            None => CredentialSource::Fixed(self.resolve_credentials()?),
        })
    }

    pub(crate) fn resolve_endpoint(&self) -> Result<Endpoint> {
        self.address.resolve()
    }

    pub(crate) fn user_agent(&self) -> String {
        let own = concat!("qingstor-sdk-rust/", env!("CARGO_PKG_VERSION"));
        let system = std::env::consts::OS;
        match &self.additional_user_agent.value {
            Some(more) if !more.is_empty() => format!("{own} ({system}) {more}"),
            _ => format!("{own} ({system})"),
        }
    }
}

fn check_user_agent(text: &str) -> Result<(), String> {
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Ok(());
    }
    Err("must be printable ASCII".into())
}

/// Shows all settings except the secret.
impl fmt::Debug for Config {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("credentials", &self.credentials_source().ok())
            .field("address", &self.address)
            .field("additional_user_agent", &self.additional_user_agent.value)
            .field("connect_timeout", &self.connect_timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("slow_timeout", &self.slow_timeout)
            .field("transport", &self.transport)
            .field("retry", &self.retry)
            .field("retry_budget", &self.retry_budget)
            .field("observer", &self.observer.is_some())
            .field("interceptors", &self.interceptors.len())
            .field("min_throughput", &self.min_throughput)
            .field("transfer_requests", &self.transfer_requests)
            .field("transfer_memory", &self.transfer_memory)
            .finish()
    }
}

#[cfg(test)]
mod tests;
