//! `find`: finds objects by name, age and size.

use anyhow::Result;
use futures_util::{StreamExt as _, pin_mut};
use globset::GlobMatcher;
use qingstor_sdk::Timestamp;
use qingstor_sdk::types::ObjectSummary;

use super::ls::{object_columns, with_bucket};
use crate::arguments::FindArguments;
use crate::exit::usage;
use crate::listing::{Selection, nothing};
use crate::location::Remote;
use crate::messages;
use crate::output::Output;
use crate::pattern;
use crate::session::Session;

/// Runs the command.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    arguments: FindArguments,
) -> Result<()> {
    let path = Remote::parse(&arguments.path)?;
    if arguments.human && !arguments.long && !output.json() {
        return Err(usage(messages::sizes_need_long()));
    }
    if arguments.print0 {
        output.end_with_nul();
    }
    let name = arguments
        .name
        .as_deref()
        .map(pattern::matcher)
        .transpose()?;
    find(session, output, &arguments, name.as_ref(), &path).await
}

async fn find(
    session: &Session,
    output: &Output,
    arguments: &FindArguments,
    name: Option<&GlobMatcher>,
    path: &Remote,
) -> Result<()> {
    let bucket = session.bucket(&path.bucket).await?;
    let selection = Selection::of(session, path, true).await?;
    let objects = selection.objects_and_itself(session, &bucket, path).await?;
    pin_mut!(objects);
    let mut now = None;
    let mut is_empty = true;
    while let Some(object) = objects.next().await {
        let object = object?;
        is_empty = false;
        // The first page has the time of the service.
        let now = *now.get_or_insert_with(|| session.clock().now());
        if !is_found(&object, arguments, name, now) {
            continue;
        }
        let address = Remote::new(&path.bucket, &object.key).to_string();
        let text = |address: &str| match arguments.long {
            true => object_columns(&object, arguments.human, address),
            false => address.to_owned(),
        };
        output.entry(&address, text, || with_bucket(&object, &path.bucket))?;
    }
    match is_empty && !path.key.is_empty() {
        true => Err(nothing(&path.to_string())),
        false => Ok(()),
    }
}

fn is_found(
    object: &ObjectSummary,
    arguments: &FindArguments,
    name: Option<&GlobMatcher>,
    now: Timestamp,
) -> bool {
    let base = object
        .key
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default();
    // An object that is newer than the first page has no age yet.
    let age = object
        .modified
        .map(|time| now.duration_since(time).unwrap_or_default());
    name.is_none_or(|name| name.is_match(base))
        && arguments.larger.is_none_or(|bytes| object.size > bytes)
        && arguments.smaller.is_none_or(|bytes| object.size < bytes)
        && arguments
            .older_than
            .is_none_or(|limit| age.is_some_and(|age| age > limit))
        && arguments
            .newer_than
            .is_none_or(|limit| age.is_some_and(|age| age <= limit))
}
