//! Options that cannot have an effect on the operands of a command.

use anyhow::Result;

use crate::arguments::{ObjectOptions, TransferOptions};
use crate::exit::usage;
use crate::location::Location;
use crate::messages;
use crate::special_files::is_stream;

/// The message for an option.
type Message = fn(&'static str) -> String;

/// Checks that each option of a transfer applies to at least one operand.
///
/// # Errors
///
/// Returns a usage error that names the first option without an effect.
pub(super) fn check(
    options: &TransferOptions,
    object: &ObjectOptions,
    sources: &[Location],
    target: &Location,
) -> Result<()> {
    let has_file = |locations: &[Location]| {
        let mut locations = locations.iter();
        locations.any(|location| matches!(location, Location::Local(path) if !is_stream(path)))
    };
    let uploads_files = has_file(sources);
    let downloads_files = has_file(std::slice::from_ref(target));
    let is_stored = matches!(target, Location::Remote(_));
    let stored: Option<Message> = (!is_stored).then_some(messages::needs_stored_object);
    let transferred: Option<Message> =
        (!uploads_files && !downloads_files).then_some(messages::needs_file);
    let downloaded: Option<Message> = (!downloads_files).then_some(messages::needs_download);
    let uploaded: Option<Message> = (!uploads_files).then_some(messages::needs_upload);
    for (option, is_set, problem) in [
        ("--content-type", object.content_type.is_some(), stored),
        ("--storage-class", object.storage_class.is_some(), stored),
        ("--meta", !object.meta.is_empty(), stored),
        ("--resume", options.resume, transferred),
        ("--rename-invalid", options.rename_invalid, transferred),
        ("--fsync", options.fsync, downloaded),
        ("--no-follow-symlinks", options.no_follow_symlinks, uploaded),
    ] {
        if let (true, Some(message)) = (is_set, problem) {
            return Err(usage(message(option)));
        }
    }
    Ok(())
}
