//! [`Upload`]: uploads content of any size.

mod content_type;
mod earlier_upload;
pub(super) mod file_etag;
mod multipart;
mod part_content;
mod part_memory;
mod part_queue;
mod part_reader;
mod pipe;
pub(super) mod resume_token;
pub(super) mod source;
mod start;
mod stream_memory;
mod stream_reader;
pub(super) mod token_store;
mod uploader;
pub(super) mod writer;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::path::PathBuf;
use std::pin::Pin;
#[cfg(feature = "folders")]
use std::sync::Arc;

use super::request_setters::request_setters;
use super::transfer_options::TransferOptions;
use crate::base::error::Result;
use crate::client::Bucket;
use crate::generated::operations::InitiateMultipartUploadInput;
use crate::generated::types::StorageClass;
use crate::message::sse::SseKey;
use crate::message::transfer_monitor::Progress;
#[cfg(feature = "folders")]
use crate::message::transfer_monitor::TransferMonitor;
use resume_token::{OnToken, ResumeToken};
use source::UploadSource;

impl Bucket {
    /// Uploads content of any size: small content with one request, large content in concurrent
    /// parts. See [`Upload`].
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::UploadSource;
    ///
    /// bucket.upload("hello.txt", b"hello").await?;
    /// let output = bucket.upload("video.mp4", UploadSource::path("video.mp4")).await?;
    /// println!("{} bytes in {} parts", output.bytes, output.parts);
    /// bucket.upload("log.txt", UploadSource::reader(tokio::io::empty())).await?;
    /// # Ok(()) }
    /// ```
    pub fn upload<'a>(
        &self,
        key: impl Into<String>,
        source: impl Into<UploadSource<'a>>,
    ) -> Upload<'a> {
        Upload::new(self.clone(), key.into(), source.into())
    }

    /// Resumes an interrupted upload from its token. The source should have the same content as
    /// before: parts that differ are sent again. See [`Upload::resumable`].
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> Result<(), Box<dyn std::error::Error>> {
    /// use qingstor_sdk::{ResumeToken, UploadSource};
    ///
    /// let token: ResumeToken = std::fs::read_to_string("video.token")?.parse()?;
    /// bucket.resume_upload(token, UploadSource::path("video.mp4")).await?;
    /// # Ok(()) }
    /// ```
    pub fn resume_upload<'a>(
        &self,
        token: ResumeToken,
        source: impl Into<UploadSource<'a>>,
    ) -> Upload<'a> {
        let mut upload = self.upload(&token.key, source);
        upload.token = Some(token);
        upload.options.resumable = true;
        upload
    }
}

/// An upload, created by [`Bucket::upload`]. It starts when it is awaited.
///
/// Content of up to [`multipart_threshold`](Self::multipart_threshold) bytes is sent with one
/// request, larger content in parts, several at a time. Content from a reader or a stream is sent
/// with one request if it fits into the first part. The client's retry policy applies to each
/// request.
///
/// # Verification
///
/// The ETag in the response to each part must be the MD5 of the bytes that were sent. If it differs,
/// is empty or is missing, the part is sent once more; then the upload fails with `Integrity`. A part
/// of a stream is not sent again if its bytes were
/// [released](crate::guide::uploads#the-cost-of-verification). An ETag that is not an MD5, or that
/// belongs to content encrypted with a customer-provided key, is not compared, but must be present.
/// See [`verify`](Self::verify) and [`compute_content_md5`](Self::compute_content_md5).
///
/// The object of a multipart upload has the ETag `"<MD5 of the parts' MD5s>-<number of
/// parts>"`. [`etag_of_file`](crate::etag_of_file) computes it for a local file.
///
/// # Memory
///
/// A file is read while it is sent, with 256 KiB for each connection. Verification needs up to 2 MiB
/// more. A reader or a stream needs up to `part_size * (concurrency + 1)` bytes: the parts that are
/// being sent, and the one that is being read. Bytes in memory are not copied, nor are chunks of a
/// stream that have at least 16 KiB.
///
/// All transfers of a client together hold at most
/// [`Config::transfer_memory`](crate::Config::transfer_memory) bytes; that setter lists the small
/// exceptions. An upload keeps what it has received of a part while its source is silent: limit the
/// number of sources that can stall. [`timeout`](Self::timeout) does not limit the wait for the
/// source; dropping the future, for example by `tokio::time::timeout`, ends it.
///
/// # Limits
///
/// An object has at most 50 TB, and an upload has at most 10,000 parts. If the length is known, the
/// parts are as large as necessary. If it is not known, the part size doubles after every 1,000
/// parts, up to 5 GiB: with a first part of 8 MiB, this is enough for 8.5 TB.
///
/// # Errors and cancellation
///
/// An upload that fails aborts its multipart upload before it returns the error, unless it is
/// [`resumable`](Self::resumable). If the abort fails, too, the parts stay, the error contains a
/// [resume token](crate::Error::resume_token), and
/// [`QingStor::wait_for_aborts`](crate::QingStor::wait_for_aborts) returns the error of the abort.
/// Dropping the future closes the connections, and starts a task on
/// the runtime that aborts the multipart upload. The parts stay if the runtime ends first:
/// `wait_for_aborts` waits for these tasks. If the
/// response to the initiation is lost, an upload without parts stays, because its ID is unknown. A
/// lifecycle rule of the bucket can remove such uploads. To discard a resumable upload, call
/// [`Bucket::abort_multipart_upload`].
///
/// If a source file changes while it is read, the upload fails with `Io`. An upload in parts is then not
/// completed, so an existing object stays. An upload with one request has replaced the object already,
/// perhaps by a mixture of both contents.
///
/// # Examples
///
/// ```no_run
/// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::UploadSource;
///
/// let output = bucket
///     .upload("backup.tar", UploadSource::path("backup.tar"))
///     .concurrency(8)
///     .metadata([("host", "web-1")])
///     .on_progress(|progress| println!("{} of {:?}", progress.bytes, progress.total))
///     .await?;
/// println!("{} bytes in {} parts", output.bytes, output.parts);
/// # Ok(()) }
/// ```
#[must_use = "an upload does nothing until it is awaited"]
pub struct Upload<'a> {
    bucket: Bucket,
    source: UploadSource<'a>,
    token: Option<ResumeToken>,
    options: UploadOptions,
}

struct UploadOptions {
    transfer: TransferOptions,
    multipart_threshold: u64,
    compute_content_md5: bool,
    resumable: bool,
    on_token: Option<OnToken>,
    token_file: Option<PathBuf>,
    /// Folder of a token file whose name depends on the upload.
    token_folder: Option<PathBuf>,
    /// Whether a new upload starts if that of the token file was aborted, or the file is damaged.
    replaces_aborted: bool,
    file_metadata: bool,
    /// Key and attributes of the object, for both kinds of uploads.
    object: InitiateMultipartUploadInput,
}

impl Upload<'_> {
    /// Default of [`part_size`](Self::part_size) in bytes: 8 MiB.
    pub const DEFAULT_PART_SIZE: u64 = 8 << 20;

    /// Default of [`multipart_threshold`](Self::multipart_threshold) in bytes: 16 MiB.
    pub const DEFAULT_MULTIPART_THRESHOLD: u64 = 16 << 20;
}

impl<'a> Upload<'a> {
    fn new(bucket: Bucket, key: String, source: UploadSource<'a>) -> Self {
        Self {
            bucket,
            source,
            token: None,
            options: UploadOptions {
                transfer: TransferOptions::new(Self::DEFAULT_PART_SIZE),
                multipart_threshold: Self::DEFAULT_MULTIPART_THRESHOLD,
                compute_content_md5: false,
                resumable: false,
                on_token: None,
                token_file: None,
                token_folder: None,
                replaces_aborted: false,
                file_metadata: false,
                object: InitiateMultipartUploadInput::new(key),
            },
        }
    }

    /// Counts the bytes with a monitor that several transfers share.
    #[cfg(feature = "folders")]
    pub(super) fn shared_monitor(mut self, monitor: Arc<TransferMonitor>) -> Self {
        self.options.transfer.shared_monitor = Some(monitor);
        self
    }

    /// Returns the key and the attributes of the object.
    pub(super) fn object_mut(&mut self) -> &mut InitiateMultipartUploadInput {
        &mut self.options.object
    }

    fn with_source<'b>(self, source: UploadSource<'b>) -> Upload<'b> {
        Upload {
            bucket: self.bucket,
            source,
            token: self.token,
            options: self.options,
        }
    }

    /// Sets the size of a part: 4 MiB to 5 GiB. Default:
    /// [`DEFAULT_PART_SIZE`](Self::DEFAULT_PART_SIZE). A resumed upload keeps its part size.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.options.transfer.part_size = bytes;
        self
    }

    /// Sets how many parts are sent at the same time: at least 1.
    ///
    /// By default, the client adapts the number to the throughput, see
    /// [the guide](crate::guide::transport#concurrency).
    pub fn concurrency(mut self, parts: usize) -> Self {
        self.options.transfer.concurrency = Some(parts);
        self
    }

    /// Sets up to which size bytes and files are sent with one request: at most 5 GiB. Default:
    /// [`DEFAULT_MULTIPART_THRESHOLD`](Self::DEFAULT_MULTIPART_THRESHOLD). Readers and streams are
    /// sent with one request if they end within the first part.
    pub fn multipart_threshold(mut self, bytes: u64) -> Self {
        self.options.multipart_threshold = bytes;
        self
    }

    /// Sets whether the ETag of each response is compared with the MD5 of the bytes that were
    /// sent. Default: `true`. With [`compute_content_md5`](Self::compute_content_md5), responses are
    /// always verified.
    ///
    /// Without verification, the upload needs less CPU time, but does not notice if the service stores
    /// other bytes. [The guide](crate::guide::uploads#the-cost-of-verification) has numbers. The MD5s
    /// are calculated on threads for blocking work. A file is read twice for this.
    pub fn verify(mut self, verify: bool) -> Self {
        self.options.transfer.verify = verify;
        self
    }

    /// Sends the MD5 of each part in `Content-MD5`, so that the service rejects a part that was
    /// damaged in transit. Each part is read once more to compute its MD5. The same option of a
    /// single request is [`Call::compute_content_md5`](crate::Call::compute_content_md5).
    pub fn compute_content_md5(mut self) -> Self {
        self.options.compute_content_md5 = true;
        self
    }

    /// Keeps the parts if the upload fails or its future is dropped. After a failure,
    /// [`Error::resume_token`](crate::Error::resume_token) returns the token for
    /// [`Bucket::resume_upload`]. A resumed upload is resumable by default. Parts use storage until
    /// the upload is completed or aborted.
    ///
    /// A resumed upload reads the source from its start and compares the MD5 of each stored part, so
    /// that it never mixes two contents. It sends the parts that differ, and those whose MD5 is not
    /// known: parts with an [`sse_key`](Self::sse_key) that were sent without
    /// [`verify`](Self::verify).
    ///
    /// If the upload of the token was completed, bytes and files are compared with it: if they are the
    /// same, nothing is sent. Otherwise, and for a reader or a stream, a new upload starts. A token of
    /// another object is an error, as is one of an upload that was aborted, unless it comes from a
    /// [`token_folder`](Self::token_folder), and one of a source with another length or modification
    /// time, unless it comes from a [`token_file`](Self::token_file) or a `token_folder`.
    pub fn resumable(mut self, resumable: bool) -> Self {
        self.options.resumable = resumable;
        self
    }

    /// Keeps the resume token in the file at `path`. If an upload was interrupted, even by the end
    /// of the process, the next upload of the same file to the same key with the same token file
    /// resumes it. Makes the upload resumable. Replaces a [`token_folder`](Self::token_folder).
    ///
    /// The file is created before the first request, and removed when the upload is complete. The
    /// token is written when the multipart upload is initiated, and about 40 bytes are added for
    /// each part. Parts that a killed process could not record are found by a request to the
    /// service. If the file cannot be written, the upload fails with `Io`: at its start, it is aborted;
    /// later, its parts are kept.
    ///
    /// Each upload needs its own file: while one upload uses it, another one fails with `Io`, in this
    /// process or any other. After one that was dropped in this process, the next one waits up to 30 s
    /// for the writes that have started. A path to a link, or to anything but a regular file, is also
    /// an `Io` error. A file with other content, or with the token of another object, is an
    /// `InvalidInput` error, as is one with the token of another upload than the one passed to
    /// [`Bucket::resume_upload`].
    ///
    /// If the length or the modification time of the source has changed, the upload of the token is
    /// aborted, and a new one starts. Otherwise, [`resumable`](Self::resumable) describes how the token
    /// is used. Remove the file to start from the beginning, for example if its upload was aborted.
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// # use qingstor_sdk::UploadSource;
    /// let upload = bucket.upload("video.mp4", UploadSource::path("video.mp4"));
    /// upload.token_file("video.token").await?;
    /// # Ok(()) }
    /// ```
    pub fn token_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.token_file = Some(path.into());
        self.options.token_folder = None;
        self.options.resumable = true;
        self
    }

    /// Keeps the resume token in a file in this local folder, as [`token_file`](Self::token_file) does.
    /// The folder is created if necessary. The name of the file depends on the host of the service, the
    /// bucket, the key and the path of the source, so that many uploads can share a folder, also with
    /// transfers of folders. If the upload of the token was aborted, or the file is damaged, a new one
    /// starts. Makes the upload resumable. Replaces a `token_file`.
    ///
    /// Only an upload of a path can have a token folder; with another source, it fails with
    /// `InvalidInput`.
    pub fn token_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.options.token_folder = Some(folder.into());
        self.options.token_file = None;
        self.options.resumable = true;
        self
    }

    /// Keeps the resume token in the file at `path`, and starts a new upload if that of the token was
    /// aborted.
    #[cfg(feature = "folders")]
    pub(super) fn shared_token_file(mut self, path: PathBuf) -> Self {
        self.options.replaces_aborted = true;
        self.token_file(path)
    }

    /// Sets whether the user metadata contains facts about the source file, as in uploads of folders: its
    /// [modification time](crate::MODIFIED_METADATA), unless [`metadata`](Self::metadata) has one, and
    /// the [part size](crate::PART_SIZE_METADATA) of an upload in parts. Default: `false`. Has no effect
    /// with a source that is not a path of a regular file.
    pub fn file_metadata(mut self, store: bool) -> Self {
        self.options.file_metadata = store;
        self
    }

    /// Calls `on_token` with the resume token when the multipart upload is initiated, and after each
    /// part. Use it to store the token elsewhere than in a [`token_file`](Self::token_file). Makes
    /// the upload resumable.
    ///
    /// The last token contains all parts except those that were being sent. A resumed upload asks
    /// the service for these, and does not send a part twice. The upload waits for the callback, so
    /// it should return quickly. A token of 10,000 parts has about 600 KB as text: an upload with
    /// many parts should not store each one.
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// # use qingstor_sdk::{ResumeToken, UploadSource};
    /// let (sender, _stored_by_another_task) = std::sync::mpsc::channel();
    /// let on_token = move |token: &ResumeToken| {
    ///     if sender.send(token.clone()).is_err() {
    ///         eprintln!("cannot store the resume token");
    ///     }
    /// };
    /// bucket.upload("video.mp4", UploadSource::path("video.mp4")).on_token(on_token).await?;
    /// # Ok(()) }
    /// ```
    pub fn on_token(mut self, on_token: impl Fn(&ResumeToken) + Send + Sync + 'static) -> Self {
        self.options.on_token = Some(Box::new(on_token));
        self.options.resumable = true;
        self
    }

    /// Calls `on_progress` whenever a connection has taken up to 64 KiB, or up to 1 MiB if it is
    /// fast, and after each part. The upload waits for the callback, so it should return quickly.
    pub fn on_progress(mut self, on_progress: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.options.transfer.on_progress = Some(Box::new(on_progress));
        self
    }

    /// Limits the bytes per second that all connections of this upload send together.
    pub fn max_bytes_per_second(mut self, bytes: u64) -> Self {
        self.options.transfer.max_bytes_per_second = Some(bytes);
        self
    }

    /// Sets the media type of the object. Default: the type of the extension of the key, or else of
    /// the file name, or else `application/octet-stream`.
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.options.object.content_type = Some(content_type.into());
        self
    }

    /// Sets the user metadata. See [`Metadata`](crate::Metadata).
    pub fn metadata(
        mut self,
        metadata: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.options.object.metadata = metadata.into_iter().collect();
        self
    }

    /// Sets the storage class of the object.
    #[inline]
    pub fn storage_class(mut self, class: StorageClass) -> Self {
        self.options.object.storage_class = Some(class);
        self
    }

    /// Sets the `Cache-Control` header of responses with the object.
    pub fn cache_control(mut self, value: impl Into<String>) -> Self {
        self.options.object.cache_control = Some(value.into());
        self
    }

    /// Sets the `Content-Disposition` header of responses with the object.
    pub fn content_disposition(mut self, value: impl Into<String>) -> Self {
        self.options.object.content_disposition = Some(value.into());
        self
    }

    /// Sets the `Content-Encoding` header of responses with the object, such as `gzip`.
    pub fn content_encoding(mut self, value: impl Into<String>) -> Self {
        self.options.object.content_encoding = Some(value.into());
        self
    }

    /// Sets the `Expires` header of responses with the object: an HTTP date.
    pub fn expires(mut self, value: impl Into<String>) -> Self {
        self.options.object.expires = Some(value.into());
        self
    }

    /// Sets the key to encrypt the object with. A resumed upload needs the same key.
    #[inline]
    pub fn sse_key(mut self, key: &SseKey) -> Self {
        self.options.transfer.sse_key = Some(key.clone());
        self
    }
}

request_setters!(Upload<'_>);

impl<'a> IntoFuture for Upload<'a> {
    type Output = Result<UploadOutput>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Upload<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("bucket", &self.bucket.name())
            .field("key", &self.options.object.key)
            .field("source", &self.source)
            .field("part_size", &self.options.transfer.part_size)
            .field("concurrency", &self.options.transfer.concurrency)
            .finish_non_exhaustive()
    }
}

/// Output of an [`Upload`].
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct UploadOutput {
    /// ETag of the object, in double quotes. Empty if the service did not return one and
    /// [`Upload::verify`] is off.
    pub etag: String,
    /// ID of the new version, in a bucket with versioning.
    pub version_id: Option<String>,
    /// ID of the multipart upload, if it was one.
    pub upload_id: Option<String>,
    /// Number of parts; 1 if the object was sent with one request.
    pub parts: u32,
    /// Size of the object in bytes.
    pub bytes: u64,
    /// Number of bytes in parts that the service had from an earlier, interrupted upload.
    pub resumed: u64,
    /// Request ID of the request that created the object.
    pub request_id: Option<String>,
}
