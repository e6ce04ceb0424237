//! Requests as `curl` commands.

use std::fmt::Write as _;

use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use qingstor_sdk::Presigned;

/// The body of a request.
pub(crate) enum CurlBody<'a> {
    /// The request has no body.
    None,
    /// A text, such as a JSON document.
    Text(&'a str),
    /// A file; `-` is standard input.
    File(&'a str),
}

/// Returns the `curl` command for a presigned call. For an upload, `file` is what it sends.
pub(crate) fn presigned(call: &Presigned, file: Option<&str>) -> String {
    let body = match file {
        Some(file) => CurlBody::File(file),
        None => CurlBody::None,
    };
    command(
        call.method().as_str(),
        &call.uri().to_string(),
        call.headers(),
        &body,
        true,
    )
}

/// Returns the `curl` command for a request. Unless `show_secrets` is set, the signature and the headers
/// that are marked as sensitive, such as encryption keys, tokens, and URLs that the service fetches, are
/// replaced, so that the command can be shown to others but not be executed.
pub(crate) fn command(
    method: &str,
    uri: &str,
    headers: &HeaderMap,
    body: &CurlBody<'_>,
    show_secrets: bool,
) -> String {
    let mut command = "curl".to_owned();
    match method {
        "GET" => {}
        "HEAD" => command.push_str(" --head"),
        _ => {
            // Writing to a string cannot fail.
            let _ = write!(command, " --request {method}");
        }
    }
    let mut has_content_type = false;
    for (name, value) in headers {
        // curl computes the length from the body.
        if name == CONTENT_LENGTH {
            continue;
        }
        has_content_type |= name == CONTENT_TYPE;
        let value = match show_secrets {
            true => value.to_str().unwrap_or_default().to_owned(),
            false => redacted(name, value),
        };
        let _ = write!(command, " --header {}", quoted(&format!("{name}: {value}")));
    }
    let data = match body {
        CurlBody::None => None,
        CurlBody::Text(text) => Some(("--data-raw", (*text).to_owned())),
        CurlBody::File(file) => Some(("--upload-file", (*file).to_owned())),
    };
    if let Some((option, value)) = data {
        // curl would add a type to data, and the signature would not be valid.
        if option == "--data-raw" && !has_content_type {
            command.push_str(" --header 'Content-Type:'");
        }
        let _ = write!(command, " {option} {}", quoted(&value));
    }
    let _ = write!(command, " {}", quoted(uri));
    command
}

fn redacted(name: &HeaderName, value: &HeaderValue) -> String {
    let text = value.to_str().unwrap_or_default();
    match text.rsplit_once(':') {
        Some((id, _)) if name == AUTHORIZATION => format!("{id}:<signature>"),
        _ if value.is_sensitive() => "<secret>".to_owned(),
        _ => text.to_owned(),
    }
}

/// Quotes a text for POSIX shells.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_secrets_are_safe() {
        let headers = [
            ("authorization", "QS ID:c2lnbmF0dXJl", true),
            ("x-qs-fetch-source", "https://u:p@h/?signature=s", true),
            ("x-gateway-token", "a2V5", true),
            ("x-qs-meta-a", "it's", false),
            ("content-length", "3", false),
        ];
        let headers: HeaderMap = headers
            .into_iter()
            .map(|(name, value, is_sensitive)| {
                let mut value = HeaderValue::from_static(value);
                value.set_sensitive(is_sensitive);
                (HeaderName::from_static(name), value)
            })
            .collect();
        let shown = command(
            "PUT",
            "http://h/a?b&c",
            &headers,
            &CurlBody::File("f g"),
            false,
        );
        assert_eq!(
            shown,
            "curl --request PUT --header 'authorization: QS ID:<signature>' \
             --header 'x-qs-fetch-source: <secret>' --header 'x-gateway-token: <secret>' \
             --header 'x-qs-meta-a: it'\\''s' --upload-file 'f g' 'http://h/a?b&c'"
        );
        let full = command("GET", "u", &headers, &CurlBody::None, true);
        assert!(
            full.contains("c2lnbmF0dXJl") && full.contains("a2V5") && full.contains("u:p@h"),
            "{full}"
        );
    }
}
