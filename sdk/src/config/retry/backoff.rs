//! How long to wait: exponential, with full jitter.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The longest wait after this attempt, the first being 1: `initial`, doubled each time, at most
/// `max`.
pub(super) fn ceiling(initial: Duration, max: Duration, attempt: u32) -> Duration {
    let doublings = attempt.saturating_sub(1).min(31);
    initial.saturating_mul(1 << doublings).min(max)
}

/// A wait between nothing and `ceiling`. All of it is random: clients that failed together must not
/// come back together.
pub(super) fn full_jitter(ceiling: Duration, random: u64) -> Duration {
    let nanos = u64::try_from(ceiling.as_nanos()).unwrap_or(u64::MAX);
    // The high half of the product is evenly spread over what `nanos` allows.
    let wait = (u128::from(random) * (u128::from(nanos) + 1)) >> 64;
    Duration::from_nanos(u64::try_from(wait).unwrap_or(nanos))
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
    fn it_doubles_up_to_its_limit() {
        let millis = Duration::from_millis;
        let ceilings = [1, 2, 3, 4, 99].map(|n| ceiling(millis(100), millis(750), n));
        assert_eq!(ceilings, [100, 200, 400, 750, 750].map(millis));
    }

    #[test]
    fn all_of_the_range_is_used() {
        let ceiling = Duration::from_millis(100);
        assert_eq!(full_jitter(ceiling, 0), Duration::ZERO);
        assert_eq!(full_jitter(ceiling, u64::MAX), ceiling);
        let waits: Vec<_> = (0..64).map(|_| full_jitter(ceiling, random())).collect();
        assert!(waits.iter().any(|wait| *wait < ceiling / 2), "{waits:?}");
        assert!(waits.iter().any(|wait| *wait > ceiling / 2), "{waits:?}");
    }

    proptest! {
        #[test]
        fn no_wait_is_longer_than_allowed(
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
