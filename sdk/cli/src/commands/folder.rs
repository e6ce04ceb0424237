//! Transfers of folders, for `cp -r`, `mv -r`, patterns, and `sync`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow};
use futures_util::stream;
use qingstor_sdk::{
    DeleteTarget, Error, FolderAction, FolderProgress, FolderTransfer, SkipReason, TransferReason,
};

use super::rm;
use super::transfers::{Transfers, token_folder};
use crate::arguments::{CopyArguments, Filters};
use crate::exit::usage;
use crate::location::{Location, Remote};
use crate::messages;
use crate::messages::reasons::{skip_reason, transfer_reason};
use crate::output::{Action, Output};
use crate::pattern::Pattern;

/// A folder, or the part of it that matches a pattern.
pub(crate) struct FolderJob {
    pub(crate) source: Location,
    pub(crate) target: Location,
    /// Pattern for the whole path or key.
    pub(crate) pattern: Option<Pattern>,
}

/// The two ends of a transfer.
#[derive(Clone, Debug)]
pub(super) struct Ends {
    pub(super) source: Location,
    pub(super) target: Location,
}

impl Ends {
    /// Creates the transfer without a comparison: every file is transferred.
    ///
    /// # Errors
    ///
    /// Returns a usage error if no end is in a bucket, or if one is not a folder.
    pub(super) async fn transfer(&self, transfers: &Transfers) -> Result<FolderTransfer> {
        let session = &transfers.session;
        let transfer = match (&self.source, &self.target) {
            (Location::Local(folder), Location::Remote(target)) => {
                if folder.is_file() {
                    return Err(usage(messages::sync_needs_folders(folder.display())));
                }
                session
                    .bucket(&target.bucket)
                    .await?
                    .upload_dir(folder, &target.key)
            }
            (Location::Remote(source), Location::Local(folder)) => {
                if folder.is_file() {
                    return Err(usage(messages::sync_needs_folders(folder.display())));
                }
                session
                    .bucket(&source.bucket)
                    .await?
                    .download_dir(&source.key, folder)
            }
            (Location::Remote(source), Location::Remote(target)) => {
                let from = session.bucket(&source.bucket).await?;
                let to = session.bucket(&target.bucket).await?;
                from.sync_to(&source.key, &to, &target.key).compare(None)
            }
            (Location::Stdio, _) | (_, Location::Stdio) => {
                return Err(usage(messages::sync_needs_folders("-")));
            }
            (source, target) => return Err(usage(messages::both_local(source, target))),
        };
        Ok(transfer)
    }

    /// Refuses a transfer onto itself. A move within one bucket would delete what it has just written
    /// if one folder contains the other.
    fn check(&self, is_move: bool) -> Result<()> {
        let (Location::Remote(source), Location::Remote(target)) = (&self.source, &self.target)
        else {
            return Ok(());
        };
        let (from, to) = (source.folder_prefix(), target.folder_prefix());
        let overlaps = from.starts_with(&to) || to.starts_with(&from);
        if source.bucket != target.bucket || !overlaps {
            return Ok(());
        }
        match (from == to, is_move) {
            (true, _) => Err(usage(messages::same_file(source))),
            (false, true) => Err(usage(messages::overlap(source, target))),
            (false, false) => Ok(()),
        }
    }

    /// Returns an action as it is printed. With `json`, reasons are English in every locale.
    fn describe(&self, action: &FolderAction, json: bool) -> Described {
        let address = |location: &Location, key: &str| match location {
            Location::Remote(remote) => Remote::new(&remote.bucket, key).to_string(),
            _ => key.to_owned(),
        };
        let file = |path: &Path| path.display().to_string();
        let described = |verb, source, target, size, reason| Described {
            verb,
            source,
            target,
            size,
            reason,
        };
        match action {
            FolderAction::Upload {
                file: path,
                key,
                size,
                reason,
                ..
            } => {
                let target = Some(address(&self.target, key));
                described(
                    "upload",
                    file(path),
                    target,
                    Some(*size),
                    shown(*reason, json),
                )
            }
            FolderAction::Download {
                key,
                file: path,
                size,
                reason,
                ..
            } => {
                let source = address(&self.source, key);
                described(
                    "download",
                    source,
                    Some(file(path)),
                    Some(*size),
                    shown(*reason, json),
                )
            }
            FolderAction::Copy {
                source,
                key,
                size,
                reason,
                ..
            } => {
                let (source, target) = (address(&self.source, source), address(&self.target, key));
                described(
                    "copy",
                    source,
                    Some(target),
                    Some(*size),
                    shown(*reason, json),
                )
            }
            FolderAction::Delete { target, .. } => {
                let name = match target {
                    DeleteTarget::Object(key) => address(&self.target, key),
                    DeleteTarget::File(path) | DeleteTarget::Folder(path) => file(path),
                    other => other.to_string(),
                };
                described("delete", name, None, None, None)
            }
            FolderAction::Skip { path, reason, .. } => {
                let reason = match json {
                    true => reason.to_string(),
                    false => skip_reason(reason),
                };
                described("skip", path.clone(), None, None, Some(reason))
            }
            other => described("other", other.to_string(), None, None, None),
        }
    }
}

/// Returns why a file is transferred, unless it is because the target does not have it.
fn shown(reason: TransferReason, json: bool) -> Option<String> {
    match reason {
        TransferReason::New => None,
        other if json => Some(other.to_string()),
        other => Some(transfer_reason(other)),
    }
}

/// An action with its texts.
struct Described {
    verb: &'static str,
    source: String,
    target: Option<String>,
    size: Option<u64>,
    reason: Option<String>,
}

impl Described {
    fn action(&self) -> Action<'_> {
        Action {
            verb: self.verb,
            source: &self.source,
            target: self.target.as_deref(),
            size: self.size,
            reason: self.reason.as_deref(),
        }
    }
}

/// Sets the options of the command.
///
/// # Errors
///
/// Returns a usage error if a filter is not a valid pattern, or if the home directory is not known.
pub(super) fn configure(
    mut transfer: FolderTransfer,
    transfers: &Transfers,
    filters: &Filters,
) -> Result<FolderTransfer> {
    let options = &transfers.options;
    transfer = with_filters(transfer, filters)?
        .verify(transfers.verify())
        .sync_to_disk(options.fsync)
        .follow_symlinks(!options.no_follow_symlinks)
        .rename_invalid(options.rename_invalid);
    if options.resume {
        transfer = transfer.resumable(true).token_folder(token_folder()?);
    }
    if let Some(jobs) = options.jobs {
        transfer = transfer.jobs(jobs.into());
    }
    if let Some(parts) = options.concurrency {
        transfer = transfer.concurrency(parts.into());
    }
    if let Some(bytes) = options.part_size {
        transfer = transfer.part_size(bytes);
    }
    if let Some(bytes) = options.limit_rate {
        transfer = transfer.max_bytes_per_second(bytes);
    }
    let properties = &transfers.properties;
    if let Some(content_type) = &properties.content_type {
        transfer = transfer.content_type(content_type);
    }
    if let Some(class) = &properties.storage_class {
        transfer = transfer.storage_class(class.clone());
    }
    if let Some(key) = &properties.sse_key {
        transfer = transfer.sse_key(key).copy_source_sse_key(key);
    }
    if !properties.metadata.is_empty() {
        transfer = transfer.metadata(properties.metadata.iter());
    }
    Ok(transfer)
}

/// Sets the filters, in the order of the command line.
///
/// # Errors
///
/// Returns a usage error if a filter is not a valid pattern.
pub(super) fn with_filters(
    mut transfer: FolderTransfer,
    filters: &Filters,
) -> Result<FolderTransfer> {
    for (is_included, glob) in &filters.globs {
        let changed = match is_included {
            true => transfer.include(glob),
            false => transfer.exclude(glob),
        };
        transfer =
            changed.map_err(|error| usage(messages::invalid_pattern(glob, error.message())))?;
    }
    Ok(transfer)
}

/// Copies or moves a folder.
///
/// # Errors
///
/// Returns an error if nothing could be transferred.
pub(super) async fn copy(
    transfers: &Transfers,
    arguments: &CopyArguments,
    job: &FolderJob,
    is_move: bool,
) -> Result<()> {
    let ends = Ends {
        source: job.source.clone(),
        target: job.target.clone(),
    };
    ends.check(is_move)?;
    let transfer = ends.transfer(transfers).await?;
    let mut transfer =
        configure(transfer, transfers, &arguments.filters)?.overwrite(!arguments.no_clobber);
    if let Some(pattern) = job.pattern.clone() {
        // Patterns for keys contain the folder; patterns for files do not.
        let folder = match &job.source {
            Location::Remote(remote) => remote.key.clone(),
            _ => String::new(),
        };
        transfer = transfer
            .filter(move |path| path.ends_with('/') || pattern.matches(&format!("{folder}{path}")));
    }
    let moved = Arc::new(Moved::default());
    let reports = Arc::clone(&moved);
    let count = run(transfers, &ends, transfer, move |action| {
        if is_move {
            reports.add(action);
        }
    })
    .await?;
    let is_remote = matches!(job.source, Location::Remote(_));
    if count == 0 && (job.pattern.is_some() || is_remote && arguments.filters.globs.is_empty()) {
        transfers
            .output
            .error(&anyhow!(messages::nothing_matches(&job.source)));
    }
    moved.remove(transfers, &ends).await
}

/// Carries out a transfer, or prints its plan. Reports each action. Calls `on_done` for each transfer
/// that succeeded. Returns the number of actions.
///
/// # Errors
///
/// Returns an error if nothing could be transferred.
pub(super) async fn run(
    transfers: &Transfers,
    ends: &Ends,
    transfer: FolderTransfer,
    on_done: impl Fn(&FolderAction) + Send + Sync + 'static,
) -> Result<u64> {
    if transfers.options.dry_run {
        let mut plan = transfer.plan();
        let mut count = 0;
        while let Some(action) = plan.next().await {
            let action = action?;
            count += 1;
            report(&transfers.output, ends, &action, Ok(()))?;
            on_done(&action);
        }
        return Ok(count);
    }
    let reports = Arc::new(Reports {
        failed: Mutex::default(),
        count: Mutex::default(),
    });
    let (output, ends, shared) = (
        Arc::clone(&transfers.output),
        ends.clone(),
        Arc::clone(&reports),
    );
    let progress = transfers.progress.clone();
    let files = transfers.progress.clone();
    let last = Mutex::new(FolderProgress::default());
    transfer
        .on_progress(move |event| {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            let delta = event.bytes as i64 - last.bytes as i64;
            progress.add_total(event.planned_bytes.saturating_sub(last.planned_bytes));
            progress.advance(delta);
            *last = event;
        })
        .on_result(move |action, result| {
            shared.count();
            let is_transfer = !matches!(
                action,
                FolderAction::Skip { .. } | FolderAction::Delete { .. }
            );
            if is_transfer {
                files.finish_file();
            }
            if result.is_ok() {
                on_done(action);
            }
            if let Err(error) = report(&output, &ends, action, result) {
                shared.fail(error);
            }
        })
        .await?;
    reports.result()
}

/// Results that the callbacks of a transfer collect.
struct Reports {
    failed: Mutex<Option<anyhow::Error>>,
    count: Mutex<u64>,
}

impl Reports {
    fn count(&self) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }

    fn fail(&self, error: anyhow::Error) {
        self.failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(error);
    }

    fn result(&self) -> Result<u64> {
        let failed = self
            .failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let count = *self.count.lock().unwrap_or_else(PoisonError::into_inner);
        failed.map_or(Ok(count), Err)
    }
}

/// Prints an action. Files that are equal on both sides are only printed with `--json`.
fn report(
    output: &Output,
    ends: &Ends,
    action: &FolderAction,
    result: Result<(), &Error>,
) -> Result<()> {
    let mut described = ends.describe(action, output.json());
    if let FolderAction::Skip { reason, .. } = action {
        if reason.is_failure() {
            let error = described.reason.take().unwrap_or_default();
            output.failed(&described.action(), &anyhow!(error));
            return Ok(());
        }
        if matches!(reason, SkipReason::Unchanged(_)) && !output.json() {
            return Ok(());
        }
        return output.action(&described.action());
    }
    match result {
        Ok(()) => output.action(&described.action()),
        Err(error) => {
            output.failed_request(&described.action(), error);
            Ok(())
        }
    }
}

/// The sources of a move that are not needed any longer.
#[derive(Default)]
struct Moved(Mutex<(Vec<String>, Vec<PathBuf>)>);

impl Moved {
    fn add(&self, action: &FolderAction) {
        let mut moved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match action {
            FolderAction::Upload { file, .. } => moved.1.push(file.clone()),
            FolderAction::Download { key, .. } => moved.0.push(key.clone()),
            FolderAction::Copy { source, .. } => moved.0.push(source.clone()),
            _ => {}
        }
    }

    /// Deletes the sources, and reports each one.
    async fn remove(&self, transfers: &Transfers, ends: &Ends) -> Result<()> {
        let (keys, files) = {
            let mut moved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *moved)
        };
        let is_dry = transfers.options.dry_run;
        if let (Location::Remote(source), false) = (&ends.source, keys.is_empty()) {
            let bucket = transfers.session.bucket(&source.bucket).await?;
            let keys = stream::iter(keys.into_iter().map(Ok));
            rm::delete_keys(&transfers.output, &bucket, keys, is_dry).await?;
        }
        for file in &files {
            let path = file.display().to_string();
            let action = Action::new("delete", &path);
            let removed = match is_dry {
                true => Ok(()),
                false => tokio::fs::remove_file(file).await,
            };
            match removed {
                Ok(()) => transfers.output.action(&action)?,
                Err(error) => transfers.output.failed(&action, &error.into()),
            }
        }
        if let (Location::Local(folder), false) = (&ends.source, is_dry) {
            remove_empty_folders(folder, &files).await;
        }
        Ok(())
    }
}

/// Removes the folders that a move has emptied, from the files up to the source folder.
async fn remove_empty_folders(top: &Path, files: &[PathBuf]) {
    let mut folders: Vec<_> = files
        .iter()
        .flat_map(|file| {
            file.ancestors()
                .skip(1)
                .take_while(|folder| folder.starts_with(top))
        })
        .collect();
    // A folder is longer than those that contain it.
    folders.sort_by_key(|folder| std::cmp::Reverse(folder.as_os_str().len()));
    folders.dedup();
    for folder in folders {
        // A folder that is not empty stays.
        let _ = tokio::fs::remove_dir(folder).await;
    }
}
