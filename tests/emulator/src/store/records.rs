//! What the store keeps about buckets and objects.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::acl::Grant;
use crate::metadata::{Metadata, StorageClass};
use crate::settings::Settings;
use crate::time::Timestamp;

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BucketRecord {
    pub(crate) name: String,
    pub(crate) zone: String,
    /// The user id of the owner.
    pub(crate) owner: String,
    pub(crate) created: Timestamp,
    pub(crate) acl: Vec<Grant>,
    #[serde(default)]
    pub(crate) settings: Settings,
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ObjectRecord {
    pub(crate) key: String,
    /// The name of the content file: random, so that no key ever reaches the file system.
    pub(super) content_id: String,
    pub(crate) size: u64,
    /// Without quotes.
    pub(crate) etag: String,
    pub(crate) created: Timestamp,
    pub(crate) modified: Timestamp,
    pub(crate) storage_class: StorageClass,
    pub(crate) metadata: Metadata,
}

/// What a copy or a move does not take over from its source.
#[derive(Clone, Debug)]
pub(crate) struct Attributes {
    pub(crate) storage_class: StorageClass,
    pub(crate) metadata: Metadata,
}

/// Number and size of some objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) count: u64,
    pub(crate) size: u64,
}

/// Usage of a bucket by storage class.
pub(crate) type Statistics = BTreeMap<StorageClass, Usage>;
