//! Number of successful requests per operation.

use std::collections::BTreeMap;
use std::sync::Mutex;

use crate::base::locks;
use crate::generated::operations::Operation;

/// Number of successful requests per operation.
#[derive(Debug)]
pub(crate) struct OperationCounts(Mutex<BTreeMap<&'static str, u64>>);

impl OperationCounts {
    /// Creates counts of 0 for every operation.
    pub(crate) fn new() -> Self {
        let ids = Operation::ALL.iter().map(|operation| operation.facts().id);
        Self(Mutex::new(ids.map(|id| (id, 0)).collect()))
    }

    pub(crate) fn increment(&self, operation: Operation) {
        let mut counts = locks::lock(&self.0);
        *counts.entry(operation.facts().id).or_default() += 1;
    }

    pub(crate) fn snapshot(&self) -> BTreeMap<&'static str, u64> {
        locks::lock(&self.0).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_start_at_zero_for_every_operation() {
        let operation_counts = OperationCounts::new();
        operation_counts.increment(Operation::GetObject);
        operation_counts.increment(Operation::GetObject);
        let counts = operation_counts.snapshot();
        assert_eq!(counts.len(), Operation::ALL.len());
        assert_eq!(counts["GetObject"], 2);
        assert_eq!(counts["PutObject"], 0);
    }
}
