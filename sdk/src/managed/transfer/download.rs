//! [`Download`]: an object of any size on its way to a file or a writer.

mod fetch;
mod file;
mod ranges;
mod run;
mod sink;
mod state;
mod writer;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use super::customer::Customer;
use super::progress::{OnProgress, Progress};
use super::target::Target;
use super::{CONCURRENCY, DEFAULT_PART_SIZE};
use crate::base::error::Result;
use crate::base::timestamp::Timestamp;
use crate::client::Bucket;
use crate::managed::each_call::each_call;
use crate::message::metadata::Metadata;
use crate::message::sse::SseKey;

/// The smallest range that is worth a request, in bytes.
const MIN_PART: u64 = 64 * 1024;

/// A download that is ready to begin; `.await` carries it out.
///
/// The first request asks for the first range and learns the object's length and entity tag; what
/// is longer comes in ranges, several at a time. Every range is asked for with that entity tag
/// (`If-Match`): when the object is overwritten meanwhile, the download fails with an error that
/// [`is_precondition_failed`](crate::Error::is_precondition_failed), and never mixes two objects. A
/// range that breaks off continues where it stopped, as any [`ByteStream`](crate::ByteStream) does. A
/// response that is not the requested range is an `Integrity` error. If the first response has no entity
/// tag, or a weak one, one request fetches the whole object.
///
/// In the end the length is right, and the MD5 is that of the entity tag if it is one (it is for
/// objects that one request stored, without a key of the caller's), else it is an `Integrity`
/// error.
///
/// # Files
///
/// The bytes go to a temporary file beside the target, which takes the target's place when all of
/// them have come, are verified and are on the disk. A failure, or dropping the future, removes the
/// temporary file and leaves an older file as it was; see [`resumable`](Self::resumable) for
/// another way.
///
/// # Writers
///
/// A writer gets the bytes in their order, and it has got them when their MD5 turns out to be
/// wrong:
/// what it wrote is good only if the download succeeds.
///
/// # Memory
///
/// Files need 256 KiB for each connection, writers `part_size * (concurrency + 1)` bytes.
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
    target: Target<'a>,
    options: Options,
}

/// What the caller wishes.
struct Options {
    part_size: u64,
    concurrency: usize,
    resumable: bool,
    verify: bool,
    version_id: Option<String>,
    max_bytes_per_second: Option<u64>,
    on_progress: Option<OnProgress>,
    customer: Customer,
}

impl<'a> Download<'a> {
    pub(super) fn new(bucket: Bucket, key: String, target: Target<'a>) -> Self {
        Self {
            bucket,
            key,
            target,
            options: Options {
                part_size: DEFAULT_PART_SIZE,
                concurrency: CONCURRENCY,
                resumable: false,
                verify: true,
                version_id: None,
                max_bytes_per_second: None,
                on_progress: None,
                customer: Customer::default(),
            },
        }
    }

    /// The length of a range: at least 64 KiB, [`DEFAULT_PART_SIZE`](crate::DEFAULT_PART_SIZE)
    /// unless it is set. An object up to this length
    /// comes by one request.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.options.part_size = bytes;
        self
    }

    /// How many ranges are under way at once: 4 unless it is set.
    pub fn concurrency(mut self, ranges: usize) -> Self {
        self.options.concurrency = ranges;
        self
    }

    /// Keeps what has come when the download fails, its future is dropped or the process is killed:
    /// in `<name>.part` beside the file, with the ranges that are done in `<name>.part.json`. The
    /// next resumable download of the same object to the same path goes on from there; if the
    /// object has
    /// changed, it begins anew. Two downloads to one path at once are refused with `Io`, and so is a
    /// `<name>.part` or `<name>.part.json` that is not a regular file, is a link, or belongs to another
    /// user.
    ///
    /// For files only: a writer is refused with `InvalidInput`.
    pub fn resumable(mut self, resumable: bool) -> Self {
        self.options.resumable = resumable;
        self
    }

    /// Whether the MD5 is verified where the entity tag is one: yes unless it is switched off. A
    /// file is read once more for it, most of it while the rest is still on its way.
    pub fn verify(mut self, verify: bool) -> Self {
        self.options.verify = verify;
        self
    }

    /// Reads this version of the object, in a bucket with versioning.
    pub fn version_id(mut self, version_id: impl Into<String>) -> Self {
        self.options.version_id = Some(version_id.into());
        self
    }

    /// Is called whenever bytes have come, and when a range is done. It holds up the download while
    /// it runs: it should be quick.
    pub fn on_progress(mut self, tell: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.options.on_progress = Some(Box::new(tell));
        self
    }

    /// Limits the bytes per second that all connections of this download receive together.
    pub fn max_bytes_per_second(mut self, bytes: u64) -> Self {
        self.options.max_bytes_per_second = Some(bytes);
        self
    }

    /// The key that the object is encrypted with.
    pub fn sse_key(mut self, key: &SseKey) -> Self {
        self.options.customer = Customer::new(key);
        self
    }
}

each_call!(Download<'_>);

impl<'a> IntoFuture for Download<'a> {
    type Output = Result<DownloadOutput>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for Download<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("bucket", &self.bucket.name())
            .field("key", &self.key)
            .field("target", &self.target)
            .field("part_size", &self.options.part_size)
            .field("concurrency", &self.options.concurrency)
            .finish_non_exhaustive()
    }
}

/// What a download gives.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DownloadOutput {
    /// Length of the object in bytes.
    pub bytes: u64,
    /// How many of them an earlier, resumable download had fetched.
    pub resumed: u64,
    /// Entity tag of the object, in double quotes.
    pub etag: String,
    /// Whether the MD5 was compared: the entity tag is one, and `verify` was not switched off.
    pub verified: bool,
    /// Id of the version that was read, in a bucket with versioning.
    pub version_id: Option<String>,
    /// Media type of the content, as it was stored.
    pub content_type: Option<String>,
    /// When the object was last changed, to the second.
    pub last_modified: Option<Timestamp>,
    /// Metadata of the caller's own.
    pub metadata: Metadata,
    /// The id under which the service knows the first request of this download.
    pub request_id: Option<String>,
}
