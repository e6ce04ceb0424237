//! Collects metrics: the number of requests per operation, their duration, and failures.
//!
//! Runs against a local emulator that fails sometimes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::{Config, Observer, QingStor, ResponseEvent};

/// Metrics of an operation.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    attempts: u32,
    repeats: u32,
    failures: u32,
    time: Duration,
}

#[derive(Default)]
struct Metrics(Mutex<BTreeMap<&'static str, Row>>);

impl Metrics {
    fn rows(&self) -> BTreeMap<&'static str, Row> {
        let rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rows.clone()
    }
}

impl Observer for Metrics {
    /// Called for each attempt, so it must be fast.
    fn response(&self, event: &ResponseEvent<'_>) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let row = rows.entry(event.operation).or_default();
        row.attempts += 1;
        row.repeats += u32::from(event.attempt > 1);
        row.failures += u32::from(event.error.is_some());
        row.time += event.elapsed;
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let emulator = Emulator::builder().in_memory().start().await?;
    let metrics = Arc::new(Metrics::default());
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint())
        .observer(Arc::clone(&metrics));
    let bucket = QingStor::new(config)?.bucket("my-bucket", "pek3a")?;
    bucket.put().await?;
    emulator.set_faults([FaultRule::on("PutObject").status(503).times(2)])?;
    for number in 0..10 {
        bucket.put_object(format!("{number}")).body("x").await?;
    }
    bucket.list_objects().await?;

    let rows = metrics.rows();
    for (operation, row) in &rows {
        let mean = row.time / row.attempts.max(1);
        println!(
            "{operation:12} {:3} requests, {} repeats, {} failed, {mean:.1?} each",
            row.attempts, row.repeats, row.failures
        );
    }
    let puts = rows.get("PutObject").copied().unwrap_or_default();
    assert_eq!((puts.attempts, puts.repeats, puts.failures), (12, 2, 2));
    Ok(())
}
