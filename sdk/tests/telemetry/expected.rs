//! The lines of expected spans. The names are literals, so that a test fails if a constant changes.

use std::collections::BTreeMap;

/// Returns the line of a call: the fields that all calls have, and `more`.
pub(crate) fn call(operation: &str, method: &str, more: &[(&str, &str)]) -> String {
    let name = format!("QingStor.{operation}");
    let own = [
        ("http.request.method", method),
        ("otel.name", &*name),
        ("qingstor.operation", operation),
    ];
    expected("call", &[&own[..], more].concat())
}

/// Returns the line of an attempt below a call.
pub(crate) fn attempt(method: &str, target: &str, more: &[(&str, &str)]) -> String {
    let url = format!("http://127.0.0.1:PORT{target}");
    let own = [
        ("http.request.method", method),
        ("otel.name", method),
        ("url.full", &*url),
    ];
    expected("attempt", &[&own[..], more].concat())
}

pub(crate) fn transfer(name: &str, more: &[(&str, &str)]) -> String {
    let exported = format!("QingStor.{name}");
    let own = [("otel.name", &*exported), ("qingstor.operation", name)];
    expected("transfer", &[&own[..], more].concat())
}

fn expected(span: &str, fields: &[(&str, &str)]) -> String {
    let common = [
        ("otel.kind", "client"),
        ("server.address", "127.0.0.1"),
        ("server.port", "PORT"),
    ];
    let fields: BTreeMap<_, _> = common.iter().chain(fields).copied().collect();
    let fields = fields.iter().map(|(name, value)| format!("{name}={value}"));
    format!("{span} {}", fields.collect::<Vec<_>>().join(" "))
}

pub(crate) fn indented(depth: usize, line: String) -> String {
    "  ".repeat(depth) + &line
}

pub(crate) const BUCKET: (&str, &str) = ("qingstor.bucket", "some-bucket");
pub(crate) const ID: (&str, &str) = ("qingstor.request_id", "ID");
pub(crate) const FAILED: (&str, &str) = ("otel.status_code", "ERROR");

pub(crate) fn status(status: &str) -> (&str, &str) {
    ("http.response.status_code", status)
}

pub(crate) fn key(key: &str) -> (&str, &str) {
    ("qingstor.key", key)
}

pub(crate) fn error(kind: &str) -> (&str, &str) {
    ("error.type", kind)
}
