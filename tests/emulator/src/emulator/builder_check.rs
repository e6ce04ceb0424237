//! Checks of the settings of a new emulator.

use std::collections::{HashMap, HashSet};

use crate::auth::account::Account;
use crate::base::error::{Error, Result};

/// Checks accounts and zones.
///
/// # Errors
///
/// Returns an error if an account or a zone is not valid, or if two of them are the same.
pub(super) fn check(accounts: &[Account], zones: &[String]) -> Result<()> {
    let refuse = |message: String| Err(Error::Setting(message));
    let (mut ids, mut users) = (HashSet::new(), HashMap::new());
    for account in accounts {
        let id = account.access_key_id();
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if id.is_empty() || !id.bytes().all(is_allowed) {
            return refuse(format!(
                "access key ID {id:?} must consist of letters, digits, underscores and hyphens"
            ));
        }
        if account.secret_access_key().is_empty() {
            return refuse(format!("the secret access key of {id} is empty"));
        }
        if !ids.insert(id) {
            return refuse(format!("duplicate access key ID {id}"));
        }
        // Both accounts would own the same buckets.
        if let Some(other) = users.insert(account.user_id(), id) {
            return refuse(format!(
                "access key IDs {other} and {id} have the same user ID; choose another one"
            ));
        }
    }
    if zones.is_empty() {
        return refuse("at least one zone is required".to_owned());
    }
    let mut known_zones = HashSet::new();
    for zone in zones {
        if !known_zones.insert(zone) {
            return refuse(format!("duplicate zone {zone}"));
        }
        let is_label = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if zone.is_empty() || !zone.bytes().all(is_label) {
            return refuse(format!(
                "zone {zone:?} must consist of lower-case letters, digits and hyphens"
            ));
        }
    }
    Ok(())
}
