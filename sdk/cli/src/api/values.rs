//! Values of flags.

use std::fmt::Display;

use anyhow::Result;
use qingstor_sdk::Timestamp;
use serde_json::{Map, Value};

use super::{Kind, Parameter};
use crate::exit::usage;
use crate::messages;

/// Converts the texts of a flag into JSON, from which the type of the parameter is read.
///
/// # Errors
///
/// Returns a usage error if a text is invalid.
pub(super) fn value(parameter: &Parameter, texts: &[&str]) -> Result<Value> {
    let flag = parameter.flag;
    let text = texts.last().copied().unwrap_or_default();
    Ok(match parameter.kind {
        Kind::Text | Kind::ObjectPath | Kind::Stream => text.into(),
        Kind::Number => match serde_json::from_str(text) {
            Ok(value @ Value::Number(_)) => value,
            _ => return Err(invalid(flag, messages::expected_number(text))),
        },
        Kind::Boolean => match serde_json::from_str(text) {
            Ok(value @ Value::Bool(_)) => value,
            _ => return Err(invalid(flag, messages::expected_boolean(text))),
        },
        Kind::Time => {
            let time = text.parse::<Timestamp>();
            let time = time.or_else(|error| Timestamp::from_http_date(text).map_err(|_| error));
            time.map_err(|error| invalid(flag, error.message()))?
                .to_string()
                .into()
        }
        Kind::Json => json(flag, text)?,
        Kind::Secret => match text.strip_prefix('@') {
            Some(path) => read(flag, path)?.trim_end().into(),
            None => text.into(),
        },
        Kind::List => texts.iter().map(|text| loose(text)).collect(),
        Kind::Pairs => {
            let mut pairs = Map::new();
            for text in texts {
                match text.split_once('=') {
                    Some((key, value)) => pairs.insert(key.to_owned(), value.into()),
                    None => return Err(invalid(flag, messages::expected_pair(text))),
                };
            }
            pairs.into()
        }
    })
}

/// Parses JSON, or the JSON in the file `@FILE`.
///
/// # Errors
///
/// Returns a usage error if the file cannot be read, or its content is not JSON.
pub(super) fn json(flag: &str, text: &str) -> Result<Value> {
    if let Some(path) = text.strip_prefix('@') {
        let text = read(flag, path)?;
        return serde_json::from_str(&text)
            .map_err(|error| invalid(flag, format_args!("{path}: {error}")));
    }
    match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        // A text of a type that is not known here, such as an alias.
        Err(_) if !text.starts_with(['{', '[']) => Ok(text.into()),
        Err(error) => Err(invalid(flag, error)),
    }
}

/// Returns a number or a boolean as such, and everything else as text.
fn loose(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
        _ => text.into(),
    }
}

fn read(flag: &str, path: &str) -> Result<String> {
    std::fs::read_to_string(path).map_err(|error| invalid(flag, format_args!("{path}: {error}")))
}

/// Returns why a text is not a JSON object.
pub(super) fn expected_object(text: &str) -> String {
    match is_file(text) {
        true => messages::with_cause(messages::expected_object(), messages::file_needs_at(text)),
        false => messages::expected_object(),
    }
}

/// Adds to the reason why the texts of a JSON flag are invalid that `@` is missing before the name of a
/// file.
pub(super) fn with_file_hint(
    parameter: &Parameter,
    texts: &[&str],
    reason: impl Display,
) -> String {
    match texts.last() {
        Some(text) if parameter.kind == Kind::Json && is_file(text) => {
            messages::with_cause(reason, messages::file_needs_at(text))
        }
        _ => reason.to_string(),
    }
}

fn is_file(text: &str) -> bool {
    std::path::Path::new(text).is_file()
}

/// Creates the usage error for the value of a flag.
pub(super) fn invalid(flag: &str, reason: impl Display) -> anyhow::Error {
    usage(messages::invalid_value(format_args!("--{flag}"), reason))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(kind: Kind, texts: &[&str]) -> Result<Value> {
        let parameter = Parameter {
            flag: "flag",
            name: "Flag",
            help: "",
            kind,
            is_required: false,
            is_in_json: false,
        };
        value(&parameter, texts)
    }

    #[test]
    fn each_kind_has_its_form() {
        for (kind, texts, expected) in [
            (Kind::Text, &["12"][..], json!("12")),
            (Kind::Number, &["12"], json!(12)),
            (Kind::Boolean, &["true"], json!(true)),
            (
                Kind::Time,
                &["Sun, 16 Aug 2015 09:05:00 GMT"],
                json!("2015-08-16T09:05:00Z"),
            ),
            (Kind::Json, &[r#"[{"a":1}]"#], json!([{"a": 1}])),
            (Kind::Json, &["word"], json!("word")),
            (Kind::List, &["1", "b"], json!([1, "b"])),
            (Kind::Pairs, &["a=b=c", "d="], json!({"a": "b=c", "d": ""})),
        ] {
            assert_eq!(parsed(kind, texts).unwrap(), expected, "{kind:?}");
        }
        for (kind, text) in [
            (Kind::Number, "x"),
            (Kind::Number, "[]"),
            (Kind::Number, "true"),
            (Kind::Boolean, "1"),
            (Kind::Boolean, "yes"),
            (Kind::Time, "yesterday"),
            (Kind::Json, "{"),
            (Kind::Json, "@/no/such/file"),
            (Kind::Pairs, "a"),
        ] {
            assert!(parsed(kind, &[text]).is_err(), "{kind:?} {text}");
        }
    }
}
