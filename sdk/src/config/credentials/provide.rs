//! [`ProvideCredentials`]: credentials that are fetched when they are needed, and change.

use std::error::Error as StdError;
use std::ffi::OsString;
use std::fmt;
use std::pin::Pin;
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

use super::Credentials;
use crate::base::error::{Error, ErrorKind};

/// What [`ProvideCredentials::provide`] gives. Any error will do; it becomes the source of a
/// `Credentials` error.
pub type ProvideFuture<'a> =
    Pin<Box<dyn Future<Output = Result<Provided, Box<dyn StdError + Send + Sync>>> + Send + 'a>>;

/// Where credentials come from, if they are not known from the start: a vault, a metadata service,
/// a file that is changed while the program runs.
///
/// The client asks when it needs to, never twice at a time, and keeps what it was given: until 5
/// minutes before it expires (or half its life, if that is less), or as long as
/// [`refresh_after`](Provided::refresh_after) says. While a provider fails, credentials that are
/// still valid are used, and it is asked again after 10 seconds. An answer that takes longer than
/// 30 seconds counts as a failure; a call that has valid ones waits 2 seconds at most, and goes on
/// with them, while a task of the runtime waits for the new ones.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> qingstor_sdk::Result<()> {
/// use std::time::{Duration, SystemTime};
/// use qingstor_sdk::{Config, Credentials, ProvideCredentials, ProvideFuture, Provided, QingStor};
///
/// struct Vault;
///
/// impl ProvideCredentials for Vault {
///     fn provide(&self) -> ProvideFuture<'_> {
///         Box::pin(async {
///             // Here the vault would be asked.
///             let credentials = Credentials::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")?;
///             let expires = SystemTime::now() + Duration::from_secs(3600);
///             Ok(Provided::new(credentials).expires(expires))
///         })
///     }
/// }
///
/// let config = Config::anonymous().endpoint("http://127.0.0.1:9000").credentials_provider(Vault);
/// let qingstor = QingStor::new(config)?;
/// qingstor.refresh_credentials().await?; // only before `build` and `presign`
/// # Ok(()) }
/// ```
pub trait ProvideCredentials: Send + Sync {
    /// Fetches the credentials. Dropping the future must do no harm.
    fn provide(&self) -> ProvideFuture<'_>;
}

/// Credentials, and how long they are good.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Provided {
    /// The key pair.
    pub credentials: Credentials,
    /// When the service ceases to accept it, by this machine's clock. `None`: never.
    pub expires: Option<SystemTime>,
    /// How long to keep it before asking again. `None`: as long as it is good.
    pub refresh_after: Option<Duration>,
}

impl Provided {
    /// Credentials that never expire.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            expires: None,
            refresh_after: None,
        }
    }

    /// Says when the service ceases to accept them.
    #[must_use]
    pub fn expires(mut self, at: SystemTime) -> Self {
        self.expires = Some(at);
        self
    }

    /// Has the provider asked again after this time, good as they may still be.
    #[must_use]
    pub fn refresh_after(mut self, time: Duration) -> Self {
        self.refresh_after = Some(time);
        self
    }
}

/// A key pair that is known provides itself.
impl ProvideCredentials for Credentials {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async { Ok(Provided::new(self.clone())) })
    }
}

/// The environment's `QINGSTOR_ACCESS_KEY_ID` and `QINGSTOR_SECRET_ACCESS_KEY`.
///
/// One without the other, or one that is not UTF-8, is an error of kind `Config`; neither one of
/// kind `Credentials`. Both empty means anonymous calls.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct EnvCredentials;

impl EnvCredentials {
    /// The environment of this process.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl ProvideCredentials for EnvCredentials {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async { Ok(Provided::new(from_env(|name| std::env::var_os(name))?)) })
    }
}

/// The environment is an argument, so that tests need not change the process's own.
fn from_env(variable: impl Fn(&str) -> Option<OsString>) -> Result<Credentials, Error> {
    const ID: &str = "QINGSTOR_ACCESS_KEY_ID";
    const SECRET: &str = "QINGSTOR_SECRET_ACCESS_KEY";
    let text = |name| match variable(name).map(OsString::into_string).transpose() {
        Ok(text) => Ok(text),
        Err(_) => Err(Error::config(format!("{name} is not UTF-8"))),
    };
    match (text(ID)?, text(SECRET)?.map(Zeroizing::new)) {
        (Some(id), Some(secret)) if id.is_empty() && secret.is_empty() => {
            Ok(Credentials::anonymous())
        }
        (Some(id), Some(secret)) => Credentials::new(id, &secret),
        (None, None) => Err(Error::new(
            ErrorKind::Credentials,
            format!("{ID} and {SECRET} are not set"),
        )),
        (Some(_), None) => Err(Error::config(format!("{ID} is set, but {SECRET} is not"))),
        (None, Some(_)) => Err(Error::config(format!("{SECRET} is set, but {ID} is not"))),
    }
}

/// Providers that are asked one after the other; the first that has credentials gives them.
///
/// A provider that fails is passed over, but one whose settings are wrong (`Config`) ends the
/// search: whoever wrote half a key pair means it. All together have the 30 seconds of one
/// provider, so one that may hang stands last, or has a time limit of its own.
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
    /// No providers yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a provider behind those that are there.
    pub fn or(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.providers.push(Box::new(provider));
        self
    }
}

impl ProvideCredentials for Chain {
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
            let text = match &*reasons {
                [] => "the chain has no provider".to_owned(),
                _ => format!("no provider has credentials: {}", reasons.join("; ")),
            };
            Err(Error::new(ErrorKind::Credentials, text).into())
        })
    }
}

fn is_wrong_setting(error: &(dyn StdError + Send + Sync + 'static)) -> bool {
    let ours = error.downcast_ref::<Error>();
    ours.is_some_and(|error| error.kind() == ErrorKind::Config)
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

    /// A provider that always fails so.
    struct Fails(fn() -> Error);

    impl ProvideCredentials for Fails {
        fn provide(&self) -> ProvideFuture<'_> {
            Box::pin(async { Err((self.0)().into()) })
        }
    }

    fn pair() -> Credentials {
        Credentials::new("ID", "SECRET").unwrap()
    }

    #[tokio::test]
    async fn the_first_that_has_some_gives_them() {
        let none = || Fails(|| Error::new(ErrorKind::Credentials, "none here"));
        let chain = Chain::new().or(none()).or(pair()).or(none());
        let provided = chain.provide().await.unwrap();
        assert_eq!(provided.credentials.access_key_id(), Some("ID"));
        let error = Chain::new().or(none()).or(none()).provide().await;
        let text = error.unwrap_err().to_string();
        assert!(text.contains("none here; none here"), "{text}");
        assert!(Chain::new().provide().await.is_err());
        let wrong = Fails(|| Error::config("half a pair"));
        let error = Chain::new().or(wrong).or(pair()).provide().await;
        assert_eq!(error.unwrap_err().to_string(), "half a pair");
    }

    #[test]
    fn the_environment_has_both_or_neither() {
        let with = |id: Option<&str>, secret: Option<&str>| {
            from_env(|name| {
                let value = if name.ends_with("KEY_ID") { id } else { secret };
                value.map(OsString::from)
            })
        };
        let credentials = with(Some("ID"), Some("SECRET")).unwrap();
        assert_eq!(credentials.access_key_id(), Some("ID"));
        assert!(with(Some(""), Some("")).unwrap().is_anonymous());
        let kind = |id, secret| with(id, secret).unwrap_err().kind();
        assert_eq!(kind(None, None), ErrorKind::Credentials);
        assert_eq!(kind(Some("ID"), None), ErrorKind::Config);
        assert_eq!(kind(None, Some("SECRET")), ErrorKind::Config);
        assert_eq!(kind(Some("ID"), Some("")), ErrorKind::Credentials);
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStringExt;
            let error = from_env(|_| Some(OsString::from_vec(vec![0xff]))).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("not UTF-8"), "{error}");
        }
    }
}
