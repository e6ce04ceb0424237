//! Which operations of the specification have a scenario.

use std::collections::BTreeSet;

use qingstor_emulator::OPERATIONS;

use crate::world::Suite;

/// The tag of scenarios that wait for the emulator.
pub(crate) const PENDING: &str = "pending";

/// What the tags of all scenarios say.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    /// How many scenarios wait.
    pub(crate) pending: usize,
    /// The operations that were carried out, and those that scenarios wait for.
    served: BTreeSet<&'static str>,
    awaited: BTreeSet<String>,
}

impl Coverage {
    /// Takes a scenario in, and says whether it waits.
    pub(crate) fn add(&mut self, tags: &[String]) -> bool {
        let pending = tags.iter().any(|tag| tag == PENDING);
        if pending {
            self.pending += 1;
            self.awaited.extend(operations(tags).map(str::to_owned));
        }
        pending
    }

    /// Takes in what a scenario had carried out; its tags must not claim more than it called.
    pub(crate) fn finish(&mut self, tags: &[String], world: &Suite) {
        for id in operations(tags) {
            assert!(OPERATIONS.contains(&id), "there is no operation {id}");
            assert!(
                world.called.contains(id),
                "{id} is in the tags, and was not called"
            );
        }
        self.served.extend(world.served());
    }

    /// Says which operations no scenario had carried out, and whether that is as it should be: as
    /// long as scenarios are pending, theirs may be missing.
    pub(crate) fn print_gaps(&self) -> bool {
        let missing = OPERATIONS
            .iter()
            .copied()
            .filter(|&id| !self.served.contains(id));
        let (waiting, forgotten): (Vec<&str>, Vec<&str>) =
            missing.partition(|&id| self.awaited.contains(id));
        for (what, ids) in [("only pending", &waiting), ("no scenario", &forgotten)] {
            if !ids.is_empty() {
                println!("{what}: {ids:?}");
            }
        }
        forgotten.is_empty()
    }
}

/// The operations that tags name.
fn operations(tags: &[String]) -> impl Iterator<Item = &str> {
    tags.iter().filter_map(|tag| tag.strip_prefix("op."))
}
