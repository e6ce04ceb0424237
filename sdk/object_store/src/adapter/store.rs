//! [`QingStorStore`]: the store, and its operations that are one request.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use qingstor_sdk::operations::PutObjectInput;
use qingstor_sdk::{Body, Bucket, Call, entity_tag};

use super::attributes::{ObjectAttributes, set_attributes};
use super::error::{not_implemented, of_object, of_shared};
use super::object_store::path::{self, Path};
use super::object_store::{
    CopyMode, CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions,
    RenameTargetMode, Result,
};
use super::results::put_result;
use crate::bucket_handle::BucketHandle;
use crate::policy::ConditionalPut;
use crate::settings::StoreOptions;

/// A bucket, or the keys with one prefix in it, as an `ObjectStore`.
///
/// [`QingStorBuilder`](super::QingStorBuilder) creates it. A clone is cheap and shares connections.
/// Requests are retried as far as that is safe, and interrupted downloads are resumed.
///
/// The store also implements `MultipartStore` and `PaginatedListStore`, and, with the feature
/// `signer`, `Signer`.
///
/// # Operations
///
/// | operation | requests |
/// | --- | --- |
/// | put | one request, at most 5 GiB; the chunks of the payload are not copied |
/// | multipart upload | parts of 4 MiB (except the last) to 5 GiB, at most 10,000, in any order |
/// | get, head | one request, with all conditions, ranges and versions |
/// | get ranges | ranges that are less than 1 MiB apart are one request; all return the same object |
/// | delete | up to 1,000 objects per request; deleting a missing object succeeds |
/// | list | 1,000 objects per request, or as many as the service allows; the order is not defined, unless [`with_sorted_lists`](super::QingStorBuilder::with_sorted_lists) is set |
/// | list with delimiter | lists everything below the prefix, because the service caches folders, unless [`with_cached_folders`](super::QingStorBuilder::with_cached_folders) is set |
/// | list with offset | filtered by the client, because QingStor does not list from a key |
/// | copy | any size, with the attributes of the source; the service copies, over 5 GiB in parts |
/// | rename | one request: the service moves the object |
///
/// # Limits
///
/// - `PutMode::Update` and the attribute `ContentLanguage` are `NotImplemented`, because the API does
///   not have them. Tags are ignored.
/// - `PutMode::Create`, `copy_if_not_exists` and `rename_if_not_exists` are `NotImplemented` unless
///   [`ConditionalPut::Append`](crate::ConditionalPut::Append) is set.
/// - `list_paginated` with a delimiter may lack new folders for a while, because the service caches
///   them.
/// - A move whose response is lost is an error, and may or may not have happened.
/// - The storage class `STANDARD` is not reported as an attribute. Names of metadata are in lower
///   case.
///
/// # Errors
///
/// If a request failed, the chain of [sources](std::error::Error::source) of the error contains a
/// [`qingstor_sdk::Error`] with the error code, the request ID and the number of attempts. If the
/// service refused to delete some of the objects of a request, it contains a
/// [`qingstor_sdk::DeleteError`] instead, with the error code and the request ID.
#[derive(Clone)]
pub struct QingStorStore {
    inner: Arc<Inner>,
}

struct Inner {
    bucket: BucketHandle,
    /// Prefix of all keys: empty for the whole bucket, or a path and a slash.
    key_prefix: String,
    options: StoreOptions,
}

impl QingStorStore {
    pub(super) fn new(bucket: BucketHandle, prefix: &Path, options: StoreOptions) -> Self {
        let key_prefix = match prefix.as_ref() {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        let inner = Inner {
            bucket,
            key_prefix,
            options,
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Returns the bucket, for operations that `ObjectStore` does not have. Its keys include the
    /// prefix of the store. Sends a request only if the zone of the bucket is not known yet.
    ///
    /// # Errors
    ///
    /// Returns an error if the zone cannot be found, for example `NotFound` if the bucket does not
    /// exist.
    pub async fn bucket(&self) -> Result<Bucket> {
        self.bucket_for(&Path::ROOT).await.cloned()
    }

    /// Returns the bucket for a request for the object at `location`, which errors name.
    pub(super) async fn bucket_for(&self, location: &Path) -> Result<&Bucket> {
        let found = self.inner.bucket.get().await;
        found.map_err(|error| of_shared(location, &error))
    }

    pub(super) fn handle(&self) -> &BucketHandle {
        &self.inner.bucket
    }

    pub(super) fn options(&self) -> StoreOptions {
        self.inner.options
    }

    /// Returns the key of the object at `location`. The root has the empty key, which no object has.
    pub(super) fn key(&self, location: &Path) -> String {
        match location.as_ref() {
            "" => String::new(),
            location => self.key_prefix(location),
        }
    }

    /// Returns the prefix of the keys whose paths start with `text`.
    pub(super) fn key_prefix(&self, text: &str) -> String {
        [&self.inner.key_prefix, text].concat()
    }

    /// Returns the location of a key of a list.
    ///
    /// # Errors
    ///
    /// Returns an error if a path cannot express the key.
    pub(super) fn location(&self, key: &str) -> Result<Path, path::Error> {
        let Some(text) = key.strip_prefix(&self.inner.key_prefix) else {
            let (path, prefix) = (key.to_owned(), self.inner.key_prefix.clone());
            return Err(path::Error::PrefixMismatch { path, prefix });
        };
        let location = Path::parse(text)?;
        if location.as_ref().len() == text.len() && !text.is_empty() {
            return Ok(location);
        }
        // The path would be that of another key: slashes at the ends are removed.
        Err(path::Error::EmptySegment { path: key.into() })
    }

    /// Adds `Content-MD5` to an upload, if that is set.
    pub(super) fn with_content_md5<I: qingstor_sdk::Operation>(&self, call: Call<I>) -> Call<I> {
        match self.options().compute_content_md5 {
            true => call.compute_content_md5(),
            false => call,
        }
    }

    async fn put(
        &self,
        location: &Path,
        payload: PutPayload,
        attributes: ObjectAttributes,
    ) -> Result<PutResult> {
        let bucket = self.bucket_for(location).await?;
        let mut input = PutObjectInput::new(self.key(location));
        set_attributes!(input, attributes);
        input.body = Some(body(&payload));
        let output = self.with_content_md5(bucket.call(input)).await;
        let output = output.map_err(|error| of_object(location, error))?;
        Ok(put_result(quoted(output.etag), output.version_id))
    }

    async fn copy(&self, from: &Path, to: &Path) -> Result<()> {
        if from == to {
            return self.check_exists(from).await;
        }
        let bucket = self.bucket_for(from).await?;
        let source = (bucket.name(), self.key(from));
        let copied = bucket.copy_object(source, self.key(to)).await;
        copied.map_err(|error| of_object(from, error))?;
        Ok(())
    }

    async fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        if from == to {
            return self.check_exists(from).await;
        }
        let bucket = self.bucket_for(from).await?;
        let source = (bucket.name(), self.key(from));
        let moved = bucket.put_object(self.key(to)).move_source(source).await;
        moved.map_err(|error| of_object(from, error))?;
        Ok(())
    }

    async fn check_exists(&self, location: &Path) -> Result<()> {
        let bucket = self.bucket_for(location).await?;
        let head = bucket.head_object(self.key(location)).await;
        head.map_err(|error| of_object(location, error))?;
        Ok(())
    }

    /// Returns an error unless conditional writes are enabled.
    fn check_conditional(&self, operation: &str) -> Result<()> {
        match self.options().conditional_put {
            ConditionalPut::Append => Ok(()),
            ConditionalPut::Disabled => Err(not_implemented(operation)),
        }
    }
}

#[async_trait]
impl ObjectStore for QingStorStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> Result<PutResult> {
        let attributes = ObjectAttributes::new(&options.attributes)?;
        match options.mode {
            PutMode::Overwrite => self.put(location, payload, attributes).await,
            PutMode::Create => {
                self.check_conditional("put with PutMode::Create")?;
                self.create(location, &payload, attributes).await
            }
            PutMode::Update(_) => Err(not_implemented("put with PutMode::Update")),
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.start_upload(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.get(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.get_pinned_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.delete_batches(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.list_all(prefix)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.list_after(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.list_folder(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        match options.mode {
            CopyMode::Overwrite => self.copy(from, to).await,
            CopyMode::Create => {
                self.check_conditional("copy_if_not_exists")?;
                self.create_copy(from, to).await
            }
        }
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        match options.target_mode {
            RenameTargetMode::Overwrite => self.rename(from, to).await,
            RenameTargetMode::Create => {
                self.check_conditional("rename_if_not_exists")?;
                self.create_copy(from, to).await?;
                let bucket = self.bucket_for(from).await?;
                let deleted = bucket.delete_object(self.key(from)).await;
                deleted.map_err(|error| of_object(from, error))?;
                Ok(())
            }
        }
    }
}

impl fmt::Display for QingStorStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = self.inner.key_prefix.trim_end_matches('/');
        let separator = if prefix.is_empty() { "" } else { "/" };
        let bucket = self.inner.bucket.name();
        write!(f, "QingStor(qs://{bucket}{separator}{prefix})")
    }
}

impl fmt::Debug for QingStorStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QingStorStore")
            .field("bucket", &self.inner.bucket)
            .field("key_prefix", &self.inner.key_prefix)
            .field("options", &self.inner.options)
            .finish()
    }
}

/// Returns the payload as a request body, without copying its chunks.
pub(super) fn body(payload: &PutPayload) -> Body {
    match payload.as_ref() {
        [single] => Body::from(single.clone()),
        chunks => Body::from_chunks(chunks.iter().cloned()),
    }
}

/// Returns an ETag in the form of the standard, with quotes; `None` if it has no text.
pub(super) fn quoted(mut etag: String) -> Option<String> {
    let text = entity_tag::text(&etag);
    match etag.as_bytes() {
        _ if text.is_empty() => return None,
        [b'"', ..] => {}
        [b'W' | b'w', b'/', ..] => etag = format!("W/\"{text}\""),
        _ => {
            // Two more bytes usually fit into the memory that the text has.
            etag.reserve_exact(2);
            etag.insert(0, '"');
            etag.push('"');
        }
    }
    Some(etag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entity_tags_have_quotes() {
        for (etag, expected) in [
            ("a", Some("\"a\"")),
            ("\"a\"", Some("\"a\"")),
            ("W/\"a\"", Some("W/\"a\"")),
            ("w/\"a\"", Some("W/\"a\"")),
            ("", None),
            ("\"\"", None),
            ("w/\"\"", None),
        ] {
            assert_eq!(quoted(etag.to_owned()).as_deref(), expected, "{etag}");
        }
    }
}
