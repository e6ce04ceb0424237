//! [`Cache`]: the credentials that a provider returned.

use std::fmt;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::{Credentials, ProvideCredentials, ProvidedCredentials};
use crate::base::error::{Error, ErrorKind, Result};

/// Longest time before their expiration at which credentials are refreshed.
const REFRESH_BEFORE_EXPIRY: Duration = Duration::from_secs(5 * 60);
/// Time between two calls of a provider that fails, while the credentials are valid.
const RETRY_DELAY: Duration = Duration::from_secs(10);
/// Longest time that a provider may take.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(30);
/// Longest time that a request waits for new credentials while the old ones are valid.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// The source of a client's credentials.
pub(crate) enum CredentialSource {
    Fixed(Credentials),
    Provider(Arc<Cache>),
}

/// The credentials for one request.
pub(crate) enum CurrentCredentials<'a> {
    Fixed(&'a Credentials),
    Cached(Arc<Credentials>),
}

impl Deref for CurrentCredentials<'_> {
    type Target = Credentials;

    fn deref(&self) -> &Credentials {
        match self {
            Self::Fixed(credentials) => credentials,
            Self::Cached(credentials) => credentials,
        }
    }
}

impl CredentialSource {
    /// Returns the credentials, and calls the provider if necessary.
    pub(crate) async fn current(&self) -> Result<CurrentCredentials<'_>> {
        Ok(match self {
            Self::Fixed(credentials) => CurrentCredentials::Fixed(credentials),
            Self::Provider(cache) => CurrentCredentials::Cached(match cache.fresh() {
                Some(fresh) => fresh,
                None => cache.current().await?,
            }),
        })
    }

    /// Returns the credentials if they are known and valid. Does not call the provider.
    pub(crate) fn known(&self) -> Result<CurrentCredentials<'_>> {
        match self {
            Self::Fixed(credentials) => Ok(CurrentCredentials::Fixed(credentials)),
            Self::Provider(cache) => match cache.valid(SystemTime::now()) {
                Some(credentials) => Ok(CurrentCredentials::Cached(credentials)),
                None => Err(Error::new(
                    ErrorKind::Credentials,
                    "the provider was not asked for credentials yet, or they have expired: await \
                     `qingstor.refresh_credentials()` first",
                )),
            },
        }
    }

    /// Calls the provider even if the known credentials are valid.
    pub(crate) async fn refresh(&self) -> Result<()> {
        if let Self::Provider(cache) = self {
            let _guard = cache.refresh_lock.lock().await;
            cache.call_provider().await?;
        }
        Ok(())
    }
}

/// Shows the known credentials without the secret.
impl fmt::Debug for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(credentials) => credentials.fmt(f),
            Self::Provider(cache) => f
                .debug_struct("Provider")
                .field("known", &cache.valid(SystemTime::now()))
                .finish_non_exhaustive(),
        }
    }
}

type ProviderFuture<'a> = Pin<Box<dyn Future<Output = Result<Arc<Credentials>>> + Send + 'a>>;

/// A provider and its last credentials.
pub(crate) struct Cache {
    provider: Arc<dyn ProvideCredentials>,
    entry: Mutex<Option<CacheEntry>>,
    /// Locked by the task that calls the provider, so that only one task does.
    refresh_lock: Arc<tokio::sync::Mutex<()>>,
}

struct CacheEntry {
    credentials: Arc<Credentials>,
    expires: Option<SystemTime>,
    /// Time from which the provider is called again.
    refresh_at: Option<SystemTime>,
}

impl CacheEntry {
    fn new(provided: ProvidedCredentials, now: SystemTime) -> Self {
        let early = provided.expires.map(|expires| {
            let life = expires.duration_since(now).unwrap_or_default();
            expires
                .checked_sub(REFRESH_BEFORE_EXPIRY.min(life / 2))
                .unwrap_or(now)
        });
        let asked = provided
            .refresh_after
            .and_then(|after| now.checked_add(after));
        Self {
            credentials: Arc::new(provided.credentials),
            expires: provided.expires,
            refresh_at: match (early, asked) {
                (Some(early), Some(asked)) => Some(early.min(asked)),
                (early, asked) => early.or(asked),
            },
        }
    }

    fn is_valid(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    fn is_fresh(&self, now: SystemTime) -> bool {
        self.is_valid(now) && self.refresh_at.is_none_or(|time| now < time)
    }
}

impl Cache {
    pub(crate) fn new(provider: Arc<dyn ProvideCredentials>) -> Arc<Self> {
        Arc::new(Self {
            provider,
            entry: Mutex::new(None),
            refresh_lock: Arc::default(),
        })
    }

    fn find(&self, is_usable: impl Fn(&CacheEntry) -> bool) -> Option<Arc<Credentials>> {
        let entry = self.entry.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entry.as_ref().filter(|entry| is_usable(entry))?;
        Some(Arc::clone(&entry.credentials))
    }

    fn fresh(&self) -> Option<Arc<Credentials>> {
        let now = SystemTime::now();
        self.find(|entry| entry.is_fresh(now))
    }

    fn valid(&self, now: SystemTime) -> Option<Arc<Credentials>> {
        self.find(|entry| entry.is_valid(now))
    }

    /// Returns the credentials, and calls the provider if necessary.
    ///
    /// The future is in a box, because that of every call contains it. This function is not async,
    /// so that it is compiled in this crate, and not in each program.
    fn current(self: &Arc<Self>) -> ProviderFuture<'_> {
        Box::pin(async move {
            if let Some(fresh) = self.fresh() {
                return Ok(fresh);
            }
            if self.valid(SystemTime::now()).is_some() {
                self.refresh_early().await;
            }
            // Valid credentials are used, whether new or old.
            if let Some(valid) = self.valid(SystemTime::now()) {
                return Ok(valid);
            }
            let _guard = self.refresh_lock.lock().await;
            match self.valid(SystemTime::now()) {
                Some(valid) => Ok(valid),
                None => self.call_provider().await,
            }
        })
    }

    /// Refreshes valid credentials, unless another task does, and waits for a limited time. The
    /// provider is called in a task, so that it can finish even if this call times out.
    async fn refresh_early(self: &Arc<Self>) {
        let Ok(guard) = Arc::clone(&self.refresh_lock).try_lock_owned() else {
            return;
        };
        if self.fresh().is_some() {
            return;
        }
        // Delays the next refresh, even if this one fails.
        self.delay_refresh();
        let cache = Arc::clone(self);
        let task = tokio::spawn(async move {
            let _guard = guard;
            if let Err(error) = cache.call_provider().await {
                report_failed_refresh(&error);
            }
        });
        // The task stores its result in `entry`.
        let _ = tokio::time::timeout(MAX_WAIT, task).await;
    }

    /// Calls the provider. The caller must hold `refresh_lock`.
    async fn call_provider(&self) -> Result<Arc<Credentials>> {
        let failed = |text: String| Error::new(ErrorKind::Credentials, text);
        let provided = match tokio::time::timeout(PROVIDER_TIMEOUT, self.provider.provide()).await {
            Ok(Ok(provided)) => provided,
            Ok(Err(error)) => {
                let text = format!("the provider returned no credentials: {error}");
                return Err(failed(text).with_source(error));
            }
            Err(_) => {
                let seconds = PROVIDER_TIMEOUT.as_secs();
                return Err(failed(format!(
                    "the provider did not respond within {seconds} s"
                )));
            }
        };
        let now = SystemTime::now();
        let entry = CacheEntry::new(provided, now);
        if !entry.is_valid(now) {
            return Err(failed("the provider returned expired credentials".into()));
        }
        let credentials = Arc::clone(&entry.credentials);
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
        Ok(credentials)
    }

    /// Delays the next refresh by [`RETRY_DELAY`].
    fn delay_refresh(&self) {
        let mut entry = self.entry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entry.as_mut() {
            entry.refresh_at = SystemTime::now().checked_add(RETRY_DELAY);
        }
    }
}

/// Logs a failed refresh. No call fails as long as the old credentials are valid, so nothing else
/// would report it.
fn report_failed_refresh(error: &Error) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "qingstor_sdk", %error, "credentials not renewed");
    #[cfg(not(feature = "tracing"))]
    let _ = error;
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::FutureExt;

    use super::super::ProvideFuture;
    use super::*;

    /// Returns `ID1`, `ID2` and so on, with a lifetime; fails at every call from `fails_from` on.
    struct Counting {
        asked: AtomicU32,
        life: Option<Duration>,
        refresh_after: Option<Duration>,
        fails_from: u32,
    }

    impl ProvideCredentials for Arc<Counting> {
        fn provide(&self) -> ProvideFuture<'_> {
            Box::pin(async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                let count = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
                if count >= self.fails_from {
                    return Err("the vault is closed".into());
                }
                let credentials = Credentials::new(format!("ID{count}"), "SECRET")?;
                let mut provided = ProvidedCredentials::new(credentials);
                provided.expires = self.life.map(|life| SystemTime::now() + life);
                provided.refresh_after = self.refresh_after;
                Ok(provided)
            })
        }
    }

    fn counting(
        life: Option<Duration>,
        refresh_after: Option<Duration>,
        fails_from: u32,
    ) -> CredentialSource {
        CredentialSource::Provider(Cache::new(Arc::new(Arc::new(Counting {
            asked: AtomicU32::new(0),
            life,
            refresh_after,
            fails_from,
        }))))
    }

    async fn id(source: &CredentialSource) -> String {
        let current = source.current().await.unwrap();
        current.access_key_id().unwrap().to_owned()
    }

    #[tokio::test]
    async fn concurrent_calls_share_one_request_to_the_provider() {
        let source = Arc::new(counting(None, None, u32::MAX));
        assert_eq!(source.known().err().unwrap().kind(), ErrorKind::Credentials);
        let calls = (0..32).map(|_| {
            let source = Arc::clone(&source);
            tokio::spawn(async move { id(&source).await })
        });
        for call in calls.collect::<Vec<_>>() {
            assert_eq!(call.await.unwrap(), "ID1");
        }
        assert_eq!(source.known().unwrap().access_key_id(), Some("ID1"));
        source.refresh().await.unwrap();
        assert_eq!(id(&source).await, "ID2");
    }

    #[tokio::test]
    async fn credentials_are_replaced_before_they_expire() {
        let source = counting(Some(Duration::from_secs(1)), None, u32::MAX);
        assert_eq!(id(&source).await, "ID1");
        assert_eq!(id(&source).await, "ID1");
        // Half of the lifetime is over.
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(id(&source).await, "ID2");
    }

    #[tokio::test]
    async fn valid_credentials_stay_in_use_until_they_expire_if_the_provider_fails() {
        let source = counting(Some(Duration::from_secs(2)), None, 2);
        assert_eq!(id(&source).await, "ID1");
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!(id(&source).await, "ID1");
        tokio::time::sleep(Duration::from_millis(1200)).await;
        let error = source.current().await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert!(error.to_string().contains("the vault is closed"), "{error}");
        assert!(source.known().is_err());
    }

    #[tokio::test]
    async fn the_provider_is_called_again_after_the_time_that_it_returned() {
        let source = counting(None, Some(Duration::ZERO), u32::MAX);
        assert_eq!(id(&source).await, "ID1");
        assert_eq!(id(&source).await, "ID2");
    }

    #[tokio::test]
    async fn a_dropped_call_does_not_block_later_calls() {
        let source = counting(None, None, u32::MAX);
        assert!(source.current().now_or_never().is_none());
        assert_eq!(id(&source).await, "ID1");
    }

    /// Returns `OLD` immediately, to be refreshed soon, and `NEW` after `wait`.
    struct Slow {
        asked: Arc<AtomicU32>,
        wait: Duration,
    }

    impl ProvideCredentials for Slow {
        fn provide(&self) -> ProvideFuture<'_> {
            Box::pin(async {
                if self.asked.fetch_add(1, Ordering::Relaxed) == 0 {
                    let old = ProvidedCredentials::new(Credentials::new("OLD", "SECRET")?);
                    return Ok(old.refresh_after(Duration::ZERO));
                }
                tokio::time::sleep(self.wait).await;
                Ok(ProvidedCredentials::new(Credentials::new("NEW", "SECRET")?))
            })
        }
    }

    fn slow(wait: Duration) -> (CredentialSource, Arc<AtomicU32>) {
        let asked = Arc::new(AtomicU32::new(0));
        let provider = Slow {
            asked: Arc::clone(&asked),
            wait,
        };
        (
            CredentialSource::Provider(Cache::new(Arc::new(provider))),
            asked,
        )
    }

    #[tokio::test]
    async fn a_hanging_provider_does_not_block_calls_while_credentials_are_valid() {
        let (source, asked) = slow(Duration::from_secs(3600));
        assert_eq!(id(&source).await, "OLD");
        let started = std::time::Instant::now();
        for _ in 0..50 {
            assert_eq!(id(&source).await, "OLD");
        }
        // At most one call waited, for a limited time.
        assert!(started.elapsed() < MAX_WAIT * 3, "{:?}", started.elapsed());
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_refresh_continues_after_the_call_that_started_it_timed_out() {
        let (source, asked) = slow(Duration::from_millis(200));
        assert_eq!(id(&source).await, "OLD");
        let short = Duration::from_millis(20);
        let given_up = tokio::time::timeout(short, source.current()).await;
        assert!(given_up.is_err());
        assert_eq!(id(&source).await, "OLD");
        tokio::time::sleep(Duration::from_millis(400)).await;
        assert_eq!(id(&source).await, "NEW");
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn credentials_are_refreshed_5_minutes_or_half_their_lifetime_before_they_expire() {
        let now = SystemTime::now();
        let seconds = Duration::from_secs;
        let refresh = |life: u64, after: Option<u64>| {
            let mut provided =
                ProvidedCredentials::new(Credentials::anonymous()).expires(now + seconds(life));
            provided.refresh_after = after.map(seconds);
            let refresh = CacheEntry::new(provided, now).refresh_at.unwrap();
            refresh.duration_since(now).unwrap().as_secs()
        };
        assert_eq!(refresh(3600, None), 3300);
        assert_eq!(refresh(60, None), 30);
        assert_eq!(refresh(3600, Some(30)), 30);
        assert_eq!(refresh(60, Some(3600)), 30);
    }
}
