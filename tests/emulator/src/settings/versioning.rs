//! Versioning of buckets.

use serde::{Deserialize, Serialize};

use super::{Settings, invalid, json};
use crate::base::api_error::ApiError;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Versioning {
    #[default]
    Disabled,
    Enabled,
    /// No new versions are created. Existing versions stay.
    Suspended,
}

/// Document of a PUT and a GET request.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct VersioningDocument {
    #[serde(deserialize_with = "json::upper_case")]
    pub(crate) status: Versioning,
}

impl Versioning {
    /// Checks that a bucket with `settings` can change to this state.
    pub(crate) fn check(self, settings: &Settings) -> Result<(), ApiError> {
        match self {
            Self::Disabled if settings.versioning != Self::Disabled => Err(invalid(
                "versioning cannot be disabled after it was enabled; it can be SUSPENDED",
            )),
            Self::Enabled | Self::Suspended if settings.replication.is_some() => {
                Err(invalid("a bucket with replication cannot have versioning"))
            }
            Self::Enabled | Self::Suspended if settings.retention.is_some() => Err(invalid(
                "a bucket with a retention policy cannot have versioning",
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Versioning::{Disabled, Enabled, Suspended};
    use super::*;

    #[test]
    fn versioning_cannot_be_disabled() {
        for (before, after, expected) in [
            (Disabled, Disabled, true),
            (Disabled, Enabled, true),
            (Disabled, Suspended, true),
            (Enabled, Suspended, true),
            (Enabled, Enabled, true),
            (Suspended, Enabled, true),
            (Enabled, Disabled, false),
            (Suspended, Disabled, false),
        ] {
            let settings = Settings {
                versioning: before,
                ..Settings::default()
            };
            let decided = after.check(&settings).is_ok();
            assert_eq!(decided, expected, "{before:?} to {after:?}");
        }
    }

    #[test]
    fn the_status_ignores_case() {
        let parse = |text| serde_json::from_str::<VersioningDocument>(text);
        assert_eq!(parse(r#"{"status": "enabled"}"#).unwrap().status, Enabled);
        assert!(parse(r#"{"status": "on"}"#).is_err());
        assert!(parse("{}").is_err());
    }
}
