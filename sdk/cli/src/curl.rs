//! Requests as `curl` commands.

use std::fmt::Write as _;

use qingstor_sdk::Presigned;

/// Headers whose values are secret.
const SECRET_HEADERS: [&str; 3] = [
    "x-qs-encryption-customer-key",
    "x-qs-copy-source-encryption-customer-key",
    // The URL may be presigned or contain a password.
    "x-qs-fetch-source",
];

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
    let headers = call.headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
    let body = match file {
        Some(file) => CurlBody::File(file),
        None => CurlBody::None,
    };
    command(
        call.method().as_str(),
        &call.uri().to_string(),
        headers,
        &body,
        true,
    )
}

/// Returns the `curl` command for a request. Unless `show_secrets` is set, encryption keys, URLs that
/// the service fetches, and the signature are replaced, so that the command can be shown to others but
/// not be executed.
pub(crate) fn command<'a>(
    method: &str,
    uri: &str,
    headers: impl Iterator<Item = (&'a str, &'a str)>,
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
        if name.eq_ignore_ascii_case("content-length") {
            continue;
        }
        has_content_type |= name.eq_ignore_ascii_case("content-type");
        let value = match show_secrets {
            true => value.to_owned(),
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

fn redacted(name: &str, value: &str) -> String {
    if SECRET_HEADERS
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret))
    {
        return "<secret>".to_owned();
    }
    match value.rsplit_once(':') {
        Some((id, _)) if name.eq_ignore_ascii_case("authorization") => format!("{id}:<signature>"),
        _ => value.to_owned(),
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
            ("authorization", "QS ID:c2lnbmF0dXJl"),
            ("X-QS-Encryption-Customer-Key", "a2V5"),
            ("X-QS-Fetch-Source", "https://u:p@h/?signature=s"),
            ("x-qs-meta-a", "it's"),
            ("content-length", "3"),
        ];
        let shown = command(
            "PUT",
            "http://h/a?b&c",
            headers.into_iter(),
            &CurlBody::File("f g"),
            false,
        );
        assert_eq!(
            shown,
            "curl --request PUT --header 'authorization: QS ID:<signature>' \
             --header 'X-QS-Encryption-Customer-Key: <secret>' --header 'X-QS-Fetch-Source: <secret>' \
             --header 'x-qs-meta-a: it'\\''s' --upload-file 'f g' 'http://h/a?b&c'"
        );
        let full = command("GET", "u", headers.into_iter(), &CurlBody::None, true);
        assert!(
            full.contains("c2lnbmF0dXJl") && full.contains("a2V5") && full.contains("u:p@h"),
            "{full}"
        );
    }
}
