//! Counts of requests for the console.

use std::collections::BTreeMap;

use serde::Serialize;

/// Upper bounds of the latency histogram, in microseconds. The last class has no bound.
const BOUNDS: [u64; 13] = [
    250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    5_000_000,
];

/// Counts of requests since the start.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Figures {
    requests: u64,
    bytes_in: u64,
    bytes_out: u64,
    /// By status. 0 is a connection that a fault rule has reset.
    by_status: BTreeMap<u16, u64>,
    by_operation: BTreeMap<&'static str, OperationFigures>,
    /// Number of requests per class of the histogram.
    latency: [u64; BOUNDS.len() + 1],
    /// Upper bounds of the classes, in microseconds.
    bounds: [u64; BOUNDS.len()],
}

#[derive(Clone, Debug, Default, Serialize)]
struct OperationFigures {
    requests: u64,
    errors: u64,
    total_us: u64,
}

impl Figures {
    /// Counts a request.
    pub(super) fn add(
        &mut self,
        operation: Option<&'static str>,
        status: Option<u16>,
        duration_us: u64,
        bytes: (u64, u64),
    ) {
        self.bounds = BOUNDS;
        self.requests += 1;
        self.bytes_in += bytes.0;
        self.bytes_out += bytes.1;
        *self.by_status.entry(status.unwrap_or(0)).or_default() += 1;
        let figures = self
            .by_operation
            .entry(operation.unwrap_or(""))
            .or_default();
        figures.requests += 1;
        figures.errors += u64::from(status.is_none_or(|status| status >= 400));
        figures.total_us = figures.total_us.saturating_add(duration_us);
        let class = BOUNDS.partition_point(|bound| *bound < duration_us);
        if let Some(count) = self.latency.get_mut(class) {
            *count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_by_status_operation_and_latency() {
        let mut figures = Figures::default();
        figures.add(Some("GetObject"), Some(200), 250, (1, 2));
        figures.add(Some("GetObject"), Some(404), 251, (1, 2));
        figures.add(None, None, u64::MAX, (0, 0));
        assert_eq!(figures.requests, 3);
        assert_eq!((figures.bytes_in, figures.bytes_out), (2, 4));
        assert_eq!(
            figures.by_status,
            BTreeMap::from([(0, 1), (200, 1), (404, 1)])
        );
        assert_eq!(figures.by_operation["GetObject"].errors, 1);
        assert_eq!(figures.by_operation[""].errors, 1);
        assert_eq!(figures.latency[..2], [1, 1]);
        assert_eq!(figures.latency.last(), Some(&1));
    }
}
