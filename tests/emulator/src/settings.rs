//! Settings of buckets, which are sub-resources of the API.

pub(crate) mod acl;
pub(crate) mod cname;
pub(crate) mod cors;
pub(crate) mod json;
pub(crate) mod lifecycle;
pub(crate) mod logging;
pub(crate) mod mirror;
pub(crate) mod notification;
pub(crate) mod policy;
pub(crate) mod replication;
pub(crate) mod retention;
pub(crate) mod versioning;

use std::borrow::Cow;
use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::base::api_error::ApiError;
use crate::base::web_url;
use crate::generated::error_codes::ErrorCode;
use cname::CnameRecord;
use cors::Cors;
use lifecycle::Lifecycle;
use logging::Logging;
use mirror::Mirror;
use notification::Notifications;
use policy::Policy;
use replication::Replication;
use retention::Retention;
use versioning::Versioning;

/// Largest number of entries of a list for which the API documents do not specify a limit. Each
/// request reads the whole list.
const MAX_ENTRIES: usize = 1000;

/// The settings of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub(crate) cors: Option<Cors>,
    pub(crate) policy: Option<Policy>,
    pub(crate) mirror: Option<Mirror>,
    pub(crate) logging: Option<Logging>,
    pub(crate) cname: Vec<CnameRecord>,
    pub(crate) lifecycle: Option<Lifecycle>,
    pub(crate) notification: Option<Notifications>,
    pub(crate) replication: Option<Replication>,
    pub(crate) versioning: Versioning,
    pub(crate) retention: Option<Retention>,
}

/// A setting with operations to put, get and delete it as one document.
pub(crate) trait Setting: Serialize + Sized {
    /// Body of a PUT request.
    type Body: DeserializeOwned + Send + 'static;

    /// Checks a document, and returns the setting to store.
    fn accept(body: Self::Body, context: &SettingContext<'_>) -> Result<Self, ApiError>;

    /// Returns the response to a GET request without a setting. The API documents do not specify
    /// it, so it is the document with an empty list.
    fn empty_document() -> serde_json::Value;

    /// Returns the field of the setting.
    fn field(settings: &mut Settings) -> &mut Option<Self>;
}

/// The bucket of a setting, and the other buckets of its owner.
pub(crate) struct SettingContext<'a> {
    /// Name of the bucket.
    pub(crate) bucket: &'a str,
    pub(crate) zone: &'a str,
    pub(crate) settings: &'a Settings,
    /// Returns the zone of another bucket, or `None` if the owner does not have that bucket.
    pub(crate) find_zone: &'a dyn Fn(&str) -> Result<Option<String>, ApiError>,
}

impl SettingContext<'_> {
    /// Returns the zone of a bucket that the setting names.
    ///
    /// # Errors
    ///
    /// Returns an error if the owner does not have that bucket. The error does not reveal whether
    /// the bucket exists.
    fn zone_of_target(&self, name: &str) -> Result<String, ApiError> {
        (self.find_zone)(name)?.ok_or_else(|| {
            invalid(format!(
                "the owner of this bucket does not have a bucket {name:?}"
            ))
        })
    }
}

/// Returns the error for an invalid document.
fn invalid(message: impl Into<Cow<'static, str>>) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, message)
}

/// Checks that the IDs of rules are not empty, unique and not too long.
fn check_ids<'a>(
    what: &str,
    ids: impl IntoIterator<Item = &'a str>,
    max_length: usize,
) -> Result<(), ApiError> {
    let mut seen = HashSet::new();
    for id in ids {
        if id.is_empty() {
            return Err(invalid(format!("the ID of a {what} must not be empty")));
        }
        if id.chars().count() > max_length {
            return Err(invalid(format!(
                "the ID of a {what} must have at most {max_length} characters"
            )));
        }
        if !seen.insert(id) {
            return Err(invalid(format!("two {what}s have the ID {id:?}")));
        }
    }
    Ok(())
}

/// Checks the length of a list for which the API documents do not specify a limit.
pub(crate) fn check_count(what: &str, count: usize) -> Result<(), ApiError> {
    if count > MAX_ENTRIES {
        return Err(invalid(format!(
            "{count} {what} are too many; a bucket can have at most {MAX_ENTRIES}"
        )));
    }
    Ok(())
}

/// Checks that `text` is an absolute http or https URL without user and password.
fn check_url(field: &str, text: &str) -> Result<(), ApiError> {
    let is_url = text.parse::<http::Uri>().is_ok_and(|url| {
        matches!(url.scheme_str(), Some("http" | "https"))
            && url.host().is_some_and(|host| !host.is_empty())
            && url
                .authority()
                .is_some_and(|authority| !authority.as_str().contains('@'))
    }) && text.parse().is_ok_and(|url| web_url::is_valid(&url));
    if is_url {
        Ok(())
    } else {
        Err(invalid(format!(
            "{field} {text:?} is not an absolute http or https URL"
        )))
    }
}

#[cfg(test)]
mod tests;
