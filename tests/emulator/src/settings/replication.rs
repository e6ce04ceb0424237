//! Replication rules: which objects are copied to a bucket in another zone.

use serde::{Deserialize, Serialize};

use super::json::{self, Flag};
use super::versioning::Versioning;
use super::{Setting, SettingContext, Settings, check_ids, invalid};
use crate::base::api_error::ApiError;
use crate::base::metadata::StorageClass;

const RULES: std::ops::RangeInclusive<usize> = 1..=1000;
/// Largest size of all rules as JSON, in bytes.
const MAX_BYTES: usize = 2_097_152;
const MAX_ID_LENGTH: usize = 255;
const MAX_PREFIX_LENGTH: usize = 1024;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Replication {
    #[serde(deserialize_with = "json::objects")]
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Rule {
    id: String,
    #[serde(default = "Flag::enabled", deserialize_with = "json::flag_or_enabled")]
    status: Flag,
    #[serde(deserialize_with = "json::object")]
    filters: Filters,
    /// Whether deletions are replicated.
    #[serde(
        default = "Flag::disabled",
        deserialize_with = "json::flag_or_disabled"
    )]
    delete_marker: Flag,
    /// Whether objects that are older than the rule are replicated.
    #[serde(
        default = "Flag::disabled",
        deserialize_with = "json::flag_or_disabled"
    )]
    sync_marker: Flag,
    #[serde(deserialize_with = "json::object")]
    destination: Destination,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Filters {
    #[serde(default, deserialize_with = "json::or_default")]
    prefix: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Destination {
    bucket: String,
    #[serde(default, deserialize_with = "json::upper_case_or_default")]
    storage_class: StorageClass,
    /// Zone of the destination bucket. The value in a PUT request is ignored.
    #[serde(default, deserialize_with = "json::or_default")]
    zone: String,
}

impl Setting for Replication {
    type Body = Self;

    fn accept(mut body: Self, context: &SettingContext<'_>) -> Result<Self, ApiError> {
        body.check()?;
        if context.settings.versioning != Versioning::Disabled {
            return Err(invalid("a bucket with versioning cannot be replicated"));
        }
        let zone = body.destination_zone(context)?;
        for rule in &mut body.rules {
            rule.destination.zone.clone_from(&zone);
        }
        Ok(body)
    }

    fn empty_document() -> serde_json::Value {
        serde_json::json!({"rules": []})
    }

    fn field(settings: &mut Settings) -> &mut Option<Self> {
        &mut settings.replication
    }
}

impl Replication {
    fn check(&self) -> Result<(), ApiError> {
        if !RULES.contains(&self.rules.len()) {
            return Err(invalid(format!(
                "expected {} to {} rules, not {}",
                RULES.start(),
                RULES.end(),
                self.rules.len()
            )));
        }
        let ids = self.rules.iter().map(|rule| rule.id.as_str());
        check_ids("rule", ids, MAX_ID_LENGTH)?;
        self.check_prefixes()?;
        let length = serde_json::to_vec(&self.rules).map_or(usize::MAX, |text| text.len());
        if length > MAX_BYTES {
            return Err(invalid(format!(
                "the rules must have at most {MAX_BYTES} bytes as JSON"
            )));
        }
        Ok(())
    }

    fn check_prefixes(&self) -> Result<(), ApiError> {
        let mut rules = self.rules.iter().collect::<Vec<_>>();
        rules.sort_by_key(|rule| &rule.filters.prefix);
        for rule in &rules {
            if rule.filters.prefix.chars().count() > MAX_PREFIX_LENGTH {
                return Err(invalid(format!(
                    "rule {:?}: a prefix must have at most {MAX_PREFIX_LENGTH} characters",
                    rule.id
                )));
            }
        }
        // In sorted order, a longer prefix directly follows the prefix that it starts with.
        for pair in rules.windows(2) {
            if let [shorter, longer] = pair
                && longer.filters.prefix.starts_with(&shorter.filters.prefix)
            {
                return Err(invalid(format!(
                    "the prefixes of rules {:?} and {:?} overlap",
                    shorter.id, longer.id
                )));
            }
        }
        Ok(())
    }

    /// Returns the zone of the destination bucket, which all rules share.
    fn destination_zone(&self, context: &SettingContext<'_>) -> Result<String, ApiError> {
        let mut names = self.rules.iter().map(|rule| &rule.destination.bucket);
        let Some(name) = names.next() else {
            return Err(invalid("the rules are missing"));
        };
        if let Some(other) = names.find(|other| *other != name) {
            return Err(invalid(format!(
                "all rules must have the same destination, not {name:?} and {other:?}"
            )));
        }
        let zone = context.zone_of_target(name)?;
        if zone == context.zone {
            return Err(invalid(format!(
                "destination {name:?} must not be in zone {zone} like the bucket"
            )));
        }
        Ok(zone)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn rule(id: &str, prefix: &str) -> Value {
        json!({"id": id, "filters": {"prefix": prefix}, "destination": {"bucket": "target"}})
    }

    fn parse(rules: Value) -> Result<Replication, String> {
        let replication = serde_json::from_value::<Replication>(json!({"rules": rules}))
            .map_err(|error| error.to_string())?;
        replication.check().map_err(|error| error.to_string())?;
        Ok(replication)
    }

    #[test]
    fn fields_have_defaults_and_flags_ignore_case() {
        let rules = parse(json!([
            {"id": "a", "filters": {}, "status": "DISABLED", "sync_marker": "Enabled",
             "destination": {"bucket": "target", "storage_class": "standard_ia"}}
        ]))
        .unwrap();
        assert_eq!(
            serde_json::to_value(&rules).unwrap(),
            json!({"rules": [
                {"id": "a", "filters": {"prefix": ""}, "status": "disabled",
                 "sync_marker": "enabled", "delete_marker": "disabled",
                 "destination": {"bucket": "target", "storage_class": "STANDARD_IA", "zone": ""}}
            ]})
        );
    }

    #[test]
    fn bad_rules_are_refused() {
        let many = |count| {
            let rules = (0..count).map(|id| rule(&format!("{id}"), &format!("{id}/")));
            Value::Array(rules.collect())
        };
        let large = |count| {
            let prefix = |id| format!("{id:04}{}", "\u{1f600}".repeat(1020));
            let rules = (0..count).map(|id| rule(&format!("{id}"), &prefix(id)));
            Value::Array(rules.collect())
        };
        assert!(parse(many(1000)).is_ok());
        assert!(parse(large(400)).is_ok());
        for (rules, word) in [
            (json!([]), "1 to 1000"),
            (many(1001), "1 to 1000"),
            (large(600), "2097152 bytes"),
            (json!([rule("a", "x"), rule("a", "y")]), "two rules"),
            (json!([rule("", "x")]), "not be empty"),
            (json!([rule(&"i".repeat(256), "x")]), "255"),
            (json!([rule("a", &"p".repeat(1025))]), "1024"),
            (json!([rule("a", "image1"), rule("b", "image")]), "overlap"),
            (json!([rule("a", "x"), rule("b", "x")]), "overlap"),
            (json!([rule("a", "x"), rule("b", "")]), "overlap"),
            (
                json!([rule("a", "a/"), rule("b", "a-"), rule("c", "a/b")]),
                "overlap",
            ),
            (
                json!([{"id": "a", "destination": {"bucket": "target"}}]),
                "filters",
            ),
            (json!([{"id": "a", "filters": {}}]), "destination"),
        ] {
            let error = parse(rules).unwrap_err();
            assert!(error.contains(word), "{word} is missing in {error}");
        }
    }
}
