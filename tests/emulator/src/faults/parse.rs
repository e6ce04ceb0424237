//! Parser of fault rules.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use super::name_pattern::NamePattern;
use super::rule::{FaultRule, Reset, Skew, When};
use crate::base::error::FaultRuleError;

/// Names of all parts, for the error about an unknown one.
const NAMES: &str = "operation, bucket, key, probability, after, times, when, latency, status, \
    code, retry-after, reset, truncate, trickle, etag and skew";

impl FaultRule {
    /// Parses a rule from parts `name=value`, separated by commas.
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a rule, or if the rule contradicts itself.
    pub fn parse(text: &str) -> Result<Self, FaultRuleError> {
        let wrong = |problem| FaultRuleError {
            rule: text.to_owned(),
            problem,
        };
        let mut parts = Vec::new();
        for part in split(text) {
            let (name, value) = part.split_once('=').ok_or_else(|| {
                wrong(format!(
                    "{part:?} is not a part such as operation=GetObject or status=503"
                ))
            })?;
            parts.push((name.trim(), value));
        }
        from_parts(parts).map_err(wrong)
    }
}

impl FromStr for FaultRule {
    type Err = FaultRuleError;

    fn from_str(text: &str) -> Result<Self, FaultRuleError> {
        Self::parse(text)
    }
}

/// Creates a rule from names and values, and checks it. The error describes the problem.
pub(super) fn from_parts<'a>(
    parts: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<FaultRule, String> {
    let mut rule = FaultRule::on_any();
    let mut seen = Vec::new();
    for (name, value) in parts {
        if seen.contains(&name) {
            return Err(format!("duplicate part {name}"));
        }
        seen.push(name);
        set(&mut rule, name, value)?;
    }
    rule.compile()?;
    Ok(rule)
}

/// Splits at commas that are not escaped by a backslash.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut is_protected = false;
    let mut begin = 0;
    for (index, byte) in text.bytes().enumerate() {
        if byte == b',' && !is_protected {
            parts.extend(text.get(begin..index));
            begin = index + 1;
        }
        is_protected = byte == b'\\' && !is_protected;
    }
    parts.extend(text.get(begin..));
    parts
}

fn set(rule: &mut FaultRule, name: &str, value: &str) -> Result<(), String> {
    // Bucket names and keys keep leading and trailing spaces; other values do not.
    let trimmed = value.trim();
    let wrong = |right: &str| format!("{name}={value:?} is not {right}");
    match name {
        "operation" => rule.operation = trimmed.to_owned(),
        "bucket" => rule.bucket = Some(NamePattern::parse(value)),
        "key" => rule.key = Some(NamePattern::parse(value)),
        "probability" => rule.probability = number(name, trimmed, "a number from 0 to 1")?,
        "after" => rule.after = number(name, trimmed, "a number of requests")?,
        "times" => rule.times = Some(number(name, trimmed, "a number of requests")?),
        "when" => {
            rule.when = match trimmed {
                "before" => When::Before,
                "after" => When::After,
                _ => return Err(wrong("before or after")),
            }
        }
        "latency" => rule.latency = Some(duration(name, trimmed)?),
        "status" => rule.status = Some(number(name, trimmed, "a status from 400 to 599")?),
        "code" => rule.code = Some(trimmed.to_owned()),
        "retry-after" => rule.retry_after = Some(duration(name, trimmed)?),
        "reset" => {
            rule.reset = Some(match trimmed {
                "before" => Reset::Before,
                "mid" => Reset::Mid,
                "body" => Reset::Body,
                _ => return Err(wrong("before, mid or body")),
            });
        }
        "truncate" => rule.truncate = Some(number(name, trimmed, "a number of bytes")?),
        "trickle" => rule.trickle = Some(number(name, trimmed, "a number of bytes per second")?),
        "etag" if trimmed == "wrong" => rule.wrong_etag = true,
        "etag" => return Err(wrong("wrong")),
        "skew" => {
            let (is_behind, length) = match trimmed.strip_prefix('-') {
                Some(length) => (true, length),
                None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
            };
            let by = duration(name, length)?;
            rule.skew = Some(Skew { is_behind, by });
        }
        _ => return Err(format!("unknown part {name:?}; expected one of {NAMES}")),
    }
    Ok(())
}

fn number<T: FromStr<Err: Display>>(name: &str, value: &str, right: &str) -> Result<T, String> {
    value
        .parse()
        .map_err(|_| format!("{name}={value:?} is not {right}"))
}

fn duration(name: &str, value: &str) -> Result<Duration, String> {
    humantime::parse_duration(value)
        .map_err(|_| format!("{name}={value:?} is not a duration such as 200ms, 2s or 20m"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_all_parts() {
        let text = r"operation=PutObject, bucket=photos,key=a\,b/*,probability=0.25,after=2,times=3,
            when=after,latency=200ms,status=503,code=internal_error,retry-after=2s,truncate=10,
            trickle=100,etag=wrong,skew=-20m";
        let expected = FaultRule::on("PutObject")
            .bucket("photos")
            .key("a,b/*")
            .probability(0.25)
            .after(2)
            .times(3)
            .when(When::After)
            .latency(Duration::from_millis(200))
            .status(503)
            .code("internal_error")
            .retry_after(Duration::from_secs(2))
            .truncate(10)
            .trickle(100)
            .wrong_etag()
            .clock_behind(Duration::from_secs(20 * 60));
        assert_eq!(FaultRule::parse(text), Ok(expected));
        for (text, reset) in [
            ("reset=before", Reset::Before),
            ("reset=mid", Reset::Mid),
            ("reset=body", Reset::Body),
        ] {
            assert_eq!(FaultRule::parse(text), Ok(FaultRule::on_any().reset(reset)));
        }
        let ahead = FaultRule::on_any().clock_ahead(Duration::from_secs(60));
        assert_eq!(FaultRule::parse("skew=+1m"), Ok(ahead));
    }

    #[test]
    fn errors_name_the_rule_the_part_and_the_valid_values() {
        for (text, expected) in [
            ("", "operation=GetObject"),
            ("status", "operation=GetObject"),
            ("status=503,,", "operation=GetObject"),
            ("satus=503", "latency, status"),
            ("status=503,status=500", "duplicate part status"),
            ("status=ok", "from 400 to 599"),
            ("status=200", "400 to 599"),
            ("status=600", "400 to 599"),
            ("operation=GetObjekt,status=503", "ListBuckets, "),
            ("code=oops", "internal_error"),
            ("probability=2,status=503", "from 0 to 1"),
            ("probability=NaN,status=503", "from 0 to 1"),
            ("probability=often,status=503", "from 0 to 1"),
            ("times=0,status=503", "at least 1"),
            ("times=-1,status=503", "a number of requests"),
            ("latency=200", "200ms"),
            ("retry-after=2s", "status or code"),
            ("status=503,retry-after=1500ms", "whole seconds"),
            ("reset=maybe", "before, mid or body"),
            ("reset=mid,truncate=1", "truncate"),
            ("reset=before,status=503", "status"),
            ("reset=body,when=after", "when=after"),
            ("etag=wrong,when=after", "when=after"),
            ("etag=right", "wrong"),
            ("trickle=0", "at least 1"),
            ("skew=soon", "20m"),
            ("skew=400d", "365 days"),
            ("operation=GetObject", "no effect"),
        ] {
            let error = FaultRule::parse(text).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("fault rule {text:?}: ")),
                "{error}"
            );
            assert!(error.contains(expected), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
}
