//! `check`: compares two folders or prefixes.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use qingstor_sdk::{Compare, FolderAction, SkipReason, TransferReason, UnchangedReason};
use serde_json::json;

use super::folder::{self, LocationPair};
use super::inapplicable_options;
use super::sync::with_comparison;
use super::transfers::Transfers;
use crate::action::{Action, Verb};
use crate::arguments::{CheckArguments, ObjectOptions, TransferOptions};
use crate::exit::{ComparisonFailed, OutputClosed, UsageError};
use crate::location::Location;
use crate::messages;
use crate::messages::reasons::skip_reason_of;
use crate::output::{Output, printable_name};
use crate::quantities::size_phrase;
use crate::session::Session;

/// Runs the command. Each difference is a failure.
///
/// # Errors
///
/// Returns [`ComparisonFailed`] if a part of the source or the target cannot be read.
pub(super) async fn run(
    session: &Arc<Session>,
    output: &Arc<Output>,
    arguments: CheckArguments,
) -> Result<()> {
    let compared = compare(session, output, arguments).await;
    compared.map_err(
        |error| match error.is::<OutputClosed>() || error.is::<UsageError>() {
            true => error,
            false => error.context(ComparisonFailed),
        },
    )
}

async fn compare(
    session: &Arc<Session>,
    output: &Arc<Output>,
    arguments: CheckArguments,
) -> Result<()> {
    let locations = LocationPair {
        source: Location::parse_source(&arguments.source)?,
        target: Location::parse_target(&arguments.target)?,
    };
    let options = TransferOptions {
        dry_run: true,
        no_follow_symlinks: arguments.no_follow_symlinks,
        rename_invalid: arguments.rename_invalid,
        ..TransferOptions::default()
    };
    let object = ObjectOptions {
        sse_key: arguments.sse_key.clone(),
        ..ObjectOptions::default()
    };
    let source = std::slice::from_ref(&locations.source);
    inapplicable_options::check(&options, &object, source, &locations.target)?;
    let LocationPair { source, target } = &locations;
    session.prepare_copy(source, target).await;
    locations.check_source(session).await?;
    let transfers = Transfers::start(session, output, &options, &object, false).await?;
    let transfer = locations.comparison(&transfers).await?;
    let transfer = folder::configure(transfer, &transfers, &locations, &arguments.filters)?;
    // A sync would delete the files that only the target has.
    let (comparison, default) = (&arguments.comparison, Compare::AnyDifference);
    let transfer = with_comparison(transfer, comparison, default, arguments.update)
        .delete(true)
        .max_delete(u64::MAX);
    let mut plan = transfer.plan();
    let mut equal: u64 = 0;
    let mut not_compared: u64 = 0;
    let mut is_empty = true;
    while let Some(action) = plan.next().await {
        let action = action?;
        is_empty = false;
        match &action {
            FolderAction::Skip { path, reason, .. } if is_unknown(reason) => {
                not_compared += 1;
                let name = locations.skipped_name(path, reason);
                let text = not_compared_text(path, reason);
                let action = Action::new(Verb::Check, &name);
                output.failed_with(&action, &text, plan.comparison_error());
            }
            FolderAction::Skip {
                reason: SkipReason::Unchanged(_),
                ..
            } => equal += 1,
            FolderAction::Skip {
                reason: SkipReason::TargetNewer,
                ..
            } => {}
            FolderAction::Skip { reason, .. } if !reason.is_failure() => {
                output.action(&locations.describe(&action, output.json()).action());
            }
            _ => report(output, &locations, &action, arguments.human)?,
        }
    }
    if !output.quiet() {
        output.result(|| messages::equal(equal), || json!({"equal": equal}))?;
    }
    if is_empty && !arguments.filters.globs.is_empty() {
        output.warning(&messages::nothing_included());
    }
    match not_compared {
        0 => Ok(()),
        count => Err(anyhow!(messages::not_compared(count))),
    }
}

/// Returns whether a path cannot be compared: a failure of `sync`, unless it only prevents deletions,
/// or a pair of the same size without comparable checksums.
fn is_unknown(reason: &SkipReason) -> bool {
    match reason {
        SkipReason::TransferFailed => false,
        SkipReason::SourceNotRead | SkipReason::Unchanged(UnchangedReason::SizeWithoutChecksum) => {
            true
        }
        other => other.is_failure(),
    }
}

/// Returns why a path was not compared.
fn not_compared_text(path: &str, reason: &SkipReason) -> String {
    match reason {
        // A sync would not delete it.
        SkipReason::SourceNotRead => messages::source_not_read(),
        SkipReason::Unchanged(_) => messages::checksums_not_comparable(),
        other => skip_reason_of(path, other),
    }
}

/// Prints a difference. With `--json`, its reason is English in every
/// locale.
fn report(
    output: &Output,
    locations: &LocationPair,
    action: &FolderAction,
    human: bool,
) -> Result<()> {
    let json = output.json();
    let described = locations.describe(action, json);
    let described = described.action();
    let only_in_target = || match json {
        true => "only in the target".to_owned(),
        false => messages::only_in_target(),
    };
    let reason = match action {
        FolderAction::Upload {
            reason: TransferReason::New,
            ..
        }
        | FolderAction::Download {
            reason: TransferReason::New,
            ..
        }
        | FolderAction::Copy {
            reason: TransferReason::New,
            ..
        } => match json {
            true => "only in the source".to_owned(),
            false => messages::only_in_source(),
        },
        FolderAction::Delete { .. } => only_in_target(),
        // A sync would not delete it, because of another difference.
        FolderAction::Skip {
            reason: SkipReason::TransferFailed,
            ..
        } => only_in_target(),
        _ => described.reason.unwrap_or_default().to_owned(),
    };
    let (path, size) = (described.source, described.size);
    output.count_failure();
    let text = || {
        let reason = match size.map(|size| size_phrase(size, human)) {
            Some(size) => messages::with_size(&reason, size),
            None => reason.clone(),
        };
        messages::differs(printable_name(path), reason)
    };
    output.result(
        text,
        || json!({"path": path, "difference": reason, "size": size}),
    )
}
