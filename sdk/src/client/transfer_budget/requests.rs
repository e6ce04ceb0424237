//! [`RequestBudget`]: a limit on the requests of transfers in flight.

mod slot;

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::RecvError;
use tokio::time::Instant;

pub(crate) use self::slot::RequestSlot;
use super::adaptive_limit::{AdaptiveLimit, CHECK_INTERVAL, Outcome, Ticket};

/// A limit on the requests in flight, and adaptive limits below it. Requests start in their order,
/// except that a lane whose limit is reached does not block the others.
pub(crate) struct RequestBudget {
    max: usize,
    state: Mutex<State>,
}

struct State {
    in_flight: usize,
    /// Indexed by [`Lane`].
    limits: [AdaptiveLimit; 3],
    next_id: u64,
    /// In the order of their IDs.
    waiters: VecDeque<RequestWaiter>,
}

/// Requests that are limited together, because they compete for the same resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    Uploads,
    Downloads,
    Copies,
}

struct RequestWaiter {
    id: u64,
    /// `None` if only the limit of the client applies.
    lane: Option<Lane>,
    grant: oneshot::Sender<Permit>,
}

/// Removes a request that waits.
struct WaitGuard<'a>(&'a RequestBudget, u64);

impl Drop for WaitGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        let Self(budget, id) = self;
        let removed = {
            let mut state = budget.lock();
            let index = state.waiters.binary_search_by_key(id, |waiter| waiter.id);
            index.ok().and_then(|index| state.waiters.remove(index))
        };
        drop(removed);
    }
}

/// The right to have one request in flight, released on drop.
struct Permit {
    budget: Arc<RequestBudget>,
    /// The lane and its ticket.
    ticket: Option<(Lane, Ticket)>,
    outcome: Outcome,
}

/// Maximum limit of an adaptive lane.
const MAX_ADAPTIVE: usize = 64;

impl RequestBudget {
    pub(crate) fn new(max: usize) -> Self {
        let max = max.max(1);
        let now = Instant::now();
        let limit = || AdaptiveLimit::new(max.min(MAX_ADAPTIVE), now);
        Self {
            max,
            state: Mutex::new(State {
                in_flight: 0,
                limits: [limit(), limit(), limit()],
                next_id: 0,
                waiters: VecDeque::new(),
            }),
        }
    }

    /// Waits until a request may start. `lane`: the adaptive limit that applies in addition.
    pub(crate) async fn acquire(self: Arc<Self>, lane: Option<Lane>) -> RequestSlot {
        let permit = Arc::clone(&self).permit(lane).await;
        RequestSlot::new(self, lane, permit)
    }

    /// Records that the service began to respond to a small request of the lane after `latency`.
    pub(crate) fn responded(&self, lane: Lane, latency: Duration) {
        if let Some(limit) = self.lock().limits.get_mut(lane as usize) {
            limit.responded(latency);
        }
    }

    /// Returns the current limit of a lane.
    #[inline]
    pub(crate) fn limit(&self, lane: Lane) -> usize {
        let state = self.lock();
        let limit = state.limits.get(lane as usize);
        limit.map_or(0, AdaptiveLimit::limit)
    }

    async fn permit(self: Arc<Self>, lane: Option<Lane>) -> Permit {
        loop {
            // A sender that is dropped without a permit queues the request again.
            if let Ok(permit) = self.wait(lane).await {
                return permit;
            }
        }
    }

    async fn wait(self: &Arc<Self>, lane: Option<Lane>) -> Result<Permit, RecvError> {
        let (grant, granted) = oneshot::channel();
        let id = {
            let mut state = self.lock();
            state.next_id += 1;
            let id = state.next_id;
            state.waiters.push_back(RequestWaiter { id, lane, grant });
            id
        };
        let _guard = WaitGuard(self, id);
        self.grant();
        let mut granted = pin!(granted);
        loop {
            // Few checks, however many requests wait.
            let waiters = u32::try_from(self.lock().waiters.len() / 8).unwrap_or(u32::MAX);
            let interval = CHECK_INTERVAL.saturating_mul(waiters.saturating_add(1));
            match tokio::time::timeout(interval, granted.as_mut()).await {
                Ok(permit) => return permit,
                Err(_) => self.grant(),
            }
        }
    }

    /// Starts the first requests that may start.
    fn grant(self: &Arc<Self>) {
        loop {
            let mut state = self.lock();
            if state.in_flight >= self.max {
                return;
            }
            let State {
                limits, waiters, ..
            } = &mut *state;
            if !waiters.is_empty() {
                let now = Instant::now();
                limits.iter_mut().for_each(|limit| limit.check(now));
            }
            let has_room = |lane: Option<Lane>| {
                let limit = lane.and_then(|lane| limits.get(lane as usize));
                limit.is_none_or(AdaptiveLimit::has_room)
            };
            let first = waiters.iter().position(|waiter| has_room(waiter.lane));
            let Some(first) = first.and_then(|index| waiters.remove(index)) else {
                return;
            };
            state.in_flight += 1;
            let ticket = first.lane.and_then(|lane| {
                let limit = state.limits.get_mut(lane as usize)?;
                Some((lane, limit.start(Instant::now())))
            });
            drop(state);
            // If the request does not wait any more, the permit comes back and is dropped here.
            let _ = first.grant.send(Permit {
                budget: Arc::clone(self),
                ticket,
                outcome: Outcome::Other,
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Permit {
    /// Records that the service began to respond to the first request with this permit.
    fn responded(&self) {
        if let Some((lane, ticket)) = &self.ticket {
            self.budget.responded(*lane, ticket.age(Instant::now()));
        }
    }

    fn moved(&mut self, bytes: u64) {
        let Some((lane, ticket)) = &mut self.ticket else {
            return;
        };
        let mut state = self.budget.lock();
        if let Some(limit) = state.limits.get_mut(*lane as usize) {
            limit.moved(ticket, bytes, Instant::now());
        }
        let may_start = !state.waiters.is_empty();
        drop(state);
        if may_start {
            self.budget.grant();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.budget.lock();
        state.in_flight = state.in_flight.saturating_sub(1);
        if let Some((lane, ticket)) = self.ticket.take()
            && let Some(limit) = state.limits.get_mut(lane as usize)
        {
            limit.end(ticket, self.outcome, Instant::now());
        }
        drop(state);
        self.budget.grant();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn try_acquire(budget: &Arc<RequestBudget>, lane: Option<Lane>) -> Option<RequestSlot> {
        Arc::clone(budget).acquire(lane).now_or_never()
    }

    fn in_flight(budget: &RequestBudget) -> usize {
        budget.lock().in_flight
    }

    #[tokio::test]
    async fn requests_start_in_their_order() {
        let budget = Arc::new(RequestBudget::new(2));
        let first = try_acquire(&budget, None).unwrap();
        let second = try_acquire(&budget, Some(Lane::Uploads)).unwrap();
        let mut third = Box::pin(Arc::clone(&budget).acquire(None));
        let mut fourth = Box::pin(Arc::clone(&budget).acquire(Some(Lane::Uploads)));
        assert!((&mut third).now_or_never().is_none());
        assert!((&mut fourth).now_or_never().is_none());
        drop(second);
        assert!((&mut fourth).now_or_never().is_none());
        let third = (&mut third).now_or_never().unwrap();
        drop(first);
        let fourth = (&mut fourth).now_or_never().unwrap();
        assert_eq!(in_flight(&budget), 2);
        drop((third, fourth));
        assert_eq!(in_flight(&budget), 0);
    }

    #[tokio::test]
    async fn a_full_lane_does_not_block_others() {
        let budget = Arc::new(RequestBudget::new(100));
        let uploads: Vec<_> = (0..4)
            .map(|_| try_acquire(&budget, Some(Lane::Uploads)).unwrap())
            .collect();
        let mut upload = Box::pin(Arc::clone(&budget).acquire(Some(Lane::Uploads)));
        assert!((&mut upload).now_or_never().is_none());
        assert!(try_acquire(&budget, Some(Lane::Downloads)).is_some());
        assert!(try_acquire(&budget, None).is_some());
        drop(uploads);
        assert!((&mut upload).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_failed_attempt_gives_its_slot_up() {
        let budget = Arc::new(RequestBudget::new(100));
        let lane = Some(Lane::Uploads);
        let slots: Vec<_> = (0..4)
            .map(|_| try_acquire(&budget, lane).unwrap())
            .collect();
        let shed = &slots[0];
        shed.release(Outcome::Shed);
        assert_eq!(in_flight(&budget), 3);
        assert!(
            shed.readmit().now_or_never().is_none(),
            "the limit is 3 now"
        );
        slots[1].release(Outcome::Success);
        // The earlier attempt to be admitted was dropped.
        shed.readmit().now_or_never().unwrap();
        shed.readmit().now_or_never().unwrap();
        assert_eq!(in_flight(&budget), 3);
        drop(slots);
        assert_eq!(in_flight(&budget), 0);
    }

    #[tokio::test]
    async fn a_detached_slot_is_given_up_after_each_response() {
        let budget = Arc::new(RequestBudget::new(1));
        let slot = try_acquire(&budget, None).unwrap();
        slot.detach();
        slot.readmit().await;
        assert_eq!(in_flight(&budget), 1, "a resent request is in flight");
        slot.release_if_detached();
        assert_eq!(in_flight(&budget), 0);
    }

    #[tokio::test]
    async fn dropped_requests_do_not_wait() {
        let budget = Arc::new(RequestBudget::new(1));
        let first = try_acquire(&budget, None).unwrap();
        for _ in 0..100_000 {
            assert!(try_acquire(&budget, None).is_none());
        }
        assert!(budget.lock().waiters.is_empty());
        drop(first);
        assert!(try_acquire(&budget, None).is_some());
    }
}
