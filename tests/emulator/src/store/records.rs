//! Records of buckets, objects and uploads.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::blob_id::BlobId;
use crate::base::digest::hex;
use crate::base::encryption::{Encryption, Iv};
use crate::base::metadata::{Metadata, StorageClass};
use crate::base::time::Timestamp;
use crate::settings::Settings;
use crate::settings::acl::Grant;

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BucketRecord {
    pub(crate) name: String,
    pub(crate) zone: String,
    /// User ID of the owner.
    pub(crate) owner: String,
    pub(crate) created: Timestamp,
    pub(crate) acl: Vec<Grant>,
    #[serde(default)]
    pub(crate) settings: Settings,
}

/// A version of an object, or a delete marker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ObjectRecord {
    pub(crate) key: String,
    pub(crate) version: VersionId,
    /// Sequence number. Later versions have higher numbers.
    pub(super) sequence: u64,
    pub(crate) is_delete_marker: bool,
    pub(crate) is_appendable: bool,
    pub(super) segments: Vec<Segment>,
    pub(crate) size: u64,
    /// ETag without quotes.
    pub(crate) etag: String,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) storage_class: StorageClass,
    pub(crate) metadata: Metadata,
    pub(crate) encryption: Option<Encryption>,
}

/// Consecutive bytes of an object, which are one complete blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Segment {
    #[serde(rename = "content")]
    pub(super) blob: BlobId,
    pub(super) size: u64,
    /// MD5 of the bytes before encryption, in hexadecimal.
    pub(super) md5: String,
    /// Initialization vector, if the bytes are encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) iv: Option<Iv>,
}

/// A multipart upload that is neither completed nor aborted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct UploadRecord {
    pub(crate) key: String,
    pub(crate) upload_id: String,
    pub(crate) created: Timestamp,
    pub(crate) attributes: Attributes,
    pub(crate) encryption: Option<Encryption>,
}

/// A part of an upload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartRecord {
    pub(crate) number: u32,
    pub(crate) created: Timestamp,
    pub(super) segment: Segment,
}

impl PartRecord {
    pub(crate) fn size(&self) -> u64 {
        self.segment.size
    }

    /// Returns the ETag without quotes.
    pub(crate) fn etag(&self) -> &str {
        &self.segment.md5
    }
}

/// Metadata and storage class of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attributes {
    pub(crate) storage_class: StorageClass,
    pub(crate) metadata: Metadata,
}

/// ID of a version. Without versioning, the version is `null`, of which an object has at most one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) enum VersionId {
    Null,
    Numbered(u64),
}

impl fmt::Display for VersionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            // The IDs of the service have this form: 18 digits in Base64.
            Self::Numbered(number) => f.write_str(&BASE64.encode(format!("{number:018}"))),
        }
    }
}

/// The error for a text that is not a version ID.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a version ID")]
pub(crate) struct NotAVersionId(String);

impl FromStr for VersionId {
    type Err = NotAVersionId;

    fn from_str(text: &str) -> Result<Self, NotAVersionId> {
        if text == "null" {
            return Ok(Self::Null);
        }
        BASE64
            .decode(text)
            .ok()
            .and_then(|digits| String::from_utf8(digits).ok()?.parse().ok())
            .map(Self::Numbered)
            // Rejects other spellings of the same number.
            .filter(|version| version.to_string() == text)
            .ok_or_else(|| NotAVersionId(text.to_owned()))
    }
}

impl From<VersionId> for String {
    fn from(version: VersionId) -> Self {
        version.to_string()
    }
}

impl TryFrom<String> for VersionId {
    type Error = NotAVersionId;

    fn try_from(text: String) -> Result<Self, NotAVersionId> {
        text.parse()
    }
}

/// Returns the ETag of an object: the MD5 of its only segment, or the MD5 of the MD5s of all
/// segments with their number appended, so that clients do not take it for the MD5 of the content.
pub(super) fn etag_of(segments: &[Segment]) -> String {
    if let [only] = segments {
        return only.md5.clone();
    }
    let mut digest = Md5::new();
    for segment in segments {
        digest.update(segment.md5.as_bytes());
    }
    format!("{}-{}", hex(&digest.finalize()), segments.len())
}

/// Number and total size of objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) count: u64,
    pub(crate) size: u64,
}

/// Usage of a bucket per storage class.
pub(crate) type Statistics = BTreeMap<StorageClass, Usage>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_ids_can_be_parsed() {
        assert_eq!(
            VersionId::Numbered(691_234_335_201_700_833).to_string(),
            "NjkxMjM0MzM1MjAxNzAwODMz"
        );
        for version in [
            VersionId::Null,
            VersionId::Numbered(0),
            VersionId::Numbered(u64::MAX),
        ] {
            assert_eq!(version.to_string().parse::<VersionId>().unwrap(), version);
        }
        for bad in ["", "Null", "MQ==", "NjkxMjM0MzM1MjAxNzAwODMz=", "\u{4e2d}"] {
            assert!(bad.parse::<VersionId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_etag_of_several_segments_is_not_an_md5() {
        let segment = |md5: &str| Segment {
            blob: BlobId::random(0),
            size: 1,
            md5: md5.to_owned(),
            iv: None,
        };
        assert_eq!(etag_of(&[segment("abc")]), "abc");
        let two = etag_of(&[segment("abc"), segment("def")]);
        assert!(two.ends_with("-2") && two.len() == 34, "{two}");
    }
}
