//! URLs of other sites.

use reqwest::Url;

/// Reads an http or https URL. The protocol may be absent and is http then, if what follows looks
/// like a host: `example.com/a`, `localhost/a`, `store:8080/a`, but not `a`.
pub(crate) fn parse(text: &str) -> Option<Url> {
    let text = text.trim();
    let has_protocol = text
        .split_once("://")
        .is_some_and(|(protocol, _)| protocol.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let url = if has_protocol {
        Url::parse(text)
    } else {
        let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
        let is_host = authority.contains(['.', ':']) || authority.eq_ignore_ascii_case("localhost");
        if !is_host {
            return None;
        }
        Url::parse(&format!("http://{text}"))
    };
    url.ok().filter(is_valid)
}

/// Whether a URL is http or https, without user and password, and has a host that can exist.
pub(crate) fn is_valid(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && url.port() != Some(0)
        && url.host_str().is_some_and(is_host)
}

/// Whether this is an address or a name of labels of letters, digits, hyphens and underscores. The
/// parser of URLs has made ASCII of other letters.
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
    fn urls_may_lack_the_protocol() {
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
            ("store:8080/a", "http://store:8080/a"),
            ("[::1]:8080/a", "http://[::1]:8080/a"),
        ] {
            let url = parse(text).unwrap_or_else(|| panic!("{text} is refused"));
            assert_eq!(url.as_str(), expected);
        }
    }

    #[test]
    fn refuses_what_is_not_a_url_of_the_web() {
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
            "data:a.b",
            "mailto:a@b.c",
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
            assert!(parse(text).is_none(), "{text} is read as {:?}", parse(text));
        }
        assert!(parse(&format!("http://{}.com", "a".repeat(64))).is_none());
    }
}
