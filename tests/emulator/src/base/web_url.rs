//! URLs of other sites.

use url::Url;

/// Longest URL in bytes, which is the limit of the HTTP client.
const MAX_LENGTH: usize = 65_534;

/// Parses an http or https URL. If the text starts with a host that has a dot, with `localhost`, or
/// with an IPv6 address, the scheme may be absent and defaults to http: `example.com/a` and
/// `[::1]:8080/a` are valid, `a` and `javascript:1` are not.
pub(crate) fn parse(text: &str) -> Option<Url> {
    let text = text.trim();
    // The URL parser removes these characters, which could change the host.
    if text.contains(char::is_control) {
        return None;
    }
    let is_protocol = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let (protocol, rest) = text
        .split_once("://")
        .filter(|(protocol, _)| is_protocol(protocol))
        .map_or((None, text), |(protocol, rest)| (Some(protocol), rest));
    let authority = rest.split(['/', '\\', '?', '#']).next()?;
    // The URL parser accepts several slashes before a host, and an empty user.
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    let url = match protocol {
        Some(_) => Url::parse(text),
        None => Url::parse(&format!("http://{text}")),
    };
    let url = url.ok().filter(is_valid)?;
    let begins_with_host = !authority.ends_with(':')
        && (authority.contains(['.', '[']) || url.host_str() == Some("localhost"));
    let is_url = protocol.is_some() || begins_with_host;
    (is_url && url.as_str().len() <= MAX_LENGTH).then_some(url)
}

/// Returns whether a URL is http or https, has a valid host, and does not have a user or a
/// password.
pub(crate) fn is_valid(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.port() != Some(0)
        && url.host_str().is_some_and(is_host)
}

/// Returns whether a host is an IP address, or a name with labels of letters, digits, hyphens and
/// underscores. The URL parser has converted other letters to ASCII.
fn is_host(host: &str) -> bool {
    if host.starts_with('[') {
        return true;
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_can_omit_the_protocol() {
        for (text, expected) in [
            ("http://example.com", "http://example.com/"),
            ("HTTPS://example.com./a?b#c", "https://example.com./a?b#c"),
            ("http://store/a", "http://store/a"),
            ("http://my_store:8080/a", "http://my_store:8080/a"),
            ("http://\u{4e2d}.com/a", "http://xn--fiq.com/a"),
            ("http://10.1.2.3/", "http://10.1.2.3/"),
            ("http://[::1]:80/", "http://[::1]/"),
            ("example.com/a", "http://example.com/a"),
            ("localhost/a", "http://localhost/a"),
            ("localhost:8080", "http://localhost:8080/"),
            ("10.1.2.3:8080/a", "http://10.1.2.3:8080/a"),
            ("[::1]:8080/a", "http://[::1]:8080/a"),
        ] {
            let url = parse(text).unwrap_or_else(|| panic!("{text} is refused"));
            assert_eq!(url.as_str(), expected);
        }
    }

    #[test]
    fn refuses_other_urls() {
        for text in [
            "",
            " ",
            "a",
            "a/b",
            "a/b.c",
            "/",
            "/a.b",
            "//",
            "..",
            "../x",
            "../x.y",
            "./a",
            ".",
            "\"",
            "{}",
            "{}.com",
            "\"a.b\"",
            "[]",
            "[a.b]",
            "<a.b>",
            "http://",
            "http:///",
            "http://..",
            "http://../x",
            "http://\"",
            "http://{}",
            "http://a..b",
            "http://-a.com",
            "http://a-.com",
            "http://*.com",
            "http://a,b.com",
            "http://a;b.com",
            "http://a$b",
            "http://a:0/",
            "a.b:0",
            "ftp://example.com",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "javascript:1",
            "data:a.b",
            "data:,",
            "tel:5551",
            "mailto:",
            "mailto:a@b.c",
            "store:8080/a",
            "http:",
            "http:/a.b",
            "http:a.b",
            "https:/a.b/c",
            "https:/\\a.b",
            "http:\\\\a.b\\c",
            "a.b:",
            "a.b:/c",
            "x.y://a.b/c",
            "svn+ssh://a.b",
            "\\a.b",
            "\\\\a.b\\c",
            "//a.b/c",
            "http:///a.b/c",
            "http:////a.b/c",
            "http://@a.b/c",
            "http://:@a.b/c",
            "http://:p@a.b/c",
            "@a.b",
            "0",
            "1:80",
            "localhost:",
            "http://[::1",
            "http://::1",
            "http://a\tb.com",
            "a.b\n.c",
            "http://a.b/\u{7f}",
            "http://user@example.com",
            "http://u:p@example.com",
            "u:p@example.com",
            "http://a b.com",
            "a b.com",
            "null",
            "undefined",
            "a.b:port",
            "http://a.b:99999",
        ] {
            assert!(
                parse(text).is_none(),
                "{text} is parsed as {:?}",
                parse(text)
            );
        }
        assert!(parse(&format!("http://{}.com", "a".repeat(64))).is_none());
        let path = |length| format!("http://a.b/{}", "a".repeat(length));
        assert!(parse(&path(MAX_LENGTH - 11)).is_some());
        assert!(parse(&path(MAX_LENGTH - 10)).is_none());
    }
}
