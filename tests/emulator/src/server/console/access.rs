//! Access to the console.
//!
//! The console does not require credentials. So pages of other origins must not reach it: neither
//! with their requests, nor with a name that they resolve to this machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use http::header::ORIGIN;
use http::request::Parts;
use http::{HeaderMap, Method};

use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;

/// Header of all requests of the page. Pages of other origins cannot send it without a preflight,
/// which is refused.
const MARK: &str = "x-console";

/// Returns whether a host is a loopback address, a name that always resolves to one, or one of
/// `hosts`.
pub(super) fn is_allowed_host(authority: &str, hosts: &[String]) -> bool {
    let name = host_name(authority).to_ascii_lowercase();
    let address = name.trim_start_matches('[').trim_end_matches(']');
    // Host names of a URL do not contain other characters, such as those of a user name.
    let is_name = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    address
        .parse::<IpAddr>()
        .is_ok_and(|address| address.is_loopback())
        || name == "localhost"
        || (name.ends_with(".localhost") && is_name(&name))
        || hosts.iter().any(|host| host.eq_ignore_ascii_case(&name))
}

/// Returns the origin of signed URLs for a page at `authority`: another loopback name if there is
/// one, so that the browser applies the rules for requests between origins.
pub(super) fn api_origin(authority: &str, address: SocketAddr) -> String {
    let name = host_name(authority);
    let port = authority.get(name.len()..).unwrap_or_default();
    let other = if name.eq_ignore_ascii_case("localhost") {
        match address.ip() {
            // A Content-Security-Policy cannot contain an IPv6 address.
            IpAddr::V6(ip) if ip.is_loopback() => "api.localhost".to_owned(),
            IpAddr::V4(ip) if ip.is_loopback() => ip.to_string(),
            _ => Ipv4Addr::LOCALHOST.to_string(),
        }
    } else if name == "127.0.0.1" || name == "[::1]" {
        "localhost".to_owned()
    } else {
        name.to_owned()
    };
    format!("http://{other}{port}")
}

/// Refuses requests for the API of the console that the page has not sent.
pub(super) fn check_api(head: &Parts, authority: &str) -> Result<(), ApiError> {
    check_origin(&head.headers, authority)?;
    if !is_same_site(&head.headers) || !head.headers.contains_key(MARK) {
        return Err(refused("only the page of the console can use its API"));
    }
    Ok(())
}

/// Refuses requests for the page from other pages, except that a link may lead to it.
pub(super) fn check_page(head: &Parts, authority: &str) -> Result<(), ApiError> {
    check_origin(&head.headers, authority)?;
    let is = |name: &str, expected: &str| {
        head.headers
            .get(name)
            .is_some_and(|value| value == expected)
    };
    let is_link = is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document");
    if is_same_site(&head.headers) || (is_link && head.method == Method::GET) {
        Ok(())
    } else {
        Err(refused("other pages cannot load the console"))
    }
}

fn check_origin(headers: &HeaderMap, authority: &str) -> Result<(), ApiError> {
    let own = format!("http://{authority}");
    let mut origins = headers.get_all(ORIGIN).iter();
    if origins.all(|origin| origin.as_bytes().eq_ignore_ascii_case(own.as_bytes())) {
        Ok(())
    } else {
        Err(refused("pages of other origins cannot use the console"))
    }
}

/// Returns whether a browser sent the request for a page of the same origin or for its user, or
/// whether the client is not a browser.
fn is_same_site(headers: &HeaderMap) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    sites.all(|site| site == "same-origin" || site == "none")
}

fn refused(message: &'static str) -> ApiError {
    ApiError::new(ErrorCode::PermissionDenied, message)
}

fn host_name(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_must_be_a_loopback_name_or_a_configured_one() {
        let hosts = ["qingstor.test".to_owned()];
        for authority in [
            "localhost",
            "LOCALHOST:9000",
            "127.0.0.1:9000",
            "127.1.2.3",
            "[::1]:9000",
            "pek3a.localhost:9000",
            "qingstor.test:9000",
        ] {
            assert!(is_allowed_host(authority, &hosts), "{authority}");
        }
        for authority in [
            "",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "192.168.1.1:9000",
            "0.0.0.0:9000",
            "xlocalhost",
            "localhost:9000@example.com",
            "example.com@pek3a.localhost:9000",
            "example.com/pek3a.localhost",
            "localhost.",
            "localhost.:9000",
            "[::ffff:127.0.0.1]:9000",
            "[fe80::1]:9000",
            "0x7f.1",
            "2130706433",
            "127.1",
            "evil.qingstor.test",
        ] {
            assert!(!is_allowed_host(authority, &hosts), "{authority}");
        }
    }

    #[test]
    fn signed_urls_have_another_origin() {
        let v4 = SocketAddr::from(([127, 0, 0, 1], 9000));
        let v6 = "[::1]:9000".parse().unwrap();
        for (authority, address, expected) in [
            ("127.0.0.1:9000", v4, "http://localhost:9000"),
            ("localhost:9000", v4, "http://127.0.0.1:9000"),
            ("localhost:9000", v6, "http://api.localhost:9000"),
            ("[::1]:9000", v6, "http://localhost:9000"),
            ("qingstor.test", v4, "http://qingstor.test"),
        ] {
            assert_eq!(api_origin(authority, address), expected);
        }
    }
}
