//! Retention policies (WORM), which protect objects from changes.

use serde::{Deserialize, Serialize};

use super::versioning::Versioning;
use super::{Settings, invalid};
use crate::base::api_error::ApiError;
use crate::base::time::Timestamp;

const MAX_DAYS: u32 = 36_500;
const MAX_YEARS: u32 = 100;
const DAYS_OF_YEAR: u32 = 365;

/// Body of a PUT request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RetentionBody {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    days: Option<u32>,
    /// Years of 365 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    years: Option<u32>,
}

/// Retention policy of a bucket. It cannot be locked, because the API documents do not specify an
/// operation for that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Retention {
    pub(crate) worm_id: String,
    #[serde(flatten)]
    period: RetentionBody,
}

impl RetentionBody {
    /// Checks that a bucket with `settings` can have this policy.
    fn check(self, settings: &Settings) -> Result<(), ApiError> {
        if settings.versioning != Versioning::Disabled {
            return Err(invalid(
                "a bucket with versioning cannot have a retention policy",
            ));
        }
        let in_range = |value, max| (1..=max).contains(&value);
        match (self.days, self.years) {
            (Some(days), None) if in_range(days, MAX_DAYS) => Ok(()),
            (None, Some(years)) if in_range(years, MAX_YEARS) => Ok(()),
            _ => Err(invalid(format!(
                "a retention policy needs either days from 1 to {MAX_DAYS} or years from 1 to {MAX_YEARS}"
            ))),
        }
    }

    /// Returns the policy to store. It keeps the ID of the policy that it replaces.
    pub(crate) fn accept(self, settings: &Settings) -> Result<Retention, ApiError> {
        self.check(settings)?;
        let before = settings.retention.as_ref();
        let new_id = || format!("{:032x}", fastrand::u128(..));
        Ok(Retention {
            worm_id: before.map_or_else(new_id, |before| before.worm_id.clone()),
            period: self,
        })
    }
}

impl Retention {
    /// Returns whether an object that was modified at `modified` is protected at `now`.
    pub(crate) fn protects(&self, modified: Timestamp, now: Timestamp) -> bool {
        let RetentionBody { days, years } = self.period;
        let days = days.unwrap_or(0) + years.unwrap_or(0) * DAYS_OF_YEAR;
        now < modified.plus_days(days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protects_objects_for_days_or_years() {
        for (days, years, expected) in [
            (Some(1), None, true),
            (Some(36_500), None, true),
            (None, Some(100), true),
            (Some(0), None, false),
            (Some(36_501), None, false),
            (None, Some(0), false),
            (None, Some(101), false),
            (None, None, false),
            (Some(1), Some(1), false),
        ] {
            let body = RetentionBody { days, years };
            let decided = body.accept(&Settings::default()).is_ok();
            assert_eq!(decided, expected, "{body:?}");
        }
    }

    #[test]
    fn a_new_policy_keeps_the_id_and_versioning_excludes_a_policy() {
        let body = RetentionBody {
            days: Some(1),
            years: None,
        };
        let mut settings = Settings::default();
        let first = body.accept(&settings).unwrap();
        settings.retention = Some(first.clone());
        assert_eq!(body.accept(&settings).unwrap(), first);
        assert!(Versioning::Enabled.check(&settings).is_err());
        settings.versioning = Versioning::Suspended;
        assert!(body.accept(&settings).is_err());
    }
}
