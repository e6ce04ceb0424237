use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use futures_util::FutureExt;

use super::state::{
    CHECK_INTERVAL, LOSS_TIME, Missing, ReservationState, SLOW_CHECK_INTERVAL, SMALL_SIZE,
    STALL_TIME, UNPOLLED_TIME,
};
use super::*;

mod simulation;

const MIB: u64 = 1 << 20;

fn used(budget: &MemoryBudget) -> u64 {
    budget.lock().used
}

#[tokio::test]
async fn memory_is_granted_in_the_order_of_requests() {
    let budget = Arc::new(MemoryBudget::new(10));
    let first = Arc::clone(&budget).reserve(6).await;
    let mut large = Box::pin(Arc::clone(&budget).reserve(7));
    let mut small = Box::pin(Arc::clone(&budget).reserve(1));
    assert!((&mut large).now_or_never().is_none());
    assert!(
        (&mut small).now_or_never().is_none(),
        "a small request does not overtake a large one"
    );
    drop(first);
    let large = large.await;
    let small = small.await;
    assert_eq!(used(&budget), 8);
    drop((large, small));
    assert_eq!(used(&budget), 0);
}

#[tokio::test]
async fn more_than_the_capacity_is_granted_alone() {
    let budget = Arc::new(MemoryBudget::new(10));
    let huge = Arc::clone(&budget).reserve(1000).await;
    assert!(Arc::clone(&budget).reserve(1).now_or_never().is_none());
    drop(huge);
    assert!(Arc::clone(&budget).reserve(1).now_or_never().is_some());
}

#[tokio::test]
async fn a_dropped_request_leaves_nothing_behind() {
    let budget = Arc::new(MemoryBudget::new(10));
    let first = Arc::clone(&budget).reserve(10).await;
    let mut dropped = Box::pin(Arc::clone(&budget).reserve(10));
    assert!((&mut dropped).now_or_never().is_none());
    drop(dropped);
    drop(first);
    assert_eq!(used(&budget), 0);
    // Granted, but never taken.
    let mut granted = Box::pin(Arc::clone(&budget).reserve(10));
    let blocker = Arc::clone(&budget).reserve(10).now_or_never();
    assert!((&mut granted).now_or_never().is_none());
    drop(blocker);
    drop(granted);
    assert_eq!(used(&budget), 0);
}

/// The budget never counts the bytes that are kept as available.
#[tokio::test]
async fn shrinking_releases_only_the_difference() {
    let budget = Arc::new(MemoryBudget::new(10));
    let first = Arc::clone(&budget).reserve(10).await;
    let mut other = Box::pin(Arc::clone(&budget).reserve(5));
    assert!((&mut other).now_or_never().is_none());
    first.shrink(6);
    assert!((&mut other).now_or_never().is_none());
    first.shrink(5);
    assert!((&mut other).now_or_never().is_some());
}

/// Returns the reservation if it is granted in this time.
async fn granted_in(
    time: Duration,
    reservation: impl Future<Output = Reservation>,
) -> Option<Reservation> {
    tokio::time::timeout(time, reservation).await.ok()
}

#[tokio::test]
async fn bytes_that_a_stalled_part_does_not_use_are_given_to_others() {
    let budget = Arc::new(MemoryBudget::new(8 * MIB));
    let stalled = Arc::clone(&budget).reserve(8 * MIB).await;
    stalled.try_use(MIB).unwrap();
    let other = Arc::clone(&budget).reserve(7 * MIB).await;
    assert_eq!(
        used(&budget),
        8 * MIB + SMALL_SIZE,
        "nothing is lost so early"
    );
    tokio::time::sleep(LOSS_TIME).await;
    other.use_more(7 * MIB).now_or_never().unwrap();
    assert_eq!(used(&budget), 8 * MIB);
    other.wait_for_network();
    let mut more = Box::pin(stalled.use_more(MIB));
    assert!((&mut more).now_or_never().is_none());
    drop(other);
    more.await;
    assert_eq!(used(&budget), 8 * MIB, "all of the part is reserved again");
    drop(stalled);
    assert_eq!(used(&budget), 0);
}

/// Otherwise the memory would be spread over many parts, none of which is completed.
#[tokio::test]
async fn slow_parts_grow_one_after_another_while_others_are_filled() {
    const CHUNK: u64 = MIB / 2;
    let budget = Arc::new(MemoryBudget::new(8 * MIB));
    let filling = Arc::clone(&budget).reserve(8 * MIB).await;
    let slow = (0..4).map(|_| {
        let budget = Arc::clone(&budget);
        tokio::spawn(async move {
            let part = budget.reserve(8 * MIB).await;
            loop {
                part.use_more(CHUNK).await;
                tokio::time::sleep(STALL_TIME * 2).await;
            }
        })
    });
    let slow: Vec<_> = slow.collect();
    for _ in 0..50 {
        filling.try_use(SMALL_SIZE).unwrap();
        tokio::time::sleep(STALL_TIME / 3).await;
    }
    let bytes = |state: &State| -> Vec<u64> {
        let reservations = state.reservations.entries().iter();
        reservations
            .map(|(_, reservation)| reservation.bytes)
            .collect()
    };
    let mut bytes = bytes(&budget.lock());
    bytes.sort_unstable();
    let [others @ .., _growing, filling] = &*bytes else {
        panic!("{bytes:?}");
    };
    assert_eq!(*filling, 8 * MIB);
    let sum = others.iter().sum::<u64>();
    assert!((CHUNK..=2 * MIB + CHUNK).contains(&sum), "{bytes:?}");
    slow.iter().for_each(|task| task.abort());
}

#[tokio::test]
async fn one_part_at_a_time_grows_above_the_capacity() {
    const CAPACITY: u64 = 8 << 20;
    let budget = Arc::new(MemoryBudget::new(CAPACITY));
    let paused = Arc::clone(&budget).reserve(CAPACITY).await;
    paused.try_use(CAPACITY).unwrap();
    let reserve = || Arc::clone(&budget).reserve(CAPACITY);
    let second = granted_in(STALL_TIME * 2, reserve()).await.unwrap();
    let third = granted_in(STALL_TIME, reserve()).await.unwrap();
    assert_eq!(used(&budget), CAPACITY + 2 * SMALL_SIZE);
    let grow = async |part: &Reservation, time| {
        let grown = part.use_more(SMALL_SIZE + 1);
        tokio::time::timeout(time, grown).await.is_ok()
    };
    assert!(grow(&second, STALL_TIME * 2).await);
    for _ in 0..10 {
        assert!(second.try_use(SMALL_SIZE).is_ok());
        assert!(!grow(&third, STALL_TIME / 3).await, "the second one moves");
    }
    assert!(grow(&third, STALL_TIME * 3).await);
    assert!(second.try_use(SMALL_SIZE).is_err(), "the third one moves");
    third.wait_for_network();
    assert!(!grow(&second, STALL_TIME * 3).await, "the network is slow");
    drop(third);
    assert!(grow(&second, STALL_TIME).await);
}

#[tokio::test]
async fn slow_parts_do_not_precede_a_fast_one() {
    let budget = Arc::new(MemoryBudget::new(8 * MIB));
    // Four of them fill the capacity, and three wait.
    let slow = (0..7).map(|_| {
        let budget = Arc::clone(&budget);
        tokio::spawn(async move {
            let part = budget.reserve(2 * MIB).await;
            loop {
                part.use_more(SMALL_SIZE).await;
                tokio::time::sleep(STALL_TIME * 2).await;
            }
        })
    });
    let slow: Vec<_> = slow.collect();
    tokio::time::sleep(STALL_TIME * 8).await;
    let fast = async {
        let part = Arc::clone(&budget).reserve(2 * MIB).await;
        for _ in 0..8 {
            part.use_more(MIB / 4).await;
        }
    };
    let fast = tokio::time::timeout(STALL_TIME * 12, fast).await;
    assert!(fast.is_ok());
    slow.iter().for_each(|task| task.abort());
}

#[tokio::test]
async fn an_unpolled_request_does_not_block_others() {
    let budget = Arc::new(MemoryBudget::new(10));
    let reserve = || Box::pin(Arc::clone(&budget).reserve(10));
    let first = reserve().await;
    let mut unpolled: Vec<_> = (0..100).map(|_| reserve()).collect();
    for request in &mut unpolled {
        assert!(request.now_or_never().is_none());
    }
    let next = granted_in(UNPOLLED_TIME * 2, reserve()).await;
    assert!(next.is_some());
    drop((first, next));
    let last = granted_in(STALL_TIME * 2, reserve()).await;
    assert!(
        last.is_some(),
        "what is granted, but not taken, is not used"
    );
}

#[tokio::test]
async fn ranges_of_downloads_are_small_above_the_capacity() {
    const CAPACITY: u64 = 8 << 20;
    let budget = Arc::new(MemoryBudget::new(CAPACITY));
    let reserve = |may_exceed| Arc::clone(&budget).reserve_range(CAPACITY, may_exceed);
    let always = || Arc::new(AtomicBool::new(true));
    let first = reserve(always()).await;
    assert_eq!(first.len(), CAPACITY);
    first.wait_for_caller();
    let may_exceed = Arc::<AtomicBool>::default();
    let mut range = Box::pin(reserve(Arc::clone(&may_exceed)));
    assert!(granted_in(STALL_TIME * 4, range.as_mut()).await.is_none());
    let second = granted_in(STALL_TIME * 2, reserve(always())).await.unwrap();
    assert_eq!(second.len(), SMALL_SIZE);
    may_exceed.store(true, Ordering::Relaxed);
    let range = granted_in(STALL_TIME, range).await.unwrap();
    assert_eq!(range.len(), SMALL_SIZE);
}

/// Requests a range of a download, and returns its ID.
fn request_range(state: &mut State, bytes: u64, now: Instant) -> u64 {
    let may_exceed = Arc::new(AtomicBool::new(true));
    let reservation = state.insert_empty(now);
    state.request(reservation, bytes, Demand::Range { may_exceed }, now);
    reservation
}

/// Lets all requests check the budget at the same moment, and grants what is due.
fn check_all(state: &mut State, now: Instant) {
    let waiters = state.waiters.entries().iter();
    for turn in waiters.map(|(turn, _)| *turn).collect::<Vec<_>>() {
        state.check(turn, now);
    }
    while state.grant_next(now).is_some() {}
}

/// Returns a budget whose first reservation, of so many bytes, stalls.
fn stalled(capacity: u64, bytes: u64, now: Instant) -> State {
    let mut state = State::new(capacity, now);
    request_range(&mut state, bytes, now);
    check_all(&mut state, now);
    assert_eq!(state.used, bytes);
    state
}

/// Otherwise a request would wait for one check for each request before it.
#[test]
fn requests_that_check_at_the_same_moments_do_not_delay_each_other() {
    const CAPACITY: u64 = 32 * MIB;
    let start = Instant::now();
    let mut state = stalled(CAPACITY, CAPACITY, start);
    for _ in 0..100 {
        request_range(&mut state, 8 * MIB, start);
    }
    let mut now = start;
    while !state.waiters.is_empty() {
        now += SLOW_CHECK_INTERVAL;
        check_all(&mut state, now);
    }
    assert_eq!(state.used, CAPACITY + 100 * SMALL_SIZE);
    assert_eq!(now - start, 3 * SLOW_CHECK_INTERVAL);
}

#[test]
fn any_number_of_requests_exceed_the_capacity_slowly() {
    const CAPACITY: u64 = 32 * MIB;
    let start = Instant::now();
    let mut state = stalled(CAPACITY, CAPACITY, start);
    for _ in 0..4000 {
        request_range(&mut state, 8 * MIB, start);
    }
    let mut now = start;
    let mib_in_excess = [(); 4].map(|()| {
        for _ in 0..5 {
            now += Duration::from_millis(200);
            check_all(&mut state, now);
        }
        (state.used - CAPACITY) / MIB
    });
    assert_eq!(mib_in_excess, [16, 29, 39, 48], "after each second");
}

#[test]
fn released_small_reservations_do_not_delay_others() {
    const LARGE: u64 = 32 * MIB;
    let mut now = Instant::now();
    let mut state = stalled(LARGE + 8 * SMALL_SIZE, LARGE, now);
    let request = |state: &mut State, now| request_range(state, 8 * MIB, now);
    let mut small: VecDeque<_> = (0..8).map(|_| request(&mut state, now)).collect();
    now += STALL_TIME;
    check_all(&mut state, now);
    assert_eq!(state.used, LARGE + 8 * SMALL_SIZE);
    for _ in 0..100 {
        now += SLOW_CHECK_INTERVAL;
        state.remove(small.pop_front().unwrap(), now);
        small.push_back(request(&mut state, now));
        check_all(&mut state, now);
        let waiting = state.waiters.len();
        assert!(waiting <= 2, "{waiting} requests wait");
    }
}

/// Otherwise it would wait for the rest at its end, while it keeps all other bytes.
#[test]
fn a_part_that_loses_bytes_while_it_waits_gets_all_of_them() {
    const PART: u64 = 8 * MIB;
    let mut now = Instant::now();
    let mut state = State::new(PART, now);
    let first = request_range(&mut state, PART, now);
    check_all(&mut state, now);
    let part = state.insert_empty(now);
    state.request(part, PART, Demand::Part, now);
    now += STALL_TIME;
    check_all(&mut state, now);
    let Missing { needed, part: all } = state.try_use(part, MIB, now).unwrap_err();
    state.request(part, all, Demand::Growth { needed }, now);
    assert_eq!(state.used, PART + SMALL_SIZE);
    now += LOSS_TIME;
    state.update(first, now, |first, _| first.shrink(PART / 2));
    check_all(&mut state, now);
    assert_eq!(state.used, PART / 2, "what is not used is lost");
    state.remove(first, now);
    check_all(&mut state, now);
    assert_eq!(state.used, PART);
}

#[tokio::test]
async fn the_highest_numbers_do_not_overflow() {
    let budget = Arc::new(MemoryBudget::new(u64::MAX));
    let reserve = || Arc::clone(&budget).reserve(u64::MAX).now_or_never();
    let parts = [reserve().unwrap(), reserve().unwrap()];
    for part in &parts {
        part.try_use(u64::MAX).unwrap();
        part.try_use(u64::MAX).unwrap();
        part.shrink(100);
    }
    drop(parts);
    assert_eq!(used(&budget), 0);
}

#[tokio::test]
async fn a_request_that_waits_has_no_bytes() {
    let budget = Arc::new(MemoryBudget::new(10));
    let first = Arc::clone(&budget).reserve(10).await;
    let mut waiting = Box::pin(Arc::clone(&budget).reserve(10));
    assert!((&mut waiting).now_or_never().is_none());
    assert_eq!(used(&budget), 10);
    assert_eq!(budget.lock().reservations.len(), 2);
    drop(waiting);
    assert_eq!(budget.lock().reservations.len(), 1);
    assert!(budget.lock().waiters.is_empty());
    drop(first);
    assert!(budget.lock().reservations.is_empty());
}
