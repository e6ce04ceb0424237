//! [`CompleteUpload`]: completes a multipart upload whose parts the caller has uploaded.

use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};

use super::multipart_guard::{Completion, MultipartGuard};
use super::request_setters::request_setters;
use crate::base::digest::Digest;
use crate::base::entity_tag;
use crate::base::error::Result;
use crate::base::runtime;
use crate::client::Bucket;
use crate::client::spans::TransferSpan;
use crate::generated::operations::{
    CompleteMultipartUploadInput, HeadObjectInput, HeadObjectOutput,
};
use crate::generated::types::ObjectPart;

/// Output of [`Bucket::complete_upload`].
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct CompleteUploadOutput {
    /// ETag of the object, in double quotes. Empty if it is not known.
    pub etag: String,
    /// ID of the new version, in a bucket with versioning.
    pub version_id: Option<String>,
    /// Request ID of the request that completed the upload, or that found the object complete.
    pub request_id: Option<String>,
}

impl Bucket {
    /// Completes a multipart upload whose parts were uploaded with
    /// [`upload_multipart`](Self::upload_multipart). [`upload`](Self::upload) does this by itself.
    ///
    /// Unlike [`complete_multipart_upload`](Self::complete_multipart_upload), this method can be
    /// retried safely: if a response is lost, it finds out whether the service completed the upload.
    ///
    /// Each part needs its number, and the ETag that the service returned. If all tags are
    /// MD5s, the object gets the ETag `"<MD5 of the parts' MD5s>-<number of parts>"`. If one is
    /// not, the service chooses the tag, and a lost response is an error.
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::types::ObjectPart;
    ///
    /// let upload = bucket.initiate_multipart_upload("film.mov").await?;
    /// let sent = bucket.upload_multipart("film.mov", &upload.upload_id, 1).body("content").await?;
    /// let part = ObjectPart::new(1).etag(sent.etag);
    /// let object = bucket.complete_upload("film.mov", &upload.upload_id, [part]).await?;
    /// println!("{}", object.etag);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the error of `CompleteMultipartUpload`, or that of `HeadObject` if the upload does not
    /// exist any more and it is not known whether the object consists of the parts. Parts that the
    /// service has stay: complete the upload later, or call
    /// [`abort_multipart_upload`](Self::abort_multipart_upload).
    pub fn complete_upload(
        &self,
        key: impl Into<String>,
        upload_id: impl Into<String>,
        parts: impl IntoIterator<Item = ObjectPart>,
    ) -> CompleteUpload {
        CompleteUpload {
            bucket: self.clone(),
            key: key.into(),
            upload_id: upload_id.into(),
            parts: parts.into_iter().collect(),
        }
    }
}

/// The completion of a multipart upload, created by [`Bucket::complete_upload`]. It starts when it is
/// awaited.
#[derive(Clone, Debug)]
#[must_use = "nothing is completed until it is awaited"]
pub struct CompleteUpload {
    bucket: Bucket,
    key: String,
    upload_id: String,
    parts: Vec<ObjectPart>,
}

request_setters!(CompleteUpload);

impl IntoFuture for CompleteUpload {
    type Output = Result<CompleteUploadOutput>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<CompleteUploadOutput>> + Send>>;

    #[inline]
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl CompleteUpload {
    async fn run(self) -> Result<CompleteUploadOutput> {
        let runtime = runtime::current()?;
        let Self {
            bucket,
            key,
            upload_id,
            mut parts,
        } = self;
        let address = &bucket.dispatcher().address;
        let span = TransferSpan::start("CompleteUpload", address, Some(&key));
        for part in &mut parts {
            // Other responses and lists contain the same tag without quotes.
            entity_tag::unquote(&mut part.etag);
        }
        let etag = etag_of_parts(&parts);
        let mut input = CompleteMultipartUploadInput::new(&key, &upload_id, parts);
        input.etag.clone_from(&etag);
        let head = HeadObjectInput::new(&key);
        let mut guard = MultipartGuard::existing(bucket.clone(), key, upload_id, runtime);
        guard.keep_on_drop();
        let is_expected = |object: &HeadObjectOutput| {
            etag.as_deref()
                .is_some_and(|etag| entity_tag::are_same(etag, &object.etag))
        };
        let completion = span
            .run(pin!(guard.complete(input, head, is_expected)))
            .await?;
        Ok(completion.into_output(etag))
    }
}

impl Completion {
    /// `etag`: the ETag that the request contained.
    #[inline]
    pub(super) fn into_output(self, etag: Option<String>) -> CompleteUploadOutput {
        match self {
            Self::Confirmed(output) => {
                let header = |name: &str| {
                    let value = output.headers().get(name)?.to_str().ok()?;
                    Some(value.to_owned())
                };
                CompleteUploadOutput {
                    etag: header("etag")
                        .filter(|etag| entity_tag::is_set(etag))
                        .or(etag)
                        .unwrap_or_default(),
                    version_id: header("x-qs-version-id"),
                    request_id: output.request_id().map(str::to_owned),
                }
            }
            Self::Inferred(object) => CompleteUploadOutput {
                request_id: object.request_id().map(str::to_owned),
                etag: object.etag,
                version_id: object.version_id,
            },
        }
    }
}

/// Returns the ETag of an object that consists of these parts; `None` if the tag of a part is
/// not an MD5.
#[inline]
pub(super) fn etag_of_parts(parts: &[ObjectPart]) -> Option<String> {
    let digest = |part: &ObjectPart| Digest::of_stored(part.etag.as_deref()?);
    let digests: Option<Vec<Digest>> = parts.iter().map(digest).collect();
    digests.map(Digest::of_parts)
}
