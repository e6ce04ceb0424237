//! [`PlanEvent`]: the items of a plan.

use super::action::FolderAction;
use super::compare::Version;

/// An action, and what is known about its source.
#[derive(Clone, Debug)]
pub(super) struct PlannedAction {
    pub(super) action: FolderAction,
    /// Relative path.
    pub(super) path: String,
    /// Empty ETag if the source is a local file.
    pub(super) source: Option<Box<Version>>,
}

/// An item of a plan. A channel that is closed without `End` has lost the planner.
#[derive(Debug)]
pub(super) enum PlanEvent {
    Action(PlannedAction),
    End,
}
