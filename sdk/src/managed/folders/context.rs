//! [`Context`]: what all parts of one transfer share.

use std::collections::HashSet;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::FolderTransfer;
use super::compare::Kinds;
use super::file_name::NameRules;
use super::options::FolderOptions;
use crate::base::error::{Error, Result};
use crate::client::Bucket;
use crate::managed::copy::needs_client;
use crate::managed::errors::{blocking, create_folder, folder_error};
use crate::message::object_key::{self, KeyPlace};

/// Source or target of a transfer, besides the bucket.
#[derive(Clone, Debug)]
pub(super) enum Direction {
    Up {
        folder: PathBuf,
    },
    Down {
        folder: PathBuf,
    },
    Between {
        source: Bucket,
        /// Empty, or ends in `/`.
        source_prefix: String,
    },
}

/// State that all parts of one transfer share.
pub(super) struct Context {
    pub(super) bucket: Bucket,
    /// Prefix in `bucket`: empty, or ends in `/`.
    pub(super) prefix: String,
    pub(super) direction: Direction,
    pub(super) options: FolderOptions,
    pub(super) names: NameRules,
    /// Names of the token files of interrupted uploads.
    pub(super) tokens: HashSet<OsString>,
}

impl Context {
    /// Checks everything that needs no request. `is_run` means that the actions are carried out.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if an option is invalid, and `Io` if the source folder cannot be read.
    pub(super) async fn new(transfer: FolderTransfer, is_run: bool) -> Result<Arc<Self>> {
        let FolderTransfer {
            bucket,
            prefix,
            direction,
            options,
        } = transfer;
        options.check()?;
        check_prefix(&prefix)?;
        let mut names = NameRules::of_this_system();
        let mut token_files = HashSet::new();
        match &direction {
            Direction::Up { folder } => {
                check_source(folder.clone()).await?;
                if let Some(tokens) = &options.token_folder {
                    token_files = files_of_new_folder(tokens).await?;
                }
            }
            Direction::Down { folder } => {
                let folder = folder.clone();
                names = blocking(move || NameRules::of_folder(&folder, is_run)).await?;
            }
            Direction::Between {
                source,
                source_prefix,
            } => {
                check_prefix(source_prefix)?;
                check_buckets(source, source_prefix, &bucket, &prefix, &options)?;
            }
        }
        Ok(Arc::new(Self {
            bucket,
            prefix,
            direction,
            options,
            names,
            tokens: token_files,
        }))
    }

    pub(super) fn kinds(&self) -> Kinds {
        match self.direction {
            Direction::Up { .. } => Kinds::FileToObject,
            Direction::Down { .. } => Kinds::ObjectToFile,
            Direction::Between { .. } => Kinds::ObjectToObject,
        }
    }

    /// Returns whether the bytes of copies pass through the client.
    pub(super) fn copies_need_client(&self) -> bool {
        match &self.direction {
            Direction::Between { source, .. } => needs_client(source, &self.bucket),
            Direction::Up { .. } | Direction::Down { .. } => false,
        }
    }

    /// Returns the key of a path in `bucket`.
    pub(super) fn key(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// Returns the bucket and the key of an object whose metadata is compared: the source, or the
    /// target of an upload.
    pub(super) fn compared_object(&self, path: &str) -> (&Bucket, String) {
        match &self.direction {
            Direction::Up { .. } | Direction::Down { .. } => (&self.bucket, self.key(path)),
            Direction::Between {
                source,
                source_prefix,
            } => (source, format!("{source_prefix}{path}")),
        }
    }

    /// Returns the local path of a path.
    pub(super) fn local(&self, path: &str) -> PathBuf {
        match &self.direction {
            Direction::Up { folder } | Direction::Down { folder } => {
                local_path(folder, &self.name_on_disk(path))
            }
            Direction::Between { .. } => PathBuf::new(),
        }
    }

    /// Returns the path with encoded names, if that is requested.
    pub(super) fn name_on_disk(&self, path: &str) -> String {
        match self.options.rename_invalid {
            true => self.names.encode(path),
            false => path.to_owned(),
        }
    }
}

/// Returns the path below `folder` of a checked relative path with `/` between folders.
pub(super) fn local_path(folder: &Path, path: &str) -> PathBuf {
    let mut local = folder.to_owned();
    local.extend(path.split('/').filter(|name| !name.is_empty()));
    local
}

/// Rejects a prefix with which every key would be refused.
fn check_prefix(prefix: &str) -> Result<()> {
    match prefix {
        "" => Ok(()),
        prefix => object_key::check("prefix", prefix, KeyPlace::Path),
    }
}

/// Rejects a source that cannot be read before the first request.
async fn check_source(folder: PathBuf) -> Result<()> {
    let read = blocking(move || {
        let entries = std::fs::read_dir(&folder).map(drop);
        entries.map_err(|error| folder_error("read", &folder, error))
    });
    read.await?
}

/// Creates a folder if necessary, and returns the names in it.
async fn files_of_new_folder(folder: &Path) -> Result<HashSet<OsString>> {
    let folder = folder.to_owned();
    let names = blocking(move || {
        create_folder(&folder)?;
        let failed = |error| folder_error("read", &folder, error);
        let entries = std::fs::read_dir(&folder).map_err(failed)?;
        let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
        names.collect::<io::Result<_>>().map_err(failed)
    });
    names.await?
}

fn check_buckets(
    source: &Bucket,
    source_prefix: &str,
    target: &Bucket,
    prefix: &str,
    options: &FolderOptions,
) -> Result<()> {
    // The names of a service are unique over all of its zones.
    if source.name() != target.name() || !source.is_of_same_service(target) {
        return Ok(());
    }
    let below = prefix.strip_prefix(source_prefix);
    if below.is_some_and(|below| below.is_empty() || !options.filter.excludes_all_below(below)) {
        let text = "the target prefix is in the source prefix of the same bucket, and not excluded";
        return Err(Error::invalid_input(text));
    }
    if options.delete && source_prefix.starts_with(prefix) {
        let text = "deletions would delete the source, which is in the target prefix";
        return Err(Error::invalid_input(text));
    }
    Ok(())
}
