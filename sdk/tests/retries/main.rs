//! Retries over real sockets: with an emulator with injected faults, and with listeners that do
//! nothing or close connections.

#![cfg(feature = "rustls")]
#![cfg(test)]

mod attempt_timeout;
mod bodies;
mod clock;
mod connections;
mod executions;
mod limits;
mod odd_responses;
mod responses;
mod streams;

use std::time::Duration;

use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::{Bucket, Config, QingStor, RetryPolicy};

/// A policy with short delays.
fn quick() -> RetryPolicy {
    let policy = RetryPolicy::default().initial_backoff(Duration::from_millis(2));
    policy.max_backoff(Duration::from_millis(5))
}

fn config(emulator: &Emulator) -> Config {
    Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint())
        .retry(quick())
}

fn bucket_of(config: Config) -> Bucket {
    let qingstor = QingStor::new(config).unwrap();
    qingstor.bucket("some-bucket", "pek3a").unwrap()
}

/// Starts an emulator with a bucket that contains the object `k`.
async fn start() -> (Emulator, Bucket) {
    let emulator = Emulator::builder().in_memory().start().await.unwrap();
    let bucket = bucket_of(config(&emulator));
    bucket.put().await.unwrap();
    bucket.put_object("k").body("content").await.unwrap();
    (emulator, bucket)
}

/// Returns how many times each fault rule was applied.
fn hits(emulator: &Emulator) -> Vec<u64> {
    emulator.faults().iter().map(|rule| rule.hits).collect()
}

/// Installs fault rules.
fn fail(emulator: &Emulator, rules: impl IntoIterator<Item = FaultRule>) {
    emulator.set_faults(rules).unwrap();
}
