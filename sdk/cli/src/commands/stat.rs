//! `stat`: shows the properties of buckets and objects.

use anyhow::Result;
use qingstor_sdk::SseKey;
use serde_json::{Map, Value, json};

use super::ls::unify;
use crate::action::{Action, Operands, Verb};
use crate::arguments::StatArguments;
use crate::exit::UsageError;
use crate::listing::{expand_or_report, why_missing};
use crate::location::{Remote, parse_each};
use crate::messages;
use crate::output::{Output, printable, printable_name};
use crate::quantities::size_text;
use crate::session::{Session, has_zones, read_optional_sse_key};

/// Width of the column of names.
const NAME_WIDTH: usize = 20;
/// Fields that are numbers of bytes.
const SIZES: [&str; 2] = ["content_length", "size"];

/// Runs the command. Continues with the next operand after an error.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    arguments: StatArguments,
) -> Result<()> {
    let paths = parse_each(Verb::Stat, &arguments.paths, Remote::parse)?;
    let sse_key = read_optional_sse_key(arguments.sse_key.as_deref()).await?;
    for operand in paths {
        let objects = expand_or_report(session, output, Verb::Stat, operand).await?;
        print_all(session, output, sse_key.as_ref(), &objects, arguments.human).await?;
    }
    Ok(())
}

async fn print_all(
    session: &Session,
    output: &Output,
    sse_key: Option<&SseKey>,
    objects: &[Remote],
    human: bool,
) -> Result<()> {
    for path in objects {
        let name = path.to_string();
        match properties(session, sse_key, path).await {
            Ok(fields) => output.result(
                || text(&name, &fields, human),
                || {
                    let mut value = json!({"path": name});
                    if let Value::Object(value) = &mut value {
                        value.extend(fields.clone());
                    }
                    value
                },
            )?,
            Err(error) if error.is::<UsageError>() => {
                return Err(error.context(Operands::new(Verb::Stat, &name)));
            }
            Err(error) => {
                let is_folder = messages::folder_is_not_an_object(path);
                let error = why_missing(session, path, error, is_folder).await;
                output.failed(&Action::new(Verb::Stat, &name), &error);
            }
        }
    }
    Ok(())
}

async fn properties(
    session: &Session,
    sse_key: Option<&SseKey>,
    path: &Remote,
) -> Result<Map<String, Value>> {
    let bucket = session.bucket(&path.bucket).await?;
    let mut head = bucket.head_object(&path.key);
    if let Some(key) = sse_key {
        head = head.sse_key(key);
    }
    let value = match path.key.is_empty() {
        true => json!(bucket.get_statistics().await?),
        false => match head.await {
            // The response to HEAD has no message.
            Err(error) if error.is_not_found() => {
                return Err(anyhow::Error::new(error).context(messages::no_such_object(path)));
            }
            object => json!(object?),
        },
    };
    let mut fields = match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    fields.retain(|_, value| !is_empty(value));
    unify(&mut fields);
    // With an endpoint, requests reach the bucket whatever zone is set.
    if path.key.is_empty() && has_zones(session.client()?) {
        fields.insert("zone".to_owned(), bucket.zone().into());
    }
    Ok(fields)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

fn text(name: &str, fields: &Map<String, Value>, human: bool) -> String {
    let mut lines = vec![printable_name(name)];
    for (field, value) in fields {
        if let Value::Object(pairs) = value {
            let pairs = pairs
                .iter()
                .map(|(key, value)| line(&format!("{field}.{key}"), value, false));
            lines.extend(pairs);
        } else {
            lines.push(line(field, value, human && SIZES.contains(&field.as_str())));
        }
    }
    lines.join("\n")
}

fn line(field: &str, value: &Value, is_human_size: bool) -> String {
    let value = match value {
        Value::String(text) => printable(text),
        Value::Number(number) if is_human_size => {
            size_text(number.as_u64().unwrap_or_default(), true)
        }
        other => other.to_string(),
    };
    format!("  {field:NAME_WIDTH$} {value}")
}
