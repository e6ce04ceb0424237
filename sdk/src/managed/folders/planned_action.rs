//! [`PlannedAction`]: an action with what its plan knows.

use super::action::FolderAction;
use super::compare::Version;
use crate::base::error::Error;

/// An action, and what is known about its source.
#[derive(Debug)]
pub(super) struct PlannedAction {
    pub(super) action: FolderAction,
    /// Relative path.
    pub(super) path: String,
    /// Empty ETag if the source is a local file.
    pub(super) source: Option<Box<Version>>,
    /// Why a path is skipped, if not only its reason says it.
    pub(super) error: Option<Error>,
}
