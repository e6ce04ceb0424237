//! Requests as `curl` commands.

use std::fmt::Write as _;

use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
};
use qingstor_sdk::Presigned;

/// Placeholder of a secret.
pub(crate) const SECRET: &str = "<secret>";

/// The body of a request.
pub(crate) enum CurlBody<'a> {
    /// The request has no body.
    None,
    /// A text, such as a JSON document.
    Text(&'a str),
    /// A file; `-` is standard input.
    File(&'a str),
    /// The fields of a form, and the file that it ends with.
    Form {
        /// Names and values, with the placeholders of secrets.
        fields: &'a [(String, String)],
        /// The field of the file, and its path; `-` is standard input.
        file: Option<(&'a str, &'a str)>,
    },
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
        let is_computed = match body {
            // Without a body, curl sends no length, which the service requires.
            CurlBody::None => false,
            CurlBody::Text(_) | CurlBody::File(_) => name == CONTENT_LENGTH,
            // The type contains the boundary that curl chooses.
            CurlBody::Form { .. } => name == CONTENT_LENGTH || name == CONTENT_TYPE,
        };
        if is_computed {
            continue;
        }
        has_content_type |= name == CONTENT_TYPE;
        let value = match show_secrets {
            true => String::from_utf8_lossy(value.as_bytes()).into_owned(),
            false => redacted(name, value),
        };
        let header = match value.is_empty() {
            // curl does not send a header that ends with the colon.
            true => format!("{name};"),
            false => format!("{name}: {value}"),
        };
        let _ = write!(command, " --header {}", quoted(&header));
    }
    let data = match body {
        CurlBody::None => None,
        CurlBody::Text(text) => Some(("--data-raw", (*text).to_owned())),
        // `--upload-file` sends standard input without a length, and adds the name of the file to a
        // URL that ends with `/`.
        CurlBody::File(file) if *file == "-" || path_of(uri).ends_with('/') => {
            Some(("--data-binary", format!("@{file}")))
        }
        CurlBody::File(file) => {
            if file.contains(['[', ']', '{', '}']) {
                command.push_str(" --globoff");
            }
            Some(("--upload-file", (*file).to_owned()))
        }
        CurlBody::Form { fields, file } => {
            write_form(&mut command, fields, *file);
            None
        }
    };
    if let Some((option, value)) = data {
        // curl would add a type to data, and the signature would not be valid.
        if option != "--upload-file" && !has_content_type {
            command.push_str(" --header 'Content-Type:'");
        }
        let _ = write!(command, " {option} {}", quoted(&value));
    }
    let _ = write!(command, " {}", quoted(uri));
    command
}

fn write_form(command: &mut String, fields: &[(String, String)], file: Option<(&str, &str)>) {
    for (name, value) in fields {
        let field = quoted(&format!("{name}={value}"));
        let _ = write!(command, " --form-string {field}");
    }
    if let Some((name, path)) = file {
        // The service refuses a form whose field `content-type` differs from the type of the file.
        let media_type = fields
            .iter()
            .find(|(name, value)| name.eq_ignore_ascii_case("content-type") && !value.is_empty())
            .map_or("application/octet-stream", |(_, value)| value);
        let path = path.replace('\\', r"\\").replace('"', r#"\""#);
        let mut part = format!("{name}=@\"{path}\";type={media_type}");
        if path == "-" {
            part.push_str(";filename=file");
        }
        let _ = write!(command, " --form {}", quoted(&part));
    }
}

/// Returns a URL without its query.
fn path_of(uri: &str) -> &str {
    uri.split_once('?').map_or(uri, |(path, _)| path)
}

fn redacted(name: &HeaderName, value: &HeaderValue) -> String {
    let text = String::from_utf8_lossy(value.as_bytes());
    match text.rsplit_once(':') {
        Some((id, _)) if name == AUTHORIZATION => format!("{id}:<signature>"),
        _ if value.is_sensitive() => SECRET.to_owned(),
        _ => text.into_owned(),
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

    #[test]
    fn each_body_is_sent_as_it_was_signed() {
        let headers: HeaderMap = [("content-length", "0"), ("x-qs-meta-a", "")]
            .into_iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        let shown = |uri, body| command("PUT", uri, &headers, &body, true);
        let start = "curl --request PUT";
        let empty = "--header 'x-qs-meta-a;'";
        for (uri, body, expected) in [
            (
                "u",
                CurlBody::None,
                format!("{start} --header 'content-length: 0' {empty} 'u'"),
            ),
            (
                "u",
                CurlBody::File("-"),
                format!("{start} {empty} --header 'Content-Type:' --data-binary '@-' 'u'"),
            ),
            (
                "u/?a=b",
                CurlBody::File("f"),
                format!("{start} {empty} --header 'Content-Type:' --data-binary '@f' 'u/?a=b'"),
            ),
            (
                "u",
                CurlBody::File("f[1]"),
                format!("{start} {empty} --globoff --upload-file 'f[1]' 'u'"),
            ),
            (
                "u",
                CurlBody::Form {
                    fields: &[],
                    file: Some(("file", "-")),
                },
                format!(
                    "{start} {empty} \
                     --form 'file=@\"-\";type=application/octet-stream;filename=file' 'u'"
                ),
            ),
        ] {
            assert_eq!(shown(uri, body), expected);
        }
    }
}
