//! Events of `tracing`, and the absence of secrets in events and spans. `telemetry.rs` tests the spans.

#![cfg(all(feature = "tracing", feature = "rustls"))]
#![cfg(test)]

use std::fmt::{Debug, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::credentials::{ProvideFuture, ProvidedCredentials};
use qingstor_sdk::{
    Bucket, Config, Credentials, ProvideCredentials, QingStor, RetryPolicy, SseKey,
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Records each span and event as a line.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Notes {
    fn add(&self, what: &str, metadata: &tracing::Metadata<'_>, record: impl FnOnce(&mut Fields)) {
        let mut fields = Fields(String::new());
        record(&mut fields);
        let line = format!(
            "{what} {} {}{}",
            metadata.level(),
            metadata.target(),
            fields.0
        );
        self.0.lock().unwrap().push(line);
    }

    /// Returns the lines since the last call.
    fn take(&self) -> Vec<String> {
        let all = std::mem::take(&mut *self.0.lock().unwrap());
        let own = all
            .into_iter()
            .filter(|line| line.contains(" qingstor_sdk"));
        own.collect()
    }

    /// Returns the lines of events since the last call.
    fn events(&self) -> Vec<String> {
        let mut lines = self.take();
        lines.retain(|line| line.starts_with("event"));
        lines
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Notes {
    fn on_new_span(&self, span: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        let what = format!("span {}", span.metadata().name());
        self.add(&what, span.metadata(), |fields| span.record(fields));
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        let metadata = context.span(id).unwrap().metadata();
        self.add("record", metadata, |fields| record.record(fields));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let span = context.event_span(event).map_or("-", |span| span.name());
        let what = format!("event in {span}");
        self.add(&what, event.metadata(), |fields| event.record(fields));
    }
}

async fn start() -> (Emulator, Bucket) {
    // Otherwise a span that two tests use for the first time at the same moment, only one of them with
    // a subscriber, could stay disabled. Fails if it was called before.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
    let emulator = Emulator::builder().in_memory().start().await.unwrap();
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint())
        .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(2)));
    let qingstor = QingStor::new(config).unwrap();
    let bucket = qingstor.bucket("some-bucket", "pek3a").unwrap();
    bucket.put().await.unwrap();
    (emulator, bucket)
}

/// Asserts that each line contains its texts, and that there are no other lines.
fn assert_lines(lines: &[String], expected: &[&[&str]]) {
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, texts) in lines.iter().zip(expected) {
        for text in *texts {
            assert!(line.contains(text), "{text:?} is not in: {line}");
        }
    }
}

#[tokio::test]
async fn attempts_delays_and_the_end_of_a_call_are_events() {
    let (emulator, bucket) = start().await;
    let notes = Notes::default();
    let _listening =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(notes.clone()));
    emulator
        .set_faults([FaultRule::on_any().status(503).times(1)])
        .unwrap();
    let output = bucket.put_object("a b/c").body("content").await.unwrap();
    let id = format!("qingstor.request_id=\"{}\"", output.request_id().unwrap());
    let ended = ["event in attempt DEBUG", "attempt ended", "elapsed_ms="];
    let failed = [
        "attempt=1",
        "http.response.status_code=503",
        "error.type=\"503\"",
    ];
    let succeeded = ["attempt=2", "http.response.status_code=201", &id];
    assert_lines(
        &notes.events(),
        &[
            &[&ended[..], &failed].concat(),
            &["event in call DEBUG", "retrying", "attempt=1", "delay_ms="],
            &[&ended[..], &succeeded].concat(),
            &[
                "event in call",
                "call succeeded",
                "qingstor.operation=\"PutObject\"",
                "attempts=2",
                "http.response.status_code=201",
                "elapsed_ms=",
                &id,
            ],
        ],
    );
}

#[tokio::test]
async fn a_failed_call_is_an_event_with_its_reason() {
    let (emulator, bucket) = start().await;
    let notes = Notes::default();
    let _listening =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(notes.clone()));
    let error = bucket.get_object("absent").await.unwrap_err();
    let id = format!("qingstor.request_id=\"{}\"", error.request_id().unwrap());
    let failed = [
        "call failed",
        "http.response.status_code=404",
        "error.type=\"object_not_exists\"",
        "attempts=1",
        &id,
    ];
    let lines = notes.events();
    assert!(
        lines.iter().all(|line| !line.contains("retrying")),
        "{lines:#?}"
    );
    assert_lines(&lines[lines.len() - 1..], &[&failed]);
    // Without a response, there is no status and no request ID.
    drop(emulator);
    bucket.head().retry(RetryPolicy::never()).await.unwrap_err();
    let lines = notes.events();
    let last = lines.last().unwrap();
    assert!(last.contains("error.type=\"connect\""), "{last}");
    assert!(
        !last.contains("status_code=") && !last.contains("request_id="),
        "{last}"
    );
}

#[tokio::test]
async fn no_secret_is_reported() {
    let (emulator, bucket) = start().await;
    let notes = Notes::default();
    let _listening =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(notes.clone()));
    let key = SseKey::new([b'x'; 32]);
    let call = bucket.put_object("k").sse_key(&key).body("the content");
    call.header("x-some-token", "hush-hush").await.unwrap();
    let output = bucket.get_object("k").sse_key(&key).await.unwrap();
    assert_eq!(output.body.bytes().await.unwrap(), "the content");
    bucket.get_object("k").await.unwrap_err();
    let url = bucket
        .get_object("k")
        .presign(Duration::from_secs(60))
        .unwrap();
    let log = notes.0.lock().unwrap().join("\n");
    let (_, signature) = url.uri().query().unwrap().split_once("signature=").unwrap();
    for secret in [
        emulator.secret_access_key(),
        // The encryption key in base64.
        "eHh4eHh4",
        "hush-hush",
        "the content",
        "authorization",
        "Authorization",
        signature,
    ] {
        assert!(
            !secret.is_empty() && !log.contains(secret),
            "{secret}: {log}"
        );
    }
}

/// Returns a key pair that is refreshed at once, and then fails.
struct Closing(Credentials, AtomicBool);

impl ProvideCredentials for Closing {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async {
            if self.1.swap(true, Ordering::Relaxed) {
                return Err("the vault is closed".into());
            }
            Ok(ProvidedCredentials::new(self.0.clone()).refresh_after(Duration::ZERO))
        })
    }
}

/// No call fails, so only this event reports the problem in time.
#[tokio::test]
async fn a_failed_refresh_of_credentials_is_reported() {
    let emulator = Emulator::builder().in_memory().start().await.unwrap();
    let (id, secret) = (emulator.access_key_id(), emulator.secret_access_key());
    let provider = Closing(
        Credentials::new(id, secret).unwrap(),
        AtomicBool::new(false),
    );
    let config = Config::anonymous().endpoint(emulator.endpoint());
    let qingstor = QingStor::new(config.credentials_provider(provider)).unwrap();
    let notes = Notes::default();
    let _listening =
        tracing::subscriber::set_default(tracing_subscriber::registry().with(notes.clone()));
    for _ in 0..2 {
        qingstor.list_buckets().await.unwrap();
    }
    let log = notes.take();
    let log: Vec<_> = log.iter().filter(|line| line.contains("WARN")).collect();
    assert_eq!(log.len(), 1, "{log:#?}");
    assert!(log[0].contains("credentials not renewed"), "{log:?}");
    assert!(log[0].contains("the vault is closed"), "{log:?}");
    assert!(!log[0].contains(secret), "{log:?}");
}
