//! Finds the operation of a request, and checks its parameters.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Method};

use crate::base::api_error::ApiError;
use crate::base::operation_facts::{Level, ParameterFacts, ParameterType};
use crate::generated::error_codes::ErrorCode;
use crate::generated::operations::Operation;
use crate::request::request_target::Query;

/// Checks a value of a parameter.
fn check_value(parameter: &ParameterFacts, value: &str) -> Result<(), ApiError> {
    let expected = match parameter.kind {
        ParameterType::Text | ParameterType::Time => return Ok(()),
        ParameterType::Integer(least, most) => match value.parse() {
            Ok(number) if (least..=most).contains(&number) => return Ok(()),
            _ if most == i64::MAX => format!("an integer from {least}"),
            _ => format!("an integer from {least} to {most}"),
        },
        ParameterType::Boolean if matches!(value, "true" | "false") => return Ok(()),
        ParameterType::Boolean => "true or false".to_owned(),
        ParameterType::OneOf(values)
            if values.iter().any(|one| equals_value(parameter, value, one)) =>
        {
            return Ok(());
        }
        ParameterType::OneOf(values) => values.join(" or "),
    };
    // The API documents name another code for this parameter.
    let code = match parameter.name {
        "X-QS-Storage-Class" => ErrorCode::InvalidRequest,
        _ => ErrorCode::InvalidArgument,
    };
    let name = parameter.name;
    Err(ApiError::new(
        code,
        format!("{name} {value:?} is not {expected}"),
    ))
}

/// Returns whether a value is the specified one. The API documents also use other spellings of some
/// values.
fn equals_value(parameter: &ParameterFacts, value: &str, specified: &str) -> bool {
    match parameter.name {
        "X-QS-Metadata-Directive" => value.eq_ignore_ascii_case(specified),
        "lang" => value.replace('_', "-").eq_ignore_ascii_case(specified),
        _ => value == specified,
    }
}

/// Finds the operation of a method, a level and the sub-resource in the query.
///
/// Returns an error for a sub-resource that the level or the method does not have: `DELETE
/// /bucket?acl` must not delete the bucket.
pub(crate) fn route(method: &Method, level: Level, query: &Query) -> Result<Operation, ApiError> {
    if method == Method::OPTIONS && level != Level::Service {
        return Ok(Operation::OptionsObject);
    }
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
                    "the request has several sub-resources: {}",
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

/// Returns an error if a required parameter is missing, or if the value of a parameter is not
/// valid.
pub(crate) fn check_parameters(
    operation: Operation,
    headers: &HeaderMap,
    query: &Query,
) -> Result<(), ApiError> {
    let facts = operation.facts();
    let missing = |kind: &str, parameter: &ParameterFacts| {
        let message = format!("{} requires the {kind} {}", facts.id, parameter.name);
        Err(ApiError::new(ErrorCode::InvalidArgument, message))
    };
    for parameter in facts.query {
        // An empty value is the same as an absent one.
        match query.get(parameter.name).filter(|value| !value.is_empty()) {
            Some(value) => check_value(parameter, value)?,
            None if parameter.required => return missing("query parameter", parameter),
            None => {}
        }
    }
    // A chunked body does not need `Content-Length`.
    let is_chunked = headers.contains_key(TRANSFER_ENCODING);
    for parameter in facts.headers {
        let value = headers.get(parameter.name);
        match value.filter(|value| !value.is_empty()) {
            Some(value) => check_value(parameter, &String::from_utf8_lossy(value.as_bytes()))?,
            None if is_chunked && CONTENT_LENGTH == parameter.name => {}
            None if parameter.required => return missing("header", parameter),
            None => {}
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
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn id(method: &str, level: Level, query: &str) -> Result<&'static str, u16> {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        route(&method, level, &Query::parse(query).unwrap())
            .map(|operation| operation.facts().id)
            .map_err(|error| error.status().as_u16())
    }

    #[test]
    fn finds_each_operation_by_its_address() {
        for operation in Operation::ALL {
            let facts = operation.facts();
            let query = facts.sub_resource.unwrap_or_default();
            assert_eq!(id(facts.method, facts.level, query), Ok(facts.id));
            assert!(!facts.success.is_empty(), "{} never succeeds", facts.id);
        }
    }

    #[test]
    fn sub_resources_select_the_operation() {
        assert_eq!(id("GET", Level::Bucket, "prefix=a"), Ok("ListObjects"));
        assert_eq!(id("GET", Level::Bucket, "limit=1&acl"), Ok("GetBucketACL"));
        assert_eq!(
            id("PUT", Level::Object, "upload_id=a&part_number=0"),
            Ok("UploadMultipart")
        );
        assert_eq!(id("POST", Level::Bucket, ""), Ok("PostObject"));
    }

    #[test]
    fn preflights_can_have_any_query() {
        for query in ["", "acl", "upload_id=a&part_number=0", "uploads&acl"] {
            for level in [Level::Bucket, Level::Object] {
                assert_eq!(id("OPTIONS", level, query), Ok("OptionsObject"), "{query}");
            }
        }
        assert_eq!(id("OPTIONS", Level::Service, ""), Err(405));
    }

    #[test]
    fn refuses_requests_without_an_operation() {
        assert_eq!(id("DELETE", Level::Bucket, "acl"), Err(405));
        assert_eq!(id("GET", Level::Object, "acl"), Err(405));
        assert_eq!(id("PATCH", Level::Bucket, ""), Err(405));
        assert_eq!(id("HEAD", Level::Service, ""), Err(405));
        assert_eq!(id("GET", Level::Bucket, "acl&cors"), Err(400));
    }

    fn check(operation: Operation, query: &str, header: (&str, &str)) -> Result<(), String> {
        let mut headers = HeaderMap::new();
        headers.insert("Content-Length", HeaderValue::from_static("0"));
        headers.insert(
            HeaderName::from_bytes(header.0.as_bytes()).unwrap(),
            HeaderValue::from_str(header.1).unwrap(),
        );
        check_parameters(operation, &headers, &Query::parse(query).unwrap())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn errors_name_missing_parameters() {
        let none = HeaderMap::new();
        let query = Query::parse("append").unwrap();
        let error = check_parameters(Operation::AppendObject, &none, &query).unwrap_err();
        assert_eq!(
            error.to_string(),
            "invalid_argument (400): AppendObject requires the query parameter position"
        );
        let error = check_parameters(Operation::PutObject, &none, &Query::default()).unwrap_err();
        assert!(error.to_string().contains("header Content-Length"));
    }

    #[test]
    fn empty_headers_are_the_same_as_absent_ones() {
        for operation in Operation::ALL {
            for parameter in operation.facts().headers {
                let mut headers = HeaderMap::new();
                for other in operation.facts().headers.iter().filter(|one| one.required) {
                    let name = HeaderName::from_bytes(other.name.as_bytes()).unwrap();
                    headers.insert(name, HeaderValue::from_static("0"));
                }
                let name = HeaderName::from_bytes(parameter.name.as_bytes()).unwrap();
                headers.insert(name, HeaderValue::from_static(""));
                let query = operation.facts().query.iter().filter(|one| one.required);
                let query = query.map(|one| format!("{}=0", one.name));
                let query = Query::parse(&query.collect::<Vec<_>>().join("&")).unwrap();
                let checked = check_parameters(*operation, &headers, &query);
                let message = checked.map_err(|error| error.to_string()).err();
                let is_missing = message
                    .as_ref()
                    .is_some_and(|message| message.contains("requires the header"));
                let (id, name) = (operation.facts().id, parameter.name);
                assert_eq!(is_missing, parameter.required, "{id} {name}: {message:?}");
                assert!(
                    parameter.required || message.is_none(),
                    "{id} {name}: {message:?}"
                );
            }
        }
    }

    #[test]
    fn a_chunked_body_does_not_need_a_length() {
        let headers =
            HeaderMap::from_iter([(TRANSFER_ENCODING, HeaderValue::from_static("chunked"))]);
        let query = Query::default();
        assert!(check_parameters(Operation::PutObject, &headers, &query).is_ok());
    }

    #[test]
    fn query_parameters_have_types_and_enums() {
        let check = |operation, query| check(operation, query, ("accept", "*/*"));
        for (operation, query, says) in [
            (
                Operation::ListObjects,
                "limit=-1",
                "limit \"-1\" is not an integer from 0",
            ),
            (Operation::ListObjects, "limit=1.5", "limit \"1.5\""),
            (Operation::ListBuckets, "offset=many", "offset \"many\""),
            (
                Operation::UploadMultipart,
                "upload_id=a&part_number=10001",
                "part_number \"10001\" is not an integer from 0 to 10000",
            ),
            (
                Operation::AppendObject,
                "append&position=-1",
                "position \"-1\"",
            ),
            (
                Operation::GetBucketCname,
                "type=Website",
                "type \"Website\" is not normal or website",
            ),
            (
                Operation::ListLocations,
                "lang=fr-fr",
                "lang \"fr-fr\" is not en-us or zh-cn",
            ),
        ] {
            let error = check(operation, query).unwrap_err();
            assert!(error.starts_with("invalid_argument (400): "), "{error}");
            assert!(error.contains(says), "{error}");
        }
        for (operation, query) in [
            (Operation::ListObjects, "limit=&prefix=&zone=anything"),
            (Operation::ListObjects, "limit=4294967296&unknown=-1"),
            (Operation::UploadMultipart, "upload_id=a&part_number=10000"),
            (Operation::AppendObject, "append&position=0"),
            (Operation::ListLocations, "location&lang=zh_CN"),
        ] {
            assert_eq!(check(operation, query), Ok(()), "{query}");
        }
    }

    #[test]
    fn headers_have_types_and_enums() {
        let check = |name, value| check(Operation::PutObject, "", (name, value));
        assert_eq!(
            check("x-qs-storage-class", "ARCHIVE"),
            Err(
                "invalid_request (400): X-QS-Storage-Class \"ARCHIVE\" is not STANDARD or \
                 STANDARD_IA"
                    .to_owned()
            )
        );
        assert_eq!(
            check("x-qs-metadata-directive", "keep"),
            Err(
                "invalid_argument (400): X-QS-Metadata-Directive \"keep\" is not COPY or REPLACE"
                    .to_owned()
            )
        );
        for (name, value) in [
            ("x-qs-metadata-directive", "replace"),
            ("x-qs-storage-class", "STANDARD_IA"),
            ("x-qs-copy-source-if-modified-since", "yesterday"),
            ("content-md5", "d41d8cd98f00b204e9800998ecf8427e"),
        ] {
            assert_eq!(check(name, value), Ok(()), "{name}: {value}");
        }
    }

    #[test]
    fn flags_are_true_or_false() {
        let flag = ParameterFacts::optional("flag", ParameterType::Boolean);
        assert!(check_value(&flag, "true").is_ok() && check_value(&flag, "false").is_ok());
        let error = check_value(&flag, "TRUE").unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("flag \"TRUE\" is not true or false")
        );
    }
}
