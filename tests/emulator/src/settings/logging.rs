//! Access logging of buckets.

use serde::{Deserialize, Serialize};

use super::{Setting, SettingContext, Settings, invalid};
use crate::base::api_error::ApiError;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Logging {
    pub(crate) target_bucket: String,
    /// Prefix of the keys of log objects.
    pub(crate) target_prefix: String,
}

impl Setting for Logging {
    type Body = Self;

    fn accept(body: Self, context: &SettingContext<'_>) -> Result<Self, ApiError> {
        body.check(context)?;
        Ok(body)
    }

    fn empty_document() -> serde_json::Value {
        serde_json::json!({})
    }

    fn field(settings: &mut Settings) -> &mut Option<Self> {
        &mut settings.logging
    }
}

impl Logging {
    fn check(&self, context: &SettingContext<'_>) -> Result<(), ApiError> {
        let zone = context.zone_of_target(&self.target_bucket)?;
        if zone != context.zone {
            return Err(invalid(format!(
                "target_bucket {:?} is in zone {zone}, but must be in zone {} like the bucket",
                self.target_bucket, context.zone
            )));
        }
        Ok(())
    }
}
