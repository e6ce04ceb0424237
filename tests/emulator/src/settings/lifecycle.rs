//! Lifecycle rules, which expire objects, change their storage class and abort uploads.

mod check;
pub(crate) mod due_actions;

use serde::{Deserialize, Serialize};

use super::json::{self, Flag, Object};
use super::{Setting, SettingContext, Settings};
use crate::base::api_error::ApiError;
use crate::base::metadata::StorageClass;
use crate::base::time::Timestamp;

/// Body of a PUT request.
#[derive(Debug, Deserialize)]
pub(crate) struct LifecycleBody {
    #[serde(deserialize_with = "json::objects")]
    rule: Vec<Rule>,
}

/// Lifecycle rules of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lifecycle {
    pub(crate) rule: Vec<ActiveRule>,
}

/// A rule with its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ActiveRule {
    #[serde(flatten)]
    pub(crate) rule: Rule,
    pub(crate) state: RuleState,
    /// Time of the last change of the rule, in Unix seconds.
    pub(crate) created: u64,
}

/// Whether a rule has been applied to objects that are older than the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RuleState {
    Unchecked,
    Ready,
}

/// A rule: one action for the keys with a prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rule {
    id: String,
    #[serde(deserialize_with = "json::lower_case")]
    status: Flag,
    #[serde(deserialize_with = "json::object")]
    filter: Filter,
    #[serde(flatten)]
    actions: Actions,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Filter {
    #[serde(default, deserialize_with = "json::or_default")]
    prefix: String,
}

/// Actions of a rule, of which exactly one is present.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Actions {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expiration: Option<Object<Expiration>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    abort_incomplete_multipart_upload: Option<Object<Abort>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    transition: Option<Object<Transition>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    noncurrent_version_expiration: Option<Object<Expiration>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    noncurrent_version_transition: Option<Object<Transition>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Expiration {
    days: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Abort {
    days_after_initiation: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Transition {
    days: u32,
    #[serde(deserialize_with = "json::upper_case")]
    storage_class: StorageClass,
}

/// Action of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Action {
    Expire(Version),
    Transition(Version),
    Abort,
}

/// Kind of version to which an action applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Version {
    Current,
    Noncurrent,
}

impl Setting for Lifecycle {
    type Body = LifecycleBody;

    fn accept(body: LifecycleBody, context: &SettingContext<'_>) -> Result<Self, ApiError> {
        check::check(&body.rule)?;
        let before = context.settings.lifecycle.as_ref();
        Ok(Self::replacing(before, body.rule, Timestamp::now()))
    }

    fn empty_document() -> serde_json::Value {
        serde_json::json!({"rule": []})
    }

    fn field(settings: &mut Settings) -> &mut Option<Self> {
        &mut settings.lifecycle
    }
}

impl Lifecycle {
    /// Returns new rules that replace those of `before`. An unchanged rule keeps its state.
    fn replacing(before: Option<&Self>, rules: Vec<Rule>, now: Timestamp) -> Self {
        let old = |rule: &Rule| before?.rule.iter().find(|old| old.rule == *rule).cloned();
        let rule = rules
            .into_iter()
            .map(|rule| {
                old(&rule).unwrap_or_else(|| ActiveRule {
                    rule,
                    state: RuleState::Unchecked,
                    created: now.unix_seconds(),
                })
            })
            .collect();
        Self { rule }
    }
}

impl Actions {
    fn list(&self) -> Vec<(Action, u32)> {
        let transition = |transition: &Object<Transition>| transition.days;
        let expiration = |expiration: &Object<Expiration>| expiration.days;
        let abort = self.abort_incomplete_multipart_upload.as_ref();
        [
            (
                Action::Expire(Version::Current),
                self.expiration.as_ref().map(expiration),
            ),
            (
                Action::Transition(Version::Current),
                self.transition.as_ref().map(transition),
            ),
            (
                Action::Abort,
                abort.map(|abort| abort.days_after_initiation),
            ),
            (
                Action::Expire(Version::Noncurrent),
                self.noncurrent_version_expiration.as_ref().map(expiration),
            ),
            (
                Action::Transition(Version::Noncurrent),
                self.noncurrent_version_transition.as_ref().map(transition),
            ),
        ]
        .into_iter()
        .filter_map(|(action, days)| Some((action, days?)))
        .collect()
    }

    fn transitions(&self) -> impl Iterator<Item = &Transition> {
        [&self.transition, &self.noncurrent_version_transition]
            .into_iter()
            .flatten()
            .map(|transition| &transition.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    pub(super) fn body(rules: Value) -> Result<Vec<Rule>, String> {
        let body = serde_json::from_value::<LifecycleBody>(json!({"rule": rules}))
            .map_err(|error| error.to_string())?;
        check::check(&body.rule).map_err(|error| error.to_string())?;
        Ok(body.rule)
    }

    pub(super) fn rule(id: &str, prefix: &str, action: &str, value: Value) -> Value {
        json!({"id": id, "status": "enabled", "filter": {"prefix": prefix}, action: value})
    }

    pub(super) fn expire(id: &str, prefix: &str, days: u32) -> Value {
        rule(id, prefix, "expiration", json!({"days": days}))
    }

    pub(super) fn transit(id: &str, prefix: &str, days: u32) -> Value {
        let value = json!({"days": days, "storage_class": "STANDARD_IA"});
        rule(id, prefix, "transition", value)
    }

    #[test]
    fn unchanged_rules_keep_their_state() {
        let at = Timestamp::from_unix_seconds;
        let rules = |days| body(json!([expire("a", "x", 1), expire("b", "y", days)])).unwrap();
        let mut before = Lifecycle::replacing(None, rules(1), at(100));
        before.rule[0].state = RuleState::Ready;
        let after = Lifecycle::replacing(Some(&before), rules(2), at(200));
        assert_eq!(after.rule[0], before.rule[0]);
        assert_eq!(after.rule[1].created, 200);
        let document = serde_json::to_value(&after).unwrap();
        assert_eq!(
            document["rule"][1],
            json!({"id": "b", "status": "enabled", "filter": {"prefix": "y"},
                   "expiration": {"days": 2}, "state": "unchecked", "created": 200})
        );
        assert_eq!(
            serde_json::from_value::<Lifecycle>(document).unwrap(),
            after
        );
    }
}
