//! The cache of a provider's credentials.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::{Credentials, ProvideCredentials, Provided};
use crate::base::error::{Error, ErrorKind, Result};

/// How long before they expire new ones are asked for, at most.
const EARLY: Duration = Duration::from_secs(5 * 60);
/// How long a provider is left alone after it failed, while there are valid credentials.
const PAUSE: Duration = Duration::from_secs(10);
/// How long a provider may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a call waits for new ones while there are valid ones.
const LINGER: Duration = Duration::from_secs(2);

/// Where a client's credentials come from.
pub(crate) enum Source {
    Fixed(Credentials),
    Provider(Arc<Cache>),
}

/// The credentials for one request.
pub(crate) enum Current<'a> {
    Fixed(&'a Credentials),
    Provided(Arc<Credentials>),
}

impl Deref for Current<'_> {
    type Target = Credentials;

    fn deref(&self) -> &Credentials {
        match self {
            Self::Fixed(credentials) => credentials,
            Self::Provided(credentials) => credentials,
        }
    }
}

impl Source {
    /// The credentials, fetched if need be.
    pub(crate) async fn current(&self) -> Result<Current<'_>> {
        Ok(match self {
            Self::Fixed(credentials) => Current::Fixed(credentials),
            Self::Provider(cache) => Current::Provided(cache.current().await?),
        })
    }

    /// The credentials, if they are known and valid.
    pub(crate) fn known(&self) -> Result<Current<'_>> {
        match self {
            Self::Fixed(credentials) => Ok(Current::Fixed(credentials)),
            Self::Provider(cache) => match cache.valid(SystemTime::now()) {
                Some(credentials) => Ok(Current::Provided(credentials)),
                None => Err(Error::new(
                    ErrorKind::Credentials,
                    "the provider was not asked for credentials yet, or they have expired: await \
                     `qingstor.refresh_credentials()` first",
                )),
            },
        }
    }

    /// Asks for new credentials, whatever is known.
    pub(crate) async fn refresh(&self) -> Result<()> {
        if let Self::Provider(cache) = self {
            let _flight = cache.flight.lock().await;
            cache.ask().await?;
        }
        Ok(())
    }
}

/// Shows what is known, never a secret.
impl fmt::Debug for Source {
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

/// A provider, and what it gave last.
pub(crate) struct Cache {
    provider: Arc<dyn ProvideCredentials>,
    held: Mutex<Option<Held>>,
    /// Held by the task that calls the provider, so that only one does.
    flight: Arc<tokio::sync::Mutex<()>>,
}

struct Held {
    credentials: Arc<Credentials>,
    expires: Option<SystemTime>,
    /// From when on new ones are asked for.
    refresh: Option<SystemTime>,
}

impl Held {
    fn new(provided: Provided, now: SystemTime) -> Self {
        let early = provided.expires.map(|expires| {
            let life = expires.duration_since(now).unwrap_or_default();
            expires.checked_sub(EARLY.min(life / 2)).unwrap_or(now)
        });
        let asked = provided
            .refresh_after
            .and_then(|after| now.checked_add(after));
        Self {
            credentials: Arc::new(provided.credentials),
            expires: provided.expires,
            refresh: match (early, asked) {
                (Some(early), Some(asked)) => Some(early.min(asked)),
                (early, asked) => early.or(asked),
            },
        }
    }

    fn is_valid(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    fn is_fresh(&self, now: SystemTime) -> bool {
        self.is_valid(now) && self.refresh.is_none_or(|refresh| now < refresh)
    }
}

impl Cache {
    pub(crate) fn new(provider: Arc<dyn ProvideCredentials>) -> Arc<Self> {
        Arc::new(Self {
            provider,
            held: Mutex::new(None),
            flight: Arc::default(),
        })
    }

    fn held(&self, good: impl Fn(&Held) -> bool) -> Option<Arc<Credentials>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = held.as_ref().filter(|held| good(held))?;
        Some(Arc::clone(&held.credentials))
    }

    fn fresh(&self) -> Option<Arc<Credentials>> {
        let now = SystemTime::now();
        self.held(|held| held.is_fresh(now))
    }

    fn valid(&self, now: SystemTime) -> Option<Arc<Credentials>> {
        self.held(|held| held.is_valid(now))
    }

    async fn current(self: &Arc<Self>) -> Result<Arc<Credentials>> {
        if let Some(fresh) = self.fresh() {
            return Ok(fresh);
        }
        if self.valid(SystemTime::now()).is_some() {
            self.renew().await;
        }
        // Valid ones are good enough, new or old.
        if let Some(valid) = self.valid(SystemTime::now()) {
            return Ok(valid);
        }
        let _flight = self.flight.lock().await;
        match self.valid(SystemTime::now()) {
            Some(valid) => Ok(valid),
            None => self.ask().await,
        }
    }

    /// Has new credentials fetched in time, unless another call does, and waits for them, but not
    /// for long. A task asks: it goes on, though its call may have less time than the provider
    /// needs.
    async fn renew(self: &Arc<Self>) {
        let Ok(flight) = Arc::clone(&self.flight).try_lock_owned() else {
            return;
        };
        if self.fresh().is_some() {
            return;
        }
        // However it ends: the next one to ask comes later.
        self.pause();
        let cache = Arc::clone(self);
        let task = tokio::spawn(async move {
            let _flight = flight;
            if let Err(error) = cache.ask().await {
                not_renewed(&error);
            }
        });
        // What came of it stands in `held`, now or later.
        let _ = tokio::time::timeout(LINGER, task).await;
    }

    /// Asks the provider. The caller holds the flight.
    async fn ask(&self) -> Result<Arc<Credentials>> {
        let failed = |text: String| Error::new(ErrorKind::Credentials, text);
        let provided = match tokio::time::timeout(PATIENCE, self.provider.provide()).await {
            Ok(Ok(provided)) => provided,
            Ok(Err(error)) => {
                let text = format!("the provider returned no credentials: {error}");
                return Err(failed(text).with_source(error));
            }
            Err(_) => {
                let seconds = PATIENCE.as_secs();
                return Err(failed(format!(
                    "the provider did not respond within {seconds} s"
                )));
            }
        };
        let now = SystemTime::now();
        let held = Held::new(provided, now);
        if !held.is_valid(now) {
            return Err(failed("the provider returned expired credentials".into()));
        }
        let credentials = Arc::clone(&held.credentials);
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
        Ok(credentials)
    }

    /// Leaves the provider alone for a while.
    fn pause(&self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(held) = held.as_mut() {
            held.refresh = SystemTime::now().checked_add(PAUSE);
        }
    }
}

/// No call fails for it, so that nobody else would hear of it before it is too late.
fn not_renewed(error: &Error) {
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

    /// Gives `ID1`, `ID2` and so on, good for so long; fails at every call from `fails_from` on.
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
                let mut provided = Provided::new(credentials);
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
    ) -> Source {
        Source::Provider(Cache::new(Arc::new(Arc::new(Counting {
            asked: AtomicU32::new(0),
            life,
            refresh_after,
            fails_from,
        }))))
    }

    async fn id(source: &Source) -> String {
        let current = source.current().await.unwrap();
        current.access_key_id().unwrap().to_owned()
    }

    #[tokio::test]
    async fn many_calls_ask_once() {
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
    async fn what_is_about_to_expire_is_replaced_in_time() {
        let source = counting(Some(Duration::from_secs(1)), None, u32::MAX);
        assert_eq!(id(&source).await, "ID1");
        assert_eq!(id(&source).await, "ID1");
        // Half of its life is over.
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert_eq!(id(&source).await, "ID2");
    }

    #[tokio::test]
    async fn a_failure_keeps_what_is_valid_and_no_longer() {
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
    async fn a_provider_is_asked_again_when_it_wants_to_be() {
        let source = counting(None, Some(Duration::ZERO), u32::MAX);
        assert_eq!(id(&source).await, "ID1");
        assert_eq!(id(&source).await, "ID2");
    }

    #[tokio::test]
    async fn a_dropped_call_leaves_the_way_free() {
        let source = counting(None, None, u32::MAX);
        assert!(source.current().now_or_never().is_none());
        assert_eq!(id(&source).await, "ID1");
    }

    /// Gives `OLD` at once, which is to be replaced soon, and `NEW` when `wait` is over.
    struct Slow {
        asked: Arc<AtomicU32>,
        wait: Duration,
    }

    impl ProvideCredentials for Slow {
        fn provide(&self) -> ProvideFuture<'_> {
            Box::pin(async {
                if self.asked.fetch_add(1, Ordering::Relaxed) == 0 {
                    let old = Provided::new(Credentials::new("OLD", "SECRET")?);
                    return Ok(old.refresh_after(Duration::ZERO));
                }
                tokio::time::sleep(self.wait).await;
                Ok(Provided::new(Credentials::new("NEW", "SECRET")?))
            })
        }
    }

    fn slow(wait: Duration) -> (Source, Arc<AtomicU32>) {
        let asked = Arc::new(AtomicU32::new(0));
        let provider = Slow {
            asked: Arc::clone(&asked),
            wait,
        };
        (Source::Provider(Cache::new(Arc::new(provider))), asked)
    }

    #[tokio::test]
    async fn a_provider_that_hangs_holds_up_no_call_that_has_valid_ones() {
        let (source, asked) = slow(Duration::from_secs(3600));
        assert_eq!(id(&source).await, "OLD");
        let started = std::time::Instant::now();
        for _ in 0..50 {
            assert_eq!(id(&source).await, "OLD");
        }
        // One of them waited, and only for a moment.
        assert!(started.elapsed() < LINGER * 3, "{:?}", started.elapsed());
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_call_without_time_does_not_break_off_what_others_need() {
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
    fn the_time_of_a_refresh() {
        let now = SystemTime::now();
        let seconds = Duration::from_secs;
        let refresh = |life: u64, after: Option<u64>| {
            let mut provided = Provided::new(Credentials::anonymous()).expires(now + seconds(life));
            provided.refresh_after = after.map(seconds);
            let refresh = Held::new(provided, now).refresh.unwrap();
            refresh.duration_since(now).unwrap().as_secs()
        };
        assert_eq!(refresh(3600, None), 3300);
        assert_eq!(refresh(60, None), 30);
        assert_eq!(refresh(3600, Some(30)), 30);
        assert_eq!(refresh(60, Some(3600)), 30);
    }
}
