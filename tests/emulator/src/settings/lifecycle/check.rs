//! Validation of lifecycle rules.

use std::collections::HashSet;

use super::{Action, Rule};
use crate::base::api_error::ApiError;
use crate::base::metadata::StorageClass;
use crate::settings::json::Flag;
use crate::settings::{check_ids, invalid};

const MAX_RULES: usize = 100;
const MAX_ID_LENGTH: usize = 255;
/// Fewest days before a transition.
const MIN_TRANSITION_DAYS: u32 = 30;

pub(super) fn check(rules: &[Rule]) -> Result<(), ApiError> {
    if rules.len() > MAX_RULES {
        return Err(invalid(format!(
            "a bucket can have at most {MAX_RULES} rules"
        )));
    }
    check_ids(
        "rule",
        rules.iter().map(|rule| rule.id.as_str()),
        MAX_ID_LENGTH,
    )?;
    let mut expired = HashSet::new();
    for rule in rules {
        let action = check_action(rule)?;
        let prefix = rule.filter.prefix.as_str();
        if matches!(action, Action::Expire(_)) && !expired.insert((action, prefix)) {
            return Err(invalid(format!("two rules expire the prefix {prefix:?}")));
        }
    }
    check_contradictions(rules)
}

/// Checks that a rule has exactly one action with a valid number of days.
fn check_action(rule: &Rule) -> Result<Action, ApiError> {
    let id = &rule.id;
    let actions = rule.actions.list();
    let [(action, days)] = actions.as_slice() else {
        return Err(invalid(format!(
            "rule {id:?} must have one action, not {}",
            actions.len()
        )));
    };
    if *days == 0 {
        return Err(invalid(format!("rule {id:?}: days must be at least 1")));
    }
    for transition in rule.actions.transitions() {
        if transition.days < MIN_TRANSITION_DAYS {
            return Err(invalid(format!(
                "rule {id:?}: a transition needs at least {MIN_TRANSITION_DAYS} days"
            )));
        }
        if transition.storage_class != StorageClass::StandardIa {
            return Err(invalid(format!(
                "rule {id:?}: the storage class of a transition must be STANDARD_IA"
            )));
        }
    }
    Ok(*action)
}

/// Returns an error for a transition of objects that have already expired by another rule.
fn check_contradictions(rules: &[Rule]) -> Result<(), ApiError> {
    let enabled = || rules.iter().filter(|rule| rule.status == Flag::Enabled);
    let actions = || {
        enabled().flat_map(|rule| {
            let actions = rule.actions.list().into_iter();
            actions.map(move |(action, days)| (rule, action, days))
        })
    };
    for (rule, action, days) in actions() {
        let Action::Transition(version) = action else {
            continue;
        };
        let expires_before = |other: &(&Rule, Action, u32)| {
            let (other, action, other_days) = other;
            *action == Action::Expire(version)
                && *other_days <= days
                && rule.filter.prefix.starts_with(&other.filter.prefix)
        };
        if let Some((other, ..)) = actions().find(expires_before) {
            return Err(invalid(format!(
                "rule {:?} has no effect, because rule {:?} expires its objects earlier",
                rule.id, other.id
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{body, expire, rule, transit};

    #[test]
    fn good_rules_are_accepted() {
        for rules in [
            json!([]),
            json!([expire("a", "logs/", 90), transit("b", "data/", 30)]),
            json!([expire("a", "", 90), expire("b", "logs/", 30)]),
            json!([expire("a", "logs/", 31), transit("b", "logs/", 30)]),
            // The expiration applies only to some objects of the transition.
            json!([expire("a", "logs/old/", 10), transit("b", "logs/", 30)]),
            json!([{"id": "a", "status": "DISABLED", "filter": {}, "expiration": {"days": 1},
                    "transition": null, "unknown": 1}]),
            json!(
                [
                    rule("a", "", "noncurrent_version_expiration", json!({"days": 1})),
                    expire("b", "", 1),
                    transit("c", "x", 30)
                ][..2]
            ),
            json!(
                (0..100)
                    .map(|id| expire(&id.to_string(), &format!("{id}/"), 1))
                    .collect::<Vec<_>>()
            ),
            json!([expire(&"\u{4e2d}".repeat(255), "", 1)]),
        ] {
            body(rules.clone()).unwrap_or_else(|error| panic!("{error}: {rules}"));
        }
    }

    #[test]
    fn bad_rules_are_refused() {
        let disabled = json!({"id": "a", "status": "off", "filter": {}, "expiration": {"days": 1}});
        let class = json!({"days": 30, "storage_class": "STANDARD"});
        for (rules, word) in [
            (
                json!(
                    (0..101)
                        .map(|id| expire(&id.to_string(), &format!("{id}/"), 1))
                        .collect::<Vec<_>>()
                ),
                "100 rules",
            ),
            (
                json!([expire("a", "x", 1), expire("a", "y", 1)]),
                "two rules have the ID",
            ),
            (json!([expire("", "x", 1)]), "not be empty"),
            (json!([expire(&"i".repeat(256), "x", 1)]), "255 characters"),
            (json!([disabled]), "expected `enabled` or `disabled`"),
            (json!([expire("a", "x", 0)]), "at least 1"),
            (
                json!([rule("a", "", "expiration", json!({"days": -1}))]),
                "u32",
            ),
            (
                json!([rule("a", "", "expiration", json!([1]))]),
                "expected an object",
            ),
            (
                json!([rule(
                    "a",
                    "",
                    "abort_incomplete_multipart_upload",
                    json!({"days_after_initiation": 0})
                )]),
                "at least 1",
            ),
            (json!([transit("a", "", 29)]), "30 days"),
            (json!([rule("a", "", "transition", class)]), "STANDARD_IA"),
            (
                json!([rule(
                    "a",
                    "",
                    "noncurrent_version_transition",
                    json!({"days": 29, "storage_class": "STANDARD_IA"})
                )]),
                "30 days",
            ),
            (
                json!([{"id": "a", "status": "enabled", "filter": {}}]),
                "not 0",
            ),
            (
                json!([{"id": "a", "status": "enabled", "expiration": {"days": 1}}]),
                "filter",
            ),
            (
                json!([{"id": "a", "status": "enabled", "filter": {}, "expiration": {"days": 1},
                     "abort_incomplete_multipart_upload": {"days_after_initiation": 1}}]),
                "not 2",
            ),
            (
                json!([expire("a", "x", 1), expire("b", "x", 2)]),
                "two rules expire",
            ),
            (
                json!([expire("a", "", 30), transit("b", "data/", 30)]),
                "expires its objects earlier",
            ),
            (
                json!([transit("b", "data/", 40), expire("a", "data/", 30)]),
                "expires its objects earlier",
            ),
            (json!([["a", "enabled", {}]]), "expected an object"),
        ] {
            let error = body(rules).unwrap_err();
            assert!(error.contains(word), "{word} is missing in {error}");
        }
    }
}
