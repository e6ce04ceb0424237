//! [`Upload`]: content of any size on its way to an object.

mod input;
mod multipart;
mod parts;
mod run;
mod token_file;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::path::PathBuf;
use std::pin::Pin;

use super::customer::Customer;
use super::progress::{OnProgress, Progress};
use super::source::Source;
use super::token::ResumeToken;
use super::{CONCURRENCY, DEFAULT_MULTIPART_THRESHOLD, DEFAULT_PART_SIZE};
use crate::base::error::Result;
use crate::client::Bucket;
use crate::generated::types::StorageClass;
use crate::managed::each_call::each_call;
use crate::message::metadata::Metadata;
use crate::message::sse::SseKey;

/// Who wants to keep the token of a running upload.
type OnToken = Box<dyn Fn(&ResumeToken) + Send + Sync>;

/// An upload that is ready to begin; `.await` carries it out.
///
/// Content up to [`multipart_threshold`](Self::multipart_threshold) goes up by one request, more
/// of it in parts, several at a time. What a reader or a stream gives goes up by one request if it
/// ends within the first part. Every request is repeated by the client's own rules, and every part
/// is checked: the service's entity tag must be the MD5 of what was sent. (One that is not an MD5,
/// or that of content encrypted with a customer-provided key, is not compared, but there must be
/// one; see
/// [`content_md5`](Self::content_md5).) A part whose tag differs or is missing is sent once more,
/// then the upload fails with `Integrity`.
///
/// The finished object of a multipart upload has the entity tag `"<MD5 of the parts' MD5s>-<number
/// of parts>"`; [`etag_of_file`](crate::etag_of_file) returns the one that a file would have.
///
/// # Memory
///
/// Files are read while they are sent, 256 KiB for each connection. Readers and streams need
/// `part_size * (concurrency + 1)` bytes, as much of it as the source gives: the parts that are
/// under way, and the one that is being read. Bytes in memory are not copied.
///
/// # Parts
///
/// An upload has at most 10,000 parts. Content of known length gets larger parts where
/// [`part_size`](Self::part_size) would not do. Where the length is unknown, the parts double in
/// length after each 1,000, up to 5 GiB: parts that begin with 8 MiB hold 8.5 TB. An object has at
/// most 50 TB.
///
/// # Failure, and dropping the future
///
/// Unless it is [`resumable`](Self::resumable), an upload that fails gives its parts up before it
/// returns the error. Dropping the future closes its connections, and starts a task on the runtime
/// that gives the parts up; if the runtime ends first, they stay. So does an upload, without parts,
/// of which the service's answer never came: nobody knows its id. A lifecycle rule of the bucket
/// can end such uploads. To give up the parts of a resumable
/// upload, call [`Bucket::abort_multipart_upload`].
///
/// ```no_run
/// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::Source;
///
/// let output = bucket
///     .upload("backup.tar", Source::path("backup.tar"))
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
    key: String,
    source: Source<'a>,
    token: Option<ResumeToken>,
    options: Options,
}

/// What the caller wishes.
struct Options {
    part_size: u64,
    concurrency: usize,
    multipart_threshold: u64,
    content_md5: bool,
    resumable: bool,
    max_bytes_per_second: Option<u64>,
    on_progress: Option<OnProgress>,
    on_token: Option<OnToken>,
    token_file: Option<PathBuf>,
    attributes: Attributes,
    customer: Customer,
}

/// What is stored beside the content.
#[derive(Clone, Debug, Default)]
struct Attributes {
    content_type: Option<String>,
    storage_class: Option<StorageClass>,
    metadata: Metadata,
    cache_control: Option<String>,
    content_disposition: Option<String>,
    content_encoding: Option<String>,
    expires: Option<String>,
}

impl<'a> Upload<'a> {
    pub(super) fn new(bucket: Bucket, key: String, source: Source<'a>) -> Self {
        Self {
            bucket,
            key,
            source,
            token: None,
            options: Options {
                part_size: DEFAULT_PART_SIZE,
                concurrency: CONCURRENCY,
                multipart_threshold: DEFAULT_MULTIPART_THRESHOLD,
                content_md5: false,
                resumable: false,
                max_bytes_per_second: None,
                on_progress: None,
                on_token: None,
                token_file: None,
                attributes: Attributes::default(),
                customer: Customer::default(),
            },
        }
    }

    pub(super) fn resume(bucket: Bucket, token: ResumeToken, source: Source<'a>) -> Self {
        let mut upload = Self::new(bucket, token.key.clone(), source);
        upload.token = Some(token);
        upload.options.resumable = true;
        upload
    }

    pub(super) fn with_source<'b>(self, source: Source<'b>) -> Upload<'b> {
        Upload {
            bucket: self.bucket,
            key: self.key,
            source,
            token: self.token,
            options: self.options,
        }
    }

    /// The length of a part: 4 MiB to 5 GiB, [`DEFAULT_PART_SIZE`](crate::DEFAULT_PART_SIZE) unless
    /// it is set. A resumed upload keeps the length that it began with.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.options.part_size = bytes;
        self
    }

    /// How many parts are under way at once: 4 unless it is set.
    pub fn concurrency(mut self, parts: usize) -> Self {
        self.options.concurrency = parts;
        self
    }

    /// Up to which length bytes and files go up by one request: at most 5 GiB,
    /// [`DEFAULT_MULTIPART_THRESHOLD`](crate::DEFAULT_MULTIPART_THRESHOLD) unless it is set.
    /// Readers and streams do so if they end within the first part.
    pub fn multipart_threshold(mut self, bytes: u64) -> Self {
        self.options.multipart_threshold = bytes;
        self
    }

    /// Sends the MD5 of each part along, so that the service refuses a part that suffered on the
    /// way. Each part is read once more for it. The answer is checked either way.
    pub fn content_md5(mut self, send: bool) -> Self {
        self.options.content_md5 = send;
        self
    }

    /// Keeps the parts when the upload fails or its future is dropped:
    /// [`Error::resume_token`](crate::Error::resume_token) then gives what
    /// [`Bucket::resume_upload`] goes on with. A resumed upload is resumable unless this is
    /// switched off. Parts that nobody goes on with take up space until they are given up.
    pub fn resumable(mut self, resumable: bool) -> Self {
        self.options.resumable = resumable;
        self
    }

    /// Keeps the token in the file at `path`, so that an upload goes on where it stopped, even if
    /// the process was killed: whoever uploads the same key with the same file again goes on.
    /// Makes the upload resumable.
    ///
    /// The file is made before anything is sent, and removed at the end. It gets the token when the
    /// multipart upload has begun, and a line of some 40 bytes with each part. What a process that
    /// is killed could not write down any more, the service knows. A file that can't be written
    /// ends the
    /// upload with `Io`; its parts are kept. Each upload needs a file of its own: while one uses
    /// it, another, of this process or of any, is refused with `Io`. So is a path that is not a
    /// regular file, or that is a link.
    ///
    /// A token that belongs to another object or source, or whose upload was given up, is an
    /// error; without the file the upload begins anew.
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// # use qingstor_sdk::Source;
    /// let upload = bucket.upload("video.mp4", Source::path("video.mp4"));
    /// upload.token_file("video.token").await?;
    /// # Ok(()) }
    /// ```
    pub fn token_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.options.token_file = Some(path.into());
        self.options.resumable = true;
        self
    }

    /// Is called with the token when the multipart upload has begun, and after each part, so that
    /// it can be kept elsewhere than in a [`token_file`](Self::token_file). Makes the upload
    /// resumable. What it was given last lacks only parts that were just under way. Those that
    /// arrived are found
    /// when the upload goes on, and none of the others is sent twice. It holds up the upload while
    /// it runs: it should be quick. A token grows with its parts, up to some 600 KB as text: who
    /// has many
    /// of them stores it now and then, not after each part.
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// # use qingstor_sdk::{ResumeToken, Source};
    /// let (sender, _kept_by_another_task) = std::sync::mpsc::channel();
    /// let keep = move |token: &ResumeToken| {
    ///     if sender.send(token.clone()).is_err() {
    ///         eprintln!("the upload can't be resumed from here");
    ///     }
    /// };
    /// bucket.upload("video.mp4", Source::path("video.mp4")).on_token(keep).await?;
    /// # Ok(()) }
    /// ```
    pub fn on_token(mut self, keep: impl Fn(&ResumeToken) + Send + Sync + 'static) -> Self {
        self.options.on_token = Some(Box::new(keep));
        self.options.resumable = true;
        self
    }

    /// Is called whenever a connection has taken bytes, 256 KiB at most, and when a part is done.
    /// It holds up the upload while it runs: it should be quick.
    pub fn on_progress(mut self, tell: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.options.on_progress = Some(Box::new(tell));
        self
    }

    /// Limits the bytes per second that all connections of this upload send together.
    pub fn max_bytes_per_second(mut self, bytes: u64) -> Self {
        self.options.max_bytes_per_second = Some(bytes);
        self
    }

    /// Media type of the object. Without it, the ending of the key or of the file's name decides;
    /// what that does not tell is `application/octet-stream`.
    pub fn content_type(mut self, content_type: impl Into<String>) -> Self {
        self.options.attributes.content_type = Some(content_type.into());
        self
    }

    /// Metadata of the caller's own, as [`Metadata`] describes it.
    pub fn metadata(
        mut self,
        metadata: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        self.options.attributes.metadata = metadata.into_iter().collect();
        self
    }

    /// Class in which the object is stored.
    pub fn storage_class(mut self, class: StorageClass) -> Self {
        self.options.attributes.storage_class = Some(class);
        self
    }

    /// Sent as `Cache-Control` whenever the object is read.
    pub fn cache_control(mut self, value: impl Into<String>) -> Self {
        self.options.attributes.cache_control = Some(value.into());
        self
    }

    /// Sent as `Content-Disposition` whenever the object is read.
    pub fn content_disposition(mut self, value: impl Into<String>) -> Self {
        self.options.attributes.content_disposition = Some(value.into());
        self
    }

    /// Sent as `Content-Encoding` whenever the object is read, such as `gzip`.
    pub fn content_encoding(mut self, value: impl Into<String>) -> Self {
        self.options.attributes.content_encoding = Some(value.into());
        self
    }

    /// Sent as `Expires` whenever the object is read, as an HTTP date.
    pub fn expires(mut self, value: impl Into<String>) -> Self {
        self.options.attributes.expires = Some(value.into());
        self
    }

    /// Encrypts the object with this key. A resumed upload needs it again.
    pub fn sse_key(mut self, key: &SseKey) -> Self {
        self.options.customer = Customer::new(key);
        self
    }
}

each_call!(Upload<'_>);

impl<'a> IntoFuture for Upload<'a> {
    type Output = Result<UploadOutput>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Upload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("bucket", &self.bucket.name())
            .field("key", &self.key)
            .field("source", &self.source)
            .field("part_size", &self.options.part_size)
            .field("concurrency", &self.options.concurrency)
            .finish_non_exhaustive()
    }
}

/// What an upload gives.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct UploadOutput {
    /// Entity tag of the object, in double quotes.
    pub etag: String,
    /// Id of the version that was made, in a bucket with versioning.
    pub version_id: Option<String>,
    /// Id of the multipart upload, if it was one.
    pub upload_id: Option<String>,
    /// How many parts the object was sent in; 1 when one request stored it.
    pub parts: u32,
    /// Length of the object in bytes.
    pub bytes: u64,
    /// The id under which the service knows the request that made the object.
    pub request_id: Option<String>,
}
