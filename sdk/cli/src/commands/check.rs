//! `check`: compares two folders or prefixes.

use std::sync::Arc;

use anyhow::Result;
use qingstor_sdk::{FolderAction, SkipReason, TransferReason};
use serde_json::json;

use super::folder::{self, Ends};
use super::sync::with_comparison;
use super::transfers::Transfers;
use crate::arguments::{CheckArguments, ObjectOptions, TransferOptions};
use crate::location::Location;
use crate::messages;
use crate::messages::reasons::{skip_reason, transfer_reason};
use crate::output::{Output, printable_name};
use crate::quantities::size_phrase;
use crate::session::{Session, read_optional_sse_key};

/// Runs the command. Each difference is a failure.
pub(super) async fn run(
    session: &Arc<Session>,
    output: &Arc<Output>,
    arguments: CheckArguments,
) -> Result<()> {
    let ends = Ends {
        source: Location::parse_source(&arguments.source)?,
        target: Location::parse_target(&arguments.target)?,
    };
    let options = TransferOptions {
        dry_run: true,
        ..TransferOptions::default()
    };
    ends.check_source(session).await?;
    let transfers = Transfers::start(session, output, &options, &ObjectOptions::default()).await?;
    let mut transfer = folder::with_filters(ends.transfer(&transfers).await?, &arguments.filters)?;
    if let Some(key) = read_optional_sse_key(arguments.sse_key.as_deref()).await? {
        transfer = transfer.sse_key(&key).copy_source_sse_key(&key);
    }
    // A sync would delete the files that only the target has.
    let transfer = with_comparison(transfer, &arguments.comparison)
        .delete(true)
        .max_delete(u64::MAX);
    let mut plan = transfer.plan();
    let mut equal: u64 = 0;
    while let Some(action) = plan.next().await {
        let action = action?;
        match difference(&ends, &action, output.json()) {
            None => equal += 1,
            Some(Difference { path, reason, size }) => {
                output.count_failure();
                let text = || {
                    let reason = match size.map(|size| size_phrase(size, arguments.human)) {
                        Some(size) => messages::with_size(&reason, size),
                        None => reason.clone(),
                    };
                    messages::differs(printable_name(&path), reason)
                };
                output.result(
                    text,
                    || json!({"path": path, "difference": reason, "size": size}),
                )?;
            }
        }
    }
    match output.quiet() {
        true => Ok(()),
        false => output.result(|| messages::equal(equal), || json!({"equal": equal})),
    }
}

/// A path that differs.
struct Difference {
    path: String,
    reason: String,
    /// Size in the source, in bytes.
    size: Option<u64>,
}

/// Returns the difference that an action would remove. With `json`, its reason is English in every
/// locale.
fn difference(ends: &Ends, action: &FolderAction, json: bool) -> Option<Difference> {
    let transfer = |path: String, reason: &TransferReason, size: u64| {
        let reason = match reason {
            TransferReason::New if json => "only in the source".to_owned(),
            TransferReason::New => messages::only_in_source(),
            other if json => other.to_string(),
            other => transfer_reason(*other),
        };
        Some(Difference {
            path,
            reason,
            size: Some(size),
        })
    };
    let other = |path: String, reason: String| {
        Some(Difference {
            path,
            reason,
            size: None,
        })
    };
    let only_in_target = || match json {
        true => "only in the target".to_owned(),
        false => messages::only_in_target(),
    };
    match action {
        FolderAction::Upload {
            file, reason, size, ..
        } => transfer(file.display().to_string(), reason, *size),
        FolderAction::Download {
            key, reason, size, ..
        } => transfer(key.clone(), reason, *size),
        FolderAction::Copy {
            source,
            reason,
            size,
            ..
        } => transfer(source.clone(), reason, *size),
        FolderAction::Delete { target, .. } => other(target.to_string(), only_in_target()),
        // A sync would not delete it, because of another difference.
        FolderAction::Skip {
            path,
            reason: SkipReason::TransferFailed,
            ..
        } => other(ends.target_path(path), only_in_target()),
        FolderAction::Skip {
            reason: SkipReason::Unchanged(_),
            ..
        } => None,
        FolderAction::Skip { path, reason, .. } => {
            let text = match json {
                true => reason.to_string(),
                false => skip_reason(reason),
            };
            other(ends.skipped(path, reason), text)
        }
        action => other(action.to_string(), String::new()),
    }
}
