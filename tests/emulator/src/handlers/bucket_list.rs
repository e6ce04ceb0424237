//! Listing objects.

use serde::Serialize;

use super::{Call, Owner};
use crate::auth::authorization::RequiredAccess;
use crate::base::api_error::ApiError;
use crate::base::response::{self, ApiResponse};
use crate::generated::error_codes::ErrorCode;
use crate::request::request_target::Query;
use crate::settings::acl::Permission;
use crate::store::{ListQuery, Marker, ObjectRecord};

/// Default and largest number of entries on a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) default: usize,
    pub(super) max: usize,
}

pub(super) const LIMITS: Limits = Limits {
    default: 100,
    // The latest API documents say 100, but the service accepts 1000, which clients use.
    max: 1000,
};

#[derive(Serialize)]
struct ObjectList<'a> {
    name: &'a str,
    owner: Owner<'a>,
    prefix: &'a str,
    delimiter: &'a str,
    limit: usize,
    marker: &'a str,
    next_marker: &'a str,
    has_more: bool,
    keys: Vec<Key<'a>>,
    common_prefixes: &'a [String],
}

#[derive(Serialize)]
struct Key<'a> {
    key: &'a str,
    size: u64,
    /// ETag with quotes, unlike in other lists.
    etag: String,
    mime_type: &'a str,
    created: String,
    modified: u64,
    encrypted: bool,
    storage_class: &'static str,
}

impl<'a> Key<'a> {
    fn new(object: &'a ObjectRecord) -> Self {
        Self {
            key: &object.key,
            size: object.size,
            etag: format!("\"{}\"", object.etag),
            mime_type: object.metadata.content_type(),
            created: object.created.iso8601(),
            modified: object.modified.unix_seconds(),
            encrypted: object.encryption.is_some(),
            storage_class: object.storage_class.as_str(),
        }
    }
}

/// `GET /<bucket>`: is never anonymous, even if everybody may read the bucket.
pub(super) fn list_objects(call: &Call<'_>) -> Result<ApiResponse, ApiError> {
    let bucket = call.bucket(RequiredAccess::SignedInPermission(Permission::Read))?;
    let marker = call.target.query.get("marker").unwrap_or_default();
    let query = list_query(&call.target.query, Marker::after(marker), LIMITS)?;
    let page = call.store.list_objects(&bucket.name, &query)?;
    let delimiter = query.delimiter.map(String::from).unwrap_or_default();
    let document = ObjectList {
        name: &bucket.name,
        owner: Owner::new(&bucket.owner),
        prefix: &query.prefix,
        delimiter: &delimiter,
        limit: query.limit,
        marker,
        next_marker: page.next.as_ref().map_or("", |next| &next.key),
        has_more: page.next.is_some(),
        keys: page.entries.iter().map(Key::new).collect(),
        common_prefixes: &page.common_prefixes,
    };
    response::json(call.success(), &document)
}

/// Returns the query parameters that all lists of a bucket have in common.
pub(super) fn list_query(
    query: &Query,
    marker: Marker,
    limits: Limits,
) -> Result<ListQuery, ApiError> {
    let mut delimiter = query.get("delimiter").unwrap_or_default().chars();
    let list_query = ListQuery {
        prefix: query.get("prefix").unwrap_or_default().to_owned(),
        delimiter: delimiter.next(),
        marker,
        limit: query
            .get_as::<usize>("limit")?
            .unwrap_or(limits.default)
            .min(limits.max),
    };
    if delimiter.next().is_some() {
        return Err(ApiError::new(
            ErrorCode::InvalidArgument,
            "the delimiter must be one character",
        ));
    }
    Ok(list_query)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<ListQuery, &'static str> {
        list_query(&Query::parse(query).unwrap(), Marker::default(), LIMITS)
            .map_err(|error| error.code())
    }

    #[test]
    fn limits_have_a_default_and_are_clamped() {
        assert_eq!(parse("").unwrap().limit, 100);
        assert_eq!(parse("limit=").unwrap().limit, 100);
        assert_eq!(parse("limit=7").unwrap().limit, 7);
        assert_eq!(parse("limit=5000").unwrap().limit, 1000);
        for bad in ["limit=-1", "limit=many", "limit=1.5"] {
            assert_eq!(parse(bad).unwrap_err(), "invalid_argument", "{bad}");
        }
    }

    #[test]
    fn a_delimiter_is_one_character() {
        assert_eq!(parse("delimiter=").unwrap().delimiter, None);
        assert_eq!(parse("delimiter=/").unwrap().delimiter, Some('/'));
        assert_eq!(
            parse("delimiter=%E4%B8%AD").unwrap().delimiter,
            Some('\u{4e2d}')
        );
        assert_eq!(parse("delimiter=ab").unwrap_err(), "invalid_argument");
    }
}
