//! [`SourceUrl`]: a URL that the service fetches, and its encoding for a header.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

use super::host;
use crate::base::parameter::{FromText, Parameter};

/// The URL from which the service fetches the content of an object: `fetch_source` of
/// [`Bucket::put_object`](crate::Bucket::put_object).
///
/// `Debug` writes its scheme, host and path, but neither a user and password nor the query, which
/// contains the signature of a presigned URL. If it is not certain where the password ends, `Debug` writes
/// nothing of the URL. [`as_str`](Self::as_str) returns all of it.
///
/// ```
/// use qingstor_sdk::SourceUrl;
///
/// let url = SourceUrl::from("https://me:password@example.com/cat.jpg?signature=c2lnbmF0dXJl");
/// assert_eq!(format!("{url:?}"), r#"SourceUrl("https://..@example.com/cat.jpg?..")"#);
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceUrl(String);

impl SourceUrl {
    /// Returns the whole URL, which may contain secrets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for SourceUrl {
    fn from(url: String) -> Self {
        Self(url)
    }
}

impl From<&String> for SourceUrl {
    fn from(url: &String) -> Self {
        Self(url.clone())
    }
}

impl From<&str> for SourceUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

/// Shows the URL without its secrets.
impl fmt::Debug for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = without_secrets(&self.0);
        f.debug_tuple("SourceUrl").field(&shown).finish()
    }
}

/// Returns a URL for messages: user, password, query and fragment are replaced by `..`, or all of it
/// if it is not certain where a password ends.
pub(crate) fn without_secrets(url: &str) -> String {
    let parts = UrlParts::new(url);
    // The `@` may end a password with a character that ends a host.
    if parts.path.contains('@') {
        return "..".to_owned();
    }
    let user = if parts.user.is_empty() { "" } else { "..@" };
    let end = parts.path.find(['?', '#']);
    let (path, query) = parts.path.split_at(end.unwrap_or(parts.path.len()));
    let query = if query.is_empty() { "" } else { "?.." };
    format!("{}{user}{}{path}{query}", parts.scheme, parts.host)
}

impl Parameter for SourceUrl {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.0))
    }
}

impl FromText for SourceUrl {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self::from(text))
    }
}

/// The parts of a URL. Together, they are all of it.
struct UrlParts<'a> {
    /// The scheme with `//`, or nothing.
    scheme: &'a str,
    /// User and password with `@`, or nothing.
    user: &'a str,
    /// Host and port.
    host: &'a str,
    /// Path, query and fragment.
    path: &'a str,
}

impl<'a> UrlParts<'a> {
    fn new(url: &'a str) -> Self {
        let (scheme, rest) = match url.find("//") {
            Some(0) => url.split_at(2),
            Some(at) if is_scheme(url.get(..at).unwrap_or_default()) => url.split_at(at + 2),
            _ => url.split_at(0),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user, host) = match authority.rfind('@') {
            Some(at) => authority.split_at(at + 1),
            None => ("", authority),
        };
        Self {
            scheme,
            user,
            host,
            path,
        }
    }
}

/// ASCII characters that a URL cannot contain, besides control characters.
const NOT_IN_URL: &[u8] = b" \"<>\\^`{|}";

/// Returns the URL as it is sent: a valid URL is returned unchanged.
///
/// A host with other letters than those of ASCII is converted to its ASCII form, for example
/// `xn--fiqs8s`. In other parts, characters that a URL cannot contain are percent-encoded, and so is
/// a `%` that does not start an escape such as `%20`. The scheme is optional, because the service
/// assumes `http`.
///
/// # Errors
///
/// Returns the reason if the URL is empty or has no valid host.
pub(crate) fn encode(url: &str) -> Result<String, String> {
    let url = url.trim();
    // A service may ignore an empty source and store an empty object.
    if url.is_empty() {
        return Err("the URL is empty".into());
    }
    let parts = UrlParts::new(url);
    let Some(host) = encode_host(parts.host) else {
        // A password with `/`, `?` or `#` would end at this character, and its first part would be taken
        // for the host.
        if parts.path.contains('@') {
            let advice = "special characters in a user name or password must be percent-encoded";
            return Err(format!("the URL has no valid host; {advice}"));
        }
        let host = parts.host;
        let advice = if host.is_ascii() {
            ""
        } else {
            "; its ASCII form (`xn--..`) is accepted"
        };
        return Err(format!("the URL has no valid host: {host:?}{advice}"));
    };
    let mut encoded = String::with_capacity(url.len());
    encoded.push_str(parts.scheme);
    push_encoded(&mut encoded, parts.user);
    encoded.push_str(&host);
    push_encoded(&mut encoded, parts.path);
    Ok(encoded)
}

/// Returns whether the text is a scheme with its colon, such as `https:`.
fn is_scheme(text: &str) -> bool {
    let Some(name) = text.strip_suffix(':') else {
        return false;
    };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.bytes().all(allowed)
}

/// Returns the host and port in ASCII; `None` if the host is not valid.
fn encode_host(authority: &str) -> Option<String> {
    let (name, port) = match authority.rsplit_once(':') {
        Some((name, port)) if !authority.ends_with(']') => (name, Some(port)),
        _ => (authority, None),
    };
    // An empty port is allowed.
    if port.is_some_and(|port| !port.is_empty() && port.parse::<u16>().is_err()) {
        return None;
    }
    if host::is_valid(name) {
        return Some(authority.to_owned());
    }
    let name = percent_encoding::percent_decode_str(name)
        .decode_utf8()
        .ok()?;
    let name = host::to_ascii(&name)?;
    Some(match port {
        Some(port) => format!("{name}:{port}"),
        None => name,
    })
}

/// Appends text and percent-encodes the characters that a URL cannot contain.
fn push_encoded(target: &mut String, text: &str) {
    let bytes = text.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        let escape = || {
            let digits = bytes.get(at + 1..at + 3).unwrap_or_default();
            digits.len() == 2 && digits.iter().all(u8::is_ascii_hexdigit)
        };
        let kept = match byte {
            b'%' => escape(),
            _ => byte.is_ascii_graphic() && !NOT_IN_URL.contains(&byte),
        };
        if kept {
            target.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(target, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn encodes(url: &str, expected: &str) {
        assert_eq!(encode(url).as_deref(), Ok(expected));
        assert_eq!(encode(expected).as_deref(), Ok(expected), "encoded twice");
    }

    #[test]
    fn a_valid_url_is_unchanged() {
        for url in [
            "https://a.com/%E4%B8%AD?x=1&y=a+b#f",
            "http://user:p%40ss@a.com:8080/a;b=c/@d",
            "http://[::1]:80/a",
            "HTTP://Example.COM/A",
            "a.com/logo.png",
            "a.com:80/b//c",
            "//a.com/b",
            "http://a_b.com?q=http://c.d/e",
            "http://xn--fiqs8s/",
            "http://a.com",
        ] {
            encodes(url, url);
        }
    }

    #[test]
    fn encodes_only_characters_that_a_url_cannot_contain() {
        encodes("https://a.com/中 b", "https://a.com/%E4%B8%AD%20b");
        encodes("https://a.com/\r\n\t\u{7f}", "https://a.com/%0D%0A%09%7F");
        encodes(
            "http://a.com/{a}|\\\"<>^`",
            "http://a.com/%7Ba%7D%7C%5C%22%3C%3E%5E%60",
        );
        encodes("http://用@a.com/", "http://%E7%94%A8@a.com/");
        encodes("  http://a.com/b \n", "http://a.com/b");
    }

    #[test]
    fn a_bare_percent_sign_is_encoded() {
        encodes("http://a.com/100%", "http://a.com/100%25");
        encodes("http://a.com/100%/b", "http://a.com/100%25/b");
        encodes("http://a.com/%zz%4", "http://a.com/%25zz%254");
        encodes("http://a.com/%%20", "http://a.com/%25%20");
        encodes("http://a.com/?q=5%&r=%41", "http://a.com/?q=5%25&r=%41");
        encodes("http://a%g@a.com/", "http://a%25g@a.com/");
    }

    #[test]
    fn converts_the_host_to_ascii() {
        encodes("http://中国/图.png", "http://xn--fiqs8s/%E5%9B%BE.png");
        encodes(
            "https://例え.テスト:8443/",
            "https://xn--r8jz45g.xn--zckzah:8443/",
        );
        encodes("http://MÜNCHEN.de/", "http://xn--mnchen-3ya.de/");
        encodes("http://münchen.de:80?a", "http://xn--mnchen-3ya.de:80?a");
        encodes("münchen.de/a", "xn--mnchen-3ya.de/a");
        encodes("//münchen.de", "//xn--mnchen-3ya.de");
        encodes("http://u:p@münchen.de/", "http://u:p@xn--mnchen-3ya.de/");
        encodes("http://%E4%B8%AD%E5%9B%BD/", "http://xn--fiqs8s/");
        encodes("http://a。com/", "http://a.com/");
    }

    #[test]
    fn refuses_an_invalid_host() {
        for url in [
            "",
            " ",
            "http://",
            "http:///a",
            "/a",
            "?a",
            "http://a b/",
            "http://a\tb/",
            "http://a\\b/",
            "http://<a>/",
            "http://a%/",
            "http://a%2Fb/",
            "http://中／国/",
            "http://:80/",
            "http://user@/",
            "http://中国:x/",
            "http://a.com:x/",
            "http://a.com:65536/",
            "http:a.com",
            "http://[::1/",
            "http://::1/",
            "http://256.1.1.1/",
            "http://a\u{301}/",
            "http://①/",
            "http://\u{202e}/",
        ] {
            let error = encode(url).unwrap_err();
            assert!(
                error.contains("host") || error.contains("empty"),
                "{url:?}: {error}"
            );
        }
    }

    #[test]
    fn an_error_shows_no_part_of_a_password() {
        for url in [
            "https://me:hu/sh@host/x",
            "https://me:hu?sh@host/x",
            "https://me:hu#sh@host/x",
            "me:hu/sh@host",
            "https://me:hush@ho st/x",
            "https://me:hu@hush@ho st",
        ] {
            let error = encode(url).unwrap_err();
            assert!(error.contains("no valid host"), "{url}: {error}");
            assert!(
                !error.contains("hu") && !error.contains("sh@"),
                "{url}: {error}"
            );
        }
    }

    #[test]
    fn debug_shows_a_url_without_its_secrets() {
        for (url, shown) in [
            ("https://a.com/b/c.jpg", "https://a.com/b/c.jpg"),
            ("a.com:80", "a.com:80"),
            ("https://me:hush@a.com/b?s=hush#x", "https://..@a.com/b?.."),
            ("https://me:hu@sh@a.com", "https://..@a.com"),
            ("//a.com#hush", "//a.com?.."),
            ("https://me:hu/sh@a.com/b", ".."),
            ("https://a.com/b?user=me@b.com", ".."),
            ("", ""),
        ] {
            let expected = format!("SourceUrl({shown:?})");
            assert_eq!(format!("{:?}", SourceUrl::from(url)), expected);
        }
    }

    proptest! {
        #[test]
        fn any_url_is_encoded_once_or_refused(url in "(https?://)?[a-z中%]{0,5}\\PC{0,20}") {
            if let Ok(encoded) = encode(&url) {
                prop_assert!(encoded.bytes().all(|byte| byte.is_ascii_graphic()), "{encoded}");
                prop_assert_eq!(encode(&encoded), Ok(encoded));
            }
        }
    }
}
