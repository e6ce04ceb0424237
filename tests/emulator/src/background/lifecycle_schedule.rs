//! Applies the lifecycle rules of all buckets.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::base::time::Timestamp;
use crate::store::{LifecycleReport, Store, StoreError};

const INTERVAL: Duration = Duration::from_secs(60);

/// Applies the rules of all buckets as of the time `now`.
pub(crate) async fn apply(store: &Store, now: Timestamp) -> Result<LifecycleReport, StoreError> {
    let mut report = LifecycleReport::default();
    for bucket in store.buckets()? {
        let Some(rules) = bucket.settings.lifecycle else {
            continue;
        };
        if !rules.is_in_effect(now) {
            continue;
        }
        match store.apply_lifecycle(&bucket.name, rules, now).await {
            Ok(applied) => report += applied,
            // The bucket was deleted in the meantime.
            Err(StoreError::NoBucket(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(report)
}

/// Applies the rules once per interval.
pub(crate) async fn run(store: Arc<Store>) {
    let mut interval = tokio::time::interval(INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        match apply(&store, Timestamp::now()).await {
            Ok(report) if report == LifecycleReport::default() => {}
            Ok(report) => tracing::info!(?report, "applied lifecycle rules"),
            Err(error) => tracing::warn!(%error, "cannot apply lifecycle rules"),
        }
    }
}
