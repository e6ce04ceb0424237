use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::FutureExt;

use super::super::ProvideFuture;
use super::*;

/// Returns `ID1`, `ID2` and so on, with a lifetime; fails at every call from `fails_from` on.
struct Counting {
    calls: AtomicU32,
    life: Option<Duration>,
    refresh_after: Option<Duration>,
    fails_from: u32,
}

impl Counting {
    fn new(life: Option<Duration>, refresh_after: Option<Duration>, fails_from: u32) -> Self {
        Self {
            calls: AtomicU32::new(0),
            life,
            refresh_after,
            fails_from,
        }
    }
}

impl ProvideCredentials for Counting {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            let count = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
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
    let provider = Counting::new(life, refresh_after, fails_from);
    CredentialSource::Provider(Cache::new(Arc::new(provider)))
}

/// Returns a source whose provider returns these IDs in turn, and then the last one.
fn script(ids: &'static [&'static str]) -> CredentialSource {
    struct Script(&'static [&'static str], AtomicU32);

    impl ProvideCredentials for Script {
        fn provide(&self) -> ProvideFuture<'_> {
            Box::pin(async {
                tokio::time::sleep(Duration::from_millis(5)).await;
                let call = self.1.fetch_add(1, Ordering::Relaxed) as usize;
                let id = self.0[call.min(self.0.len() - 1)];
                Ok(ProvidedCredentials::new(Credentials::new(id, "SECRET")?))
            })
        }
    }

    CredentialSource::Provider(Cache::new(Arc::new(Script(ids, AtomicU32::new(0)))))
}

async fn id(source: &CredentialSource) -> String {
    let current = source.current().await.unwrap();
    current.access_key_id().unwrap().to_owned()
}

#[tokio::test]
async fn concurrent_calls_share_one_request_to_the_provider() {
    let source = Arc::new(counting(None, None, u32::MAX));
    assert_eq!(
        source.cached().err().unwrap().kind(),
        ErrorKind::Credentials
    );
    let calls = (0..32).map(|_| {
        let source = Arc::clone(&source);
        tokio::spawn(async move { id(&source).await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), "ID1");
    }
    assert_eq!(source.cached().unwrap().access_key_id(), Some("ID1"));
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
    assert!(source.cached().is_err());
}

#[tokio::test]
async fn the_provider_is_called_again_after_the_time_that_it_returned() {
    let source = counting(None, Some(Duration::ZERO), u32::MAX);
    assert_eq!(id(&source).await, "ID1");
    assert_eq!(id(&source).await, "ID2");
}

#[tokio::test]
async fn refused_credentials_are_replaced_once_for_all_requests() {
    let source = Arc::new(counting(None, None, u32::MAX));
    let refused = source.current().await.unwrap();
    let calls = (0..32).map(|_| source.replace(&refused));
    let replaced = futures_util::future::join_all(calls).await;
    assert!(replaced.into_iter().all(|is_replaced| is_replaced));
    assert_eq!(source.cached().unwrap().access_key_id(), Some("ID2"));
    // A request that was signed with the old credentials needs no call.
    assert!(source.replace(&refused).await);
    // The new credentials are refused, too.
    let refused = source.current().await.unwrap();
    for _ in 0..3 {
        assert!(!source.replace(&refused).await);
    }
    assert_eq!(id(&source).await, "ID2");
}

/// A refresh that runs when requests are refused may still return the old credentials.
#[tokio::test]
async fn all_requests_wait_for_a_replacement_that_follows_another_call() {
    let source = script(&["OLD", "OLD", "NEW"]);
    let refused = source.current().await.unwrap();
    let mut refresh = Box::pin(source.refresh());
    assert!(refresh.as_mut().now_or_never().is_none());
    let calls = (0..8).map(|_| source.replace(&refused));
    let replaced = futures_util::future::join_all(calls).await;
    assert_eq!(replaced, [true; 8]);
    refresh.await.unwrap();
    assert_eq!(id(&source).await, "NEW");
}

#[tokio::test]
async fn credentials_are_replaced_for_the_next_request() {
    let source = counting(None, None, u32::MAX);
    let refused = source.current().await.unwrap();
    source.replace_for_next_request(&refused).await;
    assert_eq!(id(&source).await, "ID2");
    // They are already replaced.
    source.replace_for_next_request(&refused).await;
    // Another replacement would follow too soon.
    let refused = source.current().await.unwrap();
    source.replace_for_next_request(&refused).await;
    assert_eq!(id(&source).await, "ID2");
}

#[tokio::test]
async fn refused_credentials_stay_in_use_if_the_provider_fails() {
    let source = counting(None, None, 2);
    let refused = source.current().await.unwrap();
    let calls = (0..32).map(|_| source.replace(&refused));
    let replaced = futures_util::future::join_all(calls).await;
    assert!(!replaced.into_iter().any(|is_replaced| is_replaced));
    assert_eq!(id(&source).await, "ID1");
}

#[tokio::test]
async fn fixed_credentials_are_not_replaced() {
    let pair = Credentials::new("ID", "SECRET").unwrap();
    assert!(!CredentialSource::Fixed(pair.clone()).replace(&pair).await);
}

/// Signatures of services that never send a request use changed credentials, too.
#[tokio::test]
async fn known_credentials_that_are_due_are_refreshed_by_a_task() {
    let source = counting(None, Some(Duration::from_millis(20)), u32::MAX);
    let cached = || source.cached().unwrap().access_key_id().unwrap().to_owned();
    assert_eq!(id(&source).await, "ID1");
    assert_eq!(cached(), "ID1");
    tokio::time::sleep(Duration::from_millis(25)).await;
    assert_eq!(cached(), "ID1", "does not wait");
    let refreshed = async {
        while cached() == "ID1" {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let limit = Duration::from_secs(5);
    tokio::time::timeout(limit, refreshed).await.unwrap();
}

#[test]
fn known_credentials_that_are_due_need_no_runtime() {
    let source = counting(None, Some(Duration::ZERO), u32::MAX);
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    assert_eq!(runtime.block_on(id(&source)), "ID1");
    assert_eq!(source.cached().unwrap().access_key_id(), Some("ID1"));
    let error = source.fetch_if_due().now_or_never().unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    runtime.block_on(source.fetch_if_due()).unwrap();
    assert_eq!(source.cached().unwrap().access_key_id(), Some("ID2"));
}

#[tokio::test]
async fn credentials_are_fetched_only_if_they_are_missing_or_due() {
    let source = counting(None, None, u32::MAX);
    for _ in 0..2 {
        source.fetch_if_due().await.unwrap();
        assert_eq!(source.cached().unwrap().access_key_id(), Some("ID1"));
    }
    // The third call of the provider fails, but the credentials are valid.
    let provider = Arc::new(Counting::new(None, Some(Duration::ZERO), 3));
    let cache = Cache::new(Arc::<Counting>::clone(&provider));
    let source = CredentialSource::Provider(Arc::clone(&cache));
    for (count, id) in [(1, "ID1"), (2, "ID2"), (3, "ID2")] {
        source.fetch_if_due().await.unwrap();
        assert_eq!(provider.calls.load(Ordering::Relaxed), count);
        let valid = cache.valid(SystemTime::now()).unwrap();
        assert_eq!(valid.access_key_id(), Some(id));
    }
    let (source, _) = failing(Duration::ZERO);
    let error = source.fetch_if_due().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
}

/// Fails after `wait`.
struct Failing {
    calls: AtomicU32,
    wait: Duration,
}

impl ProvideCredentials for Failing {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async {
            self.calls.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(self.wait).await;
            Err("the vault is closed".into())
        })
    }
}

fn failing(wait: Duration) -> (Arc<CredentialSource>, Arc<Failing>) {
    let provider = Arc::new(Failing {
        calls: AtomicU32::new(0),
        wait,
    });
    let source = CredentialSource::Provider(Cache::new(Arc::<Failing>::clone(&provider)));
    (Arc::new(source), provider)
}

#[tokio::test]
async fn concurrent_calls_share_a_failure() {
    let (source, provider) = failing(2 * FAILURE_LIFETIME);
    let calls = (0..32).map(|_| {
        let source = Arc::clone(&source);
        tokio::spawn(async move { source.current().await.err().unwrap() })
    });
    for call in calls.collect::<Vec<_>>() {
        let error = call.await.unwrap();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert!(error.to_string().contains("the vault is closed"), "{error}");
    }
    assert_eq!(provider.calls.load(Ordering::Relaxed), 1);
}

/// Panics after a short time.
#[derive(Default)]
struct Panicking(AtomicU32);

impl ProvideCredentials for Panicking {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async {
            self.0.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(50)).await;
            panic!("the vault is broken")
        })
    }
}

#[tokio::test]
async fn a_panic_resumes_in_the_first_call_and_fails_the_others() {
    let provider = Arc::new(Panicking::default());
    let cache = Cache::new(Arc::<Panicking>::clone(&provider));
    let source = Arc::new(CredentialSource::Provider(cache));
    let calls = (0..8).map(|_| {
        let source = Arc::clone(&source);
        tokio::spawn(async move { source.current().await.err().unwrap() })
    });
    let mut calls = calls.collect::<Vec<_>>().into_iter();
    let first = calls.next().unwrap().await.unwrap_err().into_panic();
    assert_eq!(first.downcast_ref::<&str>(), Some(&"the vault is broken"));
    for call in calls {
        let error = call.await.unwrap();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert_eq!(error.message(), "the provider panicked");
    }
    assert_eq!(provider.0.load(Ordering::Relaxed), 1);
}

#[test]
fn a_call_that_its_runtime_ended_is_an_error() {
    let (source, provider) = failing(Duration::from_secs(3600));
    let new_runtime = || {
        tokio::runtime::Builder::new_multi_thread()
            .enable_time()
            .build()
    };
    let (provider_runtime, runtime) = (new_runtime().unwrap(), new_runtime().unwrap());
    let mut call = Box::pin(async move { source.current().await.err().unwrap() });
    {
        // The first poll spawns the call of the provider.
        let _guard = provider_runtime.enter();
        assert!(call.as_mut().now_or_never().is_none());
    }
    provider_runtime.shutdown_background();
    let error = runtime.block_on(call);
    assert_eq!(
        error.message(),
        "the runtime ended the call of the provider"
    );
    assert!(provider.calls.load(Ordering::Relaxed) <= 1);
}

#[tokio::test]
async fn a_failed_provider_is_called_again_after_a_short_time() {
    let (source, provider) = failing(Duration::ZERO);
    for _ in 0..10 {
        let error = source.current().await.err().unwrap();
        assert!(error.to_string().contains("the vault is closed"), "{error}");
    }
    assert_eq!(provider.calls.load(Ordering::Relaxed), 1);
    source.refresh().await.unwrap_err();
    assert_eq!(
        provider.calls.load(Ordering::Relaxed),
        2,
        "a refresh calls it"
    );
    tokio::time::sleep(FAILURE_LIFETIME).await;
    assert!(source.current().await.is_err());
    assert_eq!(provider.calls.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_call_continues_after_the_request_that_started_it_was_dropped() {
    let (source, provider) = failing(Duration::from_millis(200));
    let short = Duration::from_millis(20);
    let given_up = tokio::time::timeout(short, source.current()).await;
    assert!(given_up.is_err());
    let error = source.current().await.err().unwrap();
    assert!(error.to_string().contains("the vault is closed"), "{error}");
    assert_eq!(provider.calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_dropped_call_does_not_block_later_calls() {
    let source = counting(None, None, u32::MAX);
    assert!(source.current().now_or_never().is_none());
    assert_eq!(id(&source).await, "ID1");
}

/// Callers often keep futures without polling them: `select!`, `buffer_unordered`, `timeout`.
#[tokio::test]
async fn futures_that_are_not_polled_block_no_other_call() {
    let source = counting(None, None, u32::MAX);
    let mut refresh = Box::pin(source.refresh());
    let mut waiting = Box::pin(source.current());
    assert!(refresh.as_mut().now_or_never().is_none());
    assert!(waiting.as_mut().now_or_never().is_none());
    let limit = Duration::from_secs(5);
    let other = tokio::time::timeout(limit, id(&source)).await;
    assert_eq!(other.unwrap(), "ID1");
    let second = tokio::time::timeout(limit, source.refresh()).await;
    second.unwrap().unwrap();
    refresh.await.unwrap();
    let current = waiting.await.unwrap();
    assert_eq!(current.access_key_id(), Some("ID2"));
}

/// The same, with a provider that fails: the next call must not wait for the first future, either.
#[tokio::test]
async fn futures_that_are_not_polled_do_not_keep_a_failure() {
    let (source, provider) = failing(Duration::from_millis(5));
    let mut first = Box::pin(source.current());
    let mut second = Box::pin(source.current());
    assert!(first.as_mut().now_or_never().is_none());
    assert!(second.as_mut().now_or_never().is_none());
    tokio::time::sleep(FAILURE_LIFETIME + Duration::from_millis(50)).await;
    let third = tokio::time::timeout(Duration::from_secs(5), source.current()).await;
    assert!(third.unwrap().is_err());
    assert_eq!(provider.calls.load(Ordering::Relaxed), 2);
    assert!(second.await.is_err() && first.await.is_err());
    assert_eq!(provider.calls.load(Ordering::Relaxed), 2);
}

/// Returns `OLD` immediately, to be refreshed soon, and `NEW` after `wait`.
struct Slow {
    calls: AtomicU32,
    wait: Duration,
}

impl ProvideCredentials for Slow {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async {
            if self.calls.fetch_add(1, Ordering::Relaxed) == 0 {
                let old = ProvidedCredentials::new(Credentials::new("OLD", "SECRET")?);
                return Ok(old.refresh_after(Duration::ZERO));
            }
            tokio::time::sleep(self.wait).await;
            Ok(ProvidedCredentials::new(Credentials::new("NEW", "SECRET")?))
        })
    }
}

fn slow(wait: Duration) -> (CredentialSource, Arc<Slow>) {
    let provider = Arc::new(Slow {
        calls: AtomicU32::new(0),
        wait,
    });
    let cache = Cache::new(Arc::<Slow>::clone(&provider));
    (CredentialSource::Provider(cache), provider)
}

#[tokio::test]
async fn a_hanging_provider_does_not_block_calls_while_credentials_are_valid() {
    let (source, provider) = slow(Duration::from_secs(3600));
    assert_eq!(id(&source).await, "OLD");
    let started = std::time::Instant::now();
    for _ in 0..50 {
        assert_eq!(id(&source).await, "OLD");
    }
    // At most one call waited, for a limited time.
    assert!(started.elapsed() < MAX_WAIT * 3, "{:?}", started.elapsed());
    assert_eq!(provider.calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_refresh_continues_after_the_call_that_started_it_timed_out() {
    let (source, provider) = slow(Duration::from_millis(200));
    assert_eq!(id(&source).await, "OLD");
    let short = Duration::from_millis(20);
    let given_up = tokio::time::timeout(short, source.current()).await;
    assert!(given_up.is_err());
    assert_eq!(id(&source).await, "OLD");
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(id(&source).await, "NEW");
    assert_eq!(provider.calls.load(Ordering::Relaxed), 2);
}

#[test]
fn credentials_are_refreshed_5_minutes_or_half_their_lifetime_before_they_expire() {
    let now = SystemTime::now();
    let seconds = Duration::from_secs;
    for (life, refresh) in [(3600, 3300), (60, 30)] {
        let provided = ProvidedCredentials::new(Credentials::anonymous());
        let entry = CacheEntry::new(provided.expires(now + seconds(life)), now);
        assert!(entry.is_fresh(now + seconds(refresh - 1)), "{life}");
        assert!(!entry.is_fresh(now + seconds(refresh + 1)), "{life}");
        assert!(entry.is_valid(now + seconds(life - 1)), "{life}");
        assert!(!entry.is_valid(now + seconds(life)), "{life}");
    }
}

/// The clock is set back, for example by NTP after the start of the machine.
#[test]
fn a_clock_that_is_set_back_does_not_delay_a_refresh() {
    let later = SystemTime::now() + Duration::from_secs(3600);
    let provided = ProvidedCredentials::new(Credentials::anonymous());
    let entry = CacheEntry::new(provided.refresh_after(Duration::ZERO), later);
    assert!(!entry.is_fresh(SystemTime::now()));
    let provided = ProvidedCredentials::new(Credentials::anonymous());
    let entry = CacheEntry::new(provided.refresh_after(Duration::from_secs(60)), later);
    assert!(entry.is_fresh(SystemTime::now()));
}
