//! What the modules of the store promise together.

use super::*;
use crate::metadata::{Metadata, StorageClass};
use crate::time::Timestamp;

/// A record without content, for tests of what reads records.
pub(crate) fn record(key: &str, etag: &str, modified: u64) -> ObjectRecord {
    let attributes = Attributes {
        storage_class: StorageClass::Standard,
        metadata: Metadata::default(),
    };
    let modified = Timestamp::from_unix_seconds(modified);
    ObjectRecord {
        etag: etag.to_owned(),
        created: modified,
        modified,
        ..objects::draft(key.to_owned(), Vec::new(), attributes)
    }
}
