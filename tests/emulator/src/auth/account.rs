//! Accounts of the emulator.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::base::digest::hex;

/// A user with one access key.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    user_id: String,
    access_key_id: String,
    secret_access_key: String,
}

impl Account {
    /// Creates an account. Its user ID is derived from the access key ID, so that the owner of a
    /// bucket is the same after a restart.
    pub(crate) fn new(
        access_key_id: impl Into<String>,
        secret_access_key: impl Into<String>,
    ) -> Self {
        let access_key_id = access_key_id.into();
        let digest = hex(&Sha256::digest(access_key_id.as_bytes()));
        Self {
            user_id: format!("usr-{}", digest.get(..8).unwrap_or_default()),
            access_key_id,
            secret_access_key: secret_access_key.into(),
        }
    }

    /// Returns the user ID, such as `usr-1f0c93ab`, which ACLs refer to.
    pub fn user_id(&self) -> &str {
        &self.user_id
    }

    /// Returns the access key ID.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// Returns the secret access key, which signs requests.
    pub fn secret_access_key(&self) -> &str {
        &self.secret_access_key
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("user_id", &self.user_id)
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_id_is_stable_and_the_secret_stays_secret() {
        let account = Account::new("ID", "SECRET");
        assert_eq!(account, Account::new("ID", "SECRET"));
        assert_ne!(account.user_id(), Account::new("ID2", "SECRET").user_id());
        assert_eq!(account.user_id().len(), "usr-12345678".len());
        assert!(!format!("{account:?}").contains("SECRET"));
    }
}
