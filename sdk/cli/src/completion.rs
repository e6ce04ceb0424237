//! Completion of buckets, keys and files in a shell.

use std::ffi::OsStr;
use std::time::Duration;

use anyhow::Result;
use clap_complete::CompletionCandidate;
use clap_complete::engine::{PathCompleter, ValueCompleter as _};
use qingstor_sdk::{QingStor, RetryPolicy};

use crate::global_options::GlobalOptions;
use crate::location::SCHEME;
use crate::session::Session;

/// The longest time that a shell waits for candidates.
const MAX_WAIT: Duration = Duration::from_secs(3);
/// The largest number of candidates.
const MAX_CANDIDATES: usize = 200;

/// Returns the buckets, or the keys and folders of a bucket, that start with the text; for other
/// texts, files.
pub(crate) fn complete_path(current: &OsStr) -> Vec<CompletionCandidate> {
    let Some(text) = current.to_str() else {
        return PathCompleter::any().complete(current);
    };
    if let Some(rest) = text.strip_prefix(SCHEME) {
        return candidates(rest);
    }
    let mut all = PathCompleter::any().complete(current);
    if SCHEME.starts_with(text) && !text.is_empty() {
        all.extend(candidates(""));
    }
    all
}

/// Returns the buckets that start with the text.
pub(crate) fn complete_bucket(current: &OsStr) -> Vec<CompletionCandidate> {
    let text = current.to_str().unwrap_or_default();
    let rest = text.strip_prefix(SCHEME).unwrap_or(text);
    match rest.contains('/') {
        true => Vec::new(),
        false => candidates(rest),
    }
}

/// A shell has no place for errors, so an error is the same as no candidates.
fn candidates(rest: &str) -> Vec<CompletionCandidate> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let Ok(runtime) = runtime else {
        return Vec::new();
    };
    let found = runtime.block_on(async { tokio::time::timeout(MAX_WAIT, list(rest)).await });
    let found = found.ok().and_then(Result::ok).unwrap_or_default();
    found.into_iter().map(CompletionCandidate::new).collect()
}

async fn list(rest: &str) -> Result<Vec<String>> {
    // The options of the command line are not known here, but the environment is.
    let config = Session::new(GlobalOptions::default()).config()?;
    let client = QingStor::new(config.retry(RetryPolicy::never()))?;
    let Some((name, prefix)) = rest.split_once('/') else {
        let mut names = Vec::new();
        let mut buckets = client.list_buckets().items();
        while let Some(bucket) = buckets.next().await {
            let bucket = bucket?;
            if bucket.name.starts_with(rest) && names.len() < MAX_CANDIDATES {
                names.push(format!("{SCHEME}{}/", bucket.name));
            }
        }
        return Ok(names);
    };
    let bucket = client.bucket_in_its_zone(name).await?;
    let page = bucket
        .list_objects()
        .prefix(prefix)
        .delimiter("/")
        .limit(MAX_CANDIDATES as u32)
        .await?;
    let keys = page.keys.into_iter().map(|object| object.key);
    let all = page.common_prefixes.into_iter().chain(keys);
    Ok(all.map(|key| format!("{SCHEME}{name}/{key}")).collect())
}
