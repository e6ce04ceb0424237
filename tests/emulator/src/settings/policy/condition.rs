//! Conditions of policy statements.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::base::wildcard;
use crate::settings::json::{Object, OneOrMany};

/// Largest length of a condition as JSON, in characters.
const MAX_LENGTH: usize = 2048;

/// Conditions that must all be met. An unknown operator is an error, because ignoring it would
/// allow more than intended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Condition {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    string_like: Option<Object<Referers>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    string_not_like: Option<Object<Referers>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ip_address: Option<Object<Sources>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    not_ip_address: Option<Object<Sources>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is_null: Option<Object<NoReferer>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Referers {
    #[serde(rename = "Referer")]
    referer: OneOrMany,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sources {
    source_ip: OneOrMany,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoReferer {
    #[serde(rename = "Referer")]
    referer: bool,
}

impl Condition {
    pub(super) fn holds(&self, referer: &str, source: IpAddr) -> bool {
        let like = self.string_like.as_ref();
        let not_like = self.string_not_like.as_ref();
        let within = self.ip_address.as_ref();
        let not_within = self.not_ip_address.as_ref();
        like.is_none_or(|referers| referers.any_matches(referer))
            && not_like.is_none_or(|referers| !referers.any_matches(referer))
            && within.is_none_or(|sources| sources.any_contains(source))
            && not_within.is_none_or(|sources| !sources.any_contains(source))
            && self
                .is_null
                .as_ref()
                .is_none_or(|wanted| wanted.referer == referer.is_empty())
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let length = serde_json::to_string(self).map_or(usize::MAX, |text| text.chars().count());
        if length > MAX_LENGTH {
            return Err(format!(
                "a condition must have at most {MAX_LENGTH} characters"
            ));
        }
        for sources in [&self.ip_address, &self.not_ip_address]
            .into_iter()
            .flatten()
        {
            if let Some(bad) = sources
                .source_ip
                .iter()
                .find(|text| Network::parse(text).is_none())
            {
                return Err(format!(
                    "source_ip {bad:?} is not a network such as \"192.168.0.0/16\""
                ));
            }
        }
        Ok(())
    }
}

impl Referers {
    fn any_matches(&self, referer: &str) -> bool {
        self.referer
            .iter()
            .any(|pattern| wildcard::matches(pattern, referer))
    }
}

impl Sources {
    fn any_contains(&self, address: IpAddr) -> bool {
        self.source_ip
            .iter()
            .filter_map(Network::parse)
            .any(|network| network.contains(address))
    }
}

/// A range of addresses with the same prefix.
#[derive(Clone, Copy, Debug)]
struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Parses a network such as `172.16.0.0/24`, or a single address.
    fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            None => (text, None),
            Some((address, bits)) => (address, Some(bits)),
        };
        let address = address.parse::<IpAddr>().ok()?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => all,
            // `parse` accepts a plus sign, which is not valid here.
            Some(bits) => bits
                .parse::<u8>()
                .ok()
                .filter(|_| bits.bytes().all(|byte| byte.is_ascii_digit()))?,
        };
        (bits <= all).then_some(Self { address, bits })
    }

    fn contains(self, address: IpAddr) -> bool {
        // Compares only the prefix bits. `checked_shr` returns `None` for a prefix of 0 bits.
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let behind = 32 - u32::from(self.bits);
                let head = |ip: u32| ip.checked_shr(behind);
                head(network.to_bits()) == head(address.to_bits())
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let behind = 128 - u32::from(self.bits);
                let head = |ip: u128| ip.checked_shr(behind);
                head(network.to_bits()) == head(address.to_bits())
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(document: Value) -> Result<Condition, String> {
        let condition =
            serde_json::from_value::<Condition>(document).map_err(|error| error.to_string())?;
        condition.check()?;
        Ok(condition)
    }

    #[test]
    fn networks_contain_addresses_with_their_prefix() {
        for (network, address, expected) in [
            ("172.16.0.0/24", "172.16.0.255", true),
            ("172.16.0.0/24", "172.16.1.0", false),
            ("172.16.1.1/32", "172.16.1.1", true),
            ("172.16.1.1/32", "172.16.1.2", false),
            ("172.16.1.1", "172.16.1.1", true),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("0.0.0.0/0", "::1", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("fd00::/8", "fdab::1", true),
            ("fd00::/8", "fe80::1", false),
            ("::/0", "fe80::1", true),
            ("::1/128", "::1", true),
        ] {
            let parsed = Network::parse(network).unwrap();
            let decided = parsed.contains(address.parse().unwrap());
            assert_eq!(decided, expected, "{address} in {network}");
        }
        for bad in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "::/129",
            "*",
            "a",
        ] {
            assert!(Network::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn all_conditions_must_be_met() {
        let like = json!({"Referer": ["*.a.com", "*.b.com"]});
        let inside = json!({"source_ip": ["10.0.0.0/8"]});
        for (condition, referer, source, expected) in [
            (json!({}), "", "10.0.0.1", true),
            (
                json!({"string_like": like}),
                "http://x.b.com",
                "10.0.0.1",
                true,
            ),
            (
                json!({"string_like": like}),
                "http://x.c.com",
                "10.0.0.1",
                false,
            ),
            (
                json!({"string_like": {"Referer": "*"}}),
                "",
                "10.0.0.1",
                true,
            ),
            (
                json!({"string_not_like": like}),
                "http://x.b.com",
                "10.0.0.1",
                false,
            ),
            (json!({"string_not_like": like}), "", "10.0.0.1", true),
            (json!({"ip_address": inside}), "", "10.0.0.1", true),
            (json!({"ip_address": inside}), "", "11.0.0.1", false),
            (json!({"not_ip_address": inside}), "", "10.0.0.1", false),
            (json!({"not_ip_address": inside}), "", "11.0.0.1", true),
            (json!({"is_null": {"Referer": true}}), "", "10.0.0.1", true),
            (
                json!({"is_null": {"Referer": true}}),
                "a",
                "10.0.0.1",
                false,
            ),
            (
                json!({"is_null": {"Referer": false}}),
                "a",
                "10.0.0.1",
                true,
            ),
            (
                json!({"string_like": like, "ip_address": inside}),
                "x.a.com",
                "11.0.0.1",
                false,
            ),
            (
                json!({"string_like": like, "ip_address": inside}),
                "x.a.com",
                "10.0.0.1",
                true,
            ),
        ] {
            let holds = parse(condition.clone())
                .unwrap()
                .holds(referer, source.parse().unwrap());
            assert_eq!(holds, expected, "{condition} {referer} {source}");
        }
    }

    #[test]
    fn unknown_operators_and_bad_values_are_refused() {
        for (condition, word) in [
            (json!({"string_equals": {"Referer": "a"}}), "string_equals"),
            (json!({"string_like": {"User-Agent": "a"}}), "User-Agent"),
            (json!({"string_like": "a"}), "expected an object"),
            (json!({"is_null": {"Referer": "true"}}), "boolean"),
            (
                json!({"ip_address": {"source_ip": ["10.0.0.0/99"]}}),
                "10.0.0.0/99",
            ),
            (
                json!({"not_ip_address": {"source_ip": "everywhere"}}),
                "everywhere",
            ),
            (
                json!({"string_like": {"Referer": "a".repeat(2048)}}),
                "2048",
            ),
        ] {
            let error = parse(condition).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }
}
