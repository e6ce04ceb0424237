//! Which operations of the specification have a scenario.

use std::collections::BTreeSet;

use qingstor_emulator::OPERATIONS;

/// The tag of scenarios that wait for the emulator.
pub(crate) const PENDING: &str = "pending";

/// What the tags of all scenarios say.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    /// How many scenarios wait.
    pub(crate) pending: usize,
    /// The operations that scenarios exercise, and those that only will.
    now: BTreeSet<String>,
    later: BTreeSet<String>,
}

impl Coverage {
    /// Takes a scenario in, and says whether it waits.
    pub(crate) fn add(&mut self, tags: &[String]) -> bool {
        let pending = tags.iter().any(|tag| tag == PENDING);
        let operations = operations(tags).map(str::to_owned);
        if pending {
            self.pending += 1;
            self.later.extend(operations);
        } else {
            self.now.extend(operations);
        }
        pending
    }

    /// Says which operations have no scenario, and whether that is as it should be: as long as
    /// scenarios are pending, theirs may be missing.
    pub(crate) fn print_gaps(&self) -> bool {
        let missing = OPERATIONS
            .iter()
            .copied()
            .filter(|&id| !self.now.contains(id));
        let (waiting, forgotten): (Vec<&str>, Vec<&str>) =
            missing.partition(|&id| self.later.contains(id));
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

/// Fails unless the specification has each operation of the tags, and the scenario exercised it.
pub(crate) fn check_tags(tags: &[String], exercised: &BTreeSet<&'static str>) {
    for id in operations(tags) {
        assert!(OPERATIONS.contains(&id), "there is no operation {id}");
        assert!(
            exercised.contains(id),
            "{id} is in the tags, and was not called"
        );
    }
}
