//! [`Digest`]: an MD5 digest, as in ETags.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};

use super::entity_tag;

/// An MD5 digest. `Display` writes it in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digest([u8; 16]);

impl Digest {
    /// Finishes a calculation.
    pub(crate) fn of(md5: Md5) -> Self {
        Self(md5.finalize().into())
    }

    /// Parses the MD5 of the content from an ETag, with or without quotes. Returns `None` if
    /// the tag is not an MD5 or is weak: the transferred content may then differ, for example by
    /// compression.
    pub(crate) fn from_etag(etag: &str) -> Option<Self> {
        Self::of_stored(etag).filter(|_| entity_tag::is_strong(etag))
    }

    /// Parses the MD5 from the ETag of an uploaded body. Accepts weak tags, because the tag
    /// describes the stored bytes, not those of a response.
    pub(crate) fn of_stored(etag: &str) -> Option<Self> {
        let hex = entity_tag::text(etag).as_bytes();
        if hex.len() != 32 {
            return None;
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(hex.chunks_exact(2)) {
            // `from_str_radix` would accept a sign.
            if !pair.iter().all(u8::is_ascii_hexdigit) {
                return None;
            }
            *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// Returns the digest as a value of `Content-MD5`.
    pub(crate) fn base64(self) -> String {
        BASE64.encode(self.0)
    }

    /// Returns the ETag of an object that consists of parts with these digests: their
    /// combined MD5, and their number, which distinguishes it from the MD5 of the content.
    pub(crate) fn of_parts(parts: impl IntoIterator<Item = Self>) -> String {
        let mut md5 = Md5::new();
        let mut count = 0;
        for part in parts {
            md5.update(part.0);
            count += 1;
        }
        format!("\"{}-{count}\"", Self::of(md5))
    }
}

impl From<[u8; 16]> for Digest {
    fn from(md5: [u8; 16]) -> Self {
        Self(md5)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_only_md5_digests() {
        let hex = "900150983cd24fb0d6963f7d28e17f72";
        for etag in [hex.to_owned(), format!("\"{hex}\""), hex.to_uppercase()] {
            assert_eq!(Digest::from_etag(&etag).unwrap().to_string(), hex);
        }
        let weak = format!("W/\"{hex}\"");
        assert_eq!(Digest::from_etag(&weak), None);
        assert_eq!(Digest::of_stored(&weak).unwrap().to_string(), hex);
        let long = format!("{hex}-3");
        for etag in [
            "",
            "\"\"",
            &long,
            &hex[1..],
            "+0015098+cd24fb0d6963f7d28e17f72",
        ] {
            assert_eq!(Digest::from_etag(etag), None, "{etag}");
        }
    }

    #[test]
    fn the_tag_of_parts_is_not_an_md5() {
        let part = Digest::of(Md5::new());
        let etag = Digest::of_parts([part, part]);
        assert!(etag.ends_with("-2\""), "{etag}");
        assert_eq!(Digest::from_etag(&etag), None);
    }
}
