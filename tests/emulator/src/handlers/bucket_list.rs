//! Listing objects.

use serde::Serialize;

use super::{Call, Owner};
use crate::access::Access;
use crate::acl::Permission;
use crate::answer::{self, Answer};
use crate::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;
use crate::store::{ListQuery, ObjectRecord};
use crate::target::Query;

const DEFAULT_LIMIT: usize = 100;
/// The newest documents say 100; clients in the field ask for 1000, and get it.
const MAX_LIMIT: usize = 1000;

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
    /// With quotes, unlike in other lists.
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
            created: object.created.iso8601_millis(),
            modified: object.modified.unix_seconds(),
            encrypted: false,
            storage_class: object.storage_class.as_str(),
        }
    }
}

/// `GET /<bucket>`: never anonymous, even where everybody may read.
pub(super) fn list_objects(call: &Call<'_>) -> Result<Answer, ApiError> {
    let bucket = call.bucket(Access::SignedInPermission(Permission::Read))?;
    let query = list_query(&call.target.query)?;
    let page = call.store.list(&bucket.name, &query)?;
    let delimiter = query.delimiter.map(String::from).unwrap_or_default();
    let document = ObjectList {
        name: &bucket.name,
        owner: Owner::new(&bucket.owner),
        prefix: &query.prefix,
        delimiter: &delimiter,
        limit: query.limit,
        marker: &query.marker,
        next_marker: page.next_marker.as_deref().unwrap_or_default(),
        has_more: page.next_marker.is_some(),
        keys: page.objects.iter().map(|object| Key::new(object)).collect(),
        common_prefixes: &page.common_prefixes,
    };
    answer::json(call.success(), &document)
}

fn list_query(query: &Query) -> Result<ListQuery, ApiError> {
    let text = |name| query.get(name).unwrap_or_default().to_owned();
    let mut delimiter = query.get("delimiter").unwrap_or_default().chars();
    let list_query = ListQuery {
        prefix: text("prefix"),
        delimiter: delimiter.next(),
        marker: text("marker"),
        limit: query
            .get_as::<usize>("limit")?
            .unwrap_or(DEFAULT_LIMIT)
            .min(MAX_LIMIT),
    };
    if delimiter.next().is_some() {
        return Err(ApiError::new(
            ErrorCode::InvalidArgument,
            "a delimiter is one character",
        ));
    }
    Ok(list_query)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<ListQuery, &'static str> {
        list_query(&Query::parse(query).unwrap()).map_err(|error| error.code())
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
