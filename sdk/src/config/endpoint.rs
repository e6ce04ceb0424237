//! [`Endpoint`]: creates the addresses of the service and of buckets from the settings.

use std::net::{IpAddr, Ipv6Addr};

use http::uri::{Authority, Scheme};

use super::url;
use crate::base::error::{Error, Result};
use crate::generated::facts::BASE_PATH;
use crate::message::address::Address;
use crate::message::host;

/// The configured address of the service.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    scheme: Scheme,
    host: String,
    port: Option<u16>,
    /// Whether the host is prefixed with the zone. Never for an IP address or `localhost`.
    zone_in_host: bool,
    virtual_host: bool,
}

impl Endpoint {
    /// `zone_in_host` is ignored for hosts that cannot have a zone, such as IP addresses.
    pub(crate) fn new(
        scheme: Scheme,
        host: &str,
        port: Option<u16>,
        zone_in_host: bool,
        virtual_host: bool,
    ) -> Result<Self> {
        if host.is_empty() {
            return Err(Error::config("the endpoint has no host"));
        }
        if host.contains('@') {
            return Err(Error::config("the host must not contain a user name"));
        }
        let host = match host.parse::<Ipv6Addr>() {
            Ok(_) => format!("[{host}]"),
            Err(_) => host.to_ascii_lowercase(),
        };
        let named = Self::is_name(&host);
        if virtual_host && !named {
            return Err(Error::config(format!(
                "virtual-host style needs a host name that `bucket.` can precede, not `{host}`"
            )));
        }
        let endpoint = Self {
            scheme,
            host,
            port,
            zone_in_host: zone_in_host && named,
            virtual_host,
        };
        endpoint.service()?;
        Ok(endpoint)
    }

    /// Returns whether `host` can be prefixed with labels.
    fn is_name(host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().is_err() && host != "localhost"
    }

    /// Creates the address of the host with the prefix `labels`.
    fn address(
        &self,
        labels: &str,
        path_prefix: String,
        resource_prefix: String,
    ) -> Result<Address> {
        let text = match self.special_port() {
            Some(port) => format!("{labels}{}:{port}", self.host),
            None => format!("{labels}{}", self.host),
        };
        let refused = || {
            Error::config(format!(
                "`{}` is not a valid host{}",
                self.host,
                self.advice()
            ))
        };
        if !host::is_valid(&self.host) || self.has_empty_label() {
            return Err(refused());
        }
        let authority: Authority = text.parse().map_err(|_| refused())?;
        Ok(Address {
            scheme: self.scheme.clone(),
            authority,
            path_prefix,
            resource_prefix,
            bucket: None,
            zone: None,
        })
    }

    /// Returns the port unless it is the default of the scheme.
    fn special_port(&self) -> Option<u16> {
        let default = if self.is_https() { 443 } else { 80 };
        self.port.filter(|port| *port != default)
    }

    /// Returns whether both endpoints lead to the same service. `zones`: the zones of a bucket at this
    /// endpoint and of one at `other`, which one of the endpoints may have in its host.
    #[inline]
    pub(crate) fn is_same_service(&self, other: &Self, zones: [&str; 2]) -> bool {
        let [zone, other_zone] = zones;
        self.special_port() == other.special_port()
            && (self.host == other.host || self.zone_host(zone) == other.zone_host(other_zone))
    }

    /// Returns the host of a zone.
    #[inline]
    fn zone_host(&self, zone: &str) -> String {
        match self.zone_in_host {
            true => format!("{zone}.{}", self.host),
            false => self.host.clone(),
        }
    }

    /// Returns whether there is nothing between two dots, or before the first one.
    fn has_empty_label(&self) -> bool {
        let name = self.host.strip_suffix('.').unwrap_or(&self.host);
        name.split('.').any(str::is_empty)
    }

    /// Returns advice for an invalid host, or an empty string.
    fn advice(&self) -> String {
        if !self.host.is_ascii() {
            return match host::to_ascii(&self.host) {
                Some(ascii) => format!(": write it in its ASCII form, `{ascii}`"),
                None => ": write it in its ASCII form, which starts with `xn--`".into(),
            };
        }
        if self.has_empty_label() {
            return ": there is nothing between two of its dots".into();
        }
        String::new()
    }

    pub(crate) fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    pub(crate) fn service(&self) -> Result<Address> {
        self.address("", BASE_PATH.to_owned(), String::new())
    }

    /// Returns the address of a bucket at the global host, which redirects to its zone. Always in
    /// path style, which is the only one in the API documents.
    #[inline]
    pub(crate) fn bucket_of_all_zones(&self, name: &str) -> Result<Address> {
        check_bucket_name(name)?;
        Ok(Address {
            bucket: Some(name.to_owned()),
            ..self.address("", format!("{BASE_PATH}/{name}"), String::new())?
        })
    }

    pub(crate) fn bucket(&self, name: &str, zone: &str) -> Result<Address> {
        check_bucket_name(name)?;
        let zone = zone.to_ascii_lowercase();
        if self.zone_in_host || !zone.is_empty() {
            check_zone(&zone)?;
        }
        let zone_label = if self.zone_in_host {
            format!("{zone}.")
        } else {
            String::new()
        };
        let (labels, path_prefix, resource_prefix) = if self.virtual_host {
            (
                format!("{name}.{zone_label}"),
                BASE_PATH.to_owned(),
                format!("/{name}"),
            )
        } else {
            (zone_label, format!("{BASE_PATH}/{name}"), String::new())
        };
        Ok(Address {
            bucket: Some(name.to_owned()),
            zone: Some(zone),
            ..self.address(&labels, path_prefix, resource_prefix)?
        })
    }
}

/// Checks a bucket name: 6 to 63 lower-case letters, digits and hyphens, with a letter or digit at
/// both ends.
fn check_bucket_name(name: &str) -> Result<()> {
    let ends = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    let is_valid = (6..=63).contains(&bytes.len())
        && bytes.iter().all(|byte| ends(byte) || *byte == b'-')
        && bytes.first().is_some_and(ends)
        && bytes.last().is_some_and(ends);
    if is_valid {
        return Ok(());
    }
    // It may be a URL with a key pair.
    let name = url::without_user(name);
    Err(Error::invalid_input(format!(
        "invalid bucket name {name:?}: must have 6 to 63 lower-case letters, digits or hyphens, with a letter or digit at both ends"
    )))
}

fn check_zone(zone: &str) -> Result<()> {
    let is_valid = !zone.is_empty()
        && zone.len() <= 63
        && zone
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if is_valid {
        return Ok(());
    }
    Err(Error::invalid_input(format!(
        "invalid zone {zone:?}: must be an ID such as `pek3a` (letters, digits, hyphens)"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::ErrorKind;

    fn bucket(host: &str, port: Option<u16>, zone: bool, virtual_host: bool) -> Address {
        Endpoint::new(Scheme::HTTPS, host, port, zone, virtual_host)
            .and_then(|endpoint| endpoint.bucket("my-bucket", "PEK3A"))
            .unwrap()
    }

    #[test]
    fn path_style_has_the_zone_in_the_host_and_the_bucket_in_the_path() {
        let address = bucket("QingStor.com", Some(443), true, false);
        assert_eq!(address.origin(), "https://pek3a.qingstor.com");
        assert_eq!(
            (&*address.path_prefix, &*address.resource_prefix),
            ("/my-bucket", "")
        );
    }

    #[test]
    fn virtual_host_style_has_both_in_the_host() {
        let address = bucket("qingstor.com", Some(8443), true, true);
        assert_eq!(
            address.origin(),
            "https://my-bucket.pek3a.qingstor.com:8443"
        );
        assert_eq!(
            (&*address.path_prefix, &*address.resource_prefix),
            ("", "/my-bucket")
        );
    }

    #[test]
    fn the_host_and_the_port_identify_the_service() {
        let endpoint = |scheme, host, port, zone_in_host, virtual_host| {
            Endpoint::new(scheme, host, port, zone_in_host, virtual_host).unwrap()
        };
        let https = Scheme::HTTPS;
        let public = endpoint(https.clone(), "qingstor.com", None, true, false);
        for same in [
            endpoint(https.clone(), "QingStor.com", Some(443), true, true),
            endpoint(Scheme::HTTP, "qingstor.com", Some(80), true, false),
            endpoint(https.clone(), "pek3a.qingstor.com", None, false, false),
        ] {
            assert!(
                public.is_same_service(&same, ["pek3a", "pek3a"]),
                "{same:?}"
            );
            assert!(
                same.is_same_service(&public, ["pek3a", "pek3a"]),
                "{same:?}"
            );
        }
        assert!(public.is_same_service(&public, ["pek3a", "sh1a"]));
        for other in [
            endpoint(https.clone(), "storage.example.com", None, true, false),
            endpoint(https.clone(), "qingstor.com", Some(8443), true, false),
            endpoint(https.clone(), "sh1a.qingstor.com", None, false, false),
        ] {
            assert!(
                !public.is_same_service(&other, ["pek3a", "pek3a"]),
                "{other:?}"
            );
        }
    }

    #[test]
    fn ip_addresses_and_localhost_get_no_prefix() {
        for (host, shown) in [
            ("127.0.0.1", "127.0.0.1"),
            ("localhost", "localhost"),
            ("[::1]", "[::1]"),
            ("::1", "[::1]"),
        ] {
            let address = bucket(host, Some(9000), true, false);
            assert_eq!(address.origin(), format!("https://{shown}:9000"));
            let refused = Endpoint::new(Scheme::HTTP, host, None, true, true).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Config, "{host}");
        }
    }

    #[test]
    fn explains_why_a_host_is_invalid() {
        for (host, says) in [
            (
                "a..b",
                "`a..b` is not a valid host: there is nothing between two of its dots",
            ),
            (".a.b", "nothing between"),
            ("a.b..", "nothing between"),
            (
                "存储.中国",
                "`存储.中国` is not a valid host: write it in its ASCII form, `xn--",
            ),
            (
                "xn--fiqs8s.ไทย",
                "write it in its ASCII form, which starts with `xn--`",
            ),
        ] {
            let error = Endpoint::new(Scheme::HTTPS, host, None, true, false).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{host}");
            assert!(error.to_string().contains(says), "{host}: {error}");
        }
        assert_eq!(
            bucket("a.b.", None, true, false).origin(),
            "https://pek3a.a.b."
        );
    }

    #[test]
    fn the_error_about_a_bucket_name_does_not_contain_a_key_pair() {
        let error = check_bucket_name("ID:SECRET@my-bucket").unwrap_err();
        assert!(error.to_string().contains("..@my-bucket"), "{error}");
        assert!(!format!("{error} {error:?}").contains("SECRET"), "{error}");
    }

    #[test]
    fn refuses_names_that_could_change_the_address() {
        let endpoint = Endpoint::new(Scheme::HTTPS, "qingstor.com", None, true, false).unwrap();
        for name in [
            "",
            "short",
            "Upper-case",
            "a/../b-c",
            "evil.com#x",
            "-leading",
            "trailing-",
            &"x".repeat(64),
        ] {
            let error = endpoint.bucket(name, "pek3a").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name}");
        }
        for zone in ["", "a.b", "a/b", "x@y"] {
            assert!(endpoint.bucket("my-bucket", zone).is_err(), "{zone}");
        }
        for host in ["", "a b", "a/b", "user@host", "host:80:90"] {
            assert!(
                Endpoint::new(Scheme::HTTPS, host, None, true, false).is_err(),
                "{host:?}"
            );
        }
    }
}
