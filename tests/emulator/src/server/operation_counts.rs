//! Number of successful requests per operation.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::generated::operations::Operation;

/// Number of successful requests per operation.
#[derive(Debug)]
pub(crate) struct Tally(Mutex<BTreeMap<&'static str, u64>>);

impl Tally {
    /// Creates a tally that contains every operation.
    pub(crate) fn new() -> Self {
        let ids = Operation::ALL.iter().map(|operation| operation.facts().id);
        Self(Mutex::new(ids.map(|id| (id, 0)).collect()))
    }

    pub(crate) fn count(&self, operation: Operation) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(operation.facts().id).or_default() += 1;
    }

    pub(crate) fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_start_at_zero_for_every_operation() {
        let tally = Tally::new();
        tally.count(Operation::GetObject);
        tally.count(Operation::GetObject);
        let counts = tally.counts();
        assert_eq!(counts.len(), Operation::ALL.len());
        assert_eq!(counts["GetObject"], 2);
        assert_eq!(counts["PutObject"], 0);
    }
}
