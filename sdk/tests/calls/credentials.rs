//! Credentials from providers, against the emulator, which checks each signature.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};

use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::credentials::{ProvideFuture, ProvidedCredentials};
use qingstor_sdk::{
    Body, Chain, Config, Credentials, ErrorCode, ErrorKind, Observer, ProvideCredentials, QingStor,
    RequestEvent, RetryPolicy,
};

/// Returns the accounts in turn, each valid for a short time.
struct Rotating {
    calls: AtomicU32,
    life: Duration,
}

impl Rotating {
    fn new(life: Duration) -> Arc<Self> {
        let calls = AtomicU32::new(0);
        Arc::new(Self { calls, life })
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }
}

impl ProvideCredentials for Rotating {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async {
            let turn = self.calls.fetch_add(1, Ordering::Relaxed) % 2;
            let (id, secret) = [("ONE", "first"), ("TWO", "second")][turn as usize];
            let expires = SystemTime::now() + self.life;
            Ok(ProvidedCredentials::new(Credentials::new(id, secret)?).expires(expires))
        })
    }
}

async fn emulator() -> Emulator {
    let builder = Emulator::builder().in_memory();
    let builder = builder.account("ONE", "first").account("TWO", "second");
    builder.start().await.unwrap()
}

fn client(emulator: &Emulator, provider: impl ProvideCredentials + 'static) -> QingStor {
    let config = Config::anonymous().endpoint(emulator.endpoint());
    QingStor::new(config.credentials_provider(provider)).unwrap()
}

#[tokio::test]
async fn rotated_credentials_are_used_and_the_provider_is_called_once() {
    let emulator = emulator().await;
    let rotating = Rotating::new(Duration::from_secs(3600));
    let qingstor = client(&emulator, Arc::clone(&rotating));
    let calls = (0..20).map(|_| tokio::spawn(qingstor.list_buckets().send()));
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    assert_eq!(rotating.calls(), 1);
    let id = || {
        let request = qingstor.list_buckets().build().unwrap();
        request.headers()["authorization"].to_str().unwrap()[3..6].to_owned()
    };
    assert_eq!(id(), "ONE");
    qingstor.refresh_credentials().await.unwrap();
    assert_eq!(id(), "TWO");
    qingstor.list_buckets().await.unwrap();
}

#[tokio::test]
async fn expiring_credentials_are_replaced_during_calls() {
    let emulator = emulator().await;
    let rotating = Rotating::new(Duration::from_millis(40));
    let chain = Chain::new().or(Arc::clone(&rotating));
    let qingstor = client(&emulator, chain);
    for _ in 0..20 {
        qingstor.list_buckets().await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(rotating.calls() >= 3);
}

/// A running client uses the credentials of a rewritten file. A missing or damaged file is not an
/// error for a while.
#[cfg(feature = "config-file")]
#[tokio::test]
async fn a_changed_file_is_used_without_a_restart() {
    let emulator = emulator().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    let write = |id: &str, secret: &str| {
        let text = format!("access_key_id: {id}\nsecret_access_key: {secret}\n");
        std::fs::write(&path, text).unwrap();
    };
    write("ONE", "first");
    let file = qingstor_sdk::FileCredentials::new(&path).check_every(Duration::from_millis(1));
    let qingstor = client(&emulator, Chain::new().or(file));
    let id = async || {
        // After a failure, the file is read again after a delay. A refresh reads it at once.
        qingstor.refresh_credentials().await.ok();
        qingstor.list_buckets().await.unwrap();
        let request = qingstor.list_buckets().build().unwrap();
        request.headers()["authorization"].to_str().unwrap()[3..6].to_owned()
    };
    assert_eq!(id().await, "ONE");
    write("TWO", "second");
    assert_eq!(id().await, "TWO");
    std::fs::write(&path, "access_key_id: ONE\n").unwrap();
    assert_eq!(id().await, "TWO", "half a pair is none");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(id().await, "TWO");
    write("ONE", "first");
    assert_eq!(id().await, "ONE");
}

/// Returns key pairs in turn that never expire. The emulator does not know `OLD` and `OTHER`.
struct Revocable {
    ids: &'static [&'static str],
    calls: AtomicU32,
}

impl Revocable {
    fn new(ids: &'static [&'static str]) -> Arc<Self> {
        let calls = AtomicU32::new(0);
        Arc::new(Self { ids, calls })
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }
}

impl ProvideCredentials for Revocable {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async {
            let turn = self.calls.fetch_add(1, Ordering::Relaxed) as usize;
            let id = self.ids[turn % self.ids.len()];
            Ok(ProvidedCredentials::new(Credentials::new(id, "first")?))
        })
    }
}

#[tokio::test]
async fn a_revoked_key_pair_is_replaced() {
    let emulator = emulator().await;
    client(&emulator, Credentials::new("ONE", "first").unwrap())
        .bucket("some-bucket", "pek3a")
        .unwrap()
        .put()
        .await
        .unwrap();
    let start = || {
        let provider = Revocable::new(&["OLD", "ONE"]);
        let qingstor = client(&emulator, Arc::clone(&provider));
        (provider, qingstor.bucket("some-bucket", "pek3a").unwrap())
    };
    let (provider, bucket) = start();
    assert_eq!(
        bucket.put_object("k").body("x").await.unwrap().attempts(),
        2
    );
    assert_eq!(bucket.get_object("k").await.unwrap().attempts(), 1);
    assert_eq!(provider.calls(), 2);
    // The service has not executed the request, so that one that is not idempotent is retried, too.
    let (_, bucket) = start();
    let appended = bucket.append_object("log", 0).body("x").await.unwrap();
    assert_eq!(appended.attempts(), 2);
    // A response to `HEAD` has no error code.
    let (_, bucket) = start();
    assert_eq!(bucket.head_object("k").await.unwrap().attempts(), 2);
    // A body that cannot be sent twice: the next request uses the new key pair.
    let (provider, bucket) = start();
    let body = || Body::from_stream(futures_util::stream::iter([std::io::Result::Ok("x")]), 1);
    let error = bucket.put_object("k").body(body()).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::InvalidAccessKeyId));
    assert_eq!((error.attempts(), provider.calls()), (1, 2));
    bucket.put_object("k").body(body()).await.unwrap();
    // So does a request that must not be retried.
    let (provider, bucket) = start();
    let call = bucket.get_object("k").retry(RetryPolicy::never());
    assert_eq!(call.await.unwrap_err().attempts(), 1);
    bucket.get_object("k").await.unwrap();
    assert_eq!(provider.calls(), 2);
}

/// Returns `OLD`, then never anything.
struct Hanging(AtomicU32);

impl ProvideCredentials for Hanging {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async {
            if self.0.fetch_add(1, Ordering::Relaxed) > 0 {
                std::future::pending::<()>().await;
            }
            Ok(ProvidedCredentials::new(Credentials::new("OLD", "first")?))
        })
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_retried_does_not_wait_for_a_call_that_runs() {
    let emulator = emulator().await;
    let provider = Arc::new(Hanging(AtomicU32::new(0)));
    let qingstor = client(&emulator, Arc::clone(&provider));
    let bucket = qingstor.bucket("some-bucket", "pek3a").unwrap();
    let never = || {
        let call = qingstor.list_buckets().retry(RetryPolicy::never());
        async move { call.await.unwrap_err() }
    };
    // Starts the call.
    never().await;
    let start = std::time::Instant::now();
    never().await;
    let body = Body::from_stream(futures_util::stream::iter([std::io::Result::Ok("x")]), 1);
    let error = bucket.put_object("k").body(body).await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::InvalidAccessKeyId));
    assert!(start.elapsed() < Duration::from_millis(1500));
    assert_eq!(provider.0.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn concurrent_requests_share_the_new_key_pair() {
    let emulator = emulator().await;
    let provider = Revocable::new(&["OLD", "ONE"]);
    let qingstor = client(&emulator, Arc::clone(&provider));
    let calls = (0..32).map(|_| tokio::spawn(qingstor.list_buckets().send()));
    for call in calls.collect::<Vec<_>>() {
        assert!(call.await.unwrap().unwrap().attempts() <= 2);
    }
    assert_eq!(provider.calls(), 2);
}

/// Neither the service nor the provider is called in a loop.
#[tokio::test]
async fn a_provider_of_revoked_key_pairs_is_called_rarely() {
    let emulator = emulator().await;
    for (ids, attempts) in [(&["OLD"][..], 1), (&["OLD", "OTHER"], 2)] {
        let provider = Revocable::new(ids);
        let qingstor = client(&emulator, Arc::clone(&provider));
        let error = qingstor.list_buckets().await.unwrap_err();
        assert_eq!(error.code(), Some(&ErrorCode::InvalidAccessKeyId));
        assert_eq!((error.attempts(), provider.calls()), (attempts, 2));
        for _ in 0..5 {
            let error = qingstor.list_buckets().await.unwrap_err();
            assert_eq!((error.attempts(), provider.calls()), (1, 2), "{error}");
        }
    }
}

/// A wrong secret, and missing permissions, are no reason to call the provider.
#[tokio::test]
async fn other_refusals_do_not_replace_credentials() {
    let emulator = emulator().await;
    let provider = Revocable::new(&["TWO", "ONE"]);
    let qingstor = client(&emulator, Arc::clone(&provider));
    let error = qingstor.list_buckets().await.unwrap_err();
    assert_eq!(error.code(), Some(&ErrorCode::SignatureNotMatched));
    assert_eq!((error.attempts(), provider.calls()), (1, 1));
}

#[tokio::test]
async fn presign_and_build_do_not_wait_for_the_provider() {
    let emulator = emulator().await;
    let qingstor = client(&emulator, Credentials::new("ONE", "first").unwrap());
    let bucket = qingstor.bucket("some-bucket", "pek3a").unwrap();
    let build = bucket.get_object("k").build().unwrap_err();
    let presign = bucket.get_object("k").presign(Duration::from_secs(60));
    for error in [build, presign.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Credentials);
        let text = error.to_string();
        assert!(text.contains("fetch_credentials_if_due"), "{text}");
        assert_eq!((error.attempts(), error.key()), (0, Some("k")));
    }
    bucket.put().await.unwrap();
    assert!(
        bucket
            .get_object("k")
            .presign(Duration::from_secs(60))
            .is_ok()
    );
}

/// A service that only presigns uses each key pair until the next one is due.
#[tokio::test]
async fn presigned_urls_use_new_credentials() {
    let emulator = emulator().await;
    let rotating = Rotating::new(Duration::from_secs(1));
    let qingstor = client(&emulator, Arc::clone(&rotating));
    let bucket = qingstor.bucket("some-bucket", "pek3a").unwrap();
    let url = async || {
        bucket.fetch_credentials_if_due().await.unwrap();
        let presigned = bucket.get_object("k").presign(Duration::from_secs(60));
        presigned.unwrap().to_string()
    };
    for _ in 0..3 {
        assert!(url().await.contains("access_key_id=ONE"));
    }
    assert_eq!(rotating.calls(), 1);
    // Half of the lifetime is over.
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert!(url().await.contains("access_key_id=TWO"));
    qingstor.fetch_credentials_if_due().await.unwrap();
    assert_eq!(rotating.calls(), 2);
}

#[tokio::test]
async fn a_call_without_credentials_sends_nothing() {
    let emulator = emulator().await;
    let error = client(&emulator, Chain::new()).list_buckets().await;
    let error = error.unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Credentials, 0)
    );
    assert_eq!(error.operation(), Some("ListBuckets"));
    assert_eq!(emulator.operations_served()["ListBuckets"], 0);
}

/// Counts the attempts that it observes.
#[derive(Default)]
struct AttemptCounter(AtomicU32);

impl Observer for AttemptCounter {
    fn request(&self, _: &RequestEvent<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A request that is not sent is not an attempt.
#[tokio::test]
async fn an_observer_sees_no_attempt_without_credentials() {
    let emulator = emulator().await;
    let busy = FaultRule::on_any().status(503);
    let busy = busy.latency(Duration::from_millis(800));
    emulator.set_faults([busy]).unwrap();
    let counter = Arc::new(AttemptCounter::default());
    let config = Config::anonymous().endpoint(emulator.endpoint());
    let config = config.observer(Arc::clone(&counter));
    let qingstor = QingStor::new(config.credentials_provider(Failing(AtomicU32::new(0)))).unwrap();
    for attempts in [1, 0] {
        let error = qingstor.list_buckets().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
        assert_eq!(error.attempts(), attempts, "{error}");
        assert_eq!(counter.0.load(Ordering::Relaxed), 1);
    }
}

/// Returns credentials that are valid for a moment, and then fails.
struct Failing(AtomicU32);

impl ProvideCredentials for Failing {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async {
            if self.0.fetch_add(1, Ordering::Relaxed) > 0 {
                return Err("none left".into());
            }
            let expires = SystemTime::now() + Duration::from_millis(500);
            Ok(ProvidedCredentials::new(Credentials::new("ONE", "first")?).expires(expires))
        })
    }
}

#[tokio::test]
async fn an_error_of_the_provider_contains_the_attempts_and_the_object() {
    let emulator = emulator().await;
    let busy = FaultRule::on("PutObject").status(503);
    let busy = busy.latency(Duration::from_millis(800));
    emulator.set_faults([busy]).unwrap();
    let qingstor = client(&emulator, Failing(AtomicU32::new(0)));
    let bucket = qingstor.bucket("some-bucket", "pek3a").unwrap();
    let error = bucket.put_object("a/b c?").body("x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
    assert_eq!((error.attempts(), error.key()), (1, Some("a/b c?")));
    assert_eq!(emulator.faults()[0].hits, 1);
    // The next call does not get as far.
    let error = bucket.put_object("a/b c?").body("x").await.unwrap_err();
    assert_eq!((error.attempts(), error.key()), (0, Some("a/b c?")));
    assert!(error.elapsed() > Duration::ZERO);
}
