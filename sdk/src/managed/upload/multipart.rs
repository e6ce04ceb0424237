//! [`MultipartUpload`]: uploads the parts of one object concurrently, and completes the upload.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use super::part_content::Part;
use super::part_queue::{PartQueue, batch};
use super::part_reader::PartReader;
use super::resume_token::{CompletedPart, ResumeToken};
use super::token_store::TokenStore;
use super::uploader::{StoredPart, Uploader};
use super::{UploadOptions, UploadOutput};
use crate::base::entity_tag;
use crate::base::error::Result;
use crate::client::transfer_budget::Lane;
use crate::generated::operations::{CompleteMultipartUploadInput, HeadObjectOutput};
use crate::generated::types::ObjectPart;
use crate::managed::multipart_guard::MultipartGuard;
use crate::managed::part_sizes::{PartSizes, check_object_size};
use crate::managed::request_tasks::{RequestTasks, TaskEvent};

/// Consequence of a changed source file for the object, for error messages.
pub(super) const OBJECT_IS_KEPT: &str = "an existing object was not replaced";

/// How a multipart upload starts.
pub(super) enum MultipartStart {
    New {
        sizes: PartSizes,
        /// The first part, if it was read already.
        first: Option<Part>,
    },
    Resume {
        token: ResumeToken,
        /// The parts that the service has, by number.
        stored: BTreeMap<u32, StoredPart>,
    },
}

/// A multipart upload in progress.
pub(super) struct MultipartUpload<'a> {
    uploader: Arc<Uploader>,
    reader: PartReader<'a>,
    options: UploadOptions,
    tokens: TokenStore,
}

type PartTasks = RequestTasks<(u32, CompletedPart)>;

/// The next event of an upload in progress.
enum Event {
    Uploaded(u32, CompletedPart),
    /// Another part may be sent.
    Progress,
    /// The next part of the source, or `None` at its end.
    Read(Option<Part>),
    /// No task is left, and no part was requested.
    Idle,
}

impl<'a> MultipartUpload<'a> {
    pub(super) fn new(
        uploader: Arc<Uploader>,
        reader: PartReader<'a>,
        options: UploadOptions,
        tokens: TokenStore,
    ) -> Self {
        Self {
            uploader,
            reader,
            options,
            tokens,
        }
    }

    pub(super) async fn run(mut self, start: MultipartStart) -> Result<UploadOutput> {
        let is_new = matches!(start, MultipartStart::New { .. });
        let (mut guard, mut token, sizes, first, stored) = match start {
            MultipartStart::New { sizes, first } => {
                let guard = self.initiate().await?;
                let token = self.new_token(&guard, sizes);
                (guard, token, sizes, first, BTreeMap::new())
            }
            MultipartStart::Resume { token, stored } => {
                let sizes = PartSizes::new(token.part_size, token.length)?;
                (self.uploader.guard(&token)?, token, sizes, None, stored)
            }
        };
        token.parts.retain(|number, _| stored.contains_key(number));
        if self.options.resumable {
            // Before the token is stored: a thread can do that even after the future was dropped.
            guard.keep_on_drop();
        }
        let saved = self.tokens.save(&token).await;
        if saved.is_err() && is_new {
            // No part was sent, and the upload ID is stored nowhere.
            guard = self.uploader.guard(&token)?;
            self.options.resumable = false;
        }
        let uploaded = match saved {
            Ok(()) => self.upload_parts(&mut token, sizes, first, stored).await,
            Err(error) => Err(error),
        };
        let result = match uploaded {
            Ok(bytes) => self.complete(&mut guard, &token, bytes).await,
            Err(error) => Err(error),
        };
        let error = match result {
            Ok(output) => {
                self.tokens.remove().await?;
                return Ok(output);
            }
            Err(error) => error,
        };
        if self.options.resumable {
            return Err(error.with_resume_token(token));
        }
        match guard.abort_failed().await {
            true => Err(error),
            // An upload that could not be aborted can be resumed.
            false => Err(error.with_resume_token(token)),
        }
    }

    async fn initiate(&mut self) -> Result<MultipartGuard> {
        let bucket = &self.uploader.bucket;
        let input = self.uploader.object.clone();
        let start = Instant::now();
        let guard = MultipartGuard::initiate(bucket, input).await?;
        let requests = &bucket.transfer_budget().requests;
        requests.responded(Lane::Uploads, start.elapsed());
        Ok(guard)
    }

    /// Returns the token of an upload without parts.
    #[inline]
    fn new_token(&self, guard: &MultipartGuard, sizes: PartSizes) -> ResumeToken {
        ResumeToken {
            bucket: self.uploader.bucket.name().to_owned(),
            key: self.uploader.key().to_owned(),
            upload_id: guard.upload_id().to_owned(),
            part_size: sizes.first(),
            length: self.reader.len,
            modified: self.reader.modified_nanoseconds(),
            parts: BTreeMap::new(),
        }
    }

    /// Uploads all parts and returns the size of the content. No task is left when it returns.
    async fn upload_parts(
        &mut self,
        token: &mut ResumeToken,
        sizes: PartSizes,
        first: Option<Part>,
        stored: BTreeMap<u32, StoredPart>,
    ) -> Result<u64> {
        // Parts that were sent may wait for their MD5s. Those of a stream are limited by their memory.
        let tasks = PartTasks::new(&self.uploader.bucket, self.uploader.concurrency);
        let mut tasks = tasks.with_responses(2 * batch(sizes.first()));
        let bytes = self
            .run_part_tasks(&mut tasks, token, sizes, first, stored)
            .await;
        if bytes.is_err() && self.options.resumable {
            self.record_sent_parts(&mut tasks, token).await;
        }
        tasks.shutdown().await;
        let bytes = self.reader.check_result(bytes, OBJECT_IS_KEPT).await?;
        self.tokens.sync().await?;
        Ok(bytes)
    }

    /// After a failure, adds the parts to the token that only wait for their MD5s, so that a resumed
    /// upload need not compare them with the stored ones. An error does not replace the first one.
    async fn record_sent_parts(&mut self, tasks: &mut PartTasks, token: &mut ResumeToken) {
        loop {
            // A task does not count any more when it has its MD5, shortly before it ends.
            let event = poll_fn(|cx| match tasks.poll_next(cx) {
                Poll::Pending if !tasks.has_responses() => Poll::Ready(None),
                event => event,
            });
            match event.await {
                Some(Ok(TaskEvent::Finished((number, part)))) => {
                    if self.tokens.add_part(token, number, part).await.is_err() {
                        return;
                    }
                }
                Some(_) => {}
                None => return,
            }
        }
    }

    async fn run_part_tasks(
        &mut self,
        tasks: &mut PartTasks,
        token: &mut ResumeToken,
        sizes: PartSizes,
        first: Option<Part>,
        mut stored: BTreeMap<u32, StoredPart>,
    ) -> Result<u64> {
        let upload_id: Arc<str> = token.upload_id.as_str().into();
        let needs_md5 = self.uploader.needs_md5();
        // Parts that the service has are compared by their MD5s.
        let has_md5s = needs_md5 || !stored.is_empty();
        let mut queue = match has_md5s && !self.reader.is_stream() {
            true => PartQueue::in_batches(sizes.first()),
            false => PartQueue::one_by_one(),
        };
        first.into_iter().for_each(|part| queue.push(part));
        let mut bytes = 0_u64;
        loop {
            queue.start_md5s(&self.uploader.md5_pool, |number| {
                needs_md5 || stored.contains_key(&number)
            });
            if tasks.has_room()
                && let Some((number, part)) = queue.pop(tasks.limit())
            {
                bytes += part.content.len();
                check_object_size(bytes)?;
                let (uploader, id) = (Arc::clone(&self.uploader), Arc::clone(&upload_id));
                let (stored, responses) = (stored.remove(&number), tasks.response_counter());
                tasks.spawn(0, move |admitted, _| {
                    uploader.upload_part(admitted, responses, id, number, part, stored)
                });
            }
            let mut size_to_read = None;
            if queue.should_read_part() {
                size_to_read = self.reader.part_size(sizes, queue.next_number()).await?;
                queue.is_at_end = size_to_read.is_none();
            }
            match poll_fn(|cx| poll_event(cx, tasks, &mut self.reader, size_to_read)).await? {
                Event::Uploaded(number, part) => self.tokens.add_part(token, number, part).await?,
                Event::Progress => {}
                Event::Read(Some(part)) => queue.push(part),
                Event::Read(None) => queue.is_at_end = true,
                Event::Idle => break,
            }
        }
        // An earlier process may have sent parts that the source no longer has.
        token
            .parts
            .retain(|uploaded, _| *uploaded < queue.parts_taken());
        Ok(bytes)
    }

    async fn complete(
        &mut self,
        guard: &mut MultipartGuard,
        token: &ResumeToken,
        bytes: u64,
    ) -> Result<UploadOutput> {
        let uploader = &self.uploader;
        let etag = token.object_etag();
        let parts = token.parts.iter().map(|(number, part)| {
            let mut object_part = ObjectPart::new(*number);
            object_part.etag = part.etag().map(str::to_owned);
            object_part
        });
        let mut input = CompleteMultipartUploadInput::new(uploader.key(), &token.upload_id, parts);
        input.etag.clone_from(&etag);
        let is_expected = |object: &HeadObjectOutput| is_made_of_parts(token, Some(bytes), object);
        let completion = guard.complete(input, uploader.head(), is_expected).await?;
        let output = completion.into_output(etag);
        Ok(UploadOutput {
            etag: output.etag,
            version_id: output.version_id,
            upload_id: Some(token.upload_id.clone()),
            parts: part_count(token),
            bytes,
            resumed: uploader.monitor.resumed(),
            request_id: output.request_id,
        })
    }
}

/// Returns the next event: a part that was uploaded, or the next part of the source if
/// `size_to_read` is set; or the first error of either.
#[inline]
fn poll_event(
    cx: &mut Context<'_>,
    tasks: &mut PartTasks,
    reader: &mut PartReader<'_>,
    size_to_read: Option<u64>,
) -> Poll<Result<Event>> {
    let is_idle = match tasks.poll_next(cx) {
        Poll::Ready(Some(event)) => {
            return Poll::Ready(event.map(|event| match event {
                TaskEvent::Finished((number, part)) => Event::Uploaded(number, part),
                TaskEvent::Progress => Event::Progress,
            }));
        }
        Poll::Ready(None) => true,
        Poll::Pending => false,
    };
    if let Some(size) = size_to_read {
        // One part is read while the others are sent.
        let parts = tasks.limit().saturating_add(1);
        let capacity = size.saturating_mul(parts as u64);
        let part = reader.poll_part(cx, size, capacity);
        return part.map(|part| part.map(Event::Read));
    }
    if is_idle {
        return Poll::Ready(Ok(Event::Idle));
    }
    Poll::Pending
}

/// Returns `true` if the object has the ETag of the token's parts, and the given size.
#[inline]
pub(super) fn is_made_of_parts(
    token: &ResumeToken,
    len: Option<u64>,
    object: &HeadObjectOutput,
) -> bool {
    let is_same_size = len.is_none() || len == object.content_length;
    let is_same_etag = token
        .object_etag()
        .is_some_and(|etag| entity_tag::are_same(&etag, &object.etag));
    is_same_size && is_same_etag
}

/// Returns the output of an upload whose last response was lost.
#[inline]
pub(super) fn output_of_existing(token: &ResumeToken, object: HeadObjectOutput) -> UploadOutput {
    let bytes = object.content_length.unwrap_or_default();
    UploadOutput {
        request_id: object.request_id().map(str::to_owned),
        etag: object.etag,
        version_id: object.version_id,
        upload_id: Some(token.upload_id.clone()),
        parts: part_count(token),
        bytes,
        resumed: bytes,
    }
}

fn part_count(token: &ResumeToken) -> u32 {
    u32::try_from(token.parts.len()).unwrap_or(u32::MAX)
}
