//! [`exclude_collisions`]: no target is written twice by one command.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use qingstor_sdk::FolderAction;

use super::super::copy::ClaimedTargets;
use super::super::transfers::Transfers;
use super::{FolderJob, LocationPair, configured};
use crate::arguments::CopyArguments;
use crate::location::Location;

/// Excludes the files and objects whose target another source of the command has, and reports them. The
/// first source has the target. `targets` are those of `files` single files.
///
/// Plans all transfers of the command, which needs memory for the names of their files. Does nothing if
/// the targets of the folders cannot overlap.
///
/// # Errors
///
/// Returns the error of a plan.
pub(in crate::commands) async fn exclude_collisions(
    transfers: &Transfers,
    arguments: &CopyArguments,
    mut targets: ClaimedTargets,
    files: usize,
    jobs: &mut [FolderJob],
) -> Result<()> {
    if !can_overlap(files, jobs) {
        return Ok(());
    }
    for job in jobs {
        let operands = || job.operands(transfers.is_move);
        let transfer = configured(transfers, arguments, job).await;
        let mut plan = transfer.with_context(operands)?.plan();
        let mut excluded = job.excluded.as_ref().clone();
        while let Some(action) = plan.next().await {
            let action = action.with_context(operands)?;
            let Some(path) = path_of(&job.locations, &action) else {
                continue;
            };
            let described = job.locations.describe(&action, transfers.output.json());
            let described = described.action();
            let target = described.target.unwrap_or_default();
            if let Err(error) = targets.add(target, described.source) {
                transfers.output.failed(&described, &error);
                excluded.insert(path);
            }
        }
        job.excluded = Arc::new(excluded);
    }
    Ok(())
}

/// Returns whether two sources can have one target: patterns have the same folder, and folders do if
/// they have the same name.
fn can_overlap(files: usize, jobs: &[FolderJob]) -> bool {
    let has_pattern = jobs.iter().any(|job| job.pattern.is_some());
    let has_equal_targets = jobs.iter().enumerate().any(|(index, job)| {
        let mut earlier = jobs.iter().take(index);
        earlier.any(|other| other.locations.target == job.locations.target)
    });
    has_equal_targets || has_pattern && files + jobs.len() > 1
}

/// Returns the path of a transfer, relative to the source. `None` for other actions.
fn path_of(locations: &LocationPair, action: &FolderAction) -> Option<String> {
    let (location, key) = match action {
        FolderAction::Download { key, .. } => (&locations.source, key),
        FolderAction::Upload { key, .. } | FolderAction::Copy { key, .. } => {
            (&locations.target, key)
        }
        _ => return None,
    };
    let Location::Remote(remote) = location else {
        return None;
    };
    key.strip_prefix(&remote.folder_prefix()).map(str::to_owned)
}
