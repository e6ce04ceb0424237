//! [`RetryBudget`]: what keeps an outage from being made worse.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Tokens that a retry takes.
const COST: u32 = 5;
/// Tokens that a retry after a timeout takes. It is more because the attempt occupied a connection
/// for long.
const COST_AFTER_TIMEOUT: u32 = 10;

/// How many repeats all calls of a client may make together, so that an outage is not amplified.
///
/// It begins with 500 tokens. A repeat takes 5, one after a timeout 10; each call that succeeds at
/// its first attempt gives 1 back, up to what it began with. When too few are left, a call's error
/// is given to the caller at once. In normal times nobody notices; when a service fails for all,
/// the load on it soon is hardly more than it would be without repeats.
///
/// A clone shares the tokens: give the same budget to several clients, if they talk to the same
/// service.
#[derive(Clone)]
pub struct RetryBudget(Option<Arc<Tokens>>);

struct Tokens {
    left: AtomicU32,
    most: u32,
}

impl RetryBudget {
    /// A budget that begins with so many tokens, and never has more. With 0 nothing is repeated.
    #[must_use]
    pub fn new(tokens: u32) -> Self {
        Self(Some(Arc::new(Tokens {
            left: AtomicU32::new(tokens),
            most: tokens,
        })))
    }

    /// No limit beyond that of each call.
    #[must_use]
    pub fn unlimited() -> Self {
        Self(None)
    }

    /// Returns the number of tokens that are left; `None` if the budget is unlimited.
    #[must_use]
    pub fn tokens(&self) -> Option<u32> {
        Some(self.0.as_ref()?.left.load(Ordering::Relaxed))
    }

    /// Takes the tokens of one repeat; `false` when too few are left.
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

    /// A call succeeded at its first attempt.
    pub(crate) fn succeeded(&self) {
        let Some(tokens) = &self.0 else { return };
        // Nearly always it is full: then no other processor's copy need be disturbed.
        if tokens.left.load(Ordering::Relaxed) == tokens.most {
            return;
        }
        // That it is full by now is as good.
        let _ = tokens
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                (left < tokens.most).then(|| left + 1)
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
                .field("most", &tokens.most),
            None => shown.field("most", &"unlimited"),
        };
        shown.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_spent_and_earned() {
        let budget = RetryBudget::new(20);
        assert!(budget.take(false) && budget.take(true));
        assert_eq!(budget.tokens(), Some(5));
        assert!(!budget.take(true));
        assert!(budget.take(false) && !budget.take(false));
        for _ in 0..50 {
            budget.succeeded();
        }
        assert_eq!(budget.tokens(), Some(20));
    }

    #[test]
    fn clones_share_it() {
        let budget = RetryBudget::new(5);
        assert!(budget.clone().take(false));
        assert!(!budget.take(false));
        assert!(RetryBudget::unlimited().take(true));
        assert!(!RetryBudget::new(0).take(false));
    }

    #[test]
    fn many_threads_take_no_more_than_there_is() {
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
