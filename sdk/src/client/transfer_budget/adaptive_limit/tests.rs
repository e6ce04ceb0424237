//! Tests of the limit, with simulated links and services.

mod simulation;

use std::collections::VecDeque;

use super::*;
use simulation::{CASES, Capacity, CapacityAt, Case, Cost, MAX, MIB, TICK, UNLIMITED, simulate};

#[test]
fn is_nearly_as_good_as_the_best_fixed_setting() {
    for case in CASES {
        let name = case.name;
        let settings = [1, 2, 4, 6, 13, 16, 33, MAX];
        let costs = settings.map(|fixed| simulate(case, Some(fixed)));
        let best = costs
            .into_iter()
            .min_by(|a, b| a.seconds.total_cmp(&b.seconds))
            .unwrap();
        let adaptive = simulate(case, None);
        let share = best.seconds / adaptive.seconds;
        println!("{name}: {share:.3} of the best fixed setting, {adaptive:?}");
        assert!(share >= 0.9, "{name}: {share}, {adaptive:?} {best:?}");
        // Each part needs a request.
        let requests = adaptive.requests as f64 / case.parts as f64;
        assert!(requests <= 1.2, "{name}: {requests} requests for each part");
        assert_eq!(adaptive.stalled, 0, "{name}: {adaptive:?}");
        assert!(
            adaptive.largest_limit <= case.largest,
            "{name}: {adaptive:?}"
        );
    }
}

/// The limit is found soon enough for transfers of four seconds.
#[test]
fn short_transfers_are_nearly_as_fast_as_with_the_best_fixed_setting() {
    const CAPACITIES: [CapacityAt; 6] = [
        |_| connection(1.0),
        |_| connection(2.0),
        |_| connection(4.0),
        |_| connection(16.0),
        |_| connection(8.0),
        |_| connection(32.0),
    ];
    for (capacity, mib) in CAPACITIES
        .into_iter()
        .zip([256, 512, 512, 2048, 2048, 8192])
    {
        let case = Case {
            name: "a short transfer",
            parts: mib / 8,
            capacity,
            largest: MAX,
        };
        let best = [8, 16, 32, MAX].map(|fixed| simulate(&case, Some(fixed)).seconds);
        let best = best.into_iter().fold(f64::INFINITY, f64::min);
        let adaptive = simulate(&case, None);
        let share = best / adaptive.seconds;
        println!("{mib} MiB: {share:.3} of the best fixed setting, {adaptive:?}");
        assert!(share >= 0.9, "{mib} MiB: {share}, {adaptive:?}");
    }
}

/// Also if the service refuses a request late, and the transfer has few others.
#[test]
fn few_additional_requests_are_shed() {
    const CAPACITIES: [(&str, CapacityAt); 6] = [
        ("above 8, after 100 ms", |_| shedding(8, 100)),
        ("above 9, after 30 ms", |_| shedding(9, 30)),
        ("above 16, after 60 ms", |_| shedding(16, 60)),
        ("above 16, after 100 ms", |_| shedding(16, 100)),
        ("above 20, after 60 ms", |_| shedding(20, 60)),
        ("above 32, after 100 ms", |_| shedding(32, 100)),
    ];
    for (name, capacity) in CAPACITIES {
        let case = Case {
            name,
            parts: 64,
            capacity,
            largest: MAX,
        };
        let Cost { requests, .. } = simulate(&case, None);
        println!("{name}: {requests} requests");
        assert!((65..=76).contains(&requests), "{name}: {requests}");
    }
}

fn shedding(above: usize, millis: u64) -> Capacity {
    Capacity {
        connection: 16.0,
        requests: above,
        latency: Duration::from_millis(millis),
        ..UNLIMITED
    }
}

fn connection(connection: f64) -> Capacity {
    Capacity {
        connection,
        ..UNLIMITED
    }
}

/// Transfers one byte for each request, with as many requests in flight as allowed, but at most
/// `demand`. Returns the limit after 20 seconds.
fn limit_with_demand(demand: usize) -> usize {
    let start = Instant::now();
    let mut limit = AdaptiveLimit::new(MAX, start);
    let mut running = VecDeque::new();
    for millis in 0..20_000 {
        let now = start + Duration::from_millis(millis);
        while limit.has_room() && running.len() < demand {
            running.push_back((now + Duration::from_millis(20), limit.start(now)));
        }
        while running.front().is_some_and(|(end, _)| *end <= now)
            && let Some((_, mut ticket)) = running.pop_front()
        {
            limit.moved(&mut ticket, 1, now);
            limit.end(ticket, Outcome::Success, now);
        }
    }
    limit.limit()
}

#[test]
fn small_requests_count() {
    assert_eq!(limit_with_demand(1000), MAX);
}

#[test]
fn is_not_raised_beyond_the_demand() {
    assert_eq!(limit_with_demand(3), START);
    assert!(limit_with_demand(6) <= 8);
}

/// Requests that are shed together do not count as accepted ones.
#[test]
fn shed_requests_beside_a_shed_one_were_not_accepted() {
    let now = Instant::now();
    let mut limit = AdaptiveLimit::new(MAX, now);
    let tickets: Vec<_> = (0..6).map(|_| limit.start(now)).collect();
    limit.limit = 6;
    limit.end(tickets[4], Outcome::Shed, now);
    limit.end(tickets[5], Outcome::Shed, now);
    assert_eq!(limit.limit(), 4);
}

#[test]
fn a_shed_request_lowers_the_limit_to_the_accepted_ones() {
    let now = Instant::now();
    let mut limit = AdaptiveLimit::new(MAX, now);
    let tickets: Vec<_> = (0..4).map(|_| limit.start(now)).collect();
    assert!(!limit.has_room());
    limit.end(tickets[0], Outcome::Shed, now);
    assert_eq!(limit.limit(), 3);
    limit.end(tickets[1], Outcome::Shed, now);
    assert_eq!(limit.limit(), 2);
    assert!(!limit.has_room());
    limit.end(tickets[2], Outcome::Success, now);
    limit.end(tickets[3], Outcome::Success, now);
    let ticket = limit.start(now);
    limit.end(ticket, Outcome::Shed, now);
    assert_eq!(limit.limit(), 1, "at least one request is allowed");
    assert!(limit.has_room());
}

#[test]
fn timeouts_at_the_same_time_lower_the_limit_once() {
    let now = Instant::now();
    let mut limit = AdaptiveLimit::new(MAX, now);
    let tickets: Vec<_> = (0..4).map(|_| limit.start(now)).collect();
    for ticket in tickets {
        limit.end(ticket, Outcome::Timeout, now);
    }
    assert_eq!(limit.limit(), 3);
    for expected in [2, 1, 1] {
        let ticket = limit.start(now);
        limit.end(ticket, Outcome::Timeout, now);
        assert_eq!(limit.limit(), expected);
    }
    let ticket = limit.start(now);
    limit.end(ticket, Outcome::Other, now);
    assert_eq!(limit.limit(), 1);
}

#[test]
fn a_pause_ends_a_trial() {
    let start = Instant::now();
    let mut limit = AdaptiveLimit::new(MAX, start);
    let mut now = start;
    let mut tickets = Vec::new();
    // Until a higher limit is measured.
    while limit.limit() <= UNMEASURED {
        now += TICK;
        limit.check(now);
        while limit.has_room() {
            tickets.push(limit.start(now));
        }
        for ticket in &mut tickets {
            limit.moved(ticket, 1 << 20, now);
        }
    }
    for ticket in tickets {
        limit.end(ticket, Outcome::Success, now);
    }
    now += Duration::from_secs(60);
    limit.check(now);
    limit.start(now);
    assert_eq!(limit.limit(), UNMEASURED);
}

/// The first measurement of a transfer may be too low, because its connections are new.
#[test]
fn a_low_first_measurement_does_not_raise_the_limit_again_and_again() {
    // An error that is larger than a clear growth raises the limit once.
    for (low, largest) in [
        (0.5, 2 * UNMEASURED),
        (0.75, UNMEASURED),
        (0.85, UNMEASURED),
    ] {
        let start = Instant::now();
        let mut limit = AdaptiveLimit::new(MAX, start);
        let mut tickets = Vec::new();
        for millis in 0..10_000 {
            let now = start + Duration::from_millis(millis);
            limit.check(now);
            while limit.has_room() {
                tickets.push(limit.start(now));
            }
            let share = if millis < 60 { low } else { 1.0 };
            let bytes = share * 1.5 * MIB / tickets.len() as f64;
            for ticket in &mut tickets {
                limit.moved(ticket, bytes as u64, now);
            }
        }
        // A quarter of the limit is tried once in a while.
        let allowed = largest..=largest * 5 / 4;
        assert!(allowed.contains(&limit.limit()), "{low}: {}", limit.limit());
    }
}

#[test]
fn the_maximum_is_never_exceeded() {
    let now = Instant::now();
    for (max, limit) in [(0, 1), (1, 1), (3, 3), (4, 4), (100, START)] {
        assert_eq!(AdaptiveLimit::new(max, now).limit(), limit);
    }
}
