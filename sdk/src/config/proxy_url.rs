//! The URL of a proxy.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use crate::message::host;

/// Text of the error for a URL that [`check`] refuses. It does not quote the URL, which may contain a
/// password.
pub(crate) const INVALID: &str = "it must be a URL such as http://proxy.example.com:3128; special \
                                  characters in a password must be percent-encoded";

/// Checks the URL of a setting, which needs the scheme of a supported proxy.
///
/// # Errors
///
/// Returns [`INVALID`].
pub(crate) fn check(url: &str) -> Result<(), &'static str> {
    let is_supported = matches!(scheme(url).as_deref(), Some("http" | "https"));
    match is_supported && is_valid(url) {
        true => Ok(()),
        false => Err(INVALID),
    }
}

/// Returns whether this is the URL of a proxy. Without a scheme, it is `http`.
pub(crate) fn is_valid(url: &str) -> bool {
    let proxy = Matcher::builder().all(url.to_owned()).build();
    let Some(proxy) = proxy.intercept(&Uri::from_static("http://any-host")) else {
        return false;
    };
    let Some(authority) = proxy.uri().authority() else {
        return false;
    };
    // A password with `@`, `/`, `?` or `#` would end at this character, and its rest would be taken
    // for the host or the path.
    let has_user = proxy.basic_auth().is_some() || proxy.raw_auth().is_some();
    let has_port = authority.port_u16().is_some();
    url.matches('@').count() == usize::from(has_user)
        && host::is_valid(authority.host())
        && (has_port || authority.as_str() == authority.host())
}

/// Returns the scheme of a URL in lower case.
fn scheme(url: &str) -> Option<String> {
    let (scheme, _) = url.split_once("://")?;
    Some(scheme.to_ascii_lowercase())
}

/// Returns whether the URL has the scheme `https`, in any case.
pub(crate) fn is_https(url: &str) -> bool {
    scheme(url).as_deref() == Some("https")
}

/// Returns whether the URL has a SOCKS scheme.
pub(crate) fn is_socks(url: &str) -> bool {
    scheme(url).is_some_and(|scheme| scheme.starts_with("socks"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_proxy_is_refused() {
        for url in [
            "",
            "hush",
            "socks5://me:hush@host",
            "http://me:hush@[",
            "http://me:hush@",
            "http://me:hush@:80",
            "http://me:hush@host:port",
            "http://me:hush@host:65536",
            "http://me:hush@host:",
            "http://me:hu@hush@host",
            "http://me:hush/sh@host",
            "http://me:80/hush@host",
            "http://me:hush?sh@host",
            "http://me:hush#sh@host",
            " http://me:hush@host",
            "http://me:hush@ho st",
        ] {
            assert_eq!(check(url), Err(INVALID), "{url}");
        }
        for url in [
            "HTTP://me:hush@proxy.example.com:3128",
            "https://me:h%40%2f%3F%23sh@proxy.example.com/",
            "http://me@127.0.0.1",
            "http://[::1]:3128/path",
        ] {
            assert!(check(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn a_host_without_a_scheme_is_not_socks() {
        for (url, socks) in [
            ("socks5h://host:1080", true),
            ("SOCKS://host", true),
            ("socks.example.com:3128", false),
            ("http://socks.example.com", false),
        ] {
            assert_eq!(is_socks(url), socks, "{url}");
        }
        assert!(is_https("HTTPS://host") && !is_https("https.example.com:3128"));
    }
}
