//! [`FolderTransfer`]: uploads, downloads and synchronizes folders.

pub(super) mod action;
mod case_detection;
mod compare;
mod context;
mod entry;
mod facts;
pub(super) mod file_name;
pub(super) mod filter;
mod listing;
mod local_folder;
mod merge;
pub(super) mod options;
pub(super) mod plan;
mod planned_action;
mod planner;
mod progress;
mod run;
mod sorter;
mod spool;
mod temporary_file;
mod transfer;
mod walk;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::path::Path;
use std::pin::Pin;

use super::request_setters::request_setters;
use crate::base::error::Result;
use crate::client::Bucket;
use action::FolderSummary;
use context::Direction;
use options::{Compare, FolderOptions};
use plan::FolderPlan;

impl Bucket {
    /// Uploads all files below a local folder: the file `folder/a/b.txt` becomes the object
    /// `<prefix>a/b.txt`. Existing objects are replaced. See [`FolderTransfer`].
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let summary = bucket.upload_dir("photos", "backup/photos/").await?;
    /// println!("{} files, {} bytes", summary.uploaded, summary.bytes);
    /// for failure in &summary.failures {
    ///     eprintln!("{failure}");
    /// }
    /// # Ok(()) }
    /// ```
    pub fn upload_dir(
        &self,
        folder: impl AsRef<Path>,
        prefix: impl Into<String>,
    ) -> FolderTransfer {
        let folder = folder.as_ref().to_owned();
        FolderTransfer::new(self, prefix, Direction::Up { folder })
    }

    /// Downloads all objects below a prefix: the object `<prefix>a/b.txt` becomes the file
    /// `folder/a/b.txt`. Existing files are replaced. See [`FolderTransfer`].
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let summary = bucket.download_dir("backup/photos/", "photos").await?;
    /// assert!(summary.is_complete(), "{:?}", summary.failures);
    /// # Ok(()) }
    /// ```
    pub fn download_dir(
        &self,
        prefix: impl Into<String>,
        folder: impl AsRef<Path>,
    ) -> FolderTransfer {
        let folder = folder.as_ref().to_owned();
        FolderTransfer::new(self, prefix, Direction::Down { folder })
    }

    /// Uploads the files of a local folder that differ from the objects below a prefix, and, with
    /// [`delete`](FolderTransfer::delete), deletes the objects without a file. See
    /// [`FolderTransfer`].
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let sync = bucket.sync_up("photos", "backup/photos/").delete(true).max_delete(100);
    /// let summary = sync.exclude("*.tmp")?.await?;
    /// println!("{} uploaded, {} deleted", summary.uploaded, summary.deleted);
    /// # Ok(()) }
    /// ```
    pub fn sync_up(&self, folder: impl AsRef<Path>, prefix: impl Into<String>) -> FolderTransfer {
        self.upload_dir(folder, prefix)
            .compare(Compare::SizeAndTime)
    }

    /// Downloads the objects below a prefix that differ from the files of a local folder, and, with
    /// [`delete`](FolderTransfer::delete), deletes the files without an object. See
    /// [`FolderTransfer`].
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// // Shows what would be done.
    /// let mut plan = bucket.sync_down("backup/photos/", "photos").delete(true).plan();
    /// while let Some(action) = plan.next().await.transpose()? {
    ///     println!("{action}");
    /// }
    /// # Ok(()) }
    /// ```
    pub fn sync_down(&self, prefix: impl Into<String>, folder: impl AsRef<Path>) -> FolderTransfer {
        self.download_dir(prefix, folder)
            .compare(Compare::SizeAndTime)
    }

    /// Copies the objects below a prefix that differ from those below a prefix of another bucket,
    /// and, with [`delete`](FolderTransfer::delete), deletes the objects of the target that the
    /// source does not have. Within a zone, the service copies the bytes, and the client does not
    /// receive them. Between zones or services, they pass through the client. See [`FolderTransfer`].
    ///
    /// To copy all objects without a comparison, add
    /// [`compare(None)`](FolderTransfer::compare). Within a bucket, the target prefix must not be in the
    /// source prefix, unless [`exclude`](FolderTransfer::exclude) excludes it.
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket, archive: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let summary = bucket.sync_to("photos/", &archive, "2026/photos/").await?;
    /// println!("{} objects copied", summary.copied);
    /// # Ok(()) }
    /// ```
    pub fn sync_to(
        &self,
        prefix: impl Into<String>,
        target: &Self,
        target_prefix: impl Into<String>,
    ) -> FolderTransfer {
        let direction = Direction::Between {
            source: self.clone(),
            source_prefix: as_folder(prefix.into()),
        };
        FolderTransfer::new(target, target_prefix, direction).compare(Compare::SizeAndTime)
    }
}

/// A transfer of a folder, created by [`Bucket::upload_dir`], [`Bucket::download_dir`],
/// [`Bucket::sync_up`], [`Bucket::sync_down`] or [`Bucket::sync_to`]. It starts when it is awaited.
///
/// The [guide](crate::guide::folders) describes what happens in each situation: comparison, links,
/// names, empty folders, deletions, failures.
///
/// A prefix is a folder: `logs` and `logs/` both mean the keys that start with `logs/`. An empty
/// prefix is the whole bucket.
///
/// # Plan
///
/// A transfer is a sequence of [`FolderAction`](crate::FolderAction)s. [`plan`](Self::plan) returns
/// them without carrying them out, for a dry run. `.await` carries out the same actions, several at
/// a time, and reports each one to [`on_result`](Self::on_result). Deletions follow all other
/// actions.
///
/// # Order and memory
///
/// Transfers start when the lists are complete and sorted; an upload without comparison needs no list.
/// The memory does not depend on the number of files. [The guide](crate::guide::folders#order) has the
/// reasons and numbers.
///
/// # Errors and cancellation
///
/// Returns an error if nothing can be transferred: the source folder does not exist or cannot be
/// read, a list fails, or an option is invalid. The failure of one file does not stop the others;
/// [`FolderSummary::failed`] counts them.
///
/// Dropping the future cancels all transfers: uploads in parts are aborted in the background, see
/// [`QingStor::wait_for_aborts`](crate::QingStor::wait_for_aborts), and a file appears in the target
/// folder only when it is complete.
#[must_use = "nothing is transferred until it is awaited"]
pub struct FolderTransfer {
    bucket: Bucket,
    /// Prefix in `bucket`: empty, or ends in `/`.
    prefix: String,
    direction: Direction,
    options: FolderOptions,
}

/// Returns the prefix of the keys below a folder.
fn as_folder(mut prefix: String) -> String {
    if !prefix.is_empty() && !prefix.ends_with('/') {
        prefix.push('/');
    }
    prefix
}

impl FolderTransfer {
    fn new(bucket: &Bucket, prefix: impl Into<String>, direction: Direction) -> Self {
        Self {
            bucket: bucket.clone(),
            prefix: as_folder(prefix.into()),
            direction,
            options: FolderOptions::default(),
        }
    }

    /// Returns the actions of this transfer as a stream, without carrying them out: a dry run.
    pub fn plan(self) -> FolderPlan {
        FolderPlan::new(self)
    }
}

request_setters!(FolderTransfer);

impl IntoFuture for FolderTransfer {
    type Output = Result<FolderSummary>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(run::run(self))
    }
}

impl fmt::Debug for FolderTransfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FolderTransfer")
            .field("bucket", &self.bucket.name())
            .field("prefix", &self.prefix)
            .field("direction", &self.direction)
            .finish_non_exhaustive()
    }
}
