//! Encryption with customer-provided keys: the headers, and the cipher for stored content.

use std::fmt;
use std::io;

use aes::Aes256;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _, StreamCipherSeek as _};
use http::{HeaderMap, HeaderName};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use crate::base::api_error::ApiError;
use crate::base::digest::hex;
use crate::base::response::set_header;
use crate::generated::error_codes::ErrorCode;

const ALGORITHM: &str = "AES256";
const ALGORITHM_HEADER: HeaderName = HeaderName::from_static("x-qs-encryption-customer-algorithm");
const KEY_MD5_HEADER: HeaderName = HeaderName::from_static("x-qs-encryption-customer-key-md5");

/// Prefix of the headers of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyOf {
    /// The object of the request.
    Object,
    /// The source of a copy.
    Source,
}

impl KeyOf {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Object => "x-qs-encryption-customer-",
            Self::Source => "x-qs-copy-source-encryption-customer-",
        }
    }
}

/// A customer-provided key. It is never stored.
#[derive(Clone)]
pub(crate) struct CustomerKey {
    key: [u8; 32],
    md5: String,
}

impl fmt::Debug for CustomerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerKey").finish_non_exhaustive()
    }
}

impl CustomerKey {
    /// Returns the key of a request, or `None` if it does not have the headers of a key.
    ///
    /// # Errors
    ///
    /// Returns an error if one of the three headers is missing or not valid.
    pub(crate) fn from_headers(headers: &HeaderMap, of: KeyOf) -> Result<Option<Self>, ApiError> {
        let prefix = of.prefix();
        let get = |name: &str| headers.get(format!("{prefix}{name}"));
        let (algorithm, key, key_md5) = match (get("algorithm"), get("key"), get("key-md5")) {
            (None, None, None) => return Ok(None),
            (Some(algorithm), Some(key), Some(key_md5)) => (algorithm, key, key_md5),
            _ => {
                return Err(invalid(format!(
                    "encryption takes the headers {prefix}algorithm, {prefix}key and \
                     {prefix}key-md5 together"
                )));
            }
        };
        if !algorithm
            .as_bytes()
            .eq_ignore_ascii_case(ALGORITHM.as_bytes())
        {
            return Err(invalid(format!("{prefix}algorithm must be {ALGORITHM}")));
        }
        let key = STANDARD
            .decode(key.as_bytes())
            .ok()
            .and_then(|key| <[u8; 32]>::try_from(key).ok())
            .ok_or_else(|| invalid(format!("{prefix}key must be 32 bytes in Base64")))?;
        let md5 = STANDARD.encode(Md5::digest(key));
        if key_md5.as_bytes() != md5.as_bytes() {
            return Err(invalid(format!(
                "{prefix}key-md5 is not the Base64 form of the MD5 of the key's 32 bytes"
            )));
        }
        Ok(Some(Self { key, md5 }))
    }

    /// Returns the record of the key, which does not contain the key itself.
    pub(crate) fn encryption(&self) -> Encryption {
        Encryption {
            key_md5: self.md5.clone(),
        }
    }
}

/// The encryption of a stored object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Encryption {
    key_md5: String,
}

impl Encryption {
    pub(crate) fn write_headers(&self, headers: &mut HeaderMap) -> Result<(), ApiError> {
        set_header(headers, ALGORITHM_HEADER, ALGORITHM)?;
        set_header(headers, KEY_MD5_HEADER, &self.key_md5)
    }
}

/// Checks that `key` is the key of an object or an upload.
pub(crate) fn check_key(
    encryption: Option<&Encryption>,
    key: Option<&CustomerKey>,
    of: KeyOf,
) -> Result<(), ApiError> {
    let prefix = of.prefix();
    match (encryption, key) {
        (None, None) => Ok(()),
        (Some(encryption), Some(key)) if encryption.key_md5 == key.md5 => Ok(()),
        (Some(_), Some(_)) => Err(ApiError::new(
            ErrorCode::PermissionDenied,
            format!("{prefix}key is not the key of the object"),
        )),
        (Some(_), None) => Err(ApiError::new(
            ErrorCode::InvalidRequest,
            format!("the object is encrypted and needs the headers {prefix}*"),
        )),
        (None, Some(_)) => Err(ApiError::new(
            ErrorCode::InvalidRequest,
            format!("the object is not encrypted and does not accept the headers {prefix}*"),
        )),
    }
}

/// Initialization vector of a content.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Iv(u128);

impl Iv {
    /// Returns a random vector. Blobs must not share a key stream.
    pub(crate) fn random() -> io::Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(io::Error::other)?;
        Ok(Self(u128::from_be_bytes(bytes)))
    }
}

impl fmt::Debug for Iv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0.to_be_bytes()))
    }
}

impl From<Iv> for String {
    fn from(iv: Iv) -> Self {
        hex(&iv.0.to_be_bytes())
    }
}

impl TryFrom<String> for Iv {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u128::from_str_radix(&text, 16).map(Self)
    }
}

/// AES-256 in counter mode, which can decrypt a range without the bytes before it.
pub(crate) struct Cipher(Ctr128BE<Aes256>);

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cipher").finish_non_exhaustive()
    }
}

impl Cipher {
    pub(crate) fn new(key: &CustomerKey, iv: Iv) -> Self {
        Self(Ctr128BE::new(&key.key.into(), &iv.0.to_be_bytes().into()))
    }

    /// Creates a cipher for the content from `offset` on.
    pub(crate) fn at(key: &CustomerKey, iv: Iv, offset: u64) -> io::Result<Self> {
        let mut cipher = Self::new(key, iv);
        cipher.0.try_seek(offset).map_err(io::Error::other)?;
        Ok(cipher)
    }

    /// Encrypts or decrypts. Both are the same operation.
    pub(crate) fn apply(&mut self, piece: Bytes) -> io::Result<Bytes> {
        let mut piece = BytesMut::from(piece);
        self.0
            .try_apply_keystream(&mut piece)
            .map_err(io::Error::other)?;
        Ok(piece.freeze())
    }
}

fn invalid(message: String) -> ApiError {
    ApiError::new(ErrorCode::InvalidArgument, message)
}

#[cfg(test)]
impl CustomerKey {
    pub(crate) fn for_tests() -> Self {
        let key = [1; 32];
        let md5 = STANDARD.encode(Md5::digest(key));
        Self { key, md5 }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    /// The key of the documents: 32 times the letter x.
    const KEY: &str = "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=";
    const KEY_MD5: &str = "3I/h1kl+vSP1l12NKhxegQ==";

    fn key(algorithm: &str, key: &str, md5: &str) -> Result<Option<CustomerKey>, &'static str> {
        let headers = [("algorithm", algorithm), ("key", key), ("key-md5", md5)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| {
                let name = format!("x-qs-encryption-customer-{name}");
                (
                    HeaderName::try_from(name).unwrap(),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect();
        CustomerKey::from_headers(&headers, KeyOf::Object).map_err(|error| error.code())
    }

    #[test]
    fn refuses_bad_headers() {
        assert!(key("AES256", KEY, KEY_MD5).unwrap().is_some());
        assert!(key("", "", "").unwrap().is_none());
        for (algorithm, text, md5) in [
            ("AES256", KEY, ""),
            ("", KEY, KEY_MD5),
            ("AES128", KEY, KEY_MD5),
            ("AES256", "eHh4", KEY_MD5),
            ("AES256", "not base64!", KEY_MD5),
            ("AES256", KEY, "1B2M2Y8AsgTpgAmY7PhCfg=="),
        ] {
            assert_eq!(
                key(algorithm, text, md5).unwrap_err(),
                "invalid_argument",
                "{algorithm} {text} {md5}"
            );
        }
    }

    #[test]
    fn accepts_only_the_key_of_the_object() {
        let right = key("AES256", KEY, KEY_MD5).unwrap();
        let other = CustomerKey::for_tests();
        let encryption = right.as_ref().map(CustomerKey::encryption);
        let check = |encryption: &Option<Encryption>, key: Option<&CustomerKey>| {
            check_key(encryption.as_ref(), key, KeyOf::Object).map_err(|error| error.code())
        };
        assert_eq!(check(&encryption, right.as_ref()), Ok(()));
        assert_eq!(check(&None, None), Ok(()));
        assert_eq!(check(&encryption, Some(&other)), Err("permission_denied"));
        assert_eq!(check(&encryption, None), Err("invalid_request"));
        assert_eq!(check(&None, Some(&other)), Err("invalid_request"));
    }

    #[test]
    fn decrypts_a_range_without_the_preceding_bytes() {
        let key = key("AES256", KEY, KEY_MD5).unwrap().unwrap();
        let iv = Iv::random().unwrap();
        let plain = Bytes::from((0..=255).collect::<Vec<u8>>());
        let stored = Cipher::new(&key, iv).apply(plain.clone()).unwrap();
        assert_ne!(stored, plain);
        for offset in [0_usize, 1, 15, 16, 17, 255] {
            let read = Cipher::at(&key, iv, offset as u64)
                .unwrap()
                .apply(stored.slice(offset..))
                .unwrap();
            assert_eq!(read, plain.slice(offset..), "{offset}");
        }
    }

    #[test]
    fn debug_output_hides_keys() {
        let key = key("AES256", KEY, KEY_MD5).unwrap().unwrap();
        let shown = format!("{key:?} {:?}", Cipher::new(&key, Iv(0)));
        assert!(!shown.contains("120") && !shown.contains("eHh4"), "{shown}");
    }
}
