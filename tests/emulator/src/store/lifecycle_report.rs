//! The result of applying lifecycle rules.

use std::ops::AddAssign;

use serde::Serialize;

/// Numbers of actions of lifecycle rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LifecycleReport {
    /// Deleted objects and removed old versions.
    pub expired: u64,
    /// Objects and old versions with a changed storage class.
    pub transitioned: u64,
    /// Aborted uploads.
    pub aborted: u64,
}

impl AddAssign for LifecycleReport {
    fn add_assign(&mut self, other: Self) {
        self.expired += other.expired;
        self.transitioned += other.transitioned;
        self.aborted += other.aborted;
    }
}
