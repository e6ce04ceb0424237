//! [`LocationPair`]: the source and the target of a folder transfer, and how its actions are printed.

use std::path::Path;

use anyhow::{Result, anyhow};
use qingstor_sdk::{DeleteTarget, FolderAction, FolderTransfer, SkipReason, TransferReason};

use super::super::transfers::Transfers;
use crate::action::{Action, Operands, Verb};
use crate::exit::usage;
use crate::listing::{has_objects_below, nothing};
use crate::location::{Location, Remote, both_local, has_dot_segment};
use crate::messages;
use crate::messages::reasons::{skip_reason_of, transfer_reason};
use crate::pattern::Pattern;
use crate::session::Session;

/// The source and the target of a transfer.
#[derive(Clone, Debug)]
pub(crate) struct LocationPair {
    pub(crate) source: Location,
    pub(crate) target: Location,
}

impl LocationPair {
    /// Creates the transfer without a comparison: every file is transferred.
    ///
    /// # Errors
    ///
    /// Returns a usage error if neither location is in a bucket, or if one is not a folder.
    pub(in crate::commands) async fn transfer(
        &self,
        transfers: &Transfers,
    ) -> Result<FolderTransfer> {
        self.transfer_or_comparison(transfers, true).await
    }

    /// Creates the transfer of a comparison, which copies nothing: the zones of two buckets do not
    /// matter.
    ///
    /// # Errors
    ///
    /// See [`transfer`](Self::transfer).
    pub(in crate::commands) async fn comparison(
        &self,
        transfers: &Transfers,
    ) -> Result<FolderTransfer> {
        self.transfer_or_comparison(transfers, false).await
    }

    async fn transfer_or_comparison(
        &self,
        transfers: &Transfers,
        copies: bool,
    ) -> Result<FolderTransfer> {
        let session = &transfers.session;
        // The keys of a target were checked, unless it is only compared.
        for location in [&self.source, &self.target] {
            if matches!(location, Location::Remote(remote) if has_dot_segment(&remote.key)) {
                return Err(anyhow!(messages::dot_segments()).context(location.to_string()));
            }
        }
        let transfer = match (&self.source, &self.target) {
            (Location::Local(folder), Location::Remote(target)) => {
                if folder.is_file() {
                    return Err(usage(messages::source_is_a_file(folder.display())));
                }
                session
                    .bucket(&target.bucket)
                    .await?
                    .upload_dir(folder, &target.key)
            }
            (Location::Remote(source), Location::Local(folder)) => {
                if folder.is_file() {
                    return Err(usage(messages::target_is_a_file(folder.display())));
                }
                session
                    .bucket(&source.bucket)
                    .await?
                    .download_dir(&source.key, folder)
            }
            (Location::Remote(source), Location::Remote(target)) => {
                let (from, to) = match copies {
                    true => {
                        let buckets = session.buckets_of_copy(&source.bucket, &target.bucket);
                        buckets.await?
                    }
                    false => (
                        session.bucket(&source.bucket).await?,
                        session.bucket(&target.bucket).await?,
                    ),
                };
                from.sync_to(&source.key, &to, &target.key).compare(None)
            }
            (Location::Remote(_), Location::Stdio) => {
                return Err(usage(messages::folder_to_stdout()));
            }
            (Location::Stdio, _) => return Err(usage(messages::stdin_is_not_a_folder())),
            (source, target) => return Err(both_local(source, target)),
        };
        Ok(transfer)
    }

    /// Returns the context of an error of the whole transfer. `source` is the operand of the source.
    pub(super) fn operands(&self, source: &str, is_move: bool) -> Operands {
        let verb = match (&self.source, &self.target) {
            _ if is_move => Verb::Move,
            (Location::Remote(_), Location::Remote(_)) => Verb::Copy,
            (Location::Remote(_), _) => Verb::Download,
            _ => Verb::Upload,
        };
        Operands::new(verb, source).to(&self.target)
    }

    /// Refuses a prefix without objects as source. A local folder is checked when it is read.
    ///
    /// # Errors
    ///
    /// Returns an error if nothing is below the prefix, or the error of the list.
    pub(in crate::commands) async fn check_source(&self, session: &Session) -> Result<()> {
        let Location::Remote(source) = &self.source else {
            return Ok(());
        };
        // A bucket exists also without objects.
        if source.key.is_empty() || has_objects_below(session, source).await? {
            return Ok(());
        }
        let folder = Remote::new(&source.bucket, source.folder_prefix());
        Err(nothing(&folder.to_string()))
    }

    /// Refuses a transfer onto itself. A move within one bucket would delete what it has just written
    /// if one folder contains the other, and the pattern of the source, if there is one, matches there.
    pub(in crate::commands) fn check(
        &self,
        pattern: Option<&Pattern>,
        is_move: bool,
    ) -> Result<()> {
        let (Location::Remote(source), Location::Remote(target)) = (&self.source, &self.target)
        else {
            return Ok(());
        };
        let (from, to) = (source.folder_prefix(), target.folder_prefix());
        if source.bucket != target.bucket {
            return Ok(());
        }
        // A copied key that is in the source is below this folder.
        let both = if to.starts_with(&from) {
            to.clone()
        } else if let Some(rest) = from.strip_prefix(&to) {
            format!("{from}{rest}")
        } else {
            return Ok(());
        };
        let overlaps = pattern.is_none_or(|pattern| pattern.can_match_below(&both));
        match (from == to, overlaps && is_move) {
            (true, _) => Err(usage(messages::same_file(source))),
            (false, true) => Err(usage(messages::overlap(source, target))),
            (false, false) => Ok(()),
        }
    }

    /// Returns the path of the target relative to the source, if it is below it in the same bucket.
    pub(super) fn target_below_source(&self) -> Option<&str> {
        let (Location::Remote(source), Location::Remote(target)) = (&self.source, &self.target)
        else {
            return None;
        };
        let below = target.key.strip_prefix(&source.folder_prefix())?;
        let below = below.trim_end_matches('/');
        (source.bucket == target.bucket && !below.is_empty()).then_some(below)
    }

    /// Returns the file or object that is skipped, in the source or in the target.
    pub(in crate::commands) fn skipped_name(&self, path: &str, reason: &SkipReason) -> String {
        let is_in_target = match reason {
            SkipReason::EmptySource
            | SkipReason::TooManyDeletions
            | SkipReason::TransferFailed
            | SkipReason::SourceNotRead
            | SkipReason::LinkInTarget
            | SkipReason::SpecialFileInTarget => true,
            // Keys are always UTF-8.
            SkipReason::NotUtf8 => matches!(self.source, Location::Remote(_)),
            _ => false,
        };
        let folder = match is_in_target {
            true => &self.target,
            false => &self.source,
        };
        match folder {
            Location::Remote(remote) => {
                let key = format!("{}{path}", remote.folder_prefix());
                Remote::new(&remote.bucket, key).to_string()
            }
            Location::Local(folder) => folder.join(path).display().to_string(),
            Location::Stdio => path.to_owned(),
        }
    }

    /// Returns a failed action as it is printed. A move that fails is reported as one.
    pub(super) fn describe_failed(
        &self,
        action: &FolderAction,
        json: bool,
        is_move: bool,
    ) -> ActionText {
        let mut described = self.describe(action, json);
        if is_move && described.verb.is_transfer() {
            described.verb = Verb::Move;
        }
        described
    }

    /// Returns an action as it is printed. With `json`, reasons are English in every locale.
    pub(in crate::commands) fn describe(&self, action: &FolderAction, json: bool) -> ActionText {
        let address = |location: &Location, key: &str| match location {
            Location::Remote(remote) => Remote::new(&remote.bucket, key).to_string(),
            _ => key.to_owned(),
        };
        let file = |path: &Path| path.display().to_string();
        let described = |verb, source, target, size, reason| ActionText {
            verb,
            source,
            target,
            size,
            reason,
        };
        match action {
            FolderAction::Upload {
                file: path,
                key,
                size,
                reason,
                ..
            } => {
                let target = Some(address(&self.target, key));
                described(
                    Verb::Upload,
                    file(path),
                    target,
                    Some(*size),
                    reason_text(*reason, json),
                )
            }
            FolderAction::Download {
                key,
                file: path,
                size,
                reason,
                ..
            } => {
                let source = address(&self.source, key);
                described(
                    Verb::Download,
                    source,
                    Some(file(path)),
                    Some(*size),
                    reason_text(*reason, json),
                )
            }
            FolderAction::Copy {
                source,
                key,
                size,
                reason,
                ..
            } => {
                let (source, target) = (address(&self.source, source), address(&self.target, key));
                described(
                    Verb::Copy,
                    source,
                    Some(target),
                    Some(*size),
                    reason_text(*reason, json),
                )
            }
            FolderAction::Delete { target, .. } => {
                let name = match target {
                    DeleteTarget::Object(key) => address(&self.target, key),
                    DeleteTarget::File(path) | DeleteTarget::Folder(path) => file(path),
                    other => other.to_string(),
                };
                described(Verb::Delete, name, None, None, None)
            }
            FolderAction::Skip { path, reason, .. } => {
                let skipped = self.skipped_name(path, reason);
                let reason = skip_reason_of(path, reason);
                described(Verb::Skip, skipped, None, None, Some(reason))
            }
            other => described(Verb::Other, other.to_string(), None, None, None),
        }
    }
}

/// Returns why a file is transferred, unless it is because the target does not have it.
fn reason_text(reason: TransferReason, json: bool) -> Option<String> {
    match reason {
        TransferReason::New => None,
        other if json => Some(other.to_string()),
        other => Some(transfer_reason(other)),
    }
}

/// An action with its texts.
pub(in crate::commands) struct ActionText {
    verb: Verb,
    source: String,
    target: Option<String>,
    size: Option<u64>,
    pub(super) reason: Option<String>,
}

impl ActionText {
    /// Returns the action with borrowed texts.
    pub(in crate::commands) fn action(&self) -> Action<'_> {
        Action {
            verb: self.verb,
            source: &self.source,
            target: self.target.as_deref(),
            size: self.size,
            reason: self.reason.as_deref(),
            id: None,
        }
    }
}
