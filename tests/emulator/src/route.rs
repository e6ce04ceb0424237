//! Which operation a request asks for.

use http::{HeaderMap, Method};

use crate::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;
use crate::generated::operations::Operation;
use crate::target::Query;

/// What an address names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Service,
    Bucket,
    Object,
}

/// What the spec says about one operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub(crate) id: &'static str,
    pub(crate) method: &'static str,
    pub(crate) level: Level,
    /// The query parameter whose presence selects the operation.
    pub(crate) sub_resource: Option<&'static str>,
    pub(crate) required_query: &'static [&'static str],
    pub(crate) required_headers: &'static [&'static str],
    /// The statuses of success, the usual one first.
    pub(crate) success: &'static [u16],
}

/// Finds the operation of a method, a level and the sub-resource in the query.
///
/// A sub-resource that the level or the method doesn't have is refused instead of ignored: `DELETE
/// /bucket?acl` must not delete the bucket.
pub(crate) fn route(method: &Method, level: Level, query: &Query) -> Result<Operation, ApiError> {
    let mut markers = query
        .names()
        .filter(|name| is_sub_resource(name))
        .collect::<Vec<_>>();
    markers.sort_unstable();
    markers.dedup();
    let marker = match markers.as_slice() {
        [] => None,
        [one] => Some(*one),
        several => {
            return Err(ApiError::new(
                ErrorCode::InvalidRequest,
                format!(
                    "a request has one sub-resource, this one has {}",
                    several.join(", ")
                ),
            ));
        }
    };
    Operation::ALL
        .iter()
        .copied()
        .find(|operation| {
            let facts = operation.facts();
            facts.method == method.as_str() && facts.level == level && facts.sub_resource == marker
        })
        .ok_or_else(|| {
            let what = match level {
                Level::Service => "the service",
                Level::Bucket => "a bucket",
                Level::Object => "an object",
            };
            let sub_resource = marker.map_or(String::new(), |name| format!("?{name} of "));
            ApiError::new(
                ErrorCode::MethodNotAllowed,
                format!("{method} is not allowed on {sub_resource}{what}"),
            )
        })
}

/// Refuses a request that lacks a parameter which the spec requires.
pub(crate) fn check_required(
    operation: Operation,
    headers: &HeaderMap,
    query: &Query,
) -> Result<(), ApiError> {
    let facts = operation.facts();
    let missing = |kind: &str, name: &str| {
        ApiError::new(
            ErrorCode::InvalidArgument,
            format!("{} requires the {kind} {name}", facts.id),
        )
    };
    for name in facts.required_query {
        if query.get(name).is_none_or(str::is_empty) {
            return Err(missing("query parameter", name));
        }
    }
    for name in facts.required_headers {
        if !headers.contains_key(*name) {
            return Err(missing("header", name));
        }
    }
    Ok(())
}

fn is_sub_resource(name: &str) -> bool {
    Operation::ALL
        .iter()
        .any(|operation| operation.facts().sub_resource == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(method: &str, level: Level, query: &str) -> Result<&'static str, u16> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        route(&method, level, &Query::parse(query).unwrap())
            .map(|operation| operation.facts().id)
            .map_err(|error| error.status().as_u16())
    }

    #[test]
    fn each_operation_is_found_by_its_own_address() {
        for operation in Operation::ALL {
            let facts = operation.facts();
            let query = facts.sub_resource.unwrap_or_default();
            assert_eq!(id(facts.method, facts.level, query), Ok(facts.id));
            assert!(!facts.success.is_empty(), "{} never succeeds", facts.id);
        }
    }

    #[test]
    fn sub_resources_select() {
        assert_eq!(id("GET", Level::Bucket, "prefix=a"), Ok("ListObjects"));
        assert_eq!(id("GET", Level::Bucket, "limit=1&acl"), Ok("GetBucketACL"));
        assert_eq!(
            id("PUT", Level::Object, "upload_id=a&part_number=0"),
            Ok("UploadMultipart")
        );
        assert_eq!(id("POST", Level::Bucket, ""), Ok("PostObject"));
    }

    #[test]
    fn what_has_no_operation_is_refused() {
        assert_eq!(id("DELETE", Level::Bucket, "acl"), Err(405));
        assert_eq!(id("GET", Level::Object, "acl"), Err(405));
        assert_eq!(id("PATCH", Level::Bucket, ""), Err(405));
        assert_eq!(id("HEAD", Level::Service, ""), Err(405));
        assert_eq!(id("GET", Level::Bucket, "acl&cors"), Err(400));
    }

    #[test]
    fn missing_parameters_are_named() {
        let none = HeaderMap::new();
        let query = Query::parse("append").unwrap();
        let error = check_required(Operation::AppendObject, &none, &query).unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid_argument (400): AppendObject requires the query parameter position"
        );
        let error = check_required(Operation::PutObject, &none, &Query::default()).unwrap_err();
        assert!(error.to_string().contains("header Content-Length"));
    }
}
