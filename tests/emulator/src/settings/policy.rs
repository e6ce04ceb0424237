//! Bucket policies, which allow or deny single actions.

mod condition;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::json::{self, Object, OneOrMany};
use super::{Setting, SettingContext, Settings, check_count, check_ids, invalid};
use crate::base::api_error::ApiError;
use crate::base::wildcard;
use condition::Condition;

/// Limit in characters, as are the following ones.
const MAX_ID_LENGTH: usize = 100;
const MAX_USER_LENGTH: usize = 300;
const MAX_ACTION_LENGTH: usize = 500;
const MAX_RESOURCE_LENGTH: usize = 2048;

/// Policy of a bucket. The first matching statement decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Policy {
    #[serde(deserialize_with = "json::objects")]
    statement: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Statement {
    id: String,
    /// User IDs, or `*` for all callers, including anonymous ones.
    user: OneOrMany,
    action: OneOrMany,
    effect: Effect,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    resource: Option<OneOrMany>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition: Option<Object<Condition>>,
}

/// Decision of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Effect {
    Allow,
    Deny,
}

/// Action that a policy can allow or deny.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    ListObjects,
    HeadBucket,
    GetBucketStats,
    GetObject,
    HeadObject,
    CreateObject,
    DeleteObject,
    ListParts,
    UploadPart,
    InitiateUpload,
    CompleteUpload,
    AbortUpload,
}

/// Kind of resource of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ActionLevel {
    Bucket,
    Object,
    /// The whole bucket or a prefix, for listing.
    Prefix,
}

/// Facts of a request that a policy checks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PolicyRequest<'a> {
    pub(crate) action: Action,
    /// Key of an object, or prefix of a list.
    pub(crate) key: &'a str,
    /// User ID, or `None` for an anonymous caller.
    pub(crate) user: Option<&'a str>,
    pub(crate) referer: &'a str,
    pub(crate) source_ip: IpAddr,
}

impl Setting for Policy {
    type Body = Self;

    fn accept(body: Self, context: &SettingContext<'_>) -> Result<Self, ApiError> {
        body.check(context.bucket)?;
        Ok(body)
    }

    fn empty_document() -> serde_json::Value {
        serde_json::json!({"statement": []})
    }

    fn field(settings: &mut Settings) -> &mut Option<Self> {
        &mut settings.policy
    }
}

impl Policy {
    /// Returns the decision of the first matching statement. Without one, the ACL decides.
    pub(crate) fn decide(&self, request: &PolicyRequest<'_>) -> Option<Effect> {
        self.statement
            .iter()
            .find(|statement| statement.matches(request))
            .map(|statement| statement.effect)
    }

    fn check(&self, bucket: &str) -> Result<(), ApiError> {
        check_count("statements", self.statement.len())?;
        let ids = self.statement.iter().map(|statement| statement.id.as_str());
        check_ids("statement", ids, MAX_ID_LENGTH)?;
        self.statement
            .iter()
            .try_for_each(|statement| statement.check(bucket))
    }
}

impl Statement {
    fn matches(&self, request: &PolicyRequest<'_>) -> bool {
        let user_matches = |id: &str| id == "*" || request.user == Some(id);
        self.user.iter().any(user_matches)
            && self.actions().any(|action| action == Some(request.action))
            && self.covers(request)
            && self
                .condition
                .as_ref()
                .is_none_or(|condition| condition.holds(request.referer, request.source_ip))
    }

    /// Returns whether a resource of the statement matches the request. All resources are in this
    /// bucket.
    fn covers(&self, request: &PolicyRequest<'_>) -> bool {
        let Some(resource) = &self.resource else {
            return request.action.level() != ActionLevel::Object;
        };
        resource.iter().any(
            |resource| match (request.action.level(), resource.split_once('/')) {
                (ActionLevel::Bucket | ActionLevel::Prefix, None) => true,
                (ActionLevel::Object | ActionLevel::Prefix, Some((_, pattern))) => {
                    wildcard::matches(pattern, request.key)
                }
                (ActionLevel::Bucket, Some(_)) | (ActionLevel::Object, None) => false,
            },
        )
    }

    /// Returns the actions. An unknown action is `None`.
    fn actions(&self) -> impl Iterator<Item = Option<Action>> {
        self.action.iter().map(Action::from_name)
    }

    fn check(&self, bucket: &str) -> Result<(), ApiError> {
        self.check_texts("user", &self.user, MAX_USER_LENGTH)?;
        self.check_texts("action", &self.action, MAX_ACTION_LENGTH)?;
        if let Some(resource) = &self.resource {
            self.check_texts("resource", resource, MAX_RESOURCE_LENGTH)?;
            self.check_bucket(resource, bucket)?;
        }
        for name in self.action.iter() {
            match Action::from_name(name) {
                None => return Err(self.refuse(format!("unknown action {name:?}"))),
                Some(action) => self.check_resource_of(action, name, bucket)?,
            }
        }
        match &self.condition {
            None => Ok(()),
            Some(condition) => condition.check().map_err(|message| self.refuse(message)),
        }
    }

    fn check_texts(&self, field: &str, texts: &OneOrMany, max: usize) -> Result<(), ApiError> {
        if texts.iter().next().is_none() || texts.iter().any(str::is_empty) {
            return Err(self.refuse(format!("{field} is empty, or contains an empty string")));
        }
        if texts.length() > max {
            return Err(self.refuse(format!("{field} must have at most {max} characters")));
        }
        Ok(())
    }

    fn check_bucket(&self, resource: &OneOrMany, bucket: &str) -> Result<(), ApiError> {
        for text in resource.iter() {
            let (named, pattern) = text.split_once('/').unwrap_or((text, "*"));
            if named != bucket || pattern.is_empty() {
                return Err(self.refuse(format!(
                    "resource {text:?} must be {bucket:?}, or \"{bucket}/\" and a pattern"
                )));
            }
        }
        Ok(())
    }

    /// Returns an error if no resource can match the action, because the statement would have no
    /// effect.
    fn check_resource_of(&self, action: Action, name: &str, bucket: &str) -> Result<(), ApiError> {
        let has = |is_pattern: bool| {
            self.resource
                .as_ref()
                .is_some_and(|texts| texts.iter().any(|text| text.contains('/') == is_pattern))
        };
        match action.level() {
            ActionLevel::Object if !has(true) => Err(self.refuse(format!(
                "action {name} needs a resource such as \"{bucket}/*\""
            ))),
            ActionLevel::Bucket if self.resource.is_some() && !has(false) => Err(self.refuse(
                format!("action {name} needs the resource {bucket:?}, or no resource"),
            )),
            _ => Ok(()),
        }
    }

    fn refuse(&self, message: String) -> ApiError {
        invalid(format!("statement {:?}: {message}", self.id))
    }
}

impl Action {
    /// Parses the name of an action. The API documents and the specification have different names
    /// for the actions of multipart uploads.
    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "list_objects" => Self::ListObjects,
            "head_bucket" => Self::HeadBucket,
            "get_bucket_stats" => Self::GetBucketStats,
            "get_object" => Self::GetObject,
            "head_object" => Self::HeadObject,
            "create_object" => Self::CreateObject,
            "delete_object" => Self::DeleteObject,
            "list_object_parts" | "list_multipart" => Self::ListParts,
            "upload_object_part" | "upload_multipart" => Self::UploadPart,
            "initiate_multipart_upload" | "initiate_multipart" => Self::InitiateUpload,
            "complete_multipart_upload" | "complete_multipart" => Self::CompleteUpload,
            "abort_multipart_upload" | "abort_multipart" => Self::AbortUpload,
            _ => return None,
        })
    }

    pub(crate) const fn level(self) -> ActionLevel {
        match self {
            Self::HeadBucket | Self::GetBucketStats => ActionLevel::Bucket,
            Self::ListObjects => ActionLevel::Prefix,
            Self::GetObject
            | Self::HeadObject
            | Self::CreateObject
            | Self::DeleteObject
            | Self::ListParts
            | Self::UploadPart
            | Self::InitiateUpload
            | Self::CompleteUpload
            | Self::AbortUpload => ActionLevel::Object,
        }
    }
}

#[cfg(test)]
mod tests;
