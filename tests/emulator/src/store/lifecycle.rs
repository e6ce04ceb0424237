//! What ages: walking through a bucket in small steps, so that neither readers nor writers wait.

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
use crate::settings::lifecycle::aging::{Aging, Due};
use crate::settings::lifecycle::{Lifecycle, Version};

/// So many entries are looked at in one step; a few more where a key has many versions.
const STEP: usize = 250;

/// What one step has found.
#[derive(Debug)]
struct Step<T> {
    due: Vec<T>,
    /// The key that the next step begins with.
    next: Option<String>,
}

impl<T> Step<T> {
    fn new() -> Self {
        Self {
            due: Vec::new(),
            next: None,
        }
    }
}

/// What a version is due for; `newer` is when the next newer version of its key was made, if there
/// is one.
fn due(
    rules: &Lifecycle,
    record: &ObjectRecord,
    newer: Option<Timestamp>,
    now: Timestamp,
) -> Option<Due> {
    if record.is_delete_marker && newer.is_none() {
        return None;
    }
    let aging = Aging {
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
        // A delete marker has no content that could be moved.
        .filter(|due| !record.is_delete_marker || *due == Due::Expire)
}

/// Looks for keys that have a version for which something is due.
fn look_at_objects(
    records: &impl Lookup,
    bucket: &str,
    rules: &Lifecycle,
    from: &str,
    now: Timestamp,
) -> Result<Step<String>, StoreError> {
    let mut step = Step::new();
    let mut seen = 0;
    let mut newer: Option<(String, Timestamp)> = None;
    database::scan(records, VERSIONS, bucket, from, 0, &mut |entry| {
        let record = serde_json::from_slice::<ObjectRecord>(&entry.record)?;
        let newer_of_key = newer
            .take()
            .filter(|(key, _)| *key == entry.key)
            .map(|(_, modified)| modified);
        if newer_of_key.is_none() && seen >= STEP {
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

/// Looks for uploads that are to be aborted.
fn look_at_uploads(
    records: &impl Lookup,
    bucket: &str,
    rules: &Lifecycle,
    from: &str,
    now: Timestamp,
) -> Result<Step<(u64, UploadRecord)>, StoreError> {
    let mut step = Step::new();
    let mut seen = 0;
    let mut last = None;
    database::scan(records, UPLOADS, bucket, from, 0, &mut |entry| {
        if seen >= STEP && last.as_ref() != Some(&entry.key) {
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

/// Does to the versions of a key what is due now.
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
    // The oldest come first: deleting the newest one may remove an older one, too.
    for (mut record, newer) in versions.into_iter().rev() {
        match due(rules, &record, newer, now) {
            None => {}
            Some(Due::Transition(storage_class)) => {
                record.storage_class = storage_class;
                put_version(change, &bucket.name, &record)?;
                report.transitioned += 1;
            }
            Some(Due::Expire) if check_retention(bucket, Some(&record), now).is_err() => {}
            Some(Due::Expire) if newer.is_none() => {
                delete_newest(change, bucket, &address, now)?;
                report.expired += 1;
            }
            Some(Due::Expire) => {
                remove_version(change, &bucket.name, &record)?;
                report.expired += 1;
            }
        }
    }
    Ok(report)
}

impl Store {
    /// Applies the rules of a bucket to its objects and uploads as of `now`.
    pub(crate) async fn apply_lifecycle(
        &self,
        bucket: &str,
        rules: Lifecycle,
        now: Timestamp,
    ) -> Result<LifecycleReport, StoreError> {
        let mut report = LifecycleReport::default();
        let mut from = Some(String::new());
        while let Some(key) = from {
            let step = look_at_objects(&self.records.snapshot()?, bucket, &rules, &key, now)?;
            if !step.due.is_empty() {
                report += self.age_objects(bucket, step.due, now).await?;
            }
            from = step.next;
            tokio::task::yield_now().await;
        }
        let mut from = Some(String::new());
        while let Some(key) = from {
            let step = look_at_uploads(&self.records.snapshot()?, bucket, &rules, &key, now)?;
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
                // Rules and objects may have changed since they were looked at.
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
                    // It may have been completed meanwhile.
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

    /// Notes that all objects have been seen.
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
