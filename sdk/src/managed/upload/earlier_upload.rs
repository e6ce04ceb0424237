//! [`EarlierUpload`]: the state of the upload that a resume token belongs to.

use std::collections::BTreeMap;

use super::UploadOutput;
use super::multipart::{OBJECT_IS_KEPT, is_made_of_parts, output_of_existing};
use super::part_content::Part;
use super::part_queue::batch;
use super::part_reader::PartReader;
use super::resume_token::{CompletedPart, ResumeToken};
use super::uploader::{StoredPart, Uploader};
use crate::base::entity_tag;
use crate::base::error::{Error, Result};
use crate::generated::operations::ListMultipartInput;
use crate::managed::multipart_guard::is_upload_gone;
use crate::managed::part_sizes::{MAX_PARTS, PartSizes};
use crate::managed::request_tasks::send;

/// The number of parts that one request lists.
const LIST_LIMIT: u32 = 1000;

/// State of the upload that a resume token belongs to.
pub(super) enum EarlierUpload {
    /// The upload can be resumed.
    Unfinished {
        token: ResumeToken,
        /// The parts that the service has, by number.
        stored: BTreeMap<u32, StoredPart>,
    },
    /// The upload was completed, and the object has the content of the source.
    Complete(UploadOutput),
    /// The upload was completed, but the source has other content, or can be read only once. Or the
    /// source has changed, and the upload was aborted.
    Outdated,
}

impl EarlierUpload {
    /// Asks the service for the upload of `token`. If the source has changed and `is_replaced` is set,
    /// aborts the upload: after the token is replaced, nothing could continue it.
    ///
    /// # Errors
    ///
    /// Returns the error of the service, also if the upload was aborted by another program, and
    /// `InvalidInput` if the token belongs to another bucket or source.
    pub(super) async fn find(
        uploader: &Uploader,
        reader: &mut PartReader<'_>,
        token: ResumeToken,
        is_replaced: bool,
    ) -> Result<Self> {
        check_bucket(&token, uploader)?;
        match check_source(&token, reader) {
            Err(_) if is_replaced => {
                let mut guard = uploader.guard(&token)?;
                let aborted = guard.abort().await;
                // The token stays if that failed, so that a later upload aborts it.
                guard.keep_on_drop();
                return aborted.map(|()| Self::Outdated);
            }
            checked => checked?,
        }
        let error = match list_stored_parts(uploader, &token).await {
            Ok(stored) => return Ok(Self::Unfinished { token, stored }),
            Err(error) => error,
        };
        if !is_upload_gone(&error) {
            return Err(error.with_resume_token(token));
        }
        if token.parts.is_empty() {
            return Err(error);
        }
        // The earlier process may have completed the upload without receiving the response.
        let object = match send(&uploader.bucket, None, uploader.head()).await {
            Ok(object) if is_made_of_parts(&token, token.length, &object) => object,
            Err(head_error) if !head_error.is_not_found() => {
                return Err(head_error.with_resume_token(token));
            }
            _ => return Err(error),
        };
        // The object proves nothing about the source: it may be that of the previous backup.
        match is_source_of(uploader, reader, &token).await {
            Ok(true) => Ok(Self::Complete(output_of_existing(&token, object))),
            Ok(false) => Ok(Self::Outdated),
            Err(error) => Err(error.with_resume_token(token)),
        }
    }
}

fn check_bucket(token: &ResumeToken, uploader: &Uploader) -> Result<()> {
    if token.bucket == uploader.bucket.name() {
        return Ok(());
    }
    let text = format!("the token belongs to bucket `{}`", token.bucket);
    Err(Error::invalid_input(text))
}

/// Rejects a token of another source.
#[inline]
fn check_source(token: &ResumeToken, reader: &PartReader<'_>) -> Result<()> {
    if let (Some(then), Some(now)) = (token.length, reader.len)
        && then != now
    {
        return Err(Error::invalid_input(format!(
            "the source has {now} bytes; it had {then} when the upload started"
        )));
    }
    if let (Some(then), Some(now)) = (token.modified, reader.modified_nanoseconds())
        && then != now
    {
        let text = "the source file has changed since the upload started";
        return Err(Error::invalid_input(text));
    }
    Ok(())
}

/// Lists the parts that the service has.
async fn list_stored_parts(
    uploader: &Uploader,
    token: &ResumeToken,
) -> Result<BTreeMap<u32, StoredPart>> {
    let mut stored = BTreeMap::new();
    let mut after = None;
    loop {
        let mut input = ListMultipartInput::new(&token.key, &token.upload_id);
        input.limit = Some(LIST_LIMIT);
        input.part_number_marker = after;
        let page = send(&uploader.bucket, None, input).await?.object_parts;
        let Some(last) = page.iter().map(|part| part.part_number).max() else {
            return Ok(stored);
        };
        // A list that does not advance, or exceeds the last possible part, would never end.
        if after.is_some_and(|after| last <= after || after >= MAX_PARTS) {
            return Ok(stored);
        }
        after = Some(last);
        stored.extend(page.into_iter().map(|part| {
            let stored = StoredPart {
                size: part.size,
                etag: entity_tag::text(&part.etag.unwrap_or_default()).to_owned(),
                recorded: token.parts.get(&part.part_number).cloned(),
            };
            (part.part_number, stored)
        }));
    }
}

/// Returns `true` if the source consists of the parts of the token. Returns `false` for a stream, which
/// could not be uploaded after it was read.
async fn is_source_of(
    uploader: &Uploader,
    reader: &mut PartReader<'_>,
    token: &ResumeToken,
) -> Result<bool> {
    let Some(mut reader) = reader.duplicate() else {
        return Ok(false);
    };
    let sizes = PartSizes::new(token.part_size, token.length)?;
    let result = has_parts(uploader, &mut reader, token, sizes).await;
    reader.check_result(result, OBJECT_IS_KEPT).await
}

async fn has_parts(
    uploader: &Uploader,
    reader: &mut PartReader<'_>,
    token: &ResumeToken,
    sizes: PartSizes,
) -> Result<bool> {
    let pool = &uploader.md5_pool;
    let mut number = 0;
    loop {
        let mut parts = read_batch(reader, sizes, number).await?;
        if parts.is_empty() {
            return Ok(token.parts.len() == number as usize);
        }
        Part::start_md5s(pool, &mut parts);
        for mut part in parts {
            let recorded = token.parts.get(&number).and_then(CompletedPart::digest);
            if recorded != Some(part.md5(pool).await?) {
                return Ok(false);
            }
            number += 1;
        }
    }
}

/// Returns the parts from number `first` on that are hashed at the same time; none at the end.
async fn read_batch(
    reader: &mut PartReader<'_>,
    sizes: PartSizes,
    first: u32,
) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    for number in (first..).take(batch(sizes.first())) {
        let Some(size) = reader.part_size(sizes, number).await? else {
            break;
        };
        let Some(part) = reader.part(size).await? else {
            break;
        };
        parts.push(part);
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::managed::part_sizes::MIN_PART_SIZE;

    /// Returns the number of parts of content with `len` bytes.
    async fn number_of_parts(sizes: PartSizes, len: u64) -> Result<u32> {
        let mut reader = PartReader::of_missing_file(len);
        let mut number = 0;
        loop {
            match read_batch(&mut reader, sizes, number).await?.len() {
                0 => return Ok(number),
                parts => number += parts as u32,
            }
        }
    }

    #[tokio::test]
    async fn the_content_may_end_with_the_last_possible_part() {
        let longest = u64::from(MAX_PARTS) * MIN_PART_SIZE;
        let sizes = PartSizes::new(MIN_PART_SIZE, Some(longest)).unwrap();
        for len in [longest - 1, longest] {
            assert_eq!(number_of_parts(sizes, len).await.unwrap(), MAX_PARTS);
        }
        let error = number_of_parts(sizes, longest + 1).await.unwrap_err();
        assert!(error.to_string().contains("10,000 parts"), "{error}");
    }
}
