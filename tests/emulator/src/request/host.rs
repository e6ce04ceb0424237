//! The host of a request, which may name a bucket and a zone.

use std::net::IpAddr;

/// The parts of the host of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// The bucket, in virtual-host style.
    pub(crate) bucket: Option<String>,
    /// The zone, if the host names one.
    pub(crate) zone: Option<String>,
    /// The rest of the host, with the port.
    domain: String,
    /// Whether the domain cannot have subdomains: an IP address, or a single label such as
    /// `localhost`.
    bare: bool,
}

impl Host {
    /// Parses `authority`, which is a host and an optional port.
    ///
    /// `<bucket>.<zone>.<domain>` is virtual-host style, and `<zone>.<domain>` is path style in a
    /// zone. Any other host (an IP address, `localhost`, a host without a known zone) is path style
    /// without a zone.
    pub(crate) fn parse(authority: &str, zones: &[String]) -> Self {
        let authority = authority.to_ascii_lowercase();
        let name = without_port(&authority);
        let bare = |domain: &str, bare| Self {
            bucket: None,
            zone: None,
            domain: domain.to_owned(),
            bare,
        };
        let is_ip = name
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .is_ok();
        let Some((first, rest)) = authority.split_once('.').filter(|_| !is_ip) else {
            return bare(&authority, true);
        };
        let is_zone = |label: &str| zones.iter().any(|zone| zone == label);
        if is_zone(first) {
            return Self {
                zone: Some(first.to_owned()),
                ..bare(rest, false)
            };
        }
        match rest.split_once('.') {
            Some((second, domain)) if is_zone(second) => Self {
                bucket: Some(first.to_owned()),
                zone: Some(second.to_owned()),
                ..bare(domain, false)
            },
            _ => bare(&authority, false),
        }
    }

    /// Returns whether this is the host of all zones: a domain that can have subdomains, without a
    /// zone.
    pub(crate) fn is_global(&self) -> bool {
        !self.bare && self.zone.is_none()
    }

    /// Splits `<bucket>.<domain>`, a host without a zone, into bucket and domain.
    pub(crate) fn bucket_without_zone(&self) -> Option<(&str, &str)> {
        self.domain.split_once('.').filter(|_| self.is_global())
    }

    /// Returns the address of a zone for this client, without a scheme.
    pub(crate) fn zone_address(&self, zone: &str) -> String {
        let domain = &self.domain;
        if self.bare {
            domain.clone()
        } else {
            format!("{zone}.{domain}")
        }
    }

    /// Returns the address of a bucket for this client, without a scheme.
    pub(crate) fn bucket_address(&self, bucket: &str, zone: &str) -> String {
        let domain = &self.domain;
        if self.bare {
            format!("{domain}/{bucket}")
        } else {
            format!("{bucket}.{zone}.{domain}")
        }
    }
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_without_a_zone_can_contain_a_bucket() {
        let zones = ["pek3a".to_owned()];
        for (authority, expected) in [
            ("Photos.localhost:9000", Some(("photos", "localhost:9000"))),
            ("photos.qingstor.com", Some(("photos", "qingstor.com"))),
            ("photos.pek3a.qingstor.com", None),
            ("pek3a.qingstor.com", None),
            ("localhost:9000", None),
            ("127.0.0.1:9000", None),
            ("[::1]", None),
        ] {
            let host = Host::parse(authority, &zones);
            assert_eq!(host.bucket_without_zone(), expected, "{authority}");
        }
    }

    #[test]
    fn parses_hosts() {
        let zones = ["pek3a".to_owned(), "sh1a".to_owned()];
        for (authority, bucket, zone, address) in [
            ("127.0.0.1:9000", None, None, "127.0.0.1:9000/photos"),
            ("127.0.0.1", None, None, "127.0.0.1/photos"),
            ("[::1]:9000", None, None, "[::1]:9000/photos"),
            ("localhost:9000", None, None, "localhost:9000/photos"),
            ("qingstor.com", None, None, "photos.sh1a.qingstor.com"),
            (
                "xx1.qingstor.com",
                None,
                None,
                "photos.sh1a.xx1.qingstor.com",
            ),
            (
                "pek3a.qingstor.com:443",
                None,
                Some("pek3a"),
                "photos.sh1a.qingstor.com:443",
            ),
            (
                "Photos.PEK3A.qingstor.com",
                Some("photos"),
                Some("pek3a"),
                "photos.sh1a.qingstor.com",
            ),
            (
                "photos.sh1a.localhost:9000",
                Some("photos"),
                Some("sh1a"),
                "photos.sh1a.localhost:9000",
            ),
            (
                "pek3a.localhost",
                None,
                Some("pek3a"),
                "photos.sh1a.localhost",
            ),
            ("", None, None, "/photos"),
        ] {
            let host = Host::parse(authority, &zones);
            assert_eq!(host.bucket.as_deref(), bucket, "{authority}");
            assert_eq!(host.zone.as_deref(), zone, "{authority}");
            assert_eq!(host.bucket_address("photos", "sh1a"), address);
        }
    }
}
