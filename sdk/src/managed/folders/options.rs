//! Options of a [`FolderTransfer`].

use std::path::PathBuf;
use std::sync::Arc;

use super::FolderTransfer;
use super::action::FolderAction;
use super::filter::Filter;
use crate::base::error::{Error, Result};
use crate::generated::types::StorageClass;
use crate::managed::part_sizes::{PartSizes, check_multipart_threshold};
use crate::managed::transfer_options::{check_concurrency, check_rate};
use crate::managed::{Download, Upload};
use crate::message::metadata::Metadata;
use crate::message::sse::SseKey;

/// How a [`FolderTransfer`] finds out whether a file and an object differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compare {
    /// By size, then by time. Up: the file differs if it is newer than the object. Down: the object
    /// differs if its time is not that of the file; the time of an object is the one that an upload
    /// stored in its metadata ([`MODIFIED_METADATA`](crate::MODIFIED_METADATA)), or else that of its
    /// last change. Between buckets: objects with the same ETag are equal; otherwise, the source
    /// differs if it is newer, or was changed in the same second and has another MD5.
    #[default]
    SizeAndTime,
    /// By size only.
    SizeOnly,
    /// By size, then by content: reads the local file and compares its MD5, or the MD5s of its parts,
    /// with the ETag of the object. Between buckets: compares the ETags; if they are not comparable,
    /// such as those of encrypted objects or of different part sizes, the size decides.
    Checksum,
    /// By size, then by content or time, whichever side is the source: for a comparison, or to make the
    /// target equal also where it is newer. The MD5s of two objects, and of files of up to 64 KiB, are
    /// compared first. Otherwise, a file and an object differ if their times do, and the ETag does not show
    /// that their contents are equal; and two objects differ if the times of their files do.
    AnyDifference,
}

/// Progress of a [`FolderTransfer`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FolderProgress {
    /// Bytes that were sent or received. Bytes that have to be transferred again are subtracted
    /// first, so the number may fall. Copies within a zone do not count.
    pub bytes: u64,
    /// Bytes of all transfers that are known so far.
    pub planned_bytes: u64,
    /// Number of finished transfers and deletions, including failed ones.
    pub files: u64,
    /// Number of transfers and deletions that are known so far.
    pub planned_files: u64,
    /// Whether all actions are known, so that the planned numbers are final.
    pub is_planned: bool,
    /// Average rate of the last five seconds.
    pub bytes_per_second: f64,
}

pub(super) type OnStart = Arc<dyn Fn(&FolderAction) + Send + Sync>;
pub(super) type OnResult = Arc<dyn Fn(&FolderAction, Result<(), &Error>) + Send + Sync>;
pub(super) type OnFolderProgress = Arc<dyn Fn(FolderProgress) + Send + Sync>;

/// Options of a transfer.
#[derive(Clone)]
pub(super) struct FolderOptions {
    pub(super) compare: Option<Compare>,
    pub(super) overwrite: bool,
    pub(super) update: bool,
    pub(super) delete: bool,
    pub(super) max_delete: Option<u64>,
    pub(super) filter: Filter,
    pub(super) follow_symlinks: bool,
    pub(super) folder_markers: bool,
    pub(super) rename_invalid: bool,
    pub(super) jobs: Option<usize>,
    pub(super) concurrency: Option<usize>,
    /// `None` if each kind of transfer has its default.
    pub(super) part_size: Option<u64>,
    /// As `part_size`.
    pub(super) multipart_threshold: Option<u64>,
    pub(super) verify: bool,
    pub(super) resumable: bool,
    pub(super) sync_to_disk: bool,
    pub(super) token_folder: Option<PathBuf>,
    pub(super) max_bytes_per_second: Option<u64>,
    pub(super) content_type: Option<String>,
    pub(super) storage_class: Option<StorageClass>,
    pub(super) metadata: Metadata,
    pub(super) sse_key: Option<SseKey>,
    pub(super) source_sse_key: Option<SseKey>,
    pub(super) on_start: Option<OnStart>,
    pub(super) on_result: Option<OnResult>,
    pub(super) on_progress: Option<OnFolderProgress>,
}

impl Default for FolderOptions {
    fn default() -> Self {
        Self {
            compare: None,
            overwrite: true,
            update: false,
            delete: false,
            max_delete: None,
            filter: Filter::default(),
            follow_symlinks: true,
            folder_markers: false,
            rename_invalid: false,
            jobs: None,
            concurrency: None,
            part_size: None,
            multipart_threshold: None,
            verify: true,
            resumable: false,
            sync_to_disk: false,
            token_folder: None,
            max_bytes_per_second: None,
            content_type: None,
            storage_class: None,
            metadata: Metadata::new(),
            sse_key: None,
            source_sse_key: None,
            on_start: None,
            on_result: None,
            on_progress: None,
        }
    }
}

impl FolderOptions {
    /// Returns the part size of uploads and downloads.
    pub(super) fn part_size(&self) -> u64 {
        self.part_size.unwrap_or(Upload::DEFAULT_PART_SIZE)
    }

    /// Returns up to which size a file is uploaded with one request.
    pub(super) fn multipart_threshold(&self) -> u64 {
        let default = Upload::DEFAULT_MULTIPART_THRESHOLD;
        self.multipart_threshold.unwrap_or(default)
    }

    /// Rejects invalid options before the first request.
    pub(super) fn check(&self) -> Result<()> {
        check_concurrency(self.concurrency)?;
        check_multipart_threshold(self.multipart_threshold())?;
        PartSizes::new(self.part_size(), None)?;
        if self.jobs == Some(0) {
            return Err(Error::invalid_input("jobs: must be at least 1"));
        }
        check_rate(self.max_bytes_per_second)
    }
}

impl FolderTransfer {
    /// Sets how files are compared. `None` transfers all files without a comparison, which is the
    /// default of [`upload_dir`](crate::Bucket::upload_dir) and
    /// [`download_dir`](crate::Bucket::download_dir).
    pub fn compare(mut self, compare: impl Into<Option<Compare>>) -> Self {
        self.options.compare = compare.into();
        self
    }

    /// Sets whether an existing file or object in the target may be replaced. Default: `true`.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.options.overwrite = overwrite;
        self
    }

    /// Sets whether files are skipped that are newer in the target than in the source. Default:
    /// `false`. The time of an object is the one in its metadata
    /// ([`MODIFIED_METADATA`](crate::MODIFIED_METADATA)), or else that of its last change.
    pub fn update(mut self, update: bool) -> Self {
        self.options.update = update;
        self
    }

    /// Sets whether files and objects of the target are deleted that the source does not have.
    /// Default: `false`. Excluded paths are neither transferred nor deleted.
    ///
    /// If the source is empty, nothing is deleted unless [`max_delete`](Self::max_delete) is set.
    /// After a failure, nothing is deleted either: the target may have the only copy of a file that was
    /// renamed in the source. Paths that are never transferred, such as dangling links, are
    /// failures unless they are excluded.
    pub fn delete(mut self, delete: bool) -> Self {
        self.options.delete = delete;
        self
    }

    /// Sets how many files, folders and objects may be deleted. If there are more, none is deleted,
    /// and each one is reported as a failure
    /// ([`SkipReason::TooManyDeletions`](crate::SkipReason::TooManyDeletions)).
    pub fn max_delete(mut self, paths: u64) -> Self {
        self.options.max_delete = Some(paths);
        self
    }

    /// Includes the paths that match a glob. See [`exclude`](Self::exclude).
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the glob is invalid.
    pub fn include(mut self, glob: &str) -> Result<Self> {
        self.options.filter.add(true, glob)?;
        Ok(self)
    }

    /// Excludes the paths that match a glob: they are neither transferred nor deleted, on both sides.
    ///
    /// A glob without `/` matches names at any depth, and one with a `/` at the start or in the middle
    /// matches the path from the source on. Of several globs, the last one that matches decides. [The
    /// guide](crate::guide::folders#globs) has all rules.
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// // Everything except logs, but with `important.log`.
    /// let upload = bucket.upload_dir("app", "app/");
    /// upload.exclude("*.log")?.include("important.log")?.await?;
    /// // Only images, but not those in `drafts`.
    /// let upload = bucket.upload_dir("site", "site/");
    /// upload.include("*.{jpg,png}")?.exclude("drafts/")?.await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the glob is invalid.
    pub fn exclude(mut self, glob: &str) -> Result<Self> {
        self.options.filter.add(false, glob)?;
        Ok(self)
    }

    /// Sets a function that decides which paths are included, in addition to the globs. It receives
    /// the path relative to the source folder or the prefix. Folders end in `/`.
    pub fn filter(mut self, filter: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.options.filter.set_predicate(Arc::new(filter));
        self
    }

    /// Sets whether symbolic links in a source folder are followed. Default: `true`. Otherwise links
    /// are skipped silently.
    ///
    /// A link to a folder that contains it is not followed. In a target folder, links to folders are
    /// never followed.
    pub fn follow_symlinks(mut self, follow: bool) -> Self {
        self.options.follow_symlinks = follow;
        self
    }

    /// Sets whether a marker object, whose key ends in `/`, is uploaded for each empty folder.
    /// Default: `false`. Downloads always create the folders of markers.
    pub fn folder_markers(mut self, markers: bool) -> Self {
        self.options.folder_markers = markers;
        self
    }

    /// Sets whether keys that cannot be file names are stored under encoded names. Default: `false`;
    /// such keys are reported.
    ///
    /// The encoding is reversible, and an upload with this option restores the keys: `%` and each
    /// character that is not allowed become `%` and two hexadecimal digits for each byte, `.` and
    /// `..` become `%2E` and `%2E%2E`, an empty name becomes `%`, and reserved names, also those of
    /// temporary files, and names that end in a dot or a space have one character encoded.
    pub fn rename_invalid(mut self, rename: bool) -> Self {
        self.options.rename_invalid = rename;
        self
    }

    /// Sets how many files are in progress at the same time: at least 1. Default: 32, or fewer if the
    /// process may not open enough files. The client's limits of requests and memory apply in
    /// addition.
    pub fn jobs(mut self, files: usize) -> Self {
        self.options.jobs = Some(files);
        self
    }

    /// Sets how many parts of one large file are transferred at the same time, as
    /// [`Upload::concurrency`](crate::Upload::concurrency) does.
    pub fn concurrency(mut self, parts: usize) -> Self {
        self.options.concurrency = Some(parts);
        self
    }

    /// Sets the size of a part, or of a range of a download, as
    /// [`Upload::part_size`](crate::Upload::part_size),
    /// [`Download::part_size`](crate::Download::part_size) and
    /// [`CopyObject::part_size`](crate::CopyObject::part_size) do: 4 MiB to 5 GiB.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.options.part_size = Some(bytes);
        self
    }

    /// Sets up to which size a file is sent, or an object is copied, with one request, as
    /// [`Upload::multipart_threshold`](crate::Upload::multipart_threshold) and
    /// [`CopyObject::multipart_threshold`](crate::CopyObject::multipart_threshold) do.
    pub fn multipart_threshold(mut self, bytes: u64) -> Self {
        self.options.multipart_threshold = Some(bytes);
        self
    }

    /// Sets whether contents are verified, as [`Upload::verify`](crate::Upload::verify) and
    /// [`Download::verify`](crate::Download::verify) do. Default: `true`.
    pub fn verify(mut self, verify: bool) -> Self {
        self.options.verify = verify;
        self
    }

    /// Sets whether interrupted downloads of objects over 8 MiB keep their bytes, as
    /// [`Download::resumable`](crate::Download::resumable) does. Default: `false`.
    pub fn resumable(mut self, resumable: bool) -> Self {
        self.options.resumable = resumable;
        self
    }

    /// Keeps the parts of interrupted uploads, and stores their resume tokens in this local folder,
    /// which is created if necessary. The next transfer with the same folder continues the upload of
    /// each file that has not changed, to the same key. For a file with another size or modification
    /// time, it aborts the earlier upload and starts a new one. If the earlier upload was aborted, a new
    /// one starts. See [`Upload::token_folder`](crate::Upload::token_folder).
    ///
    /// Parts use storage until their upload is completed or aborted. A file that is deleted or renamed
    /// leaves its parts and its token: a lifecycle rule of the bucket can remove the parts.
    pub fn token_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.options.token_folder = Some(folder.into());
        self
    }

    /// Sets whether each downloaded file is flushed to the disk, as
    /// [`Download::sync_to_disk`](crate::Download::sync_to_disk) does. Default: `false`, because a
    /// disk needs milliseconds for each file. After a power failure, synchronize again: an empty or
    /// incomplete file differs in size. Set it if the objects are deleted after the download.
    pub fn sync_to_disk(mut self, sync: bool) -> Self {
        self.options.sync_to_disk = sync;
        self
    }

    /// Limits the bytes per second that all transfers of this folder send and receive together.
    pub fn max_bytes_per_second(mut self, bytes: u64) -> Self {
        self.options.max_bytes_per_second = Some(bytes);
        self
    }

    /// Sets the media type of all uploaded and copied objects. Default: the type of the file's
    /// extension, or of the copied object. The markers of folders keep their type.
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.options.content_type = Some(content_type.into());
        self
    }

    /// Sets the storage class of uploaded and copied objects. Default: `STANDARD`, or the class of the
    /// copied object.
    pub fn storage_class(mut self, class: StorageClass) -> Self {
        self.options.storage_class = Some(class);
        self
    }

    /// Sets the user metadata of all uploaded objects, and of copied objects instead of that of their
    /// sources. The time of the file is added as [`MODIFIED_METADATA`](crate::MODIFIED_METADATA),
    /// unless the metadata has this name; copies keep the time and the part size of their sources in
    /// the same way. Empty metadata has no effect.
    pub fn metadata(
        mut self,
        metadata: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.options.metadata = metadata.into_iter().collect();
        self
    }

    /// Sets the key that objects are encrypted with. For [`sync_to`](crate::Bucket::sync_to), this is
    /// the key of the copies.
    pub fn sse_key(mut self, key: &SseKey) -> Self {
        self.options.sse_key = Some(key.clone());
        self
    }

    /// Sets the key that the sources of [`sync_to`](crate::Bucket::sync_to) are encrypted with.
    pub fn copy_source_sse_key(mut self, key: &SseKey) -> Self {
        self.options.source_sse_key = Some(key.clone());
        self
    }

    /// Calls `on_start` when an action starts. The transfer waits for the callback, so it should
    /// return quickly.
    pub fn on_start(mut self, on_start: impl Fn(&FolderAction) + Send + Sync + 'static) -> Self {
        self.options.on_start = Some(Arc::new(on_start));
        self
    }

    /// Calls `on_result` for each action when it is done, or has failed. Skipped paths are reported,
    /// too; those that are a failure with an error. The transfer waits for the callback, so it should
    /// return quickly.
    pub fn on_result(
        mut self,
        on_result: impl Fn(&FolderAction, Result<(), &Error>) + Send + Sync + 'static,
    ) -> Self {
        self.options.on_result = Some(Arc::new(on_result));
        self
    }

    /// Calls `on_progress` whenever a connection has taken or received bytes, and after each file.
    /// The transfer waits for the callback, so it should return quickly.
    pub fn on_progress(
        mut self,
        on_progress: impl Fn(FolderProgress) + Send + Sync + 'static,
    ) -> Self {
        self.options.on_progress = Some(Arc::new(on_progress));
        self
    }
}

// Downloads and uploads have the same default, so that one option is enough.
const _: () = assert!(Upload::DEFAULT_PART_SIZE == Download::DEFAULT_PART_SIZE);
