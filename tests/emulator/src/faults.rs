//! Simulated faults, for tests of retries.

mod compile;
mod connection_control;
mod effects;
mod faulty_body;
mod name_pattern;
mod parse;
mod rule;

use std::sync::{Mutex, MutexGuard};

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::base::error::FaultRuleError;
use crate::base::locks;
use crate::generated::operations::Operation;
pub(crate) use connection_control::{ConnectionControl, Disconnect};
pub(crate) use effects::{Effects, ResponseFault, error_response};
pub use rule::{FaultRule, Reset, When};

/// Counters of a fault rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FaultReport {
    /// The rule, as text.
    pub rule: String,
    /// Number of requests that the rule matched.
    pub matches: u64,
    /// Number of matching requests that the rule affected.
    pub hits: u64,
}

/// The active rules.
#[derive(Debug)]
pub(crate) struct Faults {
    seed: u64,
    rules: Mutex<Vec<ActiveRule>>,
}

/// An active rule.
#[derive(Debug)]
struct ActiveRule {
    rule: FaultRule,
    /// The rule as text, for the log.
    text: String,
    /// `None` matches every operation.
    operation: Option<Operation>,
    effects: Effects,
    matches: u64,
    hits: u64,
}

/// The faults of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestFaults {
    pub(crate) effects: Effects,
    /// The rules that affect the request, as text.
    pub(crate) rules: String,
}

impl Faults {
    pub(crate) fn new(
        seed: u64,
        rules: impl IntoIterator<Item = FaultRule>,
    ) -> Result<Self, FaultRuleError> {
        Ok(Self {
            seed,
            rules: Mutex::new(activate(rules)?),
        })
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// Replaces all rules, and resets the counters.
    pub(crate) fn replace(
        &self,
        rules: impl IntoIterator<Item = FaultRule>,
    ) -> Result<(), FaultRuleError> {
        *self.lock() = activate(rules)?;
        Ok(())
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn reports(&self) -> Vec<FaultReport> {
        self.lock()
            .iter()
            .map(|rule| FaultReport {
                rule: rule.text.clone(),
                matches: rule.matches,
                hits: rule.hits,
            })
            .collect()
    }

    /// Decides which faults affect a request. If several rules have the same kind of fault, the
    /// first one applies.
    pub(crate) fn for_request(
        &self,
        operation: Operation,
        bucket: Option<&str>,
        key: Option<&str>,
    ) -> RequestFaults {
        let mut faults = RequestFaults::default();
        for (index, rule) in self.lock().iter_mut().enumerate() {
            if !rule.selects(operation, bucket, key) {
                continue;
            }
            let number = rule.matches;
            rule.matches += 1;
            if rule.applies(self.seed, index, number) && faults.effects.add(&rule.effects) {
                rule.hits += 1;
                if !faults.rules.is_empty() {
                    faults.rules.push_str("; ");
                }
                faults.rules.push_str(&rule.text);
            }
        }
        faults
    }

    fn lock(&self) -> MutexGuard<'_, Vec<ActiveRule>> {
        locks::lock(&self.rules)
    }
}

fn activate(rules: impl IntoIterator<Item = FaultRule>) -> Result<Vec<ActiveRule>, FaultRuleError> {
    rules
        .into_iter()
        .map(|rule| {
            let (operation, effects) = rule.compile_named()?;
            Ok(ActiveRule {
                text: rule.to_string(),
                rule,
                operation,
                effects,
                matches: 0,
                hits: 0,
            })
        })
        .collect()
}

impl ActiveRule {
    fn selects(&self, operation: Operation, bucket: Option<&str>, key: Option<&str>) -> bool {
        let fits = |pattern: &Option<name_pattern::NamePattern>, name: Option<&str>| match pattern {
            None => true,
            Some(pattern) => name.is_some_and(|name| pattern.matches(name)),
        };
        self.operation.is_none_or(|only| only == operation)
            && fits(&self.rule.bucket, bucket)
            && fits(&self.rule.key, key)
    }

    /// Returns whether the rule affects the matching request with this number, counted from 0.
    fn applies(&self, seed: u64, index: usize, number: u64) -> bool {
        number >= self.rule.after
            && self.rule.times.is_none_or(|times| self.hits < times)
            && draw(seed, index, number) < self.rule.probability
    }
}

/// Returns a number from 0 to 1, exclusive, that only depends on the arguments, so that the same
/// requests in the same order have the same faults.
fn draw(seed: u64, index: usize, number: u64) -> f64 {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(seed.to_be_bytes())
        .chain_update((index as u64).to_be_bytes())
        .chain_update(number.to_be_bytes())
        .finalize()
        .into();
    let bits = digest
        .first_chunk()
        .map_or(0, |bytes| u64::from_be_bytes(*bytes));
    // A `f64` has a fraction of 53 bits.
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}

/// Parses a list of rules. Each rule is a string, or an object with the parts as members.
pub(crate) fn rules_from_json(rules: &[Value]) -> Result<Vec<FaultRule>, FaultRuleError> {
    rules.iter().map(rule_from_json).collect()
}

fn rule_from_json(rule: &Value) -> Result<FaultRule, FaultRuleError> {
    let wrong = |problem| FaultRuleError {
        rule: rule.to_string(),
        problem,
    };
    let members = match rule {
        Value::String(text) => return FaultRule::parse(text),
        Value::Object(members) => members,
        _ => return Err(wrong("a rule must be a string or an object".to_owned())),
    };
    let mut parts = Vec::new();
    for (name, value) in members {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return Err(wrong(format!("{name} must be a string or a number"))),
        };
        parts.push((name.as_str(), value));
    }
    parse::from_parts(parts.iter().map(|(name, value)| (*name, value.as_str()))).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(seed: u64, rules: &[&str]) -> Faults {
        let rules = rules.iter().map(|rule| FaultRule::parse(rule).unwrap());
        Faults::new(seed, rules.collect::<Vec<_>>()).unwrap()
    }

    /// Returns which of the first 100 requests are affected.
    fn affected(faults: &Faults) -> Vec<bool> {
        let get = || faults.for_request(Operation::GetObject, Some("photos"), Some("a"));
        (0..100).map(|_| !get().rules.is_empty()).collect()
    }

    #[test]
    fn rules_match_operations_buckets_and_keys() {
        for (rule, expected) in [
            ("status=503", true),
            ("operation=*,status=503", true),
            ("operation=GetObject,status=503", true),
            ("operation=PutObject,status=503", false),
            ("bucket=pho*,key=lo*,status=503", true),
            ("bucket=music,status=503", false),
            ("key=txt,status=503", false),
        ] {
            let faults = faults(0, &[rule]);
            let faults = faults.for_request(Operation::GetObject, Some("photos"), Some("logs/a"));
            assert_eq!(!faults.rules.is_empty(), expected, "{rule}");
        }
        let faults = faults(0, &["key=*,status=503", "bucket=*,status=503"]);
        let faults = faults.for_request(Operation::ListBuckets, None, None);
        assert_eq!(faults.rules, "");
    }

    #[test]
    fn counts_matching_and_affected_requests() {
        let faults = faults(0, &["after=2,times=3,status=503"]);
        let mut expected = vec![false; 100];
        expected[2..5].fill(true);
        assert_eq!(affected(&faults), expected);
        let report = &faults.reports()[0];
        assert_eq!((report.matches, report.hits), (100, 3));
    }

    #[test]
    fn random_faults_depend_only_on_the_seed() {
        let rules = &["probability=0.2,latency=0s", "probability=0.2,status=503"];
        let first = affected(&faults(1, rules));
        assert_eq!(affected(&faults(1, rules)), first);
        assert_ne!(affected(&faults(2, rules)), first);
        let often = |probability: &str| {
            let rule = format!("probability={probability},status=503");
            let struck = affected(&faults(1, &[&rule]));
            struck.into_iter().filter(|&struck| struck).count()
        };
        assert_eq!(often("0"), 0);
        assert_eq!(often("1"), 100);
        assert!((10..30).contains(&often("0.2")), "{}", often("0.2"));
    }

    #[test]
    fn kinds_combine_and_the_first_rule_of_a_kind_wins() {
        let faults = faults(
            0,
            &[
                "latency=1s",
                "status=503,times=1",
                "status=500",
                "status=501,latency=2s,etag=wrong",
            ],
        );
        let statuses = (0..2)
            .map(|_| {
                let faults = faults.for_request(Operation::GetObject, Some("photos"), Some("a"));
                assert_eq!(
                    faults.effects.latency(When::Before).unwrap().as_secs(),
                    1,
                    "{}",
                    faults.rules
                );
                match faults.effects.response_fault(When::Before) {
                    Some(ResponseFault::Error { status, .. }) => status.as_u16(),
                    other => panic!("{other:?}"),
                }
            })
            .collect::<Vec<_>>();
        assert_eq!(statuses, [503, 500]);
        let hits = faults.reports().iter().map(|r| r.hits).collect::<Vec<_>>();
        // The second of these had nothing left to do at first.
        assert_eq!(hits, [2, 1, 1, 2]);
    }

    #[test]
    fn json_rules_are_strings_or_objects() {
        let expected = FaultRule::on("GetObject")
            .key("a,b")
            .status(503)
            .probability(0.5);
        let object = json!({
            "operation": "GetObject", "key": "a,b", "status": 503, "probability": 0.5
        });
        let rules = [Value::String(expected.to_string()), object];
        let read = rules_from_json(&rules).unwrap();
        assert_eq!(read, [expected.clone(), expected]);
        for (rule, expected) in [
            (json!(1), "a string or an object"),
            (json!("status=1"), "400 to 599"),
            (json!({"status": true}), "must be a string or a number"),
            (json!({"satus": 1}), "\"satus\""),
        ] {
            let error = rules_from_json(&[rule]).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn refuses_invalid_rules() {
        let error = Faults::new(0, [FaultRule::on("Nothing").status(503)]).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with(r#"fault rule "operation=Nothing,status=503": operation="#));
    }
}
