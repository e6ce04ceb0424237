//! [`decide`]: whether a file and an object differ. Pure; the caller fetches the facts it needs.

use super::action::{SkipReason, TransferReason, UnchangedReason};
use super::options::Compare;
use crate::base::digest::Digest;
use crate::base::entity_tag;
use crate::base::timestamp::Timestamp;
use crate::generated::types::StorageClass;

/// The facts about a file or an object that cost nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) size: u64,
    /// Of an object: the time of its last change, to the second.
    pub(super) modified: Option<Timestamp>,
    /// Empty for a local file.
    pub(super) etag: String,
    /// Whether the object is encrypted with a customer-provided key: its ETag may be anything.
    pub(super) encrypted: bool,
    /// Of an object, if the list contains it.
    pub(super) storage_class: Option<StorageClass>,
    /// Path of a source file relative to its folder, if names are encoded.
    pub(super) disk_path: Option<String>,
}

/// The rules of a comparison.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// `None` transfers everything.
    pub(super) compare: Option<Compare>,
    pub(super) direction: Kinds,
    pub(super) overwrite: bool,
    pub(super) update: bool,
}

/// Kinds of source and target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kinds {
    FileToObject,
    ObjectToFile,
    ObjectToObject,
}

/// Facts that cost a request or the reading of a file. `None` is not known yet.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts {
    /// The time in the metadata of the object (of the source, if both are objects), if it has one.
    pub(super) recorded_time: Option<Option<Timestamp>>,
    /// The time in the metadata of the target, if both are objects.
    pub(super) target_recorded_time: Option<Option<Timestamp>>,
    /// Whether the contents are equal; `Some(None)` if that cannot be found out.
    pub(super) equal_content: Option<Option<bool>>,
}

/// A fact that is missing for a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    RecordedTime,
    TargetRecordedTime,
    Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Transfer(TransferReason),
    Skip(SkipReason),
    Need(Fact),
}

/// Largest local file that is read to avoid a request for the recorded time. Reading it costs less.
const CHEAP_CONTENT: u64 = 64 * 1024;

/// Decides what happens to a path that both sides have.
pub(super) fn decide(rules: Rules, source: &Version, target: &Version, facts: Facts) -> Decision {
    if !rules.overwrite {
        return Decision::Skip(SkipReason::Exists);
    }
    let difference = match rules.compare {
        None => Decision::Transfer(TransferReason::New),
        Some(compare) => difference(compare, rules.direction, source, target, facts),
    };
    match difference {
        Decision::Transfer(_) if rules.update => {
            let (source_time, target_time) = match (rules.direction, facts.recorded_time) {
                (Kinds::ObjectToObject, _) => (source.modified, target.modified),
                (_, None) => return Decision::Need(Fact::RecordedTime),
                (Kinds::FileToObject, Some(recorded)) => {
                    (source.modified, recorded.or(target.modified))
                }
                (Kinds::ObjectToFile, Some(recorded)) => {
                    (recorded.or(source.modified), target.modified)
                }
            };
            match target_time > source_time && source_time.is_some() {
                true => Decision::Skip(SkipReason::TargetNewer),
                false => difference,
            }
        }
        _ => difference,
    }
}

fn difference(
    compare: Compare,
    direction: Kinds,
    source: &Version,
    target: &Version,
    facts: Facts,
) -> Decision {
    let unchanged = |reason| Decision::Skip(SkipReason::Unchanged(reason));
    if source.size != target.size {
        return Decision::Transfer(TransferReason::SizeDiffers);
    }
    match (compare, direction) {
        (Compare::SizeOnly, _) => unchanged(UnchangedReason::Size),
        (Compare::Checksum, Kinds::ObjectToObject) => match same_entity_tag(source, target) {
            Some(true) => unchanged(UnchangedReason::Checksum),
            Some(false) => Decision::Transfer(TransferReason::ContentDiffers),
            None => unchanged(UnchangedReason::SizeWithoutChecksum),
        },
        (Compare::AnyDifference, Kinds::FileToObject) => file_and_object(source, target, facts),
        (Compare::AnyDifference, Kinds::ObjectToFile) => file_and_object(target, source, facts),
        (Compare::AnyDifference, Kinds::ObjectToObject) => two_objects(source, target, facts),
        (Compare::Checksum, _) => match facts.equal_content {
            None => Decision::Need(Fact::Content),
            Some(Some(true)) => unchanged(UnchangedReason::Checksum),
            Some(Some(false)) => Decision::Transfer(TransferReason::ContentDiffers),
            Some(None) => unchanged(UnchangedReason::SizeWithoutChecksum),
        },
        (Compare::SizeAndTime, Kinds::FileToObject) => file_to_object(source, target, facts),
        (Compare::SizeAndTime, Kinds::ObjectToFile) => object_to_file(source, target, facts),
        (Compare::SizeAndTime, Kinds::ObjectToObject) => {
            let is_newer = source.modified > target.modified;
            match same_entity_tag(source, target) {
                Some(true) => unchanged(UnchangedReason::Checksum),
                // Times have a resolution of one second.
                Some(false) if source.modified == target.modified => {
                    Decision::Transfer(TransferReason::ContentDiffers)
                }
                _ if is_newer => Decision::Transfer(TransferReason::Newer),
                _ => unchanged(UnchangedReason::SizeAndTime),
            }
        }
    }
}

/// Decides whether a file and an object differ, whichever of them is the source. What costs least
/// decides first: the MD5 of a small file, then the time, then the content of a large file.
fn file_and_object(file: &Version, object: &Version, facts: Facts) -> Decision {
    match facts.equal_content {
        Some(Some(true)) => {
            return Decision::Skip(SkipReason::Unchanged(UnchangedReason::Checksum));
        }
        Some(Some(false)) => return Decision::Transfer(TransferReason::ContentDiffers),
        None if is_cheap(file, object) => return Decision::Need(Fact::Content),
        Some(None) | None => {}
    }
    let Some(recorded) = facts.recorded_time else {
        return Decision::Need(Fact::RecordedTime);
    };
    if !time_differs(file, recorded.or(object.modified)) {
        return Decision::Skip(SkipReason::Unchanged(UnchangedReason::SizeAndTime));
    }
    match facts.equal_content {
        None => Decision::Need(Fact::Content),
        Some(_) => Decision::Transfer(TransferReason::TimeDiffers),
    }
}

/// Decides whether two objects differ, whichever of them is the source. A copy is always newer than
/// its source, so the times of the files decide if the ETags are not comparable.
fn two_objects(source: &Version, target: &Version, facts: Facts) -> Decision {
    let same_time = Decision::Skip(SkipReason::Unchanged(UnchangedReason::SizeAndTime));
    match same_entity_tag(source, target) {
        Some(true) => return Decision::Skip(SkipReason::Unchanged(UnchangedReason::Checksum)),
        Some(false) => return Decision::Transfer(TransferReason::ContentDiffers),
        // That both were stored in the same second proves nothing.
        None => {}
    }
    let Some(of_source) = facts.recorded_time else {
        return Decision::Need(Fact::RecordedTime);
    };
    // An object without this time counts as different.
    if of_source.is_none() {
        return Decision::Transfer(TransferReason::TimeDiffers);
    }
    match facts.target_recorded_time {
        None => Decision::Need(Fact::TargetRecordedTime),
        Some(of_target) if of_target == of_source => same_time,
        Some(_) => Decision::Transfer(TransferReason::TimeDiffers),
    }
}

/// Decides about an upload: the file differs if it is newer than the object.
fn file_to_object(file: &Version, object: &Version, facts: Facts) -> Decision {
    let unchanged = Decision::Skip(SkipReason::Unchanged(UnchangedReason::SizeAndTime));
    let newer = Decision::Transfer(TransferReason::Newer);
    let (Some(file_time), Some(object_time)) = (file.modified, object.modified) else {
        // Without a time, the size decides.
        return unchanged;
    };
    // The time of the object has a resolution of one second.
    if file_time.as_unix_seconds() < object_time.as_unix_seconds() {
        return unchanged;
    }
    match facts.recorded_time {
        None => Decision::Need(Fact::RecordedTime),
        Some(Some(recorded)) if is_time_of(file_time, recorded) => unchanged,
        Some(Some(_)) => newer,
        Some(None) if file_time > object_time => newer,
        Some(None) => unchanged,
    }
}

/// Decides about a download: the object differs if its time is not that of the file.
fn object_to_file(object: &Version, file: &Version, facts: Facts) -> Decision {
    if facts.recorded_time.is_none() {
        match facts.equal_content {
            None if is_cheap(file, object) => return Decision::Need(Fact::Content),
            Some(Some(true)) => {
                return Decision::Skip(SkipReason::Unchanged(UnchangedReason::Checksum));
            }
            _ => return Decision::Need(Fact::RecordedTime),
        }
    }
    let object_time = facts.recorded_time.flatten().or(object.modified);
    match time_differs(file, object_time) {
        true => Decision::Transfer(TransferReason::TimeDiffers),
        false => Decision::Skip(SkipReason::Unchanged(UnchangedReason::SizeAndTime)),
    }
}

/// Returns whether reading a file costs less than a request, and shows whether its content is that of
/// the object.
fn is_cheap(file: &Version, object: &Version) -> bool {
    file.size <= CHEAP_CONTENT && md5(object).is_some()
}

/// Returns whether the time of a file is not that of an object. Unknown times do not differ.
fn time_differs(file: &Version, object_time: Option<Timestamp>) -> bool {
    match (object_time, file.modified) {
        (Some(object_time), Some(file_time)) => !is_time_of(file_time, object_time),
        _ => false,
    }
}

/// Returns the MD5 of the content of an object, if its ETag is one.
pub(super) fn md5(object: &Version) -> Option<Digest> {
    match object.encrypted {
        true => None,
        false => Digest::of_stored(&object.etag),
    }
}

/// Returns whether two objects of the same size have the same content according to their
/// ETags; `None` if these are not comparable, such as those of different part sizes.
fn same_entity_tag(a: &Version, b: &Version) -> Option<bool> {
    if a.encrypted || b.encrypted {
        return None;
    }
    if entity_tag::are_same(&a.etag, &b.etag) {
        return Some(true);
    }
    (md5(a).is_some() && md5(b).is_some()).then_some(false)
}

/// Returns whether the time of a file is that of an object. File systems store times with a
/// resolution of 1 ns, 100 ns or one second.
fn is_time_of(file: Timestamp, object: Timestamp) -> bool {
    let (of_file, of_object) = (file.subsec_nanos(), object.subsec_nanos());
    file.as_unix_seconds() == object.as_unix_seconds()
        && (of_file / 1000 == of_object / 1000 || of_file == 0)
}

#[cfg(test)]
mod tests;
