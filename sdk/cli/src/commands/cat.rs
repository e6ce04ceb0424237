//! `cat`: prints objects.

use anyhow::Result;
use qingstor_sdk::SseKey;

use crate::action::{Action, Operands, Verb};
use crate::arguments::CatArguments;
use crate::exit::{OutputClosed, UsageError};
use crate::listing::{expand_or_report, why_missing};
use crate::location::{Remote, parse_each};
use crate::messages;
use crate::output::Output;
use crate::session::{Session, read_optional_sse_key};

/// Runs the command. Continues with the next object after an error.
pub(super) async fn run(session: &Session, output: &Output, arguments: CatArguments) -> Result<()> {
    let paths = parse_each(Verb::Cat, &arguments.paths, Remote::parse_object)?;
    output.print_content();
    let sse_key = read_optional_sse_key(arguments.sse_key.as_deref()).await?;
    for operand in paths {
        let objects = expand_or_report(session, output, Verb::Cat, operand).await?;
        print_all(session, output, &arguments, sse_key.as_ref(), &objects).await?;
    }
    Ok(())
}

async fn print_all(
    session: &Session,
    output: &Output,
    arguments: &CatArguments,
    sse_key: Option<&SseKey>,
    objects: &[Remote],
) -> Result<()> {
    for path in objects {
        match print(session, output, arguments, sse_key, path).await {
            Err(error) if error.is::<OutputClosed>() || error.is::<UsageError>() => {
                return Err(error.context(Operands::new(Verb::Cat, path)));
            }
            Err(error) => {
                let is_folder = messages::folder_is_not_an_object(path);
                let error = why_missing(session, path, error, is_folder).await;
                output.failed(&Action::new(Verb::Cat, &path.to_string()), &error);
            }
            Ok(()) => {}
        }
    }
    Ok(())
}

async fn print(
    session: &Session,
    output: &Output,
    arguments: &CatArguments,
    sse_key: Option<&SseKey>,
    path: &Remote,
) -> Result<()> {
    let bucket = session.bucket(&path.bucket).await?;
    let mut call = bucket.get_object(&path.key);
    if let Some(range) = &arguments.range {
        call = call.range(range);
    }
    if let Some(id) = &arguments.version_id {
        call = call.version_id(id);
    }
    if let Some(key) = sse_key {
        call = call.sse_key(key);
    }
    let mut content = call.await?.body;
    if arguments.range.is_none() {
        content = content.verified();
    }
    while let Some(chunk) = content.chunk().await? {
        output.raw(&chunk)?;
    }
    Ok(())
}
