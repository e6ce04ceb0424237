//! [`Download`]: downloads objects of any size to a file or a writer.

mod file_download;
mod file_writer;
mod object_reader;
mod part_file;
mod range_sink;
mod resume_state;
mod start;
pub(super) mod target;
mod verifier;
mod write_progress;
mod writer_download;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
#[cfg(feature = "folders")]
use std::sync::Arc;

use super::request_setters::request_setters;
use super::transfer_options::TransferOptions;
use crate::base::error::Result;
use crate::base::timestamp::Timestamp;
use crate::client::Bucket;
use crate::message::metadata::Metadata;
use crate::message::sse::SseKey;
use crate::message::transfer_monitor::Progress;
#[cfg(feature = "folders")]
use crate::message::transfer_monitor::TransferMonitor;
use target::DownloadTarget;

impl Bucket {
    /// Downloads an object of any size to a file or a writer: large objects in concurrent ranges.
    /// See [`Download`].
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::DownloadTarget;
    ///
    /// let output = bucket.download("video.mp4", "copy.mp4").await?;
    /// println!("{} bytes, ETag {}", output.bytes, output.etag);
    /// let mut content = Vec::new();
    /// bucket.download("hello.txt", DownloadTarget::writer(&mut content)).await?;
    /// # Ok(()) }
    /// ```
    pub fn download<'a>(
        &self,
        key: impl Into<String>,
        target: impl Into<DownloadTarget<'a>>,
    ) -> Download<'a> {
        Download {
            bucket: self.clone(),
            key: key.into(),
            target: target.into(),
            options: DownloadOptions {
                transfer: TransferOptions::new(Download::DEFAULT_PART_SIZE),
                resumable: false,
                sync_to_disk: true,
                file_metadata: false,
                version_id: None,
            },
        }
    }
}

/// A download, created by [`Bucket::download`]. It starts when it is awaited.
///
/// The first request asks for the first range, and its response contains the size and the ETag
/// of the object. The rest of a larger object is downloaded in ranges, several at a time. Each
/// request for a range has this ETag as a condition (`If-Match`): if the object is overwritten
/// in the meantime, the download fails with an error for which
/// [`is_precondition_failed`](crate::Error::is_precondition_failed) returns `true`, and never mixes
/// two objects. An interrupted range is resumed like any [`ByteStream`](crate::ByteStream). If a
/// response is not the requested range, the download fails with `Integrity`. If the first response
/// has no ETag, or a weak one, the whole object is downloaded with one request.
///
/// # Verification
///
/// The size is always verified. The MD5 is verified if the ETag is an MD5: this is the case
/// for objects that were uploaded with one request, unless they are encrypted with a
/// customer-provided key. A mismatch is an `Integrity` error. See [`verify`](Self::verify).
///
/// # Files
///
/// The bytes are written to a temporary file next to the target. It replaces the target after all
/// bytes were received, verified and flushed to the disk (see [`sync_to_disk`](Self::sync_to_disk)).
/// If the download fails or its future is dropped, the temporary file is removed and an existing
/// target stays unchanged. Only if the flush of the folder fails, the complete file has replaced the
/// target; the error says so. The file of a killed process, `.<name>.qingstor-<number>.part`, is removed
/// by the next download to the same path (on Unix). A download to a path with such a name is an error.
/// See [`resumable`](Self::resumable) for an alternative.
///
/// # Writers
///
/// A writer receives the bytes in order, before their MD5 is verified: the written content is valid
/// only if the download succeeds.
///
/// # Memory
///
/// A download to a file needs 256 KiB for each connection. A download to a writer needs up to
/// `part_size * (concurrency + 1)` bytes. All transfers of a client together hold at most
/// [`Config::transfer_memory`](crate::Config::transfer_memory) bytes.
///
/// # Examples
///
/// ```no_run
/// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// let output = bucket
///     .download("backup.tar", "backup.tar")
///     .concurrency(8)
///     .resumable(true)
///     .await?;
/// println!("{} bytes, verified: {}", output.bytes, output.verified);
/// # Ok(()) }
/// ```
#[must_use = "a download does nothing until it is awaited"]
pub struct Download<'a> {
    bucket: Bucket,
    key: String,
    target: DownloadTarget<'a>,
    options: DownloadOptions,
}

struct DownloadOptions {
    transfer: TransferOptions,
    resumable: bool,
    sync_to_disk: bool,
    file_metadata: bool,
    version_id: Option<String>,
}

impl Download<'_> {
    /// Default of [`part_size`](Self::part_size) in bytes: 8 MiB.
    pub const DEFAULT_PART_SIZE: u64 = 8 << 20;

    /// Counts the bytes with a monitor that several transfers share.
    #[cfg(feature = "folders")]
    pub(super) fn shared_monitor(mut self, monitor: Arc<TransferMonitor>) -> Self {
        self.options.transfer.shared_monitor = Some(monitor);
        self
    }

    /// Sets the size of a range: at least 64 KiB. Default:
    /// [`DEFAULT_PART_SIZE`](Self::DEFAULT_PART_SIZE). An object of up to this size is downloaded
    /// with one request.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.options.transfer.part_size = bytes;
        self
    }

    /// Sets how many ranges are downloaded at the same time: at least 1.
    ///
    /// By default, the client adapts the number to the throughput, see
    /// [the guide](crate::guide::transport#concurrency).
    pub fn concurrency(mut self, ranges: usize) -> Self {
        self.options.transfer.concurrency = Some(ranges);
        self
    }

    /// Sets whether the MD5 of the content is compared with the ETag, if that is an MD5.
    /// Default: `true`. A file is read once more to compute its MD5, most of it while the rest is
    /// being downloaded.
    pub fn verify(mut self, verify: bool) -> Self {
        self.options.transfer.verify = verify;
        self
    }

    /// Keeps the received bytes if the download fails, and all but those of some two seconds if its
    /// future is dropped or the process is killed: in `.<name>.qingstor-resume.part` next to the target,
    /// with a list of the bytes in `.<name>.qingstor-resume.part.json`. A `<name>` of more than 40
    /// characters is shortened. The next resumable download of the same object to the same path
    /// continues from there. Another download to this path removes these files when it has replaced the
    /// target. If the object has changed, the download starts from the beginning. If the service returns
    /// no ranges or no strong ETag, nothing is kept. Transfers of folders do not transfer these files.
    ///
    /// While one download uses these files, another download to the same path fails with `Io`. After
    /// one that was dropped in this process, the next one waits up to 30 s for the writes that have
    /// started. A download also fails with `Io` if one of the files is a link, is not a regular file, or
    /// belongs to another user.
    ///
    /// Only a download to a file can be resumable; with a writer, it fails with `InvalidInput`.
    pub fn resumable(mut self, resumable: bool) -> Self {
        self.options.resumable = resumable;
        self
    }

    /// Sets whether a file is flushed to the disk before it replaces the target. Default: `true`.
    /// This takes as long as the disk needs to write the file.
    ///
    /// Without it, a power failure or a crash of the system in the seconds after the download can
    /// leave an empty or incomplete file under the name. The end of the process does no harm.
    pub fn sync_to_disk(mut self, sync: bool) -> Self {
        self.options.sync_to_disk = sync;
        self
    }

    /// Sets whether a file gets the modification time of the file that was uploaded, if that is in the
    /// [metadata](crate::MODIFIED_METADATA), or else the time of the last change of the object. Default:
    /// `false`. If the file system cannot store the time, the file keeps that of the download. Has no
    /// effect with a writer.
    pub fn file_metadata(mut self, restore: bool) -> Self {
        self.options.file_metadata = restore;
        self
    }

    /// Sets the version of the object, in a bucket with versioning.
    pub fn version_id(mut self, version_id: impl Into<String>) -> Self {
        self.options.version_id = Some(version_id.into());
        self
    }

    /// Calls `on_progress` whenever bytes are received, and after each range. The download waits for
    /// the callback, so it should return quickly.
    pub fn on_progress(mut self, on_progress: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.options.transfer.on_progress = Some(Box::new(on_progress));
        self
    }

    /// Limits the bytes per second that all connections of this download receive together.
    pub fn max_bytes_per_second(mut self, bytes: u64) -> Self {
        self.options.transfer.max_bytes_per_second = Some(bytes);
        self
    }

    /// Sets the key that the object is encrypted with.
    #[inline]
    pub fn sse_key(mut self, key: &SseKey) -> Self {
        self.options.transfer.sse_key = Some(key.clone());
        self
    }
}

request_setters!(Download<'_>);

impl<'a> IntoFuture for Download<'a> {
    type Output = Result<DownloadOutput>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Download<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("bucket", &self.bucket.name())
            .field("key", &self.key)
            .field("target", &self.target)
            .field("part_size", &self.options.transfer.part_size)
            .field("concurrency", &self.options.transfer.concurrency)
            .finish_non_exhaustive()
    }
}

/// Output of a [`Download`].
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DownloadOutput {
    /// Size of the object in bytes.
    pub bytes: u64,
    /// Number of bytes that an earlier, interrupted download had received.
    pub resumed: u64,
    /// ETag of the object, in double quotes.
    pub etag: String,
    /// Whether the MD5 was verified. See [`Download::verify`].
    pub verified: bool,
    /// ID of the version, in a bucket with versioning.
    pub version_id: Option<String>,
    /// Media type of the content.
    pub content_type: Option<String>,
    /// Time of the last change of the object, with a resolution of one second.
    pub last_modified: Option<Timestamp>,
    /// User metadata of the object.
    pub metadata: Metadata,
    /// Request ID of the first request of the download.
    pub request_id: Option<String>,
}
