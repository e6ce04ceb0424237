//! `cat`: prints objects.

use anyhow::Result;

use crate::arguments::CatArguments;
use crate::location::Remote;
use crate::output::{Action, Output};
use crate::session::Session;

/// Runs the command. Continues with the next object after an error.
pub(super) async fn run(session: &Session, output: &Output, arguments: CatArguments) -> Result<()> {
    let paths: Vec<_> = arguments
        .paths
        .iter()
        .map(|path| Remote::parse_object(path))
        .collect::<Result<_>>()?;
    for path in paths {
        match print(session, output, &arguments, &path).await {
            Err(error) if !error.is::<crate::exit::OutputClosed>() => {
                output.failed(&Action::new("cat", &path.to_string()), &error);
            }
            printed => printed?,
        }
    }
    Ok(())
}

async fn print(
    session: &Session,
    output: &Output,
    arguments: &CatArguments,
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
    let mut content = call.await?.body;
    if arguments.range.is_none() {
        content = content.verified();
    }
    while let Some(chunk) = content.chunk().await? {
        output.raw(&chunk)?;
    }
    Ok(())
}
