//! Exponential backoff with full jitter.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Returns the maximum delay after `attempt`, the first being 1: `initial`, doubled with each
/// attempt, at most `max`.
pub(super) fn ceiling(initial: Duration, max: Duration, attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1).min(31);
    initial.saturating_mul(1 << doublings).min(max)
}

/// Returns a delay between zero and `ceiling`. The whole range is random, so that clients that failed
/// at the same time do not retry at the same time.
pub(super) fn full_jitter(ceiling: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX);
    // The upper 64 bits of the product are distributed evenly over 0 to `nanos`.
    let delay = (u128::from(random) * (u128::from(nanos) + 1)) >> 64;
    Duration::from_nanos(u64::try_from(delay).unwrap_or(nanos))
}

/// Returns a random number from the randomly keyed hashers of the standard library. Not for
/// secrets.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_ceiling_doubles_up_to_the_maximum() {
        let millis = Duration::from_millis;
        let ceilings = [1, 2, 3, 4, 99].map(|n| ceiling(millis(100), millis(750), n));
        assert_eq!(ceilings, [100, 200, 400, 750, 750].map(millis));
    }

    #[test]
    fn jitter_uses_the_whole_range() {
        let ceiling = Duration::from_millis(100);
        assert_eq!(full_jitter(ceiling, 0), Duration::ZERO);
        assert_eq!(full_jitter(ceiling, u64::MAX), ceiling);
        let delays: Vec<_> = (0..64).map(|_| full_jitter(ceiling, random())).collect();
        assert!(
            delays.iter().any(|delay| *delay < ceiling / 2),
            "{delays:?}"
        );
        assert!(
            delays.iter().any(|delay| *delay > ceiling / 2),
            "{delays:?}"
        );
    }

    proptest! {
        #[test]
        fn no_delay_exceeds_the_ceiling(
            initial: Duration,
            max: Duration,
            attempt: u32,
            random: u64,
        ) {
            let ceiling = ceiling(initial, max, attempt);
            prop_assert!(ceiling <= max);
            prop_assert!(full_jitter(ceiling, random) <= ceiling);
        }
    }
}
