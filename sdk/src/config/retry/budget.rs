//! [`RetryBudget`]: limits the retries of all requests of a client.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Tokens that a retry takes.
const COST: u32 = 5;
/// Tokens that a retry after a timeout takes. Such an attempt occupied a connection for a long time.
const COST_AFTER_TIMEOUT: u32 = 10;

/// Limits the retries of all requests of a client together, so that retries do not amplify an
/// outage.
///
/// A token bucket with 500 tokens. A retry takes 5 tokens, a retry after a timeout 10. A request
/// that succeeds at the first attempt returns 1 token. If the bucket has too few tokens, the request
/// fails with its last error. A response body that breaks off after at least 1 MiB, or that was only
/// too slow, continues without taking tokens. The first retry after a [reused connection
/// broke](crate::guide::retries#broken-connections) takes none either. The budget only matters during
/// outages: it keeps the added load at a few percent.
///
/// A clone shares the tokens. Clients of the same service can share one budget.
#[derive(Clone)]
pub struct RetryBudget(Option<Arc<Tokens>>);

struct Tokens {
    left: AtomicU32,
    capacity: u32,
}

impl RetryBudget {
    /// Creates a budget of this many tokens, which is also its maximum. With 0 tokens, nothing is
    /// retried.
    #[must_use]
    pub fn new(tokens: u32) -> Self {
        Self(Some(Arc::new(Tokens {
            left: AtomicU32::new(tokens),
            capacity: tokens,
        })))
    }

    /// Creates a budget that never runs out. Only [`RetryPolicy`](crate::RetryPolicy) limits retries
    /// then.
    #[must_use]
    pub fn unlimited() -> Self {
        Self(None)
    }

    /// Returns the number of tokens that are left; `None` if the budget is unlimited.
    #[must_use]
    pub fn tokens(&self) -> Option<u32> {
        Some(self.0.as_ref()?.left.load(Ordering::Relaxed))
    }

    /// Takes the tokens of one retry. Returns `false` if too few are left.
    pub(crate) fn take(&self, after_timeout: bool) -> bool {
        let Some(tokens) = &self.0 else { return true };
        let cost = if after_timeout {
            COST_AFTER_TIMEOUT
        } else {
            COST
        };
        tokens
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(cost)
            })
            .is_ok()
    }

    /// Returns the token of a request that succeeded at its first attempt.
    pub(crate) fn return_token(&self) {
        let Some(tokens) = &self.0 else { return };
        // The bucket is nearly always full. Reading first avoids a write to a cache line that all
        // threads share.
        if tokens.left.load(Ordering::Relaxed) == tokens.capacity {
            return;
        }
        // An error means that another thread has filled the bucket.
        let _ = tokens
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                (left < tokens.capacity).then(|| left + 1)
            });
    }
}

impl Default for RetryBudget {
    /// 500 tokens.
    fn default() -> Self {
        Self::new(500)
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("RetryBudget");
        match &self.0 {
            Some(tokens) => shown
                .field("left", &tokens.left)
                .field("capacity", &tokens.capacity),
            None => shown.field("capacity", &"unlimited"),
        };
        shown.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_take_tokens_and_successes_return_them() {
        let budget = RetryBudget::new(20);
        assert!(budget.take(false) && budget.take(true));
        assert_eq!(budget.tokens(), Some(5));
        assert!(!budget.take(true));
        assert!(budget.take(false) && !budget.take(false));
        for _ in 0..50 {
            budget.return_token();
        }
        assert_eq!(budget.tokens(), Some(20));
    }

    #[test]
    fn clones_share_the_tokens() {
        let budget = RetryBudget::new(5);
        assert!(budget.clone().take(false));
        assert!(!budget.take(false));
        assert!(RetryBudget::unlimited().take(true));
        assert!(!RetryBudget::new(0).take(false));
    }

    #[test]
    fn threads_never_take_more_tokens_than_the_budget_has() {
        let budget = RetryBudget::new(500);
        let taken = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    while budget.take(false) {
                        taken.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(taken.into_inner(), 100);
    }
}
