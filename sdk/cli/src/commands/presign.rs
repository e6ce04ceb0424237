//! `presign`: prints a URL that gives access to an object for a limited time.

use anyhow::{Result, anyhow};
use qingstor_sdk::Presigned;
use serde_json::json;

use crate::arguments::PresignArguments;
use crate::curl;
use crate::exit::usage;
use crate::location::{Remote, has_dot_segment};
use crate::messages;
use crate::output::Output;
use crate::session::Session;

/// Runs the command.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    arguments: PresignArguments,
) -> Result<()> {
    let path = Remote::parse_object(&arguments.path)?;
    if session.options().anonymous {
        return Err(usage(messages::presign_needs_key()));
    }
    let method = arguments.method.to_ascii_uppercase();
    if method == "PUT" {
        path.check_target()?;
    } else if has_dot_segment(&path.key) {
        return Err(anyhow!(messages::dot_segments()).context(path));
    }
    print(session, output, &arguments, &path, &method).await
}

async fn print(
    session: &Session,
    output: &Output,
    arguments: &PresignArguments,
    path: &Remote,
    method: &str,
) -> Result<()> {
    let bucket = session.bucket(&path.bucket).await?;
    if arguments.content_type.is_some() && method != "PUT" {
        return Err(usage(messages::content_type_needs_put()));
    }
    let expires = arguments.expires;
    let call: Presigned = match method {
        "HEAD" => bucket.head_object(&path.key).presign(expires)?,
        "DELETE" => bucket.delete_object(&path.key).presign(expires)?,
        "PUT" => {
            let mut call = bucket.put_object(&path.key);
            if let Some(content_type) = &arguments.content_type {
                call = call.content_type(content_type);
            }
            call.presign(expires)?
        }
        _ => bucket.get_object(&path.key).presign(expires)?,
    };
    let file = (method == "PUT").then_some("FILE");
    let command = curl::presigned(&call, file);
    let url = call.uri().to_string();
    let text = match arguments.curl {
        true => &command,
        false => &url,
    };
    output.result(
        || text.clone(),
        || json!({"method": method, "url": url, "curl": command, "expires": call.expires().ok()}),
    )
}
