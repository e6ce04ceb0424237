//! Listing the versions of the objects of a bucket.

use serde::Serialize;

use super::bucket_list::{LIMITS, list_query};
use super::{Call, Owner};
use crate::auth::authorization::RequiredAccess;
use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};
use crate::settings::acl::Permission;
use crate::store::{Marker, VersionEntry};

#[derive(Serialize)]
struct VersionList<'a> {
    name: &'a str,
    owner: Owner<'a>,
    prefix: &'a str,
    delimiter: &'a str,
    limit: usize,
    key_marker: &'a str,
    version_id_marker: &'a str,
    next_key_marker: &'a str,
    next_version_id_marker: String,
    has_more: bool,
    keys: Vec<Version<'a>>,
    common_prefixes: &'a [String],
}

#[derive(Serialize)]
struct Version<'a> {
    key: &'a str,
    version_id: String,
    is_latest: bool,
    delete_marker: bool,
    size: u64,
    /// ETag without quotes, unlike in the list of objects.
    etag: &'a str,
    mime_type: &'a str,
    created: String,
    /// A string, unlike in the list of objects.
    modified: String,
    encrypted: bool,
    storage_class: &'static str,
}

impl<'a> Version<'a> {
    fn new(entry: &'a VersionEntry) -> Self {
        let record = &entry.record;
        Self {
            key: &record.key,
            version_id: record.version.to_string(),
            is_latest: entry.is_latest,
            delete_marker: record.is_delete_marker,
            size: record.size,
            etag: &record.etag,
            mime_type: if record.is_delete_marker {
                ""
            } else {
                record.metadata.content_type()
            },
            created: record.created.iso8601(),
            modified: record.modified.iso8601(),
            encrypted: record.encryption.is_some(),
            storage_class: record.storage_class.as_str(),
        }
    }
}

/// `GET /<bucket>?versions`.
pub(super) fn list(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::SignedInPermission(Permission::Read))?;
    let text = |name| call.target.query.get(name).unwrap_or_default();
    let (key_marker, version_marker) = (text("key_marker"), text("version_id_marker"));
    let marker = marker(call, &bucket.name, key_marker, version_marker)?;
    let query = list_query(&call.target.query, marker, LIMITS)?;
    let page = call.store.list_versions(&bucket.name, &query)?;
    let delimiter = query.delimiter.map(String::from).unwrap_or_default();
    // A page may end between two versions of a key.
    let last_version = page
        .next
        .as_ref()
        .and_then(|next| next.order.and(page.entries.last()))
        .map(|entry| entry.record.version.to_string())
        .unwrap_or_default();
    let document = VersionList {
        name: &bucket.name,
        owner: Owner::new(&bucket.owner),
        prefix: &query.prefix,
        delimiter: &delimiter,
        limit: query.limit,
        key_marker,
        version_id_marker: version_marker,
        next_key_marker: page.next.as_ref().map_or("", |next| &next.key),
        next_version_id_marker: last_version,
        has_more: page.next.is_some(),
        keys: page.entries.iter().map(Version::new).collect(),
        common_prefixes: &page.common_prefixes,
    };
    response::json(call.success(), &document)
}

/// Returns the position after a version. If the version was deleted, returns the position after its
/// key.
fn marker(call: &Call<'_>, bucket: &str, key: &str, version: &str) -> Result<Marker, ApiError> {
    if key.is_empty() || version.is_empty() {
        return Ok(Marker::after(key));
    }
    let version = super::parse_version(version)?;
    Ok(call.store.marker_of_version(bucket, key, version)?)
}
