//! [`Moved`]: deletes the sources of a move.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Result;
use futures_util::stream;
use qingstor_sdk::FolderAction;

use super::super::rm;
use super::super::transfers::Transfers;
use super::ends::Ends;
use crate::action::{Action, Verb};
use crate::location::Location;

/// The sources of a move that are not needed any longer.
#[derive(Default)]
pub(super) struct Moved(Mutex<(Vec<String>, Vec<PathBuf>)>);

impl Moved {
    /// Remembers the source of a transfer that is done.
    pub(super) fn add(&self, action: &FolderAction) {
        let mut moved = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match action {
            FolderAction::Upload { file, .. } => moved.1.push(file.clone()),
            FolderAction::Download { key, .. } => moved.0.push(key.clone()),
            FolderAction::Copy { source, .. } => moved.0.push(source.clone()),
            _ => {}
        }
    }

    /// Deletes the sources, and reports each one.
    pub(super) async fn remove(&self, transfers: &Transfers, ends: &Ends) -> Result<()> {
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
            let action = Action::new(Verb::Delete, &path);
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
