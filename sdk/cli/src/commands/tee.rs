//! `tee`: stores standard input as an object, and prints it as well.

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::transfers::{Properties, with_properties};
use crate::arguments::TeeArguments;
use crate::exit::{UsageError, usage};
use crate::location::Remote;
use crate::messages;
use crate::output::Output;
use crate::session::Session;

/// Size of the buffer in bytes.
const BUFFER: usize = 64 << 10;

/// Runs the command. If standard output cannot be written, the object is stored nevertheless. If the
/// object cannot be stored, the input is printed nevertheless.
pub(super) async fn run(session: &Session, output: &Output, arguments: TeeArguments) -> Result<()> {
    let path = Remote::parse_object(&arguments.path)?;
    path.check_target()?;
    if path.is_folder() {
        return Err(usage(messages::stdin_needs_key()));
    }
    output.print_content();
    let properties = Properties::load(&arguments.object).await?;
    let bucket = match session.bucket(&path.bucket).await {
        Err(error) if error.is::<UsageError>() => return Err(error),
        bucket => bucket,
    };
    // After a failure of the upload, the input is printed nevertheless.
    let mut object = bucket.map(|bucket| {
        let object = bucket.upload_writer(&path.key);
        object.with_options(|upload| with_properties(upload, &properties))
    });
    let mut input = tokio::io::stdin();
    let mut buffer = vec![0; BUFFER];
    let mut is_printing = true;
    loop {
        let count = input.read(&mut buffer).await.context("standard input")?;
        let bytes = buffer.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        if is_printing && let Err(error) = output.raw(bytes).and_then(|()| output.flush()) {
            is_printing = false;
            output.stopped_printing(&error);
        }
        if let Ok(writer) = &mut object
            && let Err(error) = writer.write_all(bytes).await
        {
            object = Err(error.into());
        }
        if !is_printing && object.is_err() {
            break;
        }
    }
    match object {
        Ok(writer) => writer.finish().await.map(drop).map_err(Into::into),
        Err(error) => Err(error),
    }
}
