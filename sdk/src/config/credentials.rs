//! [`Credentials`]: the key pair that signs requests.

use std::fmt;

use hmac::{Hmac, KeyInit};
use sha2::Sha256;

use crate::base::error::{Error, ErrorKind, Result};

mod cache;
#[cfg(feature = "config-file")]
mod file;
mod provide;

pub(crate) use cache::{Cache, Source};
#[cfg(feature = "config-file")]
pub use file::FileCredentials;
pub use provide::{Chain, EnvCredentials, ProvideCredentials, ProvideFuture, Provided};

/// An access key id and its secret, or nothing for anonymous calls.
///
/// Only the state of HMAC-SHA256 that the secret leads to is kept; it is wiped on drop. `Debug`
/// shows the id's first characters and never the secret.
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
    /// A key pair, as the console shows it.
    ///
    /// # Errors
    ///
    /// `Credentials` when one of the two is empty, the id holds a character that can't stand in a
    /// header, or the secret has white space around it, as one that was read from a file may.
    pub fn new(access_key_id: impl Into<String>, secret_access_key: &str) -> Result<Self> {
        let access_key_id = access_key_id.into();
        let wrong = |message| Err(Error::new(ErrorKind::Credentials, message));
        if access_key_id.is_empty() {
            return wrong(
                "the access key id is empty; use `Credentials::anonymous` for unsigned requests",
            );
        }
        if !access_key_id
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b':')
        {
            return wrong("the access key id holds a character that no id has");
        }
        if secret_access_key.is_empty() {
            return wrong("the secret access key is empty");
        }
        if secret_access_key.trim() != secret_access_key
            || secret_access_key.contains(char::is_control)
        {
            return wrong("the secret access key has white space or a line break that no key has");
        }
        let Ok(key) = Hmac::new_from_slice(secret_access_key.as_bytes()) else {
            return wrong("the secret access key is no HMAC key");
        };
        Ok(Self(Some(KeyPair { access_key_id, key })))
    }

    /// No credentials: requests are sent unsigned, and the bucket's policy and ACL decide what
    /// everyone may do.
    #[must_use]
    pub fn anonymous() -> Self {
        Self(None)
    }

    /// Whether requests are sent unsigned.
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.0.is_none()
    }

    /// The access key id; `None` for anonymous calls.
    #[must_use]
    pub fn access_key_id(&self) -> Option<&str> {
        Some(&self.0.as_ref()?.access_key_id)
    }

    /// The id, and HMAC-SHA256 ready to take a message.
    pub(crate) fn signer(&self) -> Option<(&str, Hmac<Sha256>)> {
        let pair = self.0.as_ref()?;
        Some((&pair.access_key_id, pair.key.clone()))
    }
}

impl fmt::Debug for Credentials {
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
    fn a_pair_needs_both_halves() {
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
