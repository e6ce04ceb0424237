//! The access log: one line for each request.

use http::Uri;
use http_body::Body as _;

use crate::base::response::ApiResponse;
use crate::server::exchange::Exchange;

/// Logs a request and its response, which is `None` if the connection is reset. The line does not
/// contain signatures or bodies, and no header except the trace context.
pub(crate) fn write(exchange: &Exchange, response: Option<&ApiResponse>, bytes_in: u64) {
    let elapsed = exchange.started.elapsed().as_micros();
    let rules = exchange.faults.rules.as_str();
    tracing::info!(
        target: "qingstor_emulator::access",
        client = %exchange.peer,
        user = exchange.user_id,
        method = %exchange.head.method,
        target = redact(&exchange.head.uri),
        operation = exchange.operation.map(|operation| operation.facts().id),
        status = response.map(|response| response.status().as_u16()),
        code = exchange.code,
        fault = Some(rules).filter(|rules| !rules.is_empty()),
        request_id = exchange.request_id,
        traceparent = trace_context(exchange),
        bytes_in,
        bytes_out = response.and_then(|response| response.body().size_hint().exact()),
        elapsed_us = u64::try_from(elapsed).unwrap_or(u64::MAX),
    );
}

/// Returns the trace context of a request (W3C Trace Context), if it has one.
fn trace_context(exchange: &Exchange) -> Option<&str> {
    let value = exchange.head.headers.get("traceparent")?;
    // Only a version, three hexadecimal IDs and hyphens, so that a client cannot write other text
    // into the log.
    let is_context = |text: &&str| {
        let mut bytes = text.bytes();
        text.len() <= 64 && bytes.all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
    };
    value.to_str().ok().filter(is_context)
}

/// Returns the target of a request for the log. The signature is redacted, because a signed URL can
/// be used by anyone who reads it.
pub(crate) fn redact(uri: &Uri) -> String {
    let Some(query) = uri.query() else {
        return uri.path().to_owned();
    };
    let parameters = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_signature(name) => format!("{name}=***"),
        _ => pair.to_owned(),
    });
    format!(
        "{}?{}",
        uri.path(),
        parameters.collect::<Vec<_>>().join("&")
    )
}

/// Returns whether a query parameter is the signature. Its name may be percent-encoded.
fn is_signature(name: &str) -> bool {
    percent_encoding::percent_decode_str(name)
        .decode_utf8_lossy()
        .eq_ignore_ascii_case("signature")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_does_not_contain_signatures() {
        for (uri, expected) in [
            ("/a/b?acl", "/a/b?acl"),
            (
                "/a/b?access_key_id=ID&signature=abc%3D&expires=1",
                "/a/b?access_key_id=ID&signature=***&expires=1",
            ),
            ("/a/b?%73ignature=abc", "/a/b?%73ignature=***"),
            ("/a/b", "/a/b"),
        ] {
            assert_eq!(redact(&uri.parse().unwrap()), expected);
        }
    }
}
