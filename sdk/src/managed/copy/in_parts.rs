//! Copies in parts, within a zone.

use super::{CopyObject, CopyObjectOutput, SourceVersion};
use crate::base::entity_tag;
use crate::base::error::{ContentPart, Result};
use crate::client::transfer_budget::Lane;
use crate::generated::operations::{
    CompleteMultipartUploadInput, HeadObjectInput, HeadObjectOutput, InitiateMultipartUploadInput,
    UploadMultipartInput,
};
use crate::generated::types::ObjectPart;
use crate::managed::complete_upload::{CompleteUploadOutput, etag_of_parts};
use crate::managed::multipart_guard::MultipartGuard;
use crate::managed::part_sizes::PartSizes;
use crate::managed::request_tasks::{Concurrency, RequestTasks, TaskEvent};
use crate::message::sse::{CopySourceSseInput, SseInput};

impl CopyObject {
    /// Copies the source to a new multipart upload of `object`.
    pub(super) async fn copy_parts(
        &self,
        source: SourceVersion,
        object: InitiateMultipartUploadInput,
    ) -> Result<CopyObjectOutput> {
        let mut guard = MultipartGuard::initiate(&self.bucket, object).await?;
        match self.copy_with(&mut guard, &source).await {
            Ok((parts, copy)) => Ok(CopyObjectOutput {
                etag: copy.etag,
                version_id: copy.version_id,
                source_etag: source.etag,
                parts,
                bytes: source.size,
                request_id: copy.request_id,
            }),
            Err(error) => {
                guard.abort_failed().await;
                Err(error)
            }
        }
    }

    /// Copies all parts and completes the upload. Returns the number of parts, and the copy.
    async fn copy_with(
        &self,
        guard: &mut MultipartGuard,
        source: &SourceVersion,
    ) -> Result<(u32, CompleteUploadOutput)> {
        let limit = Concurrency::new(self.concurrency, Lane::Copies, &self.bucket);
        let mut tasks = RequestTasks::new(&self.bucket, limit);
        let copied = self.copy_ranges(&mut tasks, guard.upload_id(), source);
        let copied = copied.await;
        // After an error, no part must arrive after the abort.
        tasks.shutdown().await;
        let mut done = copied?;
        done.sort_unstable_by_key(|part| part.part_number);
        let parts = u32::try_from(done.len()).unwrap_or(u32::MAX);
        let etag = self.etag_of_copy(source, &done);
        let mut input = CompleteMultipartUploadInput::new(&self.key, guard.upload_id(), done);
        input.etag.clone_from(&etag);
        let mut head = HeadObjectInput::new(&self.key);
        head.set_sse_key(self.sse_key.as_ref());
        let is_expected = |copy: &HeadObjectOutput| {
            let etag = etag.as_deref();
            etag.is_some_and(|etag| entity_tag::are_same(etag, &copy.etag))
                && copy.content_length == Some(source.size)
        };
        let completion = guard.complete(input, head, is_expected).await?;
        Ok((parts, completion.into_output(etag)))
    }

    /// Copies all parts. Returns them in the order in which they were copied.
    async fn copy_ranges(
        &self,
        tasks: &mut RequestTasks<ObjectPart>,
        upload_id: &str,
        source: &SourceVersion,
    ) -> Result<Vec<ObjectPart>> {
        let part_size = PartSizes::new(self.part_size, Some(source.size))?.first();
        let mut ranges = numbered_ranges(source.size, part_size);
        let mut done = Vec::new();
        loop {
            while tasks.has_room()
                && let Some((number, range)) = ranges.next()
            {
                let input = self.part_input(source, upload_id, number, range);
                tasks.spawn(0, move |admitted, _| async move {
                    let copied = admitted.bucket.call(input).send().await;
                    let etag = copied
                        .map_err(|error| error.with_part(ContentPart::Number(number)))?
                        .etag;
                    admitted.slot.moved(part_size);
                    Ok(ObjectPart::new(number).etag(entity_tag::text(&etag)))
                });
            }
            match tasks.next().await.transpose()? {
                Some(TaskEvent::Finished(part)) => done.push(part),
                Some(TaskEvent::Progress) => {}
                None => return Ok(done),
            }
        }
    }

    /// Returns the ETag for a copy with these parts; `None` if the service chooses it.
    ///
    /// The copy has the same bytes as the source, so it gets the same tag. The tag of an encrypted
    /// source may depend on its key, so the copy gets the tag of its own parts.
    #[inline]
    fn etag_of_copy(&self, source: &SourceVersion, parts: &[ObjectPart]) -> Option<String> {
        match (&self.source_sse_key, &self.sse_key) {
            (None, _) => entity_tag::is_strong(&source.etag).then(|| source.etag.clone()),
            (Some(_), None) => etag_of_parts(parts),
            (Some(_), Some(_)) => None,
        }
    }

    #[inline]
    fn part_input(
        &self,
        source: &SourceVersion,
        upload_id: &str,
        number: u32,
        range: String,
    ) -> UploadMultipartInput {
        let mut input = UploadMultipartInput::new(&self.key, upload_id, number);
        input.copy_source = Some(self.source.clone());
        input.copy_range = Some(range);
        (
            input.copy_source_if_match,
            input.copy_source_if_unmodified_since,
        ) = source.unchanged_condition();
        input.set_sse_key(self.sse_key.as_ref());
        input.set_copy_source_sse_key(self.source_sse_key.as_ref());
        input
    }
}

/// Returns the numbers and the ranges of the parts of an object.
fn numbered_ranges(size: u64, part_size: u64) -> impl Iterator<Item = (u32, String)> {
    let start = move |number: u32| u64::from(number - 1).checked_mul(part_size);
    (1..).map_while(move |number| {
        let start = start(number).filter(|start| *start < size)?;
        let last = size.min(start.saturating_add(part_size)) - 1;
        Some((number, format!("bytes={start}-{last}")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::managed::part_sizes::MAX_PART_SIZE;

    #[test]
    fn ranges_cover_the_object() {
        let texts = |size, part_size| -> Vec<_> { numbered_ranges(size, part_size).collect() };
        assert_eq!(texts(0, 4), []);
        assert_eq!(texts(4, 4), [(1, "bytes=0-3".into())]);
        assert_eq!(
            texts(5, 4),
            [(1, "bytes=0-3".into()), (2, "bytes=4-4".into())]
        );
        // Offsets above 32 bits.
        let (_, second) = numbered_ranges(8 << 30, MAX_PART_SIZE).nth(1).unwrap();
        assert_eq!(second, "bytes=5368709120-8589934591");
        assert_eq!(
            numbered_ranges(50_000_000_000_000, MAX_PART_SIZE).count(),
            9314
        );
    }
}
