//! The parts of URLs in settings.

use http::uri::Scheme;

/// Returns the URL without user name and password.
pub(super) fn without_user(url: &str) -> String {
    match url.rsplit_once('@') {
        Some((_, host)) => format!("..@{host}"),
        None => url.to_owned(),
    }
}

pub(super) fn scheme(name: &str) -> Result<Scheme, String> {
    match name.to_ascii_lowercase().as_str() {
        "https" => Ok(Scheme::HTTPS),
        "http" => Ok(Scheme::HTTP),
        _ => Err(format!("scheme `{name}` is not http or https")),
    }
}

/// Splits `http://host:port` into scheme, host and port. Only a slash may follow.
pub(super) fn split_url(url: &str) -> Result<(Scheme, &str, Option<u16>), String> {
    let Some((name, rest)) = url.split_once("://") else {
        return Err("needs a scheme: `https://...` or `http://...`".into());
    };
    let scheme = scheme(name)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains(['/', '?', '#', '@']) {
        return Err("must contain only scheme, host and port".into());
    }
    let (host, port) = match rest.rsplit_once(':') {
        // The colons of an IPv6 address are inside of brackets.
        Some((host, port)) if !port.contains(']') => (host, Some(parse_port(port)?)),
        _ => (rest, None),
    };
    Ok((scheme, host, port))
}

/// Parses a port. Unlike the standard library, refuses a sign.
pub(super) fn parse_port(text: &str) -> Result<u16, String> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if is_number => Ok(port),
        _ => Err(format!(
            "`{text}` is not a valid port: must be a number up to 65535"
        )),
    }
}
