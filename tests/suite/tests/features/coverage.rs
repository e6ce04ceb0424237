//! Checks that every operation of the specification has a scenario.

use std::collections::BTreeSet;

use qingstor_emulator::OPERATIONS;

use crate::world::Suite;

/// Tag of scenarios that the emulator does not support yet.
pub(crate) const PENDING: &str = "pending";

/// Operations that scenarios cover, from their tags and from the emulator.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    /// Number of pending scenarios.
    pub(crate) pending: usize,
    /// Operations that the emulator executed.
    served: BTreeSet<&'static str>,
    /// Operations in the tags of pending scenarios.
    pending_operations: BTreeSet<String>,
}

impl Coverage {
    /// Adds a scenario. Returns whether it is pending.
    pub(crate) fn add(&mut self, tags: &[String]) -> bool {
        let pending = tags.iter().any(|tag| tag == PENDING);
        if pending {
            self.pending += 1;
            self.pending_operations
                .extend(operations(tags).map(str::to_owned));
        }
        pending
    }

    /// Adds the operations of a finished scenario.
    ///
    /// # Panics
    ///
    /// Panics if the tags name an operation that the scenario did not call.
    pub(crate) fn finish(&mut self, tags: &[String], world: &Suite) {
        for id in operations(tags) {
            assert!(OPERATIONS.contains(&id), "unknown operation {id} in a tag");
            assert!(
                world.called.contains(id),
                "the tags name {id}, but the scenario did not call it"
            );
        }
        self.served.extend(world.served());
    }

    /// Prints the operations without a passed scenario. Returns whether all of them have a pending
    /// scenario.
    pub(crate) fn print_gaps(&self) -> bool {
        let missing = OPERATIONS
            .iter()
            .copied()
            .filter(|&id| !self.served.contains(id));
        let (pending, uncovered): (Vec<&str>, Vec<&str>) =
            missing.partition(|&id| self.pending_operations.contains(id));
        for (label, ids) in [("only pending", &pending), ("no scenario", &uncovered)] {
            if !ids.is_empty() {
                println!("{label}: {ids:?}");
            }
        }
        uncovered.is_empty()
    }
}

/// Returns the operations that the tags name.
fn operations(tags: &[String]) -> impl Iterator<Item = &str> {
    tags.iter().filter_map(|tag| tag.strip_prefix("op."))
}
