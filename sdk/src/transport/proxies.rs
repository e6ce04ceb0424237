//! [`Proxies`]: which requests go through which proxy.

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::base::error::{Error, Result};
use crate::config::transport::ConnectionSettings;

/// The environment variables that name proxies.
const VARIABLES: &[&str] = &[
    "ALL_PROXY",
    "all_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
];

/// The configured proxy, or those of the environment.
pub(super) struct Proxies {
    /// `None` if no proxy is set.
    matcher: Option<Matcher>,
    /// Whether a connection to a proxy uses TLS.
    pub(super) use_tls: bool,
}

impl Proxies {
    /// # Errors
    ///
    /// Returns `Config` if the configured proxy is not a URL of a supported scheme.
    pub(super) fn new(settings: &ConnectionSettings) -> Result<Self> {
        if let Some(url) = &settings.proxy {
            return Ok(Self {
                matcher: Some(configured(url)?),
                use_tls: is_https(url),
            });
        }
        let values = VARIABLES.iter().filter_map(|name| std::env::var(name).ok());
        let urls: Vec<_> = values.filter(|value| !value.is_empty()).collect();
        Ok(Self {
            // Without a proxy, the host of each request need not be compared.
            matcher: (!urls.is_empty()).then(Matcher::from_env),
            use_tls: urls.iter().any(|url| is_https(url)),
        })
    }

    /// Returns the proxy of requests to this target.
    pub(super) fn of(&self, target: &Uri) -> Option<Intercept> {
        self.matcher.as_ref()?.intercept(target)
    }
}

fn is_https(url: &str) -> bool {
    url.get(..6)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
}

fn configured(url: &str) -> Result<Matcher> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    let is_supported = matches!(
        scheme.map(str::to_ascii_lowercase).as_deref(),
        Some("http" | "https")
    );
    let proxy = Matcher::builder().all(url.to_owned()).build();
    // An invalid URL would be ignored.
    if is_supported
        && proxy
            .intercept(&Uri::from_static("http://any-host"))
            .is_some()
    {
        return Ok(proxy);
    }
    // The URL may contain a password, so the message does not quote it.
    let text = "proxy: it must be a URL such as http://proxy.example.com:3128";
    Err(Error::config(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_proxy_is_reported_without_its_password() {
        for url in ["hush", "socks5://me:hush@host", "http://me:hush@[", ""] {
            let error = configured(url).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("proxy: "), "{shown}");
            assert!(!shown.contains("hush"), "{shown}");
        }
        assert!(configured("HTTP://me:hush@proxy.example.com:3128").is_ok());
    }
}
