//! The string to sign, and the check of signatures.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderMap, Method};
use sha2::Sha256;

use crate::generated::operations::SIGNED_PARAMETERS;
use crate::request::request_target::Query;

/// Length of the digest that a signature encodes, in bytes.
pub(super) const SIGNATURE_LENGTH: usize = 32;

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

/// Returns the signature of `signed` by `secret`, in Base64.
pub(super) fn sign(secret: &str, signed: &[u8]) -> String {
    Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_or(String::new(), |mut mac| {
        mac.update(signed);
        STANDARD.encode(mac.finalize().into_bytes())
    })
}

/// The parts of a string to sign, in this order. The lines contain their line feed.
#[derive(Clone, Debug)]
pub(super) struct StringParts {
    pub(super) method: Vec<u8>,
    pub(super) content_md5: Vec<u8>,
    pub(super) content_type: Vec<u8>,
    /// Date, or the expiration time in the query scheme.
    pub(super) date: Vec<u8>,
    /// Lines of the `x-qs-` headers.
    pub(super) headers: Vec<u8>,
    /// Slash and bucket. Empty for the service.
    pub(super) bucket: Vec<u8>,
    /// The path after the bucket.
    pub(super) key: Vec<u8>,
    /// Question mark and signed parameters. Empty without parameters.
    pub(super) query: Vec<u8>,
}

impl StringParts {
    /// Returns the string as bytes, because header values need not be UTF-8.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        [
            &*self.method,
            &self.content_md5,
            &self.content_type,
            &self.date,
            &self.headers,
            &self.bucket,
            &self.key,
            &self.query,
        ]
        .concat()
    }
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

    /// Returns the string as bytes.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        self.parts().to_bytes()
    }

    /// Returns the parts of the string.
    pub(super) fn parts(self) -> StringParts {
        let date = match self.expires {
            Some(expires) => expires.as_bytes(),
            None if self.headers.contains_key("x-qs-date") => b"",
            None => self.header(DATE.as_str()),
        };
        let line = |text: &[u8]| [text, b"\n"].concat();
        let (bucket, key) = self.path();
        StringParts {
            method: line(self.method.as_str().as_bytes()),
            content_md5: line(self.header("content-md5")),
            content_type: line(self.header(CONTENT_TYPE.as_str())),
            date: line(date),
            headers: self.header_lines(),
            bucket: bucket.into_bytes(),
            key: key.into_bytes(),
            query: self.parameters().into_bytes(),
        }
    }

    fn header(&self, name: &str) -> &[u8] {
        self.headers.get(name).map_or(b"", |value| value.as_bytes())
    }

    fn header_lines(&self) -> Vec<u8> {
        // Headers are sorted by name, not by the complete line: `x-qs-meta-a` precedes
        // `x-qs-meta-a-b`.
        let mut names = self
            .headers
            .keys()
            .map(|name| name.as_str())
            .filter(|name| name.starts_with("x-qs-"))
            .collect::<Vec<_>>();
        names.sort_unstable();
        let mut lines = Vec::new();
        for name in names {
            lines.extend_from_slice(name.as_bytes());
            lines.push(b':');
            lines.extend_from_slice(self.header(name).trim_ascii());
            lines.push(b'\n');
        }
        lines
    }

    /// Returns the bucket with its slash, and the rest of the path.
    fn path(&self) -> (String, String) {
        let (bucket, key) = match self.host_bucket {
            Some(bucket) => (format!("/{bucket}"), self.path),
            None => {
                let rest = self.path.strip_prefix('/').unwrap_or_default();
                let name_length = rest.find('/').unwrap_or(rest.len());
                let length = if name_length == 0 { 0 } else { name_length + 1 };
                let (bucket, key) = self.path.split_at_checked(length).unwrap_or_default();
                (bucket.to_owned(), key)
            }
        };
        let mut key = key.to_owned();
        if self.resource_form == ResourceForm::OtherSlash && key.pop().is_none() {
            key.push('/');
        }
        (bucket, key)
    }

    fn parameters(&self) -> String {
        let mut parameters = self
            .query
            .parameters()
            .iter()
            .filter(|parameter| SIGNED_PARAMETERS.contains(&parameter.name.as_str()))
            .collect::<Vec<_>>();
        parameters.sort_by(|a, b| a.name.cmp(&b.name));
        let mut text = String::new();
        for (index, parameter) in parameters.into_iter().enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(&parameter.name);
            let value = match self.value_form {
                ValueForm::Decoded => &parameter.value,
                ValueForm::AsSent => &parameter.raw_value,
            };
            if !value.is_empty() {
                text.push('=');
                text.push_str(value);
            }
        }
        text
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
}
