//! Applies lifecycle rules to a bucket, in small steps that do not block readers and writers.

use std::ops::ControlFlow;

use redb::ReadableTable as _;

use super::bucket_lookup;
use super::database::{self, Change, Lookup, UPLOADS, VERSIONS};
use super::error::StoreError;
use super::lifecycle_report::LifecycleReport;
use super::objects::{check_retention, delete_newest, put_version, remove_version};
use super::records::{BucketRecord, ObjectRecord, UploadRecord};
use super::uploads;
use super::{ObjectAddress, Store};
use crate::base::time::Timestamp;
use crate::settings::lifecycle::due_actions::{DueAction, ObjectAge};
use crate::settings::lifecycle::{Lifecycle, Version};

/// Number of entries per step. A step includes all versions of its last key.
const ENTRIES_PER_STEP: usize = 250;

/// Result of one step of a search.
#[derive(Debug)]
struct SearchStep<T> {
    due: Vec<T>,
    /// First key of the next step, or `None` after the last step.
    next: Option<String>,
}

impl<T> SearchStep<T> {
    fn new() -> Self {
        Self {
            due: Vec::new(),
            next: None,
        }
    }
}

/// Returns the action that is due for a version. `newer` is the creation time of the next newer
/// version of the key.
fn due(
    rules: &Lifecycle,
    record: &ObjectRecord,
    newer: Option<Timestamp>,
    now: Timestamp,
) -> Option<DueAction> {
    if record.is_delete_marker && newer.is_none() {
        return None;
    }
    let aging = ObjectAge {
        key: &record.key,
        version: match newer {
            None => Version::Current,
            Some(_) => Version::Noncurrent,
        },
        since: newer.unwrap_or(record.modified),
        storage_class: record.storage_class,
    };
    rules
        .due(&aging, now)
        // A delete marker has no content, so it has no storage class.
        .filter(|due| !record.is_delete_marker || *due == DueAction::Expire)
}

/// Searches for keys with a version for which an action is due.
fn find_due_objects(
    records: &impl Lookup,
    bucket: &str,
    rules: &Lifecycle,
    from: &str,
    now: Timestamp,
) -> Result<SearchStep<String>, StoreError> {
    let mut step = SearchStep::new();
    let mut seen = 0;
    let mut newer: Option<(String, Timestamp)> = None;
    database::scan(records, VERSIONS, bucket, from, 0, &mut |entry| {
        let record = serde_json::from_slice::<ObjectRecord>(&entry.record)?;
        let newer_of_key = newer
            .take()
            .filter(|(key, _)| *key == entry.key)
            .map(|(_, modified)| modified);
        if newer_of_key.is_none() && seen >= ENTRIES_PER_STEP {
            step.next = Some(entry.key);
            return Ok(ControlFlow::Break(()));
        }
        seen += 1;
        if due(rules, &record, newer_of_key, now).is_some() && step.due.last() != Some(&entry.key) {
            step.due.push(entry.key.clone());
        }
        newer = Some((entry.key, record.modified));
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(step)
}

/// Searches for uploads to abort.
fn find_due_uploads(
    records: &impl Lookup,
    bucket: &str,
    rules: &Lifecycle,
    from: &str,
    now: Timestamp,
) -> Result<SearchStep<(u64, UploadRecord)>, StoreError> {
    let mut step = SearchStep::new();
    let mut seen = 0;
    let mut last = None;
    database::scan(records, UPLOADS, bucket, from, 0, &mut |entry| {
        if seen >= ENTRIES_PER_STEP && last.as_ref() != Some(&entry.key) {
            step.next = Some(entry.key);
            return Ok(ControlFlow::Break(()));
        }
        seen += 1;
        let upload = serde_json::from_slice::<UploadRecord>(&entry.record)?;
        if rules.aborts(&upload.key, upload.created, now) {
            step.due.push((entry.order, upload));
        }
        last = Some(entry.key);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(step)
}

/// Runs the due actions of all versions of a key.
fn age_object(
    change: &mut Change<'_>,
    bucket: &BucketRecord,
    rules: &Lifecycle,
    key: String,
    now: Timestamp,
) -> Result<LifecycleReport, StoreError> {
    let address = ObjectAddress {
        bucket: bucket.name.clone(),
        key,
    };
    let mut versions = Vec::new();
    database::scan(
        change,
        VERSIONS,
        &bucket.name,
        &address.key,
        0,
        &mut |entry| {
            if entry.key != address.key {
                return Ok(ControlFlow::Break(()));
            }
            let record = serde_json::from_slice::<ObjectRecord>(&entry.record)?;
            let newer = versions
                .last()
                .map(|(record, _): &(ObjectRecord, _)| record.modified);
            versions.push((record, newer));
            Ok(ControlFlow::Continue(()))
        },
    )?;
    let mut report = LifecycleReport::default();
    // Starts with the oldest version, because deleting the newest one may remove an older one.
    for (mut record, newer) in versions.into_iter().rev() {
        match due(rules, &record, newer, now) {
            None => {}
            Some(DueAction::Transition(storage_class)) => {
                record.storage_class = storage_class;
                put_version(change, &bucket.name, &record)?;
                report.transitioned += 1;
            }
            Some(DueAction::Expire) if check_retention(bucket, Some(&record), now).is_err() => {}
            Some(DueAction::Expire) if newer.is_none() => {
                delete_newest(change, bucket, &address, now)?;
                report.expired += 1;
            }
            Some(DueAction::Expire) => {
                remove_version(change, &bucket.name, &record)?;
                report.expired += 1;
            }
        }
    }
    Ok(report)
}

impl Store {
    /// Applies the rules of a bucket to its objects and uploads as of the time `now`.
    pub(crate) async fn apply_lifecycle(
        &self,
        bucket: &str,
        rules: Lifecycle,
        now: Timestamp,
    ) -> Result<LifecycleReport, StoreError> {
        let mut report = LifecycleReport::default();
        let mut from = Some(String::new());
        while let Some(key) = from {
            let step = find_due_objects(&self.records.snapshot()?, bucket, &rules, &key, now)?;
            if !step.due.is_empty() {
                report += self.age_objects(bucket, step.due, now).await?;
            }
            from = step.next;
            tokio::task::yield_now().await;
        }
        let mut from = Some(String::new());
        while let Some(key) = from {
            let step = find_due_uploads(&self.records.snapshot()?, bucket, &rules, &key, now)?;
            if !step.due.is_empty() {
                report.aborted += self.abort_uploads(bucket, step.due).await?;
            }
            from = step.next;
            tokio::task::yield_now().await;
        }
        self.mark_ready(bucket, rules, now).await?;
        Ok(report)
    }

    async fn age_objects(
        &self,
        bucket: &str,
        keys: Vec<String>,
        now: Timestamp,
    ) -> Result<LifecycleReport, StoreError> {
        let bucket = bucket.to_owned();
        self.records
            .change(move |change| {
                let mut report = LifecycleReport::default();
                // Rules and objects may have changed since the search.
                let bucket = bucket_lookup::find(change, &bucket)?;
                let Some(rules) = &bucket.settings.lifecycle else {
                    return Ok(report);
                };
                for key in keys {
                    report += age_object(change, &bucket, rules, key, now)?;
                }
                Ok(report)
            })
            .await
    }

    async fn abort_uploads(
        &self,
        bucket: &str,
        found: Vec<(u64, UploadRecord)>,
    ) -> Result<u64, StoreError> {
        let bucket = bucket.to_owned();
        self.records
            .change(move |change| {
                let mut aborted = 0;
                for (order, upload) in found {
                    let key = (bucket.as_str(), upload.key.as_str(), order);
                    // The upload may have been completed in the meantime.
                    let is_there = change.table(UPLOADS)?.get(key)?.is_some();
                    if is_there {
                        uploads::remove(change, &bucket, order, &upload)?;
                        aborted += 1;
                    }
                }
                Ok(aborted)
            })
            .await
    }

    /// Marks the rules as applied to all objects.
    async fn mark_ready(
        &self,
        bucket: &str,
        applied: Lifecycle,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut marked = applied.clone();
        marked.mark_ready(&applied, now);
        if marked == applied {
            return Ok(());
        }
        self.update_bucket(bucket, move |record, _| {
            if let Some(rules) = &mut record.settings.lifecycle {
                rules.mark_ready(&applied, now);
            }
            Ok(())
        })
        .await
    }
}
