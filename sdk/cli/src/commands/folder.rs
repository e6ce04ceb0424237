//! Transfers of folders, for `cp -r`, `mv -r`, patterns, and `sync`.

mod collisions;
mod location_pair;
mod source_deletion;

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow};
use qingstor_sdk::{Error, FolderAction, FolderProgress, FolderTransfer, PathFilter, SkipReason};

use super::transfers::{Transfers, token_folder, with_limits};
use crate::action::Operands;
use crate::arguments::{CopyArguments, Filters};
use crate::listing::{no_match, nothing};
use crate::location::{Location, Remote};
use crate::messages;
use crate::messages::reasons::skip_reason;
use crate::output::Output;
use crate::pattern::Pattern;
pub(super) use collisions::exclude_collisions;
pub(super) use location_pair::LocationPair;
use source_deletion::SourceDeletion;

/// The largest number of lines about paths that are not deleted for the same reason.
const MAX_REFUSED: u64 = 10;

/// A folder, or the part of it that matches a pattern.
pub(crate) struct FolderJob {
    pub(crate) locations: LocationPair,
    /// Pattern for the whole path or key.
    pub(crate) pattern: Option<Pattern>,
    /// The operand, as the user wrote it.
    pub(crate) operand: String,
    /// Paths relative to the source that are not transferred.
    pub(crate) excluded: Arc<HashSet<String>>,
}

impl FolderJob {
    /// Returns the context of an error of the whole transfer.
    pub(super) fn operands(&self, is_move: bool) -> Operands {
        self.locations.operands(&self.operand, is_move)
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
    locations: &LocationPair,
    filters: &Filters,
) -> Result<FolderTransfer> {
    let options = &transfers.options;
    transfer = filters
        .add_to(transfer, FolderTransfer::include, FolderTransfer::exclude)?
        .verify(transfers.verify())
        .sync_to_disk(options.fsync)
        .follow_symlinks(!options.no_follow_symlinks)
        .rename_invalid(options.rename_invalid);
    if options.resume && !options.dry_run {
        transfer = transfer.resumable(true).token_folder(token_folder()?);
        if let (Location::Local(_), Location::Remote(target)) =
            (&locations.source, &locations.target)
        {
            transfers.keep_folder(target);
        }
        let kept = transfers.session.kept_downloads().clone();
        transfer = transfer.on_start(move |action| {
            if let FolderAction::Download { file, .. } = action {
                kept.add_file(file);
            }
        });
    }
    if let Some(jobs) = options.jobs {
        transfer = transfer.jobs(jobs.into());
    }
    transfer = with_limits!(transfer, options);
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

/// Returns the transfer of a folder with the options of the command.
async fn configured(
    transfers: &Transfers,
    arguments: &CopyArguments,
    job: &FolderJob,
) -> Result<FolderTransfer> {
    let locations = &job.locations;
    let mut transfer = locations.transfer(transfers).await?;
    if let Some(pattern) = &job.pattern {
        // Folders that the pattern cannot reach are not read. The function below decides, so a pattern
        // that is not a valid filter, for example with too many alternatives, only takes longer.
        let glob = format!("/{}", pattern.below_folder());
        if PathFilter::new().include(&glob).is_ok() {
            transfer = transfer.include(&glob)?;
        }
    }
    transfer = configure(transfer, transfers, locations, &arguments.filters)?
        .overwrite(!arguments.no_clobber);
    // Patterns for keys contain the folder; patterns for files do not.
    let folder = match &locations.source {
        Location::Remote(remote) => remote.key.clone(),
        _ => String::new(),
    };
    if let (Some(pattern), Some(target)) = (&job.pattern, locations.target_below_source())
        && !pattern.can_match_below(&format!("{folder}{target}/"))
    {
        transfer = transfer.exclude(&format!("/{}", escaped(target)))?;
    }
    if job.pattern.is_none() && job.excluded.is_empty() {
        return Ok(transfer);
    }
    let (pattern, excluded) = (job.pattern.clone(), Arc::clone(&job.excluded));
    let filter = arguments.filters.path_filter()?;
    Ok(transfer.filter(move |path| {
        let is_match = |pattern: &Pattern| pattern.matches(&format!("{folder}{path}"));
        path.ends_with('/')
            || pattern.as_ref().is_none_or(is_match)
                && filter.includes(path)
                && !excluded.contains(path)
    }))
}

/// Returns a glob that matches only this text.
fn escaped(text: &str) -> String {
    let mut glob = String::with_capacity(text.len());
    for character in text.chars() {
        if "*?[]{}\\".contains(character) {
            glob.push('\\');
        }
        glob.push(character);
    }
    glob
}

/// Copies or moves a folder. Returns the number of actions.
///
/// # Errors
///
/// Returns an error if nothing could be transferred.
pub(super) async fn copy(
    transfers: &Transfers,
    arguments: &CopyArguments,
    job: &FolderJob,
    is_move: bool,
) -> Result<u64> {
    let locations = &job.locations;
    let transfer = configured(transfers, arguments, job).await?;
    transfers.check_stored_target(&locations.target).await?;
    let count = match is_move {
        true => {
            let deletions = SourceDeletion::start(transfers, job).await?;
            let done = run(transfers, locations, transfer, deletions.on_done()).await;
            // Also after an error: what is copied is deleted.
            deletions.finish().await.and(done)?
        }
        false => run(transfers, locations, transfer, |_| {}).await?,
    };
    let is_remote = matches!(locations.source, Location::Remote(_));
    let is_selected = job.pattern.is_some() || is_remote && arguments.filters.globs.is_empty();
    if count == 0 && is_selected && job.excluded.is_empty() {
        let error = match (&locations.source, &job.pattern) {
            (Location::Remote(source), Some(pattern)) => {
                let bucket = transfers.session.bucket(&source.bucket).await?;
                let operand = Remote::new(&source.bucket, pattern.text());
                no_match(&bucket, &operand, pattern).await
            }
            (Location::Local(_), Some(pattern))
                if matches_below(transfers, arguments, job, pattern).await =>
            {
                anyhow!(messages::only_folders_match(&job.operand))
            }
            _ => nothing(&job.operand),
        };
        transfers
            .output
            .error(&error.context(job.operands(is_move)));
    }
    Ok(count)
}

/// Returns whether a local pattern matches folders with files, which only `-r` includes.
async fn matches_below(
    transfers: &Transfers,
    arguments: &CopyArguments,
    job: &FolderJob,
    pattern: &Pattern,
) -> bool {
    let job = FolderJob {
        locations: job.locations.clone(),
        pattern: Some(pattern.clone().recursive(true)),
        operand: job.operand.clone(),
        excluded: Arc::clone(&job.excluded),
    };
    let Ok(transfer) = configured(transfers, arguments, &job).await else {
        return false;
    };
    matches!(transfer.plan().next().await, Some(Ok(_)))
}

/// Carries out a transfer, or prints its plan. Reports each action. Calls `on_done`, which may block,
/// for each action that succeeded, after its report. Returns the number of actions.
///
/// # Errors
///
/// Returns an error if nothing could be transferred.
pub(super) async fn run(
    transfers: &Transfers,
    locations: &LocationPair,
    transfer: FolderTransfer,
    on_done: impl Fn(&FolderAction) + Send + Sync + 'static,
) -> Result<u64> {
    if transfers.options.dry_run {
        transfers.check_stored_target(&locations.target).await?;
        let mut plan = transfer.plan();
        let mut count = 0;
        while let Some(action) = plan.next().await {
            let action = action?;
            count += 1;
            let result = plan.comparison_error().map_or(Ok(()), Err);
            report(
                &transfers.output,
                locations,
                &action,
                result,
                transfers.is_move,
            );
            on_done(&action);
        }
        return Ok(count);
    }
    let reports = Arc::new(Reports::default());
    let (output, locations, shared) = (
        Arc::clone(&transfers.output),
        locations.clone(),
        Arc::clone(&reports),
    );
    let is_move = transfers.is_move;
    let progress = transfers.progress.clone();
    let files = transfers.progress.clone();
    let kept = transfers.session.kept_downloads().clone();
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
            if let Some(reason) = refused_deletion(action)
                && !output.json()
                && shared.refuse(skip_reason(reason)) > MAX_REFUSED
            {
                output.count_failure();
                return;
            }
            report(&output, &locations, action, result, is_move);
            if let (FolderAction::Download { file, .. }, Ok(())) = (action, result) {
                kept.remove_file(file);
            }
            if result.is_ok() {
                on_done(action);
            }
        })
        .await?;
    for (reason, count) in reports.refused() {
        if count > MAX_REFUSED {
            let text = messages::not_deleted(count - MAX_REFUSED, reason);
            transfers.output.error(&anyhow!(text));
        }
    }
    Ok(reports.total())
}

/// Returns why a path is not deleted, if the reason concerns all deletions.
fn refused_deletion(action: &FolderAction) -> Option<&SkipReason> {
    match action {
        FolderAction::Skip {
            reason:
                reason @ (SkipReason::EmptySource
                | SkipReason::TooManyDeletions
                | SkipReason::TransferFailed),
            ..
        } => Some(reason),
        _ => None,
    }
}

/// Results that the callbacks of a transfer collect.
#[derive(Default)]
struct Reports {
    count: Mutex<u64>,
    /// Numbers of paths that are not deleted, by reason.
    refused: Mutex<BTreeMap<String, u64>>,
}

impl Reports {
    fn count(&self) {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }

    /// Counts a path that is not deleted. Returns how many have the same reason.
    fn refuse(&self, reason: String) -> u64 {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        let count = refused.entry(reason).or_default();
        *count += 1;
        *count
    }

    fn refused(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut *self.refused.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn total(&self) -> u64 {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Prints an action. Files that are equal on both sides are only printed with `--json`.
fn report(
    output: &Output,
    locations: &LocationPair,
    action: &FolderAction,
    result: Result<(), &Error>,
    is_move: bool,
) {
    let mut described = locations.describe(action, output.json());
    if let FolderAction::Skip { reason, .. } = action {
        if reason.is_failure() {
            let text = described.reason.take().unwrap_or_default();
            // For other reasons, the error says the same as the reason.
            let is_request = matches!(reason, SkipReason::NotCompared(_));
            let error = result.err().filter(|_| is_request);
            output.failed_with(&described.action(), &text, error);
        } else if !matches!(reason, SkipReason::Unchanged(_)) || output.json() {
            output.action(&described.action());
        }
        return;
    }
    match result {
        Ok(()) => output.action(&described.action()),
        Err(error) => {
            let failed = locations.describe_failed(action, output.json(), is_move);
            output.failed_request(&failed.action(), error);
        }
    }
}
