//! [`Credentials`]: the key pair that signs requests.

use std::fmt;

use hmac::{Hmac, KeyInit};
use sha2::Sha256;

use crate::base::error::{Error, ErrorKind, Result};

mod cache;
#[cfg(feature = "config-file")]
mod file;
mod provider;

pub(crate) use cache::{Cache, CredentialSource};
#[cfg(feature = "config-file")]
pub use file::FileCredentials;
pub use provider::{Chain, EnvCredentials, ProvideCredentials, ProvideFuture, ProvidedCredentials};

/// An access key ID and its secret, or nothing for anonymous requests.
///
/// Instead of the secret, the client keeps the state of HMAC-SHA256 that is derived from it, and
/// zeroes it on drop. `Debug` shows the first characters of the ID and never the secret.
///
/// ```
/// use qingstor_sdk::Credentials;
///
/// let credentials = Credentials::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY")?;
/// assert_eq!(format!("{credentials:?}"), "Credentials { access_key_id: \"ACCE..\" }");
/// # Ok::<(), qingstor_sdk::Error>(())
/// ```
#[derive(Clone)]
pub struct Credentials(Option<KeyPair>);

#[derive(Clone)]
struct KeyPair {
    access_key_id: String,
    key: Hmac<Sha256>,
}

impl Credentials {
    /// Creates credentials from a key pair, as shown in the console.
    ///
    /// # Errors
    ///
    /// Returns `Credentials` if the ID or the secret is empty, the ID contains a character that a
    /// header cannot contain, or the secret has line breaks or surrounding white space, for example
    /// from a file.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: &str) -> Result<Self> {
        let access_key_id = access_key_id.into();
        let invalid = |message| Err(Error::new(ErrorKind::Credentials, message));
        if access_key_id.is_empty() {
            return invalid(
                "the access key ID is empty; unsigned requests need anonymous credentials",
            );
        }
        if !access_key_id
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b':')
        {
            return invalid("the access key ID contains a character that is not allowed");
        }
        if secret_access_key.is_empty() {
            return invalid("the secret access key is empty");
        }
        if secret_access_key.trim() != secret_access_key
            || secret_access_key.contains(char::is_control)
        {
            return invalid(
                "the secret access key must not contain line breaks or surrounding white space",
            );
        }
        let Ok(key) = Hmac::new_from_slice(secret_access_key.as_bytes()) else {
            return invalid("the secret access key is not a valid HMAC key");
        };
        Ok(Self(Some(KeyPair { access_key_id, key })))
    }

    /// Creates anonymous credentials: requests are not signed, and the policy and the ACL of the
    /// bucket decide which operations they may perform.
    #[must_use]
    pub fn anonymous() -> Self {
        Self(None)
    }

    /// Returns whether requests are not signed.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the access key ID; `None` for anonymous credentials.
    #[must_use]
    pub fn access_key_id(&self) -> Option<&str> {
        Some(&self.0.as_ref()?.access_key_id)
    }

    /// Returns the ID, and an HMAC-SHA256 that is ready for a message.
    pub(crate) fn signer(&self) -> Option<(&str, Hmac<Sha256>)> {
        let pair = self.0.as_ref()?;
        Some((&pair.access_key_id, pair.key.clone()))
    }
}

/// Returns the error for credentials that are not configured. `reason` says where they were expected
/// or how to set them.
pub(crate) fn missing_credentials(reason: &str) -> Error {
    Error::new(ErrorKind::Credentials, format!("no credentials: {reason}"))
}

/// Returns the error for a key pair of which only one half is set. This is a wrong setting, so it has
/// the kind `Config`, and a [`Chain`] does not continue with its next provider.
pub(crate) fn incomplete_credentials(set: &str, missing: &str) -> Error {
    Error::config(format!("{set} is set, but {missing} is not"))
}

impl fmt::Debug for Credentials {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.access_key_id() {
            Some(id) => {
                let shown: String = id.chars().take(4).collect();
                f.debug_struct("Credentials")
                    .field("access_key_id", &format!("{shown}.."))
                    .finish()
            }
            None => f.write_str("Credentials(anonymous)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_pair_needs_both_halves() {
        for (id, secret) in [
            ("", "s"),
            ("id", ""),
            ("i d", "s"),
            ("i:d", "s"),
            ("i\nd", "s"),
            ("id", "s\n"),
            ("id", " s"),
            ("id", "s\0s"),
        ] {
            let error = Credentials::new(id, secret).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Credentials, "{id:?}");
        }
    }

    #[test]
    fn debug_never_shows_the_secret() {
        let credentials = Credentials::new("KEY_ID_1", "hush-hush").unwrap();
        let shown = format!("{credentials:?}");
        assert!(shown.contains("KEY_") && !shown.contains("KEY_ID_1") && !shown.contains("hush"));
    }
}
