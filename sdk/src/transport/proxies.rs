//! [`Proxies`]: which requests go through which proxy.

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::base::error::{Error, Result};
use crate::config::proxy_url;
use crate::config::transport::{ConnectionSettings, ProxySetting};
use crate::message::address::Address;

/// The configured proxy, or those of the environment.
pub(super) struct Proxies {
    /// `None` if no proxy is set.
    matcher: Option<Matcher>,
    /// Whether a connection to a proxy uses TLS.
    pub(super) use_tls: bool,
}

impl Proxies {
    const NONE: Self = Self {
        matcher: None,
        use_tls: false,
    };

    /// `service`: the address of the service.
    ///
    /// # Errors
    ///
    /// Returns `Config` if the proxy is not a URL of a supported scheme.
    pub(super) fn new(settings: &ConnectionSettings, service: &Address) -> Result<Self> {
        match &settings.proxy {
            ProxySetting::Url(url) => Ok(Self {
                matcher: Some(configured(url)?),
                use_tls: proxy_url::is_https(url),
            }),
            ProxySetting::None => Ok(Self::NONE),
            ProxySetting::Environment => Self::of_environment(service),
        }
    }

    /// Only the proxy for the scheme of the service is used.
    fn of_environment(service: &Address) -> Result<Self> {
        // In a CGI program, `HTTP_PROXY` is the header `Proxy` of the request that it serves.
        if std::env::var_os("REQUEST_METHOD").is_some() {
            return Ok(Self::NONE);
        }
        let http_proxy = match service.scheme == Scheme::HTTPS {
            true => "HTTPS_PROXY",
            false => "HTTP_PROXY",
        };
        let value = |name| Some((name, variable(name)?));
        let Some((name, url)) = value(http_proxy).or_else(|| value("ALL_PROXY")) else {
            // Without a proxy, the host of each request need not be compared.
            return Ok(Self::NONE);
        };
        let direct = direct_hosts(&variable("NO_PROXY").unwrap_or_default());
        let any_proxy = Matcher::builder()
            .all("http://any-proxy")
            .no(&*direct)
            .build();
        let target = Uri::builder()
            .scheme(service.scheme.clone())
            .authority(service.authority.clone())
            .path_and_query("/")
            .build();
        let is_needed = target.is_ok_and(|target| any_proxy.intercept(&target).is_some());
        // An invalid URL would be ignored, and requests would bypass the proxy.
        if is_needed && !proxy_url::is_valid(&url) {
            return Err(invalid(name, proxy_url::INVALID));
        }
        if is_needed && proxy_url::is_socks(&url) {
            let host = service.authority.host();
            let text = format!(
                "{name}: SOCKS proxies are not supported; set {http_proxy} to the URL of an HTTP proxy, or \
                 NO_PROXY={host} for no proxy"
            );
            return Err(Error::config(text));
        }
        Ok(Self {
            use_tls: proxy_url::is_https(&url),
            matcher: Some(Matcher::builder().all(url).no(direct).build()),
        })
    }

    /// Returns the proxy of requests to this target.
    pub(super) fn of(&self, target: &Uri) -> Option<Intercept> {
        self.matcher.as_ref()?.intercept(target)
    }
}

fn configured(url: &str) -> Result<Matcher> {
    proxy_url::check(url).map_err(|why| invalid("proxy", why))?;
    Ok(Matcher::builder().all(url.to_owned()).build())
}

fn invalid(setting: &str, why: &str) -> Error {
    Error::config(format!("{setting}: {why}"))
}

/// Returns the value of the environment variable in upper or lower case, unless it is empty.
fn variable(name: &str) -> Option<String> {
    [name, &name.to_ascii_lowercase()]
        .into_iter()
        .filter_map(std::env::var_os)
        .map(|value| value.to_string_lossy().trim().to_owned())
        .find(|value| !value.is_empty())
}

/// Returns the hosts in a value of `NO_PROXY` in the form that the HTTP library expects. Other
/// programs also accept spaces between the hosts, `*.example.com`, and brackets of IPv6 addresses,
/// and their `*` includes addresses.
fn direct_hosts(list: &str) -> String {
    let hosts = list.split(|c: char| c == ',' || c.is_whitespace());
    let hosts = hosts.map(|host| match host.strip_prefix('*') {
        Some("") => "*,0.0.0.0/0,::/0".to_owned(),
        Some(domain) => domain.to_owned(),
        None => host.replace(['[', ']'], ""),
    });
    hosts.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_without_a_proxy_have_the_forms_of_other_programs() {
        let list = direct_hosts("a.com *.b.com,\t[::1] ,10.0.0.0/8, 127.0.0.1");
        let proxies = Matcher::builder().all("http://proxy").no(list).build();
        for (target, is_direct) in [
            ("http://a.com", true),
            ("http://x.a.com:81/y", true),
            ("http://xa.com", false),
            ("http://x.b.com", true),
            ("http://[::1]:9000", true),
            ("http://10.1.2.3", true),
            ("http://127.0.0.1", true),
            ("http://127.0.0.2", false),
        ] {
            let proxy = proxies.intercept(&target.parse().unwrap());
            assert_eq!(proxy.is_none(), is_direct, "{target}");
        }
    }

    #[test]
    fn a_star_stands_for_all_hosts() {
        let list = direct_hosts("*");
        let proxies = Matcher::builder().all("http://proxy").no(list).build();
        for target in ["http://a.com", "https://127.0.0.1:9000", "http://[::1]"] {
            assert!(proxies.intercept(&target.parse().unwrap()).is_none());
        }
    }
}
