//! Decides which action is due for an object or an upload.

use super::{Action, ActiveRule, Lifecycle, RuleState, Version};
use crate::base::metadata::StorageClass;
use crate::base::time::Timestamp;
use crate::settings::json::Flag;

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// Facts of an object version that decide which action is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ObjectAge<'a> {
    pub(crate) key: &'a str,
    pub(crate) version: Version,
    /// Time of the last change or, for a noncurrent version, the time when it became noncurrent.
    pub(crate) since: Timestamp,
    pub(crate) storage_class: StorageClass,
}

/// An action that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DueAction {
    Expire,
    Transition(StorageClass),
}

impl Lifecycle {
    /// Returns the action that is due for `object` at `now`. If several rules have the same action,
    /// the earliest applies. Expiration takes precedence over a transition.
    pub(crate) fn due(&self, object: &ObjectAge<'_>, now: Timestamp) -> Option<DueAction> {
        let is_due = |wanted: Action| {
            self.rules_for(object.key, now)
                .any(|(action, days)| action == wanted && has_passed(object.since, days, now))
        };
        if is_due(Action::Expire(object.version)) {
            Some(DueAction::Expire)
        } else if object.storage_class == StorageClass::Standard
            && is_due(Action::Transition(object.version))
        {
            Some(DueAction::Transition(StorageClass::StandardIa))
        } else {
            None
        }
    }

    /// Returns whether an unfinished upload must be aborted at `now`.
    pub(crate) fn aborts(&self, key: &str, initiated: Timestamp, now: Timestamp) -> bool {
        self.rules_for(key, now)
            .any(|(action, days)| action == Action::Abort && has_passed(initiated, days, now))
    }

    /// Returns whether any rule is in effect.
    pub(crate) fn is_in_effect(&self, now: Timestamp) -> bool {
        self.rule.iter().any(|active| active.is_in_effect(now))
    }

    /// Marks those rules as ready that are also in `applied`.
    pub(crate) fn mark_ready(&mut self, applied: &Self, now: Timestamp) {
        for active in &mut self.rule {
            if active.is_in_effect(now) && applied.rule.contains(active) {
                active.state = RuleState::Ready;
            }
        }
    }

    /// Returns the actions in effect for a key, with their days.
    fn rules_for(&self, key: &str, now: Timestamp) -> impl Iterator<Item = (Action, u32)> {
        self.rule
            .iter()
            .filter(move |active| active.is_in_effect(now))
            .map(|active| &active.rule)
            .filter(move |rule| {
                rule.status == Flag::Enabled && key.starts_with(&rule.filter.prefix)
            })
            .flat_map(|rule| rule.actions.list())
    }
}

impl ActiveRule {
    /// Returns whether the rule is in effect. A new rule takes effect after one day.
    fn is_in_effect(&self, now: Timestamp) -> bool {
        self.created + SECONDS_PER_DAY <= now.unix_seconds()
    }
}

fn has_passed(since: Timestamp, days: u32, now: Timestamp) -> bool {
    since.unix_seconds() + u64::from(days) * SECONDS_PER_DAY <= now.unix_seconds()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::tests::{body, expire, rule, transit};
    use super::*;

    const DAY: u64 = SECONDS_PER_DAY;

    fn lifecycle(rules: Value) -> Lifecycle {
        let epoch = Timestamp::from_unix_seconds(0);
        Lifecycle::replacing(None, body(rules).unwrap(), epoch)
    }

    #[test]
    fn actions_are_due_after_their_days() {
        let rules = lifecycle(json!([
            expire("a", "logs/", 90),
            expire("b", "logs/old/", 10),
            transit("c", "logs/n", 30),
            transit("d", "data/", 40),
            transit("e", "data/", 30),
            rule("f", "", "noncurrent_version_expiration", json!({"days": 5})),
            {"id": "g", "status": "disabled", "filter": {}, "expiration": {"days": 1}},
        ]));
        let since = Timestamp::from_unix_seconds(10 * DAY);
        let due = |key, version, storage_class, seconds| {
            let object = ObjectAge {
                key,
                version,
                since,
                storage_class,
            };
            rules.due(&object, Timestamp::from_unix_seconds(10 * DAY + seconds))
        };
        let transition = Some(DueAction::Transition(StorageClass::StandardIa));
        use StorageClass::{Standard, StandardIa};
        use Version::{Current, Noncurrent};
        for (key, version, class, seconds, expected) in [
            ("logs/a", Current, Standard, 90 * DAY - 1, None),
            (
                "logs/a",
                Current,
                Standard,
                90 * DAY,
                Some(DueAction::Expire),
            ),
            (
                "logs/old/a",
                Current,
                Standard,
                10 * DAY,
                Some(DueAction::Expire),
            ),
            ("logs/new", Current, Standard, 30 * DAY, transition),
            ("logs/new", Current, StandardIa, 30 * DAY, None),
            (
                "logs/new",
                Current,
                Standard,
                90 * DAY,
                Some(DueAction::Expire),
            ),
            ("data/a", Current, Standard, 30 * DAY, transition),
            ("data/a", Current, Standard, 30 * DAY - 1, None),
            (
                "data/a",
                Noncurrent,
                Standard,
                30 * DAY,
                Some(DueAction::Expire),
            ),
            ("data/a", Noncurrent, Standard, 4 * DAY, None),
            ("other", Current, Standard, 1000 * DAY, None),
        ] {
            assert_eq!(
                due(key, version, class, seconds),
                expected,
                "{key} {seconds}"
            );
        }
    }

    #[test]
    fn only_applied_rules_are_ready() {
        let now = Timestamp::from_unix_seconds(DAY);
        let applied = lifecycle(json!([expire("a", "x", 1), expire("b", "y", 1)]));
        let mut rules = lifecycle(json!([expire("a", "x", 1), expire("b", "y", 2)]));
        rules.mark_ready(&applied, Timestamp::from_unix_seconds(DAY - 1));
        assert_eq!(rules.rule[0].state, RuleState::Unchecked);
        rules.mark_ready(&applied, now);
        assert_eq!(rules.rule[0].state, RuleState::Ready);
        assert_eq!(rules.rule[1].state, RuleState::Unchecked);
    }

    #[test]
    fn aborts_uploads_after_a_day_in_effect() {
        let at = Timestamp::from_unix_seconds;
        let action = json!({"days_after_initiation": 3});
        let rules = body(json!([rule(
            "a",
            "data/",
            "abort_incomplete_multipart_upload",
            action
        )]));
        let rules = Lifecycle::replacing(None, rules.unwrap(), at(10 * DAY));
        assert!(!rules.aborts("data/a", at(0), at(11 * DAY - 1)));
        assert!(rules.aborts("data/a", at(0), at(11 * DAY)));
        assert!(!rules.aborts("logs/a", at(0), at(11 * DAY)));
        assert!(!rules.aborts("data/a", at(10 * DAY), at(13 * DAY - 1)));
        assert!(rules.aborts("data/a", at(10 * DAY), at(13 * DAY)));
        let object = ObjectAge {
            key: "data/a",
            version: Version::Current,
            since: at(0),
            storage_class: StorageClass::Standard,
        };
        assert_eq!(rules.due(&object, at(100 * DAY)), None);
    }
}
