//! The string to sign, and the check of signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderMap, Method};
use sha2::Sha256;

use crate::generated::operations::SIGNED_PARAMETERS;
use crate::request::request_target::Query;

/// Form of the path of a request without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ResourceForm {
    /// As sent.
    AsSent,
    /// With the last slash toggled: added if absent, removed if present.
    OtherSlash,
}

/// Form of the value of a signed parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueForm {
    /// Percent-decoded once, as the API documents show it.
    Decoded,
    /// As sent, which some official SDKs sign.
    AsSent,
}

/// Returns whether `signature` (Base64) is the signature of `signed` by `secret`. Compares in
/// constant time.
pub(super) fn matches(secret: &str, signed: &[u8], signature: &str) -> bool {
    let Ok(signature) = STANDARD.decode(signature) else {
        return false;
    };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        return false;
    };
    mac.update(signed);
    mac.verify_slice(&signature).is_ok()
}

/// The parts of a request that a signature covers.
#[derive(Clone, Copy, Debug)]
pub(super) struct StringToSign<'a> {
    pub(super) method: &'a Method,
    pub(super) headers: &'a HeaderMap,
    /// Expiration time, which replaces the date in the query scheme.
    pub(super) expires: Option<&'a str>,
    /// Bucket of the host in virtual-host style.
    pub(super) host_bucket: Option<&'a str>,
    pub(super) path: &'a str,
    pub(super) query: &'a Query,
    pub(super) resource_form: ResourceForm,
    pub(super) value_form: ValueForm,
}

impl StringToSign<'_> {
    /// Returns whether `signature` is the signature of this string by `secret`.
    pub(super) fn matches(&self, secret: &str, signature: &str) -> bool {
        matches(secret, &self.to_bytes(), signature)
    }

    /// Returns the string as bytes, because header values need not be UTF-8.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let header = |name: &str| {
            self.headers
                .get(name)
                .map_or(&b""[..], |value| value.as_bytes())
        };
        let date = match self.expires {
            Some(expires) => expires.as_bytes(),
            None if self.headers.contains_key("x-qs-date") => b"",
            None => header(DATE.as_str()),
        };
        let mut out = Vec::new();
        for line in [
            self.method.as_str().as_bytes(),
            header("content-md5"),
            header(CONTENT_TYPE.as_str()),
            date,
        ] {
            out.extend_from_slice(line);
            out.push(b'\n');
        }
        // Headers are sorted by name, not by the complete line: `x-qs-meta-a` precedes
        // `x-qs-meta-a-b`.
        let mut names = self
            .headers
            .keys()
            .map(|name| name.as_str())
            .filter(|name| name.starts_with("x-qs-"))
            .collect::<Vec<_>>();
        names.sort_unstable();
        for name in names {
            out.extend_from_slice(name.as_bytes());
            out.push(b':');
            out.extend_from_slice(header(name).trim_ascii());
            out.push(b'\n');
        }
        out.extend_from_slice(self.resource().as_bytes());
        out
    }

    fn resource(&self) -> String {
        let mut resource = self
            .host_bucket
            .map_or(String::new(), |bucket| format!("/{bucket}"));
        resource.push_str(self.path);
        if self.resource_form == ResourceForm::OtherSlash {
            if resource.ends_with('/') {
                resource.pop();
            } else {
                resource.push('/');
            }
        }
        let mut parameters = self
            .query
            .parameters()
            .iter()
            .filter(|parameter| SIGNED_PARAMETERS.contains(&parameter.name.as_str()))
            .collect::<Vec<_>>();
        parameters.sort_by(|a, b| a.name.cmp(&b.name));
        for (index, parameter) in parameters.into_iter().enumerate() {
            resource.push(if index == 0 { '?' } else { '&' });
            resource.push_str(&parameter.name);
            let value = match self.value_form {
                ValueForm::Decoded => &parameter.value,
                ValueForm::AsSent => &parameter.raw_value,
            };
            if !value.is_empty() {
                resource.push('=');
                resource.push_str(value);
            }
        }
        resource
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::auth) fn sign(secret: &str, string_to_sign: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(string_to_sign.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }

    #[test]
    fn signs_all_listed_parameters() {
        for name in [
            "acl",
            "append",
            "cname",
            "cors",
            "delete",
            "image",
            "lifecycle",
            "logging",
            "mirror",
            "notification",
            "part_number",
            "policy",
            "position",
            "replication",
            "stats",
            "upload_id",
            "uploads",
            "version_id",
            "versioning",
            "versions",
            "retention",
            "response-cache-control",
            "response-content-disposition",
            "response-content-encoding",
            "response-content-language",
            "response-content-type",
            "response-expires",
        ] {
            assert!(SIGNED_PARAMETERS.contains(&name), "{name}");
        }
        for name in [
            "location",
            "prefix",
            "limit",
            "marker",
            "zone",
            "access_key_id",
            "signature",
        ] {
            assert!(!SIGNED_PARAMETERS.contains(&name), "{name}");
        }
    }
}
