//! `du`: adds up the sizes of objects.

use anyhow::Result;
use futures_util::{StreamExt as _, pin_mut};
use serde_json::json;

use crate::action::{Action, Operands, Verb};
use crate::arguments::DuArguments;
use crate::exit::UsageError;
use crate::listing::{Selection, nothing};
use crate::location::{Remote, parse_each};
use crate::output::Output;
use crate::quantities::size_text;
use crate::session::Session;

/// Width of the columns of numbers.
const WIDTH: usize = 12;

/// Runs the command. Continues with the next operand after an error.
pub(super) async fn run(session: &Session, output: &Output, arguments: DuArguments) -> Result<()> {
    let paths = parse_each(Verb::Du, &arguments.paths, Remote::parse)?;
    for path in paths {
        let name = path.to_string();
        match sum(session, &path).await {
            Ok((objects, bytes)) => output.entry(
                &name,
                |name| {
                    let size = size_text(bytes, arguments.human);
                    format!("{size:>WIDTH$}  {objects:>WIDTH$}  {name}")
                },
                || json!({"path": name, "objects": objects, "bytes": bytes}),
            )?,
            Err(error) if error.is::<UsageError>() => {
                return Err(error.context(Operands::new(Verb::Du, &name)));
            }
            Err(error) => output.failed(&Action::new(Verb::Du, &name), &error),
        }
    }
    Ok(())
}

/// Returns the number of objects and their total size.
async fn sum(session: &Session, path: &Remote) -> Result<(u64, u64)> {
    let bucket = session.bucket(&path.bucket).await?;
    let selection = Selection::of(session, path, true).await?;
    let objects = selection.objects_and_itself(session, &bucket, path).await?;
    pin_mut!(objects);
    let (mut count, mut bytes) = (0, 0_u64);
    while let Some(object) = objects.next().await {
        count += 1;
        bytes = bytes.saturating_add(object?.size);
    }
    match count == 0 && !path.key.is_empty() {
        true => Err(nothing(&path.to_string())),
        false => Ok((count, bytes)),
    }
}
