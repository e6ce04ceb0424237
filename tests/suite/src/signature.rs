//! Signatures by the documents *Signature* and *Post Object*, implemented independently of the SDK.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_decode_str;
use sha2::Sha256;

/// Query parameters that a signature covers. A separate list, because the list of the SDK is generated.
const SIGNED: [&str; 27] = [
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
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "retention",
    "stats",
    "upload_id",
    "uploads",
    "version_id",
    "versioning",
    "versions",
];

/// The signed parts of a request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Method.
    pub method: &'a str,
    /// Name of the bucket if it is part of the host.
    pub bucket_in_host: Option<&'a str>,
    /// Path and query, as in the request line.
    pub target: &'a str,
    /// All headers, with lower-case names.
    pub headers: &'a [(String, String)],
}

impl Request<'_> {
    fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name)?;
        Some(&found.1)
    }

    /// Returns the string to sign. `expires` is the `expires` parameter of a presigned URL.
    pub fn string_to_sign(&self, expires: Option<&str>) -> String {
        let date = match (expires, self.header("x-qs-date")) {
            (Some(expires), _) => expires,
            (None, Some(_)) => "",
            (None, None) => self.header("date").unwrap_or_default(),
        };
        let mut text = [
            self.method,
            self.header("content-md5").unwrap_or_default(),
            self.header("content-type").unwrap_or_default(),
            date,
        ]
        .map(|line| format!("{line}\n"))
        .concat();
        let mut service_headers: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, _)| name.starts_with("x-qs-"))
            .collect();
        service_headers.sort();
        for (name, value) in service_headers {
            text += &format!("{name}:{}\n", value.trim());
        }
        if let Some(bucket) = self.bucket_in_host {
            text += &format!("/{bucket}");
        }
        text + &self.resource()
    }

    fn resource(&self) -> String {
        let (path, query) = self.target.split_once('?').unwrap_or((self.target, ""));
        let mut signed: Vec<_> = query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) => (name, Some(decode(value))),
                None => (pair, None),
            })
            .filter(|(name, _)| SIGNED.contains(name))
            .collect();
        signed.sort();
        let joined: Vec<_> = signed
            .into_iter()
            .map(|(name, value)| match value {
                Some(value) => format!("{name}={value}"),
                None => name.to_owned(),
            })
            .collect();
        let separator = if joined.is_empty() { "" } else { "?" };
        format!("{path}{separator}{}", joined.join("&"))
    }
}

/// Returns the Base64 of the HMAC-SHA256 of `text` with the key `secret`.
pub fn hmac(secret: &str, text: &str) -> String {
    let mut hmac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    hmac.update(text.as_bytes());
    BASE64.encode(hmac.finalize().into_bytes())
}

/// Percent-decodes a string once.
pub fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Mon, 01 Jan 0001 00:00:00 GMT";
    const UPLOAD: &str = "upload_id=fde133b5f6d932cd9c79bac3c7318da1";

    /// The published test vectors of the official Go SDK.
    #[test]
    fn matches_published_signatures() {
        let acl = format!("/?acl&{UPLOAD}&part_number=0&other=abc");
        let tests = [("x-qs-test-1", "Test 1"), ("x-qs-test-2", "Test 2")];
        let dated = [&[("date", DATE)], &tests[..]].concat();
        let redated = [&dated[..], &[("x-qs-date", DATE)]].concat();
        let bare = &dated[..1];
        let chinese = "/bucket-name/%E4%B8%AD%E6%96%87";
        for (method, target, bucket, headers, expires, expected) in [
            (
                "GET",
                &*acl,
                None,
                &*dated,
                None,
                "bvglZF9iMOv1RaCTxPYWxexmt1UN2m5WKngYnhDEp2c=",
            ),
            (
                "GET",
                &*acl,
                None,
                &*redated,
                None,
                "qkY+tOMdqfDAVv+ZBtlWeEBxlbyIKaQmj5lQlylENzo=",
            ),
            (
                "GET",
                chinese,
                None,
                bare,
                None,
                "XsTXX50kzqBf92zLG1aIUIJmZ0hqIHoaHgkumwnV3fs=",
            ),
            (
                "GET",
                &*acl,
                None,
                &*dated,
                Some("3600"),
                "GRL3p3NOgHR9CQygASvyo344vdnO1hFke6ZvQ5mDVHM=",
            ),
            (
                "PUT",
                "/bucket-name?cname",
                None,
                &*dated,
                None,
                "Kqc4/+6T7zfSrUPgkvswHbtL4ESch9vOVQP0nPwlkBs=",
            ),
            (
                "GET",
                "/?acl",
                Some("bucket-name"),
                bare,
                None,
                "y0rP8LnEGUiV/JcuCMHZC4OMRZNzKRw9w7AnqehJZW8=",
            ),
        ] {
            let headers: Vec<_> = headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let request = Request {
                method,
                bucket_in_host: bucket,
                target,
                headers: &headers,
            };
            let text = request.string_to_sign(expires);
            assert_eq!(hmac("ENV_SECRET_ACCESS_KEY", &text), expected, "{text}");
        }
    }
}
