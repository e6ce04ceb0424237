//! [`ProvideCredentials`]: credentials that are fetched when needed, and may change.

use std::error::Error as StdError;
use std::ffi::OsString;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

use super::{Credentials, incomplete_credentials, missing_credentials};
use crate::base::error::{Error, ErrorKind};

/// The result of [`ProvideCredentials::provide`]. An error of any type becomes the source of a
/// `Credentials` error.
pub type ProvideFuture<'a> = Pin<
    Box<
        dyn Future<Output = Result<ProvidedCredentials, Box<dyn StdError + Send + Sync>>>
            + Send
            + 'a,
    >,
>;

/// A source of credentials that are not known at the start or change while the program runs, such
/// as a vault, a metadata service or a file.
///
/// The client calls the provider when it needs credentials, one call at a time. It caches the
/// result until 5 minutes before the credentials expire (half of their lifetime, if that is less),
/// or for [`refresh_after`](ProvidedCredentials::refresh_after). The signatures of
/// [`Call::presign`](crate::Call::presign), [`Call::build`](crate::Call::build) and
/// [`FormPolicy::sign`](crate::FormPolicy::sign) do not wait for a call: they use the cached credentials,
/// and start a refresh in a task of the current runtime if it is due.
///
/// While the provider fails, the client uses the old credentials as long as they are valid, and
/// calls the provider again after 10 seconds. A provider that takes longer than 30 seconds counts
/// as failed. A request whose old credentials are still valid waits at most 2 seconds for new ones.
///
/// If the service does not know the access key ID of a request (`invalid_access_key_id`), for example
/// because the key pair was revoked, the client calls the provider, at most every 10 seconds for this
/// reason. If the provider returns another ID within 2 seconds, the request is retried once. A request that
/// must not be retried waits only for a call that it started, so that the next request has the new ID.
///
/// Without valid credentials, all requests that wait for a call of the provider share its result, and
/// requests within a second after a failure fail in the same way. The error of the first request has
/// the provider's error as its source, and the others have its message. A panic of the provider resumes
/// in the first request, and is a failure for the others.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> qingstor_sdk::Result<()> {
/// use std::time::{Duration, SystemTime};
/// use qingstor_sdk::credentials::{ProvideFuture, ProvidedCredentials};
/// use qingstor_sdk::{Config, Credentials, ProvideCredentials, QingStor};
///
/// struct Vault;
///
/// impl ProvideCredentials for Vault {
///     fn provide(&self) -> ProvideFuture<'_> {
///         Box::pin(async {
///             // Here the vault would be asked.
///             let credentials = Credentials::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")?;
///             let expires = SystemTime::now() + Duration::from_secs(3600);
///             Ok(ProvidedCredentials::new(credentials).expires(expires))
///         })
///     }
/// }
///
/// let config = Config::anonymous().endpoint("http://127.0.0.1:9000").credentials_provider(Vault);
/// let qingstor = QingStor::new(config)?;
/// qingstor.fetch_credentials_if_due().await?; // only before `build`, `presign` and `sign`
/// # Ok(()) }
/// ```
pub trait ProvideCredentials: Send + Sync {
    /// Fetches the credentials. The client may drop the future before it completes.
    fn provide(&self) -> ProvideFuture<'_>;
}

impl<T: ProvideCredentials + ?Sized> ProvideCredentials for Arc<T> {
    fn provide(&self) -> ProvideFuture<'_> {
        (**self).provide()
    }
}

impl<T: ProvideCredentials + ?Sized> ProvideCredentials for Box<T> {
    fn provide(&self) -> ProvideFuture<'_> {
        (**self).provide()
    }
}

/// Credentials with their lifetime, returned by a [`ProvideCredentials`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProvidedCredentials {
    /// The key pair.
    pub credentials: Credentials,
    /// Time at which the key pair expires, by the local clock. `None`: never.
    pub expires: Option<SystemTime>,
    /// Time after which the provider is called again. `None`: shortly before the key pair expires.
    pub refresh_after: Option<Duration>,
}

impl ProvidedCredentials {
    /// Creates credentials that never expire.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            expires: None,
            refresh_after: None,
        }
    }

    /// Sets the time at which the credentials expire.
    #[must_use]
    pub fn expires(mut self, at: SystemTime) -> Self {
        self.expires = Some(at);
        self
    }

    /// Sets the time after which the provider is called again, even if the credentials are still
    /// valid.
    #[must_use]
    pub fn refresh_after(mut self, time: Duration) -> Self {
        self.refresh_after = Some(time);
        self
    }
}

/// Provides this key pair, for example at the end of a [`Chain`].
impl ProvideCredentials for Credentials {
    #[inline]
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async { Ok(ProvidedCredentials::new(self.clone())) })
    }
}

/// Credentials from the environment variables `QINGSTOR_ACCESS_KEY_ID` and
/// `QINGSTOR_SECRET_ACCESS_KEY`.
///
/// An empty variable counts as unset. If both are unset, the error has the kind `Credentials`. If only
/// one is set, or if they are not a valid key pair, it has the kind `Config`.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct EnvCredentials;

impl EnvCredentials {
    /// Creates a provider that reads the environment of this process.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl ProvideCredentials for EnvCredentials {
    #[inline]
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async {
            Ok(ProvidedCredentials::new(from_environment(|name| {
                std::env::var_os(name)
            })?))
        })
    }
}

/// Reads the variables with a function, so that tests need not change the environment.
fn from_environment(variable: impl Fn(&str) -> Option<OsString>) -> Result<Credentials, Error> {
    const ID: &str = "QINGSTOR_ACCESS_KEY_ID";
    const SECRET: &str = "QINGSTOR_SECRET_ACCESS_KEY";
    let text = |name| match variable(name).map(OsString::into_string).transpose() {
        Ok(text) => Ok(text.filter(|text| !text.is_empty())),
        Err(_) => Err(Error::config(format!("{name} is not UTF-8"))),
    };
    match (text(ID)?, text(SECRET)?.map(Zeroizing::new)) {
        (Some(id), Some(secret)) => Credentials::new(id, &secret)
            .map_err(|error| Error::config(format!("{ID} and {SECRET}: {}", error.message()))),
        (None, None) => Err(missing_credentials(&format!(
            "{ID} and {SECRET} are not set"
        ))),
        (Some(_), None) => Err(incomplete_credentials(ID, SECRET)),
        (None, Some(_)) => Err(incomplete_credentials(SECRET, ID)),
    }
}

/// Providers that are called in order until one returns credentials.
///
/// If a provider fails, the next one is called. An error of the kind `Config` ends the search,
/// because a wrong setting, such as half of a key pair, is a mistake. The chain as a whole has the
/// 30 seconds of one provider, so a provider that may hang should be last or have its own timeout.
///
/// ```
/// use qingstor_sdk::{Chain, Config, Credentials, EnvCredentials};
///
/// let fallback = Credentials::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")?;
/// let chain = Chain::new().or(EnvCredentials::new()).or(fallback);
/// let config = Config::anonymous().credentials_provider(chain);
/// # let _ = config; Ok::<(), qingstor_sdk::Error>(())
/// ```
#[derive(Default)]
#[must_use = "a chain does nothing until it is given to `Config::credentials_provider`"]
pub struct Chain {
    providers: Vec<Box<dyn ProvideCredentials>>,
}

impl Chain {
    /// Creates a chain without providers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a provider at the end of the chain.
    pub fn or(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.providers.push(Box::new(provider));
        self
    }
}

impl ProvideCredentials for Chain {
    #[inline]
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async {
            let mut reasons = Vec::new();
            for provider in &self.providers {
                let error = match provider.provide().await {
                    Ok(provided) => return Ok(provided),
                    Err(error) => error,
                };
                if is_wrong_setting(&*error) {
                    return Err(error);
                }
                reasons.push(error.to_string());
            }
            let reason = match &*reasons {
                [] => "the chain has no provider".to_owned(),
                _ => reasons.join("; "),
            };
            Err(missing_credentials(&reason).into())
        })
    }
}

fn is_wrong_setting(error: &(dyn StdError + Send + Sync + 'static)) -> bool {
    let error = error.downcast_ref::<Error>();
    error.is_some_and(|error| error.kind() == ErrorKind::Config)
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain")
            .field("providers", &self.providers.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A provider that always fails with this error.
    struct FailingProvider(fn() -> Error);

    impl ProvideCredentials for FailingProvider {
        fn provide(&self) -> ProvideFuture<'_> {
            Box::pin(async { Err((self.0)().into()) })
        }
    }

    fn pair() -> Credentials {
        Credentials::new("ID", "SECRET").unwrap()
    }

    #[tokio::test]
    async fn a_chain_returns_the_credentials_of_the_first_provider_that_has_some() {
        let none = || FailingProvider(|| Error::new(ErrorKind::Credentials, "none here"));
        let chain = Chain::new().or(none()).or(pair()).or(none());
        let provided = chain.provide().await.unwrap();
        assert_eq!(provided.credentials.access_key_id(), Some("ID"));
        let error = Chain::new().or(none()).or(none()).provide().await;
        let text = error.unwrap_err().to_string();
        assert!(text.contains("none here; none here"), "{text}");
        assert!(Chain::new().provide().await.is_err());
        let wrong = FailingProvider(|| Error::config("half a pair"));
        let error = Chain::new().or(wrong).or(pair()).provide().await;
        assert_eq!(error.unwrap_err().to_string(), "half a pair");
    }

    #[test]
    fn the_environment_must_have_both_variables_or_neither() {
        let with = |id: Option<&str>, secret: Option<&str>| {
            from_environment(|name| {
                let value = if name.ends_with("KEY_ID") { id } else { secret };
                value.map(OsString::from)
            })
        };
        let credentials = with(Some("ID"), Some("SECRET")).unwrap();
        assert_eq!(credentials.access_key_id(), Some("ID"));
        let kind = |id, secret| with(id, secret).unwrap_err().kind();
        for unset in [None, Some("")] {
            assert_eq!(kind(unset, None), ErrorKind::Credentials);
            assert_eq!(kind(unset, Some("")), ErrorKind::Credentials);
        }
        assert_eq!(kind(Some("ID"), None), ErrorKind::Config);
        assert_eq!(kind(None, Some("SECRET")), ErrorKind::Config);
        assert_eq!(kind(Some("ID"), Some("")), ErrorKind::Config);
        let invalid = with(Some("I D"), Some("SECRET")).unwrap_err();
        assert_eq!(invalid.kind(), ErrorKind::Config);
        let start = "QINGSTOR_ACCESS_KEY_ID and QINGSTOR_SECRET_ACCESS_KEY: ";
        assert!(invalid.message().starts_with(start), "{invalid}");
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStringExt;
            let error = from_environment(|_| Some(OsString::from_vec(vec![0xff]))).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("not UTF-8"), "{error}");
        }
    }
}
