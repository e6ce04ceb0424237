//! `sync`: makes a folder or prefix equal to another one.

use std::sync::Arc;

use anyhow::Result;
use qingstor_sdk::{Compare, FolderTransfer};

use super::folder::{self, LocationPair};
use super::inapplicable_options;
use super::transfers::Transfers;
use crate::arguments::{Comparison, SyncArguments};
use crate::location::Location;
use crate::messages;
use crate::output::Output;
use crate::session::Session;

/// Runs the command.
pub(super) async fn run(
    session: &Arc<Session>,
    output: &Arc<Output>,
    arguments: SyncArguments,
) -> Result<()> {
    let locations = LocationPair {
        source: Location::parse_source(&arguments.source)?,
        target: Location::parse_target(&arguments.target)?,
    };
    locations.target.check_target()?;
    let source = std::slice::from_ref(&locations.source);
    inapplicable_options::check(
        &arguments.transfer,
        &arguments.object,
        source,
        &locations.target,
    )?;
    synchronize(session, output, &arguments, &locations).await
}

async fn synchronize(
    session: &Arc<Session>,
    output: &Arc<Output>,
    arguments: &SyncArguments,
    locations: &LocationPair,
) -> Result<()> {
    let LocationPair { source, target } = locations;
    session.prepare_copy(source, target).await;
    locations.check_source(session).await?;
    let options = &arguments.transfer;
    let transfers = Transfers::start(session, output, options, &arguments.object, false).await?;
    let transfer = locations.transfer(&transfers).await?;
    let transfer = folder::configure(transfer, &transfers, locations, &arguments.filters)?;
    let mut transfer = with_comparison(
        transfer,
        &arguments.comparison,
        Compare::SizeAndTime,
        arguments.update,
    )
    .delete(arguments.delete);
    if let Some(most) = arguments.max_delete {
        transfer = transfer.max_delete(most);
    }
    let done = folder::run(&transfers, locations, transfer, |_| {}).await;
    transfers.finish();
    if done? == 0 && !arguments.filters.globs.is_empty() {
        output.warning(&messages::nothing_included());
    }
    Ok(())
}

/// Sets how files are compared: as `default` without an option. With `update`, a target that is
/// newer than its source is neither replaced nor reported.
pub(super) fn with_comparison(
    transfer: FolderTransfer,
    comparison: &Comparison,
    default: Compare,
    update: bool,
) -> FolderTransfer {
    let compare = match (comparison.size_only, comparison.checksum) {
        (true, _) => Compare::SizeOnly,
        (_, true) => Compare::Checksum,
        _ => default,
    };
    transfer.compare(compare).update(update)
}
