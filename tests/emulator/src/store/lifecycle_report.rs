//! Results of lifecycle rules.

use std::ops::AddAssign;

use serde::Serialize;

/// What lifecycle rules have done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LifecycleReport {
    /// Objects that were deleted, and old versions that were removed.
    pub expired: u64,
    /// Objects and old versions whose storage class has changed.
    pub transitioned: u64,
    /// Uploads that were aborted.
    pub aborted: u64,
}

impl AddAssign for LifecycleReport {
    fn add_assign(&mut self, other: Self) {
        self.expired += other.expired;
        self.transitioned += other.transitioned;
        self.aborted += other.aborted;
    }
}
