//! [`SseKey`]: encryption with a customer-provided key.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest, Md5};
use zeroize::{Zeroize, Zeroizing};

use crate::base::error::{Error, ErrorKind, Result};
use crate::base::secret::Secret;

/// Length of a key in bytes: the service supports only AES-256.
const LENGTH: usize = 32;

/// A customer-provided encryption key. The service encrypts an object with it and does not store
/// it: without the key, the object is lost.
///
/// Every request for the content of the object needs the key, set by `sse_key`: `put_object`,
/// `get_object`, `initiate_multipart_upload` and each `upload_multipart`. `head_object` accepts it,
/// too, and checks it. A copy needs the key of its source, set by `copy_source_sse_key`, and the
/// key of its target, set by `sse_key`. `Debug` redacts the key, and its memory is zeroed on drop.
/// Use HTTPS to send it.
///
/// ```no_run
/// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
/// use qingstor_sdk::SseKey;
///
/// let key = SseKey::generate()?;
/// bucket.put_object("diary.txt").sse_key(&key).body("dear diary").await?;
/// let content = bucket.get_object("diary.txt").sse_key(&key).await?.body.bytes().await?;
/// let copy = bucket.put_object("copy.txt").copy_source((bucket.name(), "diary.txt"));
/// copy.copy_source_sse_key(&key).sse_key(&SseKey::generate()?).await?;
/// # let _ = content; Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SseKey(Zeroizing<[u8; LENGTH]>);

impl SseKey {
    /// Creates a key from 32 bytes. They should be random, as those of
    /// [`generate`](Self::generate): do not use a password.
    #[must_use]
    pub fn new(mut bytes: [u8; LENGTH]) -> Self {
        let key = Self(Zeroizing::new(bytes));
        bytes.zeroize();
        key
    }

    /// Generates a key with the random number generator of the operating system.
    ///
    /// # Errors
    ///
    /// Returns `Io` if the random number generator fails.
    #[inline]
    pub fn generate() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        getrandom::getrandom(&mut *bytes).map_err(|error| {
            Error::new(ErrorKind::Io, "no random bytes for a key").with_source(error)
        })?;
        Ok(Self(bytes))
    }

    /// Parses a key in the format of [`to_base64`](Self::to_base64).
    ///
    /// ```
    /// use qingstor_sdk::SseKey;
    ///
    /// let key = SseKey::from_base64("eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=")?;
    /// assert_eq!(key, SseKey::new([b'x'; 32]));
    /// assert_eq!(format!("{key:?}"), "SseKey(..)");
    /// # Ok::<(), qingstor_sdk::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the text is not the Base64 of 32 bytes.
    #[inline]
    pub fn from_base64(text: &str) -> Result<Self> {
        let decoded = BASE64.decode(text.trim()).map(Zeroizing::new);
        let bytes = decoded.ok().and_then(|bytes| {
            let bytes: [u8; LENGTH] = bytes.as_slice().try_into().ok()?;
            Some(bytes)
        });
        // The text may be a mistyped key, so the message does not contain it.
        bytes
            .map(Self::new)
            .ok_or_else(|| Error::invalid_input("an encryption key must be 32 bytes in Base64"))
    }

    /// Returns the key as Base64 text, to store it.
    #[must_use]
    pub fn to_base64(&self) -> Secret {
        Secret::from(BASE64.encode(self.0.as_slice()))
    }

    /// Returns the MD5 digest of the key in Base64. The service stores it with the object and
    /// checks the key with it, so it identifies the key of an object.
    #[must_use]
    pub fn md5(&self) -> String {
        BASE64.encode(Md5::digest(self.0.as_slice()))
    }

    /// Returns the service's name of the encryption algorithm.
    pub(crate) fn algorithm(&self) -> String {
        "AES256".to_owned()
    }
}

impl fmt::Debug for SseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SseKey(..)")
    }
}

/// Input with the three headers of a customer-provided encryption key.
pub(crate) trait SseInput {
    /// Sets or removes the three headers.
    fn set_sse_key(&mut self, key: Option<&SseKey>);
}

/// Input with the three headers of the key that the source of a copy is encrypted with.
pub(crate) trait CopySourceSseInput {
    /// Sets or removes the three headers.
    fn set_copy_source_sse_key(&mut self, key: Option<&SseKey>);
}

/// Implements [`SseInput`], and the setter `sse_key` of the operation's call.
macro_rules! sse_key {
    ($input:ident) => {
        impl crate::message::sse::SseInput for $input {
            fn set_sse_key(&mut self, key: Option<&crate::message::sse::SseKey>) {
                self.encryption_customer_algorithm = key.map(|key| key.algorithm());
                self.encryption_customer_key = key.map(|key| key.to_base64());
                self.encryption_customer_key_md5 = key.map(|key| key.md5());
            }
        }

        impl Call<$input> {
            /// Sets the key that the object is encrypted with: all three `encryption_customer_*`
            /// parameters.
            pub fn sse_key(mut self, key: &crate::message::sse::SseKey) -> Self {
                use crate::message::sse::SseInput;

                self.input.set_sse_key(Some(key));
                self
            }
        }
    };
}
pub(crate) use sse_key;

/// Implements [`CopySourceSseInput`], and the setter `copy_source_sse_key` of the operation's call.
macro_rules! copy_source_sse_key {
    ($input:ident) => {
        impl crate::message::sse::CopySourceSseInput for $input {
            fn set_copy_source_sse_key(&mut self, key: Option<&crate::message::sse::SseKey>) {
                self.copy_source_encryption_customer_algorithm = key.map(|key| key.algorithm());
                self.copy_source_encryption_customer_key = key.map(|key| key.to_base64());
                self.copy_source_encryption_customer_key_md5 = key.map(|key| key.md5());
            }
        }

        impl Call<$input> {
            /// Sets the key that the source of a copy is encrypted with: all three
            /// `copy_source_encryption_customer_*` parameters.
            pub fn copy_source_sse_key(mut self, key: &crate::message::sse::SseKey) -> Self {
                use crate::message::sse::CopySourceSseInput;

                self.input.set_copy_source_sse_key(Some(key));
                self
            }
        }
    };
}
pub(crate) use copy_source_sse_key;

#[cfg(test)]
mod tests {
    use super::*;

    /// Test vector of the official scenarios.
    #[test]
    fn headers_match_those_of_the_official_sdks() {
        let key = SseKey::new([b'x'; 32]);
        assert_eq!(
            key.to_base64().expose(),
            "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="
        );
        assert_eq!(key.md5(), "3I/h1kl+vSP1l12NKhxegQ==");
    }

    #[test]
    fn a_key_has_32_bytes() {
        for text in ["", "eHh4", "x", &BASE64.encode([1; 33])] {
            let error = SseKey::from_base64(text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(text.is_empty() || !error.message().contains(text));
        }
        let key = SseKey::generate().unwrap();
        assert_ne!(key, SseKey::generate().unwrap());
        assert_eq!(SseKey::from_base64(key.to_base64().expose()).unwrap(), key);
    }
}
