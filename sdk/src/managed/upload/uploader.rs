//! [`Uploader`]: sends the requests of one upload, and verifies their responses.

use std::sync::Arc;

use qingstor_md5::Md5Pool;

use super::UploadOutput;
use super::part_content::Part;
use super::resume_token::{CompletedPart, ResumeToken};
use crate::base::digest::Digest;
use crate::base::entity_tag;
use crate::base::error::{ContentPart, ErrorKind, Result};
use crate::base::runtime;
use crate::client::Bucket;
use crate::client::transfer_budget::{AdmittedBucket, Outcome, RequestSlot};
use crate::generated::operations::{
    HeadObjectInput, InitiateMultipartUploadInput, PutObjectInput, PutObjectOutput,
    UploadMultipartInput, UploadMultipartOutput,
};
use crate::managed::errors::{object_call, response_error};
use crate::managed::multipart_guard::MultipartGuard;
use crate::managed::object_headers::put_input;
use crate::managed::request_tasks::{Concurrency, ResponseCounter, in_task};
use crate::message::body::{Body, BodyMonitor};
use crate::message::operation::FromResponse;
use crate::message::response_meta::ResponseMeta;
use crate::message::sse::{SseInput, SseKey};
use crate::message::transfer_monitor::TransferMonitor;

/// How often content is sent at most, if the service does not confirm that it stored the same bytes.
const MAX_SENDS: u32 = 2;

/// Sends the requests of one upload.
pub(super) struct Uploader {
    pub(super) bucket: Bucket,
    /// Key and attributes of the object.
    pub(super) object: InitiateMultipartUploadInput,
    pub(super) sse_key: Option<SseKey>,
    pub(super) verify: bool,
    pub(super) compute_content_md5: bool,
    pub(super) md5_pool: Md5Pool,
    pub(super) monitor: Arc<TransferMonitor>,
    pub(super) concurrency: Concurrency,
}

/// A part that the service has from an earlier, interrupted upload.
#[derive(Clone, Debug)]
pub(super) struct StoredPart {
    pub(super) size: Option<u64>,
    /// Without quotes.
    pub(super) etag: String,
    /// The part according to the resume token.
    pub(super) recorded: Option<CompletedPart>,
}

impl StoredPart {
    /// Returns the part according to the resume token, if the service still has it.
    #[inline]
    fn unchanged(&self) -> Option<&CompletedPart> {
        self.recorded.as_ref().filter(|recorded| {
            let etag = recorded.etag();
            etag.is_some_and(|etag| entity_tag::are_same(etag, &self.etag))
        })
    }
}

impl Uploader {
    pub(super) fn key(&self) -> &str {
        &self.object.key
    }

    /// Stores the content with one request.
    pub(super) async fn put_object(self: Arc<Self>, part: Part) -> Result<UploadOutput> {
        in_task(async move { self.send_object(part).await }).await
    }

    async fn send_object(&self, mut part: Part) -> Result<UploadOutput> {
        let content_md5 = self.content_md5(&mut part).await?;
        let admitted = self.concurrency.admit(&self.bucket).await;
        let responses = ResponseCounter::default();
        let send = |body| {
            let mut input = self.put_input();
            input.content_md5.clone_from(&content_md5);
            input.body = Some(body);
            admitted.bucket.call(input).send()
        };
        let etag = |output: &PutObjectOutput| output.etag.clone();
        let (output, _) = self
            .send_verified(
                "PutObject",
                &mut part,
                &admitted.slot,
                &responses,
                send,
                etag,
            )
            .await?;
        admitted.slot.release(Outcome::Success);
        Ok(UploadOutput {
            request_id: output.request_id().map(str::to_owned),
            etag: output.etag,
            version_id: output.version_id,
            upload_id: None,
            parts: 1,
            bytes: part.content.len(),
            resumed: 0,
        })
    }

    /// Returns the input of a `PutObject` request with the attributes of the object.
    #[inline]
    fn put_input(&self) -> PutObjectInput {
        let mut input = put_input(self.object.clone());
        input.set_sse_key(self.sse_key.as_ref());
        input
    }

    /// Uploads a part, unless the service has the same bytes already. Returns it with its number.
    pub(super) async fn upload_part(
        self: Arc<Self>,
        admitted: AdmittedBucket,
        responses: ResponseCounter,
        upload_id: Arc<str>,
        number: u32,
        mut part: Part,
        stored: Option<StoredPart>,
    ) -> Result<(u32, CompletedPart)> {
        let slot = &admitted.slot;
        if (self.compute_content_md5 || stored.is_some()) && !part.is_md5_ready() {
            // Others may use the slot in the meantime.
            slot.release(Outcome::Other);
        }
        if let Some(stored) = self.match_stored(&mut part, stored).await? {
            self.monitor.add_resumed(part.content.len());
            return Ok((number, stored));
        }
        let content_md5 = self.content_md5(&mut part).await?;
        slot.readmit().await;
        let send = |body| {
            let mut input = UploadMultipartInput::new(self.key(), &*upload_id, number);
            input.set_sse_key(self.sse_key.as_ref());
            input.content_md5.clone_from(&content_md5);
            input.body = Some(body);
            admitted.bucket.call(input).send()
        };
        let etag = |output: &UploadMultipartOutput| output.etag.clone();
        let (output, md5) = self
            .send_verified("UploadMultipart", &mut part, slot, &responses, send, etag)
            .await
            .map_err(|error| error.with_part(ContentPart::Number(number)))?;
        let etag = output.etag.as_str();
        // Without verification, the service's MD5 counts.
        let md5 = md5.or_else(|| self.stored_digest(etag));
        Ok((number, CompletedPart::new(md5, Some(etag))))
    }

    /// Returns the stored part if it has the same bytes as `part`.
    async fn match_stored(
        &self,
        part: &mut Part,
        stored: Option<StoredPart>,
    ) -> Result<Option<CompletedPart>> {
        let Some(stored) = stored.filter(|stored| stored.size == Some(part.content.len())) else {
            return Ok(None);
        };
        // The ETag of an encrypted part need not be its MD5, but the token has the MD5.
        let unchanged = stored.unchanged().cloned();
        let recorded = unchanged.as_ref().and_then(CompletedPart::digest);
        let Some(md5) = recorded.or_else(|| Digest::from_etag(&stored.etag)) else {
            return Ok(None);
        };
        // A file may have other content with the same size and modification time.
        let is_same = part.md5(&self.md5_pool).await? == md5;
        let stored = || unchanged.unwrap_or_else(|| CompletedPart::new(Some(md5), None));
        Ok(is_same.then(stored))
    }

    /// Returns the value of `Content-MD5` if the header is requested.
    async fn content_md5(&self, part: &mut Part) -> Result<Option<String>> {
        Ok(match self.compute_content_md5 {
            true => Some(part.md5(&self.md5_pool).await?.base64()),
            false => None,
        })
    }

    /// Returns `true` if each part needs its MD5.
    pub(super) fn needs_md5(&self) -> bool {
        self.verify || self.compute_content_md5
    }

    /// Sends a part until `etag` of the output confirms that the service stored the same bytes, at
    /// most [`MAX_SENDS`] times, and not again after its bytes were released. Returns the output, and
    /// the MD5 of the bytes if they are verified.
    ///
    /// # Errors
    ///
    /// Returns the error of `send`, or `Integrity` after the last time.
    async fn send_verified<T, F>(
        &self,
        operation: &'static str,
        part: &mut Part,
        slot: &Arc<RequestSlot>,
        responses: &ResponseCounter,
        send: impl Fn(Body) -> F,
        etag: impl Fn(&T) -> String,
    ) -> Result<(T, Option<Digest>)>
    where
        F: Future<Output = Result<T>>,
        T: FromResponse,
    {
        if self.verify {
            // The MD5 is calculated while the part is sent.
            part.start_md5(&self.md5_pool);
        }
        let mut sends = 1;
        loop {
            let len = part.content.len();
            let monitor = BodyMonitor::new(Arc::clone(&self.monitor));
            let monitor = monitor.observed_by(Arc::<RequestSlot>::clone(slot), len);
            let body = match len {
                // The HTTP library does not read a body that is known to be empty.
                0 => part.content.body(),
                _ => part.content.body().monitored(monitor.clone()),
            };
            let result = match send(body).await {
                Ok(output) => {
                    let etag = etag(&output);
                    // Others may use the slot while this task waits for the MD5.
                    slot.release(Outcome::Success);
                    let _response = responses.enter();
                    let md5 = self.verified_md5(operation, part, &etag, &output).await;
                    md5.map(|md5| (output, md5))
                }
                Err(error) => Err(error),
            };
            let error = match result {
                Ok(verified) => {
                    monitor.confirm();
                    return Ok(verified);
                }
                Err(error) => error,
            };
            monitor.reset();
            let is_damaged = error.kind() == ErrorKind::Integrity;
            if !is_damaged || sends == MAX_SENDS || part.content.is_released() {
                return Err(error);
            }
            sends += 1;
            slot.readmit().await;
        }
    }

    /// Returns the MD5 of a part that was sent, or `None` without verification.
    ///
    /// # Errors
    ///
    /// Returns `Integrity` if the ETag of the response does not confirm the MD5.
    async fn verified_md5(
        &self,
        operation: &'static str,
        part: &mut Part,
        etag: &str,
        response: &ResponseMeta,
    ) -> Result<Option<Digest>> {
        if !self.verify {
            return Ok(None);
        }
        let sent = part.md5_of_received(&self.md5_pool).await?;
        let text = if !entity_tag::is_set(etag) {
            "the response has no ETag, so the stored bytes cannot be verified".into()
        } else if self
            .stored_digest(etag)
            .is_some_and(|stored| stored != sent)
        {
            format!("{sent} was sent, but the service stored other bytes: ETag {etag}")
        } else {
            return Ok(Some(sent));
        };
        let call = object_call(&self.bucket, self.key(), operation);
        Err(response_error(ErrorKind::Integrity, text, response, call))
    }

    /// Returns the MD5 of the stored bytes according to their ETag. The tag of content that is
    /// encrypted with a customer-provided key may be anything, even if it looks like an MD5.
    fn stored_digest(&self, etag: &str) -> Option<Digest> {
        match self.sse_key {
            Some(_) => None,
            None => Digest::of_stored(etag),
        }
    }

    /// Returns the guard of an upload that an earlier process initiated.
    #[inline]
    pub(super) fn guard(&self, token: &ResumeToken) -> Result<MultipartGuard> {
        let (bucket, key) = (self.bucket.clone(), self.key().to_owned());
        let (id, runtime) = (token.upload_id.clone(), runtime::current()?);
        Ok(MultipartGuard::existing(bucket, key, id, runtime))
    }

    /// Returns the input of a request for the properties of the object.
    #[inline]
    pub(super) fn head(&self) -> HeadObjectInput {
        let mut input = HeadObjectInput::new(self.key());
        input.set_sse_key(self.sse_key.as_ref());
        input
    }
}
