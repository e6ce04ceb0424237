//! Facts for comparisons that cost a request or the reading of a file.

use std::path::PathBuf;

use md5::{Digest as _, Md5};

use super::compare::{self, Decision, Fact, Facts, Kinds, Rules, Version};
use super::context::Context;
use crate::base::digest::Digest;
use crate::base::entity_tag;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::fs::regular_file;
use crate::client::Bucket;
use crate::generated::operations::HeadObjectInput;
use crate::managed::errors::{blocking, file_error};
use crate::managed::file_metadata::{PART_SIZE_METADATA, recorded_time};
use crate::managed::part_sizes::PartSizes;
use crate::managed::request_tasks::send;
use crate::managed::{Upload, etag_of_file};
use crate::message::metadata::Metadata;
use crate::message::sse::{SseInput, SseKey};

/// Returns the facts of a comparison that has not started.
pub(super) const fn none() -> Facts {
    Facts {
        recorded_time: None,
        target_recorded_time: None,
        equal_content: None,
    }
}

/// Decides what happens to a path that both sides have, with all facts that are necessary.
pub(super) async fn decide(
    context: &Context,
    rules: Rules,
    path: &str,
    source: &Version,
    target: &Version,
) -> Result<Decision> {
    // Of two objects, `object` is the source.
    let (file, object) = match rules.direction {
        Kinds::FileToObject => (source, target),
        Kinds::ObjectToFile | Kinds::ObjectToObject => (target, source),
    };
    let mut facts = none();
    let mut metadata = None;
    loop {
        match compare::decide(rules, source, target, facts) {
            Decision::Need(Fact::RecordedTime) => {
                let metadata = metadata_of(context, path, object, &mut metadata).await?;
                facts.recorded_time = Some(recorded_time(metadata));
            }
            Decision::Need(Fact::TargetRecordedTime) => {
                let sse_key = context.options.sse_key.as_ref();
                let head = HeadObjectInput::new(context.key(path));
                let metadata = request(&context.bucket, head, target, sse_key).await?;
                facts.target_recorded_time = Some(recorded_time(&metadata));
            }
            Decision::Need(Fact::Content) => {
                let local = match (&file.disk_path, &context.direction) {
                    (Some(disk_path), super::context::Direction::Up { folder }) => {
                        folder.join(disk_path)
                    }
                    _ => context.local(path),
                };
                facts.equal_content = Some(match compare::md5(object) {
                    Some(md5) => Some(md5_of_file(local, file.size).await? == md5),
                    None if is_made_of_parts(object) => {
                        let metadata = metadata_of(context, path, object, &mut metadata).await?;
                        let part_size = metadata.get(PART_SIZE_METADATA);
                        let part_size = part_size.and_then(|text| text.parse().ok());
                        equal_parts(context, local, object, part_size).await?
                    }
                    None => None,
                });
            }
            decision => return Ok(decision),
        }
    }
}

/// Requests the metadata of an object once. An object that does not exist any more has none.
async fn metadata_of<'a>(
    context: &Context,
    path: &str,
    object: &Version,
    known: &'a mut Option<Metadata>,
) -> Result<&'a Metadata> {
    if known.is_none() {
        let (bucket, key) = context.compared_object(path);
        let sse_key = match context.kinds() {
            Kinds::ObjectToObject => &context.options.source_sse_key,
            _ => &context.options.sse_key,
        };
        let head = HeadObjectInput::new(key);
        *known = Some(request(bucket, head, object, sse_key.as_ref()).await?);
    }
    Ok(known.get_or_insert_default())
}

/// Requests the metadata of an object. An object that does not exist any more has none.
async fn request(
    bucket: &Bucket,
    mut head: HeadObjectInput,
    object: &Version,
    sse_key: Option<&SseKey>,
) -> Result<Metadata> {
    if object.encrypted {
        head.set_sse_key(sse_key);
    }
    match send(bucket, None, head).await {
        Ok(head) => Ok(head.metadata),
        Err(error) if error.is_not_found() => Ok(Metadata::new()),
        Err(error) => Err(error),
    }
}

/// Returns whether the ETag is that of a multipart upload.
fn is_made_of_parts(object: &Version) -> bool {
    !object.encrypted && part_count(&object.etag).is_some()
}

fn part_count(etag: &str) -> Option<u64> {
    let (md5, count) = entity_tag::text(etag).split_once('-')?;
    Digest::of_stored(md5)?;
    count.parse().ok().filter(|count| *count > 0)
}

async fn md5_of_file(local: PathBuf, size: u64) -> Result<Digest> {
    /// Larger files are hashed in blocks.
    const SMALL: u64 = 1 << 20;
    if size > SMALL {
        let etag = etag_of_file(&local, Upload::DEFAULT_PART_SIZE, u64::MAX).await?;
        let text = "cannot compute the MD5 of the file";
        return Digest::of_stored(&etag).ok_or_else(|| Error::new(ErrorKind::Io, text));
    }
    let read = blocking(move || {
        let content = regular_file::open(&local)
            .and_then(|file| regular_file::read_at_most(&file, 2 * SMALL));
        content.map_err(|error| file_error(&local, error))
    });
    let content = read.await??;
    Ok(Digest::of(Md5::new_with_prefix(content)))
}

/// Returns whether a file has the ETag of a multipart upload; `None` if the part size is not
/// known and none of the usual ones results in this tag.
async fn equal_parts(
    context: &Context,
    local: PathBuf,
    object: &Version,
    recorded: Option<u64>,
) -> Result<Option<bool>> {
    let Some(count) = part_count(&object.etag) else {
        return Ok(None);
    };
    let is_possible = |part_size: &u64| *part_size > 0 && object.size.div_ceil(*part_size) == count;
    let recorded = recorded.filter(is_possible);
    let candidates = match recorded {
        Some(part_size) => vec![part_size],
        None => usual_part_sizes(context.options.part_size(), object.size, count),
    };
    for part_size in candidates {
        let etag = etag_of_file(&local, part_size, 0).await?;
        if entity_tag::are_same(&etag, &object.etag) {
            return Ok(Some(true));
        }
    }
    Ok(recorded.map(|_| false))
}

/// Returns part sizes that result in this number of parts: those of this SDK and of other tools.
fn usual_part_sizes(chosen: u64, size: u64, count: u64) -> Vec<u64> {
    const MIB: u64 = 1 << 20;
    let of_sdk = PartSizes::new(chosen, Some(size)).map(PartSizes::first);
    let usual = [
        4, 5, 8, 10, 15, 16, 20, 25, 32, 50, 64, 100, 128, 200, 256, 500, 512, 1024,
    ];
    let equal_parts = size.div_ceil(count);
    let mut candidates: Vec<u64> = of_sdk.into_iter().collect();
    candidates.push(chosen);
    candidates.extend(usual.map(|mib| mib * MIB));
    candidates.extend([equal_parts, equal_parts.next_multiple_of(MIB)]);
    candidates.retain(|part_size| size.div_ceil(*part_size) == count);
    candidates.sort_unstable();
    candidates.dedup();
    candidates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_part_sizes_with_the_number_of_parts_are_tried() {
        const MIB: u64 = 1 << 20;
        let sizes = usual_part_sizes(8 * MIB, 20 * MIB, 3);
        assert_eq!(sizes, [20 * MIB / 3 + 1, 7 * MIB, 8 * MIB]);
        assert_eq!(
            usual_part_sizes(6 * MIB, 12 * MIB, 2),
            [6 * MIB, 8 * MIB, 10 * MIB]
        );
        assert_eq!(usual_part_sizes(8 * MIB, 3, 1).first(), Some(&3));
        for (etag, count) in [
            ("\"900150983cd24fb0d6963f7d28e17f72-3\"", Some(3)),
            ("\"900150983cd24fb0d6963f7d28e17f72-0\"", None),
            ("\"900150983cd24fb0d6963f7d28e17f72\"", None),
            ("\"x-3\"", None),
        ] {
            assert_eq!(part_count(etag), count, "{etag}");
        }
    }
}
