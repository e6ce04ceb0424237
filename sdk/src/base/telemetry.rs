//! Names of the spans, fields and metrics that the client reports, for filters, exporters and tests.
//!
//! They follow the semantic conventions of OpenTelemetry. Names that the conventions do not define
//! start with `qingstor.`. [The guide](crate::guide::observability) describes when each field is set.
//!
//! ```
//! use qingstor_sdk::telemetry;
//!
//! let filter = format!("{}=debug", telemetry::TARGET); // for example for `EnvFilter`
//! assert_eq!(filter, "qingstor_sdk=debug");
//! ```

use std::borrow::Cow;

use crate::base::error::{Error, ErrorCode, ErrorKind};

/// Target of all spans and events. Their level is `DEBUG`, with one exception that the guide lists.
pub const TARGET: &str = "qingstor_sdk";

/// Name of the span of a transfer: an upload or its completion, a download, a copy, a batch deletion,
/// a folder, or the search for the zone of a bucket. The spans of its calls are inside of it.
pub const TRANSFER_SPAN: &str = "transfer";

/// Name of the span of a call of one operation.
pub const CALL_SPAN: &str = "call";

/// Name of the span of an attempt to send the request of a call, inside of the span of the call.
pub const ATTEMPT_SPAN: &str = "attempt";

/// Name of an exported span: `QingStor.` and the operation or the transfer, such as
/// `QingStor.GetObject` and `QingStor.Upload`, or the HTTP method of an attempt.
pub const OTEL_NAME: &str = "otel.name";

/// Kind of an exported span: always [`KIND_CLIENT`].
pub const OTEL_KIND: &str = "otel.kind";

/// Value of [`OTEL_KIND`].
pub const KIND_CLIENT: &str = "client";

/// Status of an exported span: [`STATUS_ERROR`] after a failure, otherwise not set.
pub const OTEL_STATUS_CODE: &str = "otel.status_code";

/// Value of [`OTEL_STATUS_CODE`] after a failure.
pub const STATUS_ERROR: &str = "ERROR";

/// Host of the endpoint.
pub const SERVER_ADDRESS: &str = "server.address";

/// Port of the endpoint.
pub const SERVER_PORT: &str = "server.port";

/// HTTP method.
pub const HTTP_REQUEST_METHOD: &str = "http.request.method";

/// Status of the response. Not set without a response.
pub const HTTP_RESPONSE_STATUS_CODE: &str = "http.response.status_code";

/// Of an attempt: how many attempts of the call were sent before it. Of a call: how many attempts
/// followed the first one. Not set if it is 0.
pub const HTTP_REQUEST_RESEND_COUNT: &str = "http.request.resend_count";

/// URL of an attempt, with path and query. It does not contain the signature.
pub const URL_FULL: &str = "url.full";

/// Reason of a failure: the [code](crate::Error::code) of the service if it is known, or else the
/// status of the response, or the [kind](crate::Error::kind) of the error in snake case. `service` for
/// a batch deletion in which a key failed with an unknown code. Not set after a success, and after
/// 304, which is not a failure.
pub const ERROR_TYPE: &str = "error.type";

/// ID of the operation in the specification, such as `GetObject`.
pub const QINGSTOR_OPERATION: &str = "qingstor.operation";

/// Bucket of a call or a transfer.
pub const QINGSTOR_BUCKET: &str = "qingstor.bucket";

/// Object key of a call or a transfer.
pub const QINGSTOR_KEY: &str = "qingstor.key";

/// Request ID of the response, from `X-QS-Request-ID`.
pub const QINGSTOR_REQUEST_ID: &str = "qingstor.request_id";

/// Name of the histogram of the duration of attempts, in seconds. The client does not record
/// metrics; an [`Observer`](crate::Observer) does, as in `sdk/examples/opentelemetry.rs`.
pub const HTTP_CLIENT_REQUEST_DURATION: &str = "http.client.request.duration";

/// Bucket boundaries that OpenTelemetry advises for [`HTTP_CLIENT_REQUEST_DURATION`], in seconds.
pub const HTTP_CLIENT_REQUEST_DURATION_BOUNDARIES: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Returns the value of [`ERROR_TYPE`] for an error; `None` for 304, which is not a failure.
#[must_use]
pub fn error_type(error: &Error) -> Option<Cow<'static, str>> {
    if error.is_not_modified() {
        return None;
    }
    let kind = match error.kind() {
        ErrorKind::Service => return Some(service_error_type(error)),
        ErrorKind::InvalidInput => "invalid_input",
        ErrorKind::Config => "config",
        ErrorKind::Credentials => "credentials",
        ErrorKind::Interceptor => "interceptor",
        ErrorKind::Connect => "connect",
        ErrorKind::Timeout => "timeout",
        ErrorKind::Interrupted => "interrupted",
        ErrorKind::Decode => "decode",
        ErrorKind::Integrity => "integrity",
        ErrorKind::Io => "io",
    };
    Some(kind.into())
}

fn service_error_type(error: &Error) -> Cow<'static, str> {
    match (error.code(), error.status()) {
        // An unknown code can be any text, so it does not become the name of a class.
        (None | Some(ErrorCode::Unknown(_)), Some(status)) => status.as_str().to_owned().into(),
        (Some(code), _) => code.as_str().to_owned().into(),
        (None, None) => "service".into(),
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;
    use crate::base::error::ErrorResponse;

    fn service(status: u16, code: Option<&str>) -> Error {
        Error::new(ErrorKind::Service, "").with_response(ErrorResponse {
            status: StatusCode::from_u16(status).unwrap(),
            code: code.map(ErrorCode::from),
            ..ErrorResponse::default()
        })
    }

    #[test]
    fn the_error_type_has_few_values() {
        for (error, expected) in [
            (service(404, Some("object_not_exists")), "object_not_exists"),
            (service(404, None), "404"),
            (service(418, Some("a text of the server 8f3a")), "418"),
            (service(301, None), "301"),
            (Error::invalid_input("x"), "invalid_input"),
            (Error::new(ErrorKind::Connect, "x"), "connect"),
        ] {
            assert_eq!(error_type(&error).as_deref(), Some(expected));
        }
        assert_eq!(error_type(&service(304, None)), None);
    }
}
