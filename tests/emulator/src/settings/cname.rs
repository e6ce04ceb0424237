//! Custom domains of buckets.

use serde::{Deserialize, Serialize};

use super::check_count;
use crate::base::api_error::ApiError;
use crate::base::time::Timestamp;
use crate::generated::error_codes::ErrorCode;

const MAX_DOMAIN_LENGTH: usize = 253;
const MAX_LABEL_LENGTH: usize = 63;

/// Kind of a domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CnameKind {
    #[default]
    Normal,
    Website,
}

impl std::str::FromStr for CnameKind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "normal" => Ok(Self::Normal),
            "website" => Ok(Self::Website),
            _ => Err("expected normal or website"),
        }
    }
}

/// A domain of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CnameRecord {
    /// Domain in lower case.
    pub(crate) domain: String,
    #[serde(rename = "type")]
    pub(crate) kind: CnameKind,
    pub(crate) created: Timestamp,
}

/// Binds `domain` to the bucket with the domains `records`.
///
/// # Errors
///
/// Returns an error if one of `others`, the domains of the other buckets, is the same domain.
pub(crate) fn bind(
    records: &mut Vec<CnameRecord>,
    mut others: impl Iterator<Item = CnameRecord>,
    domain: &str,
    kind: CnameKind,
) -> Result<(), ApiError> {
    let domain = checked_domain(domain)?;
    if others.any(|record| record.domain == domain) {
        return Err(ApiError::new(
            ErrorCode::DomainOccupied,
            format!("domain {domain:?} is bound to another bucket; release it there first"),
        ));
    }
    match records.iter_mut().find(|record| record.domain == domain) {
        Some(record) => record.kind = kind,
        None => {
            check_count("domains", records.len() + 1)?;
            records.push(CnameRecord {
                domain,
                kind,
                created: Timestamp::now(),
            });
        }
    }
    Ok(())
}

/// Releases `domain`. Succeeds if it is not bound.
pub(crate) fn release(records: &mut Vec<CnameRecord>, domain: &str) -> Result<(), ApiError> {
    let domain = checked_domain(domain)?;
    records.retain(|record| record.domain != domain);
    Ok(())
}

/// Checks a domain, and returns it in lower case.
fn checked_domain(domain: &str) -> Result<String, ApiError> {
    let labels = domain.split('.').collect::<Vec<_>>();
    let is_label = |label: &&str| {
        (1..=MAX_LABEL_LENGTH).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // The last label of an IP address is a number, but never that of a domain.
    let is_address = labels
        .last()
        .is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    if labels.len() < 2
        || domain.len() > MAX_DOMAIN_LENGTH
        || !labels.iter().all(is_label)
        || is_address
    {
        return Err(ApiError::new(
            ErrorCode::CnameError,
            format!("{domain:?} is not a domain such as \"www.example.com\""),
        ));
    }
    Ok(domain.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_domains_and_refuses_addresses() {
        for good in [
            "www.example.com",
            "WWW.Example.COM",
            "a.b",
            "xn--fiq228c.cn",
            "1.example.com",
        ] {
            assert_eq!(checked_domain(good).unwrap(), good.to_lowercase());
        }
        let long_label = format!("{}.com", "a".repeat(64));
        let long = format!("{}com", "abcdefg.".repeat(32));
        for bad in [
            "",
            "localhost",
            "example.",
            ".com",
            "a..b",
            "-a.com",
            "a-.com",
            "a_b.com",
            "a b.com",
            "192.168.0.1",
            "www.example.com:80",
            "http://a.com",
            "*.a.com",
            "\u{4e2d}.com",
            &long_label,
            &long,
        ] {
            let error = checked_domain(bad).unwrap_err();
            assert_eq!(
                (error.status().as_u16(), error.code()),
                (400, "cname_error")
            );
        }
    }
}
