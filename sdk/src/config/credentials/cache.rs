//! [`Cache`]: the credentials that a provider returned.

use std::fmt;
use std::future::poll_fn;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::{Credentials, ProvideCredentials, ProvidedCredentials};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::runtime;

/// Longest time before their expiration at which credentials are refreshed.
const REFRESH_BEFORE_EXPIRY: Duration = Duration::from_secs(5 * 60);
/// Time between two calls of a provider that fails, while the credentials are valid, or that returns
/// credentials which the service refuses.
const RETRY_DELAY: Duration = Duration::from_secs(10);
/// Time between two calls of a provider that fails, without valid credentials.
const FAILURE_LIFETIME: Duration = Duration::from_secs(1);
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
            Self::Provider(cache) => CurrentCredentials::Cached(match cache.fresh_credentials() {
                Some(fresh) => fresh,
                None => cache.current().await?,
            }),
        })
    }

    /// Returns the credentials if they are known and valid. Does not wait for the provider: if the
    /// credentials are due for a refresh, a task of the current runtime calls it.
    #[inline]
    pub(crate) fn cached(&self) -> Result<CurrentCredentials<'_>> {
        match self {
            Self::Fixed(credentials) => Ok(CurrentCredentials::Fixed(credentials)),
            Self::Provider(cache) => match cache.valid(SystemTime::now()) {
                Some(credentials) => {
                    if cache.fresh_credentials().is_none() && runtime::current().is_ok() {
                        drop(cache.start_refresh());
                    }
                    Ok(CurrentCredentials::Cached(credentials))
                }
                None => Err(Error::new(
                    ErrorKind::Credentials,
                    "the provider was not asked for credentials yet, or they have expired: await \
                     `fetch_credentials_if_due()` of the client or the bucket first",
                )),
            },
        }
    }

    /// Calls the provider if the credentials are not known or due for a refresh.
    pub(crate) async fn fetch_if_due(&self) -> Result<()> {
        if let Self::Provider(cache) = self {
            runtime::current()?;
            cache.current().await?;
        }
        Ok(())
    }

    /// Calls the provider because the service does not know the access key ID of `refused`, unless that
    /// happened a short time ago. Returns whether credentials with another ID are known then.
    pub(crate) async fn replace(&self, refused: &Credentials) -> bool {
        match self {
            Self::Fixed(_) => false,
            Self::Provider(cache) => cache.replace(refused).await,
        }
    }

    /// Calls the provider as [`replace`](Self::replace) does, for a request that cannot be retried. Waits
    /// for a limited time, so that the next request has the new credentials, but not for a call that runs
    /// already: a provider that hangs must not delay each request.
    pub(crate) async fn replace_for_next_request(&self, refused: &Credentials) {
        if let Self::Provider(cache) = self
            && let Some(permit) = cache.call_permit()
            && !cache.is_replaced(refused)
            && let Some(call) = Cache::start_replacement(permit)
        {
            // The task stores its result in `entry`.
            let _ = tokio::time::timeout(MAX_WAIT, call).await;
        }
    }

    /// Calls the provider even if the known credentials are valid.
    pub(crate) async fn refresh(&self) -> Result<()> {
        if let Self::Provider(cache) = self {
            runtime::current()?;
            cache.refresh().await?;
        }
        Ok(())
    }
}

/// Shows the known credentials without the secret.
impl fmt::Debug for CredentialSource {
    #[inline]
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
    /// The failure of the last call of the provider.
    failure: Mutex<Option<ProviderFailure>>,
    /// When the last replacement began: a call of the provider because the service refused its
    /// credentials.
    replaced_at: Mutex<Option<Instant>>,
    /// Number of replacements that have ended.
    replacements_ended: AtomicU64,
    /// Whether a task has the [`CallPermit`].
    is_called: AtomicBool,
    /// Notifies all waiting requests when the permit is dropped. A queue would pass the permit to its
    /// first request, which keeps it from all others for as long as the caller does not poll it.
    permit_dropped: Notify,
}

/// The permit to call the provider. Only one task has it at a time.
struct CallPermit {
    cache: Arc<Cache>,
    /// Whether the call replaces refused credentials.
    is_replacement: bool,
}

impl Drop for CallPermit {
    fn drop(&mut self) {
        if self.is_replacement {
            let ended = &self.cache.replacements_ended;
            ended.fetch_add(1, Ordering::Release);
        }
        self.cache.is_called.store(false, Ordering::Release);
        self.cache.permit_dropped.notify_waiters();
    }
}

struct CacheEntry {
    credentials: Arc<Credentials>,
    expires: Option<SystemTime>,
    /// Time shortly before `expires`, from which the provider is called again.
    before_expiry: Option<SystemTime>,
    /// Other time from which the provider is called again, which does not depend on the wall clock.
    refresh_at: Option<Instant>,
}

/// A failed call of the provider.
struct ProviderFailure {
    message: String,
    at: Instant,
}

impl CacheEntry {
    fn new(provided: ProvidedCredentials, now: SystemTime) -> Self {
        let before_expiry = provided.expires.map(|expires| {
            let life = expires.duration_since(now).unwrap_or_default();
            expires
                .checked_sub(REFRESH_BEFORE_EXPIRY.min(life / 2))
                .unwrap_or(now)
        });
        let refresh_after = provided.refresh_after;
        Self {
            credentials: Arc::new(provided.credentials),
            expires: provided.expires,
            before_expiry,
            refresh_at: refresh_after.and_then(|after| Instant::now().checked_add(after)),
        }
    }

    fn is_valid(&self, now: SystemTime) -> bool {
        self.expires.is_none_or(|expires| now < expires)
    }

    fn is_fresh(&self, now: SystemTime) -> bool {
        self.is_valid(now)
            && self.before_expiry.is_none_or(|time| now < time)
            && self.refresh_at.is_none_or(|time| Instant::now() < time)
    }
}

impl Cache {
    pub(crate) fn new(provider: Arc<dyn ProvideCredentials>) -> Arc<Self> {
        Arc::new(Self {
            provider,
            entry: Mutex::new(None),
            failure: Mutex::new(None),
            replaced_at: Mutex::new(None),
            replacements_ended: AtomicU64::new(0),
            is_called: AtomicBool::new(false),
            permit_dropped: Notify::new(),
        })
    }

    fn find(&self, is_usable: impl Fn(&CacheEntry) -> bool) -> Option<Arc<Credentials>> {
        let entry = self.entry.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entry.as_ref().filter(|entry| is_usable(entry))?;
        Some(Arc::clone(&entry.credentials))
    }

    fn fresh_credentials(&self) -> Option<Arc<Credentials>> {
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
            if let Some(fresh) = self.fresh_credentials() {
                return Ok(fresh);
            }
            if self.valid(SystemTime::now()).is_some() {
                self.refresh_early().await;
            }
            // Valid credentials are used, whether new or old.
            if let Some(valid) = self.valid(SystemTime::now()) {
                return Ok(valid);
            }
            let started = Instant::now();
            loop {
                let permit_dropped = self.permit_dropped.notified();
                // Before the result of the previous call is read, so that none is missed.
                let permit = self.call_permit();
                if let Some(valid) = self.valid(SystemTime::now()) {
                    return Ok(valid);
                }
                if let Some(error) = self.failure_after(started) {
                    return Err(error);
                }
                if let Some(permit) = permit {
                    return result_of(Self::start_call(permit, false)).await;
                }
                permit_dropped.await;
            }
        })
    }

    /// Calls the provider after the end of the current call.
    #[inline]
    fn refresh(self: &Arc<Self>) -> ProviderFuture<'_> {
        Box::pin(async move {
            loop {
                let permit_dropped = self.permit_dropped.notified();
                if let Some(permit) = self.call_permit() {
                    return result_of(Self::start_call(permit, false)).await;
                }
                permit_dropped.await;
            }
        })
    }

    /// Replaces the credentials whose access key ID the service does not know. Returns whether valid
    /// credentials with another ID are known, and waits for them for a limited time.
    async fn replace(self: &Arc<Self>, refused: &Credentials) -> bool {
        let ended_before = self.replacements_ended();
        let replaced = async {
            loop {
                let permit_dropped = self.permit_dropped.notified();
                // Before the result of the previous call is read, so that none is missed.
                let permit = self.call_permit();
                // Not the start of one: another request may just have begun to replace them.
                let has_ended = self.replacements_ended() != ended_before;
                if self.is_replaced(refused) {
                    return true;
                }
                match permit {
                    Some(permit) => match Self::start_replacement(permit) {
                        // The task stores its result in `entry`.
                        Some(call) => drop(call.await),
                        None => return false,
                    },
                    None if has_ended => return false,
                    None => permit_dropped.await,
                }
            }
        };
        tokio::time::timeout(MAX_WAIT, replaced)
            .await
            .unwrap_or(false)
    }

    /// Returns whether valid credentials with another access key ID than `refused` are known.
    fn is_replaced(&self, refused: &Credentials) -> bool {
        let valid = self.valid(SystemTime::now());
        valid.is_some_and(|valid| valid.access_key_id() != refused.access_key_id())
    }

    /// Starts to replace refused credentials, unless that happened within [`RETRY_DELAY`].
    fn start_replacement(mut permit: CallPermit) -> Option<JoinHandle<Result<Arc<Credentials>>>> {
        {
            let replaced_at = permit.cache.replaced_at.lock();
            let mut replaced_at = replaced_at.unwrap_or_else(PoisonError::into_inner);
            if replaced_at.is_some_and(|at| at.elapsed() < RETRY_DELAY) {
                return None;
            }
            *replaced_at = Some(Instant::now());
        }
        permit.is_replacement = true;
        Some(Self::start_call(permit, true))
    }

    fn replacements_ended(&self) -> u64 {
        self.replacements_ended.load(Ordering::Acquire)
    }

    /// Returns the permit to call the provider, unless another task has it.
    fn call_permit(self: &Arc<Self>) -> Option<CallPermit> {
        let is_called = self.is_called.swap(true, Ordering::Acquire);
        (!is_called).then(|| CallPermit {
            cache: Arc::clone(self),
            is_replacement: false,
        })
    }

    /// Returns the failure of the last call of the provider if the call ended after `started` or a
    /// short time ago: requests that wait for the same call share its result.
    fn failure_after(&self, started: Instant) -> Option<Error> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        let failure = failure.as_ref()?;
        let is_recent = failure.at >= started || failure.at.elapsed() < FAILURE_LIFETIME;
        is_recent.then(|| Error::new(ErrorKind::Credentials, &*failure.message))
    }

    /// Refreshes valid credentials, unless another task does, and waits for a limited time.
    async fn refresh_early(self: &Arc<Self>) {
        if let Some(call) = self.start_refresh() {
            // The task stores its result in `entry`.
            let _ = tokio::time::timeout(MAX_WAIT, call).await;
        }
    }

    /// Starts a refresh of valid credentials if they are due, unless another task refreshes them.
    fn start_refresh(self: &Arc<Self>) -> Option<JoinHandle<Result<Arc<Credentials>>>> {
        let permit = self.call_permit()?;
        if self.fresh_credentials().is_some() {
            return None;
        }
        // Delays the next refresh, even if this one fails.
        self.delay_refresh();
        Some(Self::start_call(permit, true))
    }

    /// Calls the provider in a task, so that the call can finish even if no request waits for it, or
    /// its future is not polled.
    fn start_call(permit: CallPermit, is_refresh: bool) -> JoinHandle<Result<Arc<Credentials>>> {
        tokio::spawn(async move {
            let result = permit.cache.call_provider().await;
            if let Err(error) = &result
                && is_refresh
            {
                report_failed_refresh(error);
            }
            result
        })
    }

    /// Calls the provider, and stores its result. The caller must have the permit.
    async fn call_provider(&self) -> Result<Arc<Credentials>> {
        let mut call = pin!(self.new_entry());
        let result = poll_fn(|cx| {
            // A panic is a failure for the requests that wait for the call.
            catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))).unwrap_or_else(|panic| {
                self.set_failure(Some("the provider panicked"));
                resume_unwind(panic)
            })
        })
        .await;
        self.set_failure(result.as_ref().err().map(Error::message));
        let entry = result?;
        let credentials = Arc::clone(&entry.credentials);
        *self.entry.lock().unwrap_or_else(PoisonError::into_inner) = Some(entry);
        Ok(credentials)
    }

    fn set_failure(&self, message: Option<&str>) {
        let failure = message.map(|message| ProviderFailure {
            message: message.to_owned(),
            at: Instant::now(),
        });
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    /// Calls the provider.
    async fn new_entry(&self) -> Result<CacheEntry> {
        let failed = |text: String| Error::new(ErrorKind::Credentials, text);
        let provided = match tokio::time::timeout(PROVIDER_TIMEOUT, self.provider.provide()).await {
            Ok(Ok(provided)) => provided,
            Ok(Err(error)) => {
                let text = format!("the provider of credentials failed: {error}");
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
        Ok(entry)
    }

    /// Delays the next refresh by [`RETRY_DELAY`].
    fn delay_refresh(&self) {
        let mut entry = self.entry.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entry.as_mut() {
            entry.before_expiry = None;
            entry.refresh_at = Instant::now().checked_add(RETRY_DELAY);
        }
    }
}

/// Returns the result of a call of the provider.
async fn result_of(call: JoinHandle<Result<Arc<Credentials>>>) -> Result<Arc<Credentials>> {
    runtime::joined(call.await).unwrap_or_else(|error| {
        let text = "the runtime ended the call of the provider";
        Err(Error::new(ErrorKind::Credentials, text).with_source(error))
    })
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
mod tests;
