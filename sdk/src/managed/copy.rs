//! [`CopyObject`]: copies of any size, made by the service.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use super::each_call::each_call;
use super::pending::Pending;
use super::transfer::plan::{MAX_PART, MIN_PART, Plan};
use crate::base::concurrent::Concurrent;
use crate::base::entity_tag;
use crate::base::error::{Error, ErrorKind, Result};
use crate::call::Call;
use crate::client::Bucket;
use crate::generated::operations::{
    HeadObjectOutput, InitiateMultipartUploadInput, PutObjectInput, UploadMultipartInput,
};
use crate::generated::types::{ObjectPart, StorageClass};
use crate::message::object_key::{self, KeyPlace};
use crate::message::object_path::ObjectPath;
use crate::message::sse::SseKey;

/// The length of a part where the caller wants none, in bytes.
const PART_SIZE: u64 = 512 << 20;

impl Bucket {
    /// Copies an object of any size within the zone, without its bytes passing through here. The
    /// source is given as `(bucket, key)`, or as an [`ObjectPath`] with a version.
    ///
    /// The copy gets the source's content type, caching and other standard headers, and its
    /// metadata. An object over 5 GiB is copied in parts, 4 at a time. The source is pinned: if it
    /// changes meanwhile, the copy fails with
    /// [`is_precondition_failed`](crate::Error::is_precondition_failed) and is never a mix.
    ///
    /// A source whose key has a segment `.` or `..` is an `InvalidInput`, because the size of the
    /// source has to be read first. Use
    /// [`put_object(..).copy_source(..)`](crate::operations::PutObjectInput) for it.
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// let copied = bucket.copy_object(("archive-bucket", "film.mov"), "film.mov").await?;
    /// println!("{} bytes in {} parts", copied.size, copied.parts);
    /// # Ok(()) }
    /// ```
    pub fn copy_object(
        &self,
        source: impl Into<ObjectPath>,
        target_key: impl Into<String>,
    ) -> CopyObject {
        CopyObject {
            bucket: self.clone(),
            source: source.into(),
            key: target_key.into(),
            multipart_threshold: MAX_PART,
            part_size: PART_SIZE,
            concurrency: 4,
            storage_class: None,
            sse_key: None,
            source_sse_key: None,
        }
    }
}

/// A copy by the service, made by [`Bucket::copy_object`]; `.await` does it.
///
/// Dropping the future stops it; a task on the runtime then gives up a copy in parts that was
/// begun.
#[derive(Clone)]
#[must_use = "nothing is copied until it is awaited"]
pub struct CopyObject {
    bucket: Bucket,
    source: ObjectPath,
    key: String,
    multipart_threshold: u64,
    part_size: u64,
    concurrency: usize,
    storage_class: Option<StorageClass>,
    sse_key: Option<SseKey>,
    source_sse_key: Option<SseKey>,
}

/// What was copied.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CopiedObject {
    /// The source's entity tag at the time of the copy, in double quotes; empty if it has none.
    pub source_etag: String,
    /// The size in bytes.
    pub size: u64,
    /// How many parts it was copied in; 1 for a copy by one request.
    pub parts: u64,
}

impl CopyObject {
    /// The largest object that is copied by one request, in bytes: at most 5 GiB, the default.
    pub fn multipart_threshold(mut self, bytes: u64) -> Self {
        self.multipart_threshold = bytes.min(MAX_PART);
        self
    }

    /// The size of a part in bytes, 4 MiB to 5 GiB. Default 512 MiB. Larger where more than 10,000
    /// parts would be needed.
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.part_size = bytes.clamp(MIN_PART, MAX_PART);
        self
    }

    /// How many parts are copied at once: at least 1. Default 4.
    pub fn concurrency(mut self, parts: usize) -> Self {
        self.concurrency = parts.max(1);
        self
    }

    /// The class in which the copy is stored. Default `STANDARD`.
    pub fn storage_class(mut self, class: StorageClass) -> Self {
        self.storage_class = Some(class);
        self
    }

    /// The key to encrypt the copy with. Without one it is not encrypted, whatever its source is.
    pub fn sse_key(mut self, key: &SseKey) -> Self {
        self.sse_key = Some(key.clone());
        self
    }

    /// The key that the source is encrypted with.
    pub fn copy_source_sse_key(mut self, key: &SseKey) -> Self {
        self.source_sse_key = Some(key.clone());
        self
    }

    async fn run(self) -> Result<CopiedObject> {
        // Before the request for the source: nothing is sent if the copy cannot be made.
        object_key::check("target key", &self.key, KeyPlace::Path)?;
        let source = self.head().await?;
        let Some(size) = source.content_length else {
            let text = format!("the response does not contain the size of {}", self.source);
            return Err(Error::new(ErrorKind::Decode, text));
        };
        let parts = if size <= self.multipart_threshold {
            self.copy_whole(&source).await?;
            1
        } else {
            self.copy_parts(&source, size).await?
        };
        Ok(CopiedObject {
            source_etag: source.etag,
            size,
            parts,
        })
    }

    async fn head(&self) -> Result<HeadObjectOutput> {
        let bucket = self.bucket.sibling_bucket(&self.source.bucket)?;
        let mut call = bucket.head_object(&self.source.key);
        if let Some(id) = &self.source.version_id {
            call = call.version_id(id);
        }
        if let Some(key) = &self.source_sse_key {
            call = call.sse_key(key);
        }
        call.send().await
    }

    async fn copy_whole(&self, source: &HeadObjectOutput) -> Result<()> {
        let mut input = PutObjectInput::new(&self.key);
        input.storage_class.clone_from(&self.storage_class);
        self.whole(source, input).send().await.map(drop)
    }

    async fn copy_parts(&self, source: &HeadObjectOutput, size: u64) -> Result<u64> {
        let mut pending = Pending::begin(&self.bucket, self.initiate(source)).await?;
        match self.fill(source, size, &mut pending).await {
            Ok(parts) => Ok(parts),
            Err(error) => {
                // The first error says what happened.
                let _ = pending.give_up().await;
                Err(error)
            }
        }
    }

    /// Begins the upload, with all that the source says of itself.
    fn initiate(&self, source: &HeadObjectOutput) -> Call<InitiateMultipartUploadInput> {
        let mut input = InitiateMultipartUploadInput::new(&self.key);
        input.content_type.clone_from(&source.content_type);
        input.cache_control.clone_from(&source.cache_control);
        input.content_encoding.clone_from(&source.content_encoding);
        input
            .content_disposition
            .clone_from(&source.content_disposition);
        input.expires.clone_from(&source.expires);
        input.metadata.clone_from(&source.metadata);
        input.storage_class.clone_from(&self.storage_class);
        let call = self.bucket.call(input);
        match &self.sse_key {
            Some(key) => call.sse_key(key),
            None => call,
        }
    }

    /// Copies all parts and puts them together; gives their number.
    async fn fill(
        &self,
        source: &HeadObjectOutput,
        size: u64,
        pending: &mut Pending,
    ) -> Result<u64> {
        let mut ranges = ranges(size, Plan::new(self.part_size, Some(size))?.part_size());
        let mut running = Concurrent::new();
        let mut done = Vec::new();
        loop {
            while running.len() < self.concurrency
                && let Some((number, range)) = ranges.next()
            {
                let mut input = UploadMultipartInput::new(&self.key, pending.upload_id(), number);
                input.copy_range = Some(range);
                let call = self.part(source, input);
                running.push(async move {
                    let etag = call.send().await?.etag;
                    let etag = etag.map(|etag| etag.trim_matches('"').to_owned());
                    let mut part = ObjectPart::new(number);
                    part.etag = etag;
                    Ok::<_, Error>(part)
                });
            }
            match running.next().await {
                Some(part) => done.push(part?),
                None => break,
            }
        }
        done.sort_unstable_by_key(|part| part.part_number);
        let parts = u64::try_from(done.len()).unwrap_or(u64::MAX);
        let call = self
            .bucket
            .complete_multipart_upload(&self.key, pending.upload_id(), done);
        // What was not changed is still what it was: the service makes no entity tag of its own.
        let call = match entity_tag::is_strong(&source.etag) {
            true => call.etag(&source.etag),
            false => call,
        };
        let mut target = self.bucket.head_object(&self.key);
        if let Some(key) = &self.sse_key {
            target = target.sse_key(key);
        }
        let is_it = |head: &HeadObjectOutput| {
            let same_etag = entity_tag::is_strong(&source.etag) && head.etag == source.etag;
            same_etag && head.content_length == Some(size)
        };
        pending.complete(call, target, is_it).await?;
        Ok(parts)
    }
}

/// The ranges that an object is copied in, with their numbers.
fn ranges(size: u64, part_size: u64) -> impl Iterator<Item = (u32, String)> {
    let start = move |number: u32| u64::from(number - 1).checked_mul(part_size);
    (1..).map_while(move |number| {
        let start = start(number).filter(|start| *start < size)?;
        let last = size.min(start.saturating_add(part_size)) - 1;
        Some((number, format!("bytes={start}-{last}")))
    })
}

/// Has a call copy the source as it was looked at, with the keys of both.
macro_rules! copies {
    ($($name:ident: $input:ty,)*) => {
        impl CopyObject {
            $(
                fn $name(&self, source: &HeadObjectOutput, mut input: $input) -> Call<$input> {
                    input.copy_source = Some(self.source.clone());
                    if entity_tag::is_strong(&source.etag) {
                        input.copy_source_if_match = Some(source.etag.clone());
                    } else {
                        input.copy_source_if_unmodified_since = source.last_modified;
                    }
                    let mut call = self.bucket.call(input);
                    if let Some(key) = &self.sse_key {
                        call = call.sse_key(key);
                    }
                    if let Some(key) = &self.source_sse_key {
                        call = call.copy_source_sse_key(key);
                    }
                    call
                }
            )*
        }
    };
}

copies! {
    whole: PutObjectInput,
    part: UploadMultipartInput,
}

each_call!(CopyObject);

impl IntoFuture for CopyObject {
    type Output = Result<CopiedObject>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<CopiedObject>> + Send>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl fmt::Debug for CopyObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyObject")
            .field("source", &self.source)
            .field("bucket", &self.bucket)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_make_up_the_object() {
        let texts = |size, part_size| -> Vec<_> { ranges(size, part_size).collect() };
        assert_eq!(texts(0, 4), []);
        assert_eq!(texts(4, 4), [(1, "bytes=0-3".into())]);
        assert_eq!(
            texts(5, 4),
            [(1, "bytes=0-3".into()), (2, "bytes=4-4".into())]
        );
        // Longer than a part of 32 bits.
        let (_, second) = ranges(8 << 30, MAX_PART).nth(1).unwrap();
        assert_eq!(second, "bytes=5368709120-8589934591");
        assert_eq!(ranges(50_000_000_000_000, MAX_PART).count(), 9314);
    }
}
