//! Listing the multipart uploads of a bucket.

use serde::Serialize;

use super::Call;
use super::bucket_list::{Limits, list_query};
use crate::auth::authorization::RequiredAccess;
use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};
use crate::settings::acl::Permission;
use crate::store::{Marker, UploadRecord, upload_order};

const LIMITS: Limits = Limits {
    default: 200,
    max: 1000,
};

#[derive(Serialize)]
struct UploadList<'a> {
    name: &'a str,
    prefix: &'a str,
    delimiter: &'a str,
    limit: usize,
    /// The API document uses this name in its table, and the next one in its example.
    marker: &'a str,
    key_marker: &'a str,
    upload_id_marker: &'a str,
    next_key_marker: &'a str,
    next_upload_id_marker: &'a str,
    has_more: bool,
    uploads: Vec<UploadEntry<'a>>,
    common_prefixes: &'a [String],
}

#[derive(Serialize)]
struct UploadEntry<'a> {
    key: &'a str,
    upload_id: &'a str,
    created: String,
}

impl<'a> UploadEntry<'a> {
    fn new(upload: &'a UploadRecord) -> Self {
        Self {
            key: &upload.key,
            upload_id: &upload.upload_id,
            created: upload.created.iso8601(),
        }
    }
}

/// `GET /<bucket>?uploads`.
pub(super) fn list(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::SignedInPermission(Permission::Read))?;
    let text = |name| call.target.query.get(name).unwrap_or_default();
    let (key_marker, upload_id_marker) = (text("key_marker"), text("upload_id_marker"));
    let marker = Marker {
        key: key_marker.to_owned(),
        order: upload_order(upload_id_marker),
    };
    let query = list_query(&call.target.query, marker, LIMITS)?;
    let page = call.store.list_uploads(&bucket.name, &query)?;
    let delimiter = query.delimiter.map(String::from).unwrap_or_default();
    // A page may end between two uploads of a key.
    let last_upload = page
        .next
        .as_ref()
        .and_then(|next| next.order.and(page.entries.last()))
        .map_or("", |upload| &upload.upload_id);
    let document = UploadList {
        name: &bucket.name,
        prefix: &query.prefix,
        delimiter: &delimiter,
        limit: query.limit,
        marker: key_marker,
        key_marker,
        upload_id_marker,
        next_key_marker: page.next.as_ref().map_or("", |next| &next.key),
        next_upload_id_marker: last_upload,
        has_more: page.next.is_some(),
        uploads: page.entries.iter().map(UploadEntry::new).collect(),
        common_prefixes: &page.common_prefixes,
    };
    response::json(call.success(), &document)
}
