//! `cp` and `mv`: copies files and objects, or moves them.

mod claimed_targets;
mod file;
mod objects;
mod plan;
mod upload;

use std::sync::Arc;

use anyhow::Result;
use futures_util::{StreamExt as _, stream};

use super::folder;
use super::transfers::Transfers;
use crate::arguments::CopyArguments;
use crate::exit::{OutputClosed, UsageError};
use crate::messages;
use crate::output::Output;
use crate::session::Session;
pub(super) use claimed_targets::ClaimedTargets;
use plan::Job;

/// Number of single files at the same time.
const DEFAULT_JOBS: u16 = 16;

/// Runs the command: `mv` if `is_move` is set, otherwise `cp`.
pub(super) async fn run(
    session: &Arc<Session>,
    output: &Arc<Output>,
    arguments: CopyArguments,
    is_move: bool,
) -> Result<()> {
    let (jobs, targets) = plan::plan(session, output, &arguments, is_move).await?;
    let mut options = arguments.transfer.clone();
    // The source is deleted, so the copy has to survive a power failure.
    options.fsync |= is_move;
    let prints_content = jobs.iter().any(Job::prints_on_terminal);
    let object = &arguments.object;
    let mut transfers = Transfers::start(session, output, &options, object, prints_content).await?;
    transfers.is_move = is_move;
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for job in jobs {
        match job {
            Job::File(job) => files.push(job),
            Job::Folder(job) => folders.push(job),
        }
    }
    let singles = files.len();
    let mut count = singles as u64;
    folder::exclude_collisions(&transfers, &arguments, targets, singles, &mut folders).await?;
    // The limit of a rate applies to one transfer.
    let parallel = match arguments.transfer.limit_rate {
        Some(_) => 1,
        None => arguments.transfer.jobs.unwrap_or(DEFAULT_JOBS),
    };
    let (transfers_ref, arguments_ref) = (&transfers, &arguments);
    let mut done = stream::iter(files)
        .map(|job| async move { job.run(transfers_ref, arguments_ref, is_move).await })
        .boxed()
        .buffer_unordered(parallel.into());
    let mut result = Ok(());
    while let Some(finished) = done.next().await {
        result = result.and(finished);
    }
    drop(done);
    for job in folders {
        if result.is_err() {
            break;
        }
        match folder::copy(&transfers, &arguments, &job, is_move).await {
            Ok(actions) => count += actions,
            Err(error) => {
                let error = error.context(job.operands(is_move));
                match error.is::<OutputClosed>() || error.is::<UsageError>() {
                    true => result = Err(error),
                    false => output.error(&error),
                }
            }
        }
    }
    // Also after an error: what is copied is deleted.
    let deleted = transfers.moved_files.delete_all(output, options.dry_run);
    deleted.await;
    transfers.finish();
    if count == 0 && output.failures() == 0 && !arguments.filters.globs.is_empty() {
        output.warning(&messages::nothing_included());
    }
    result
}
