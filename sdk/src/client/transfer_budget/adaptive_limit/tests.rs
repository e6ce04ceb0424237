//! Simulated links and services.

use std::collections::VecDeque;

use super::*;

const MIB: f64 = 1024.0 * 1024.0;
const PART: f64 = 8.0 * MIB;
/// The bytes that a connection takes at once.
const PIECE: f64 = MIB / 16.0;
const TICK: Duration = Duration::from_millis(5);
const MAX: usize = 64;
/// The minimum throughput of a part, as the client checks it by default: bytes per second, and the
/// time over which they are measured.
const MIN_THROUGHPUT: f64 = MIB / 16.0;
const CHECKED_PERIOD: Duration = Duration::from_secs(15);

/// Simulated capacity of the service and of the connections to it.
#[derive(Clone, Copy)]
struct Capacity {
    /// MiB per second of one connection.
    connection: f64,
    /// MiB per second of all connections.
    total: f64,
    /// Requests that the service accepts at once.
    requests: usize,
    /// Connections above this number take 2 percent of the total each.
    crowd: usize,
    /// The time until the first byte of a request moves, and until a shed request is answered.
    latency: Duration,
}

const UNLIMITED: Capacity = Capacity {
    connection: 1e6,
    total: 1e6,
    requests: usize::MAX,
    crowd: usize::MAX,
    latency: Duration::from_millis(10),
};

struct Case {
    name: &'static str,
    parts: usize,
    capacity: fn(seconds: f64) -> Capacity,
    /// The largest limit that is of use.
    largest: usize,
}

const CASES: &[Case] = &[
    Case {
        name: "a limit for each connection",
        parts: 1000,
        capacity: |_| Capacity {
            connection: 10.0,
            ..UNLIMITED
        },
        largest: MAX,
    },
    Case {
        name: "slow connections",
        parts: 600,
        capacity: |_| Capacity {
            connection: 1.0,
            ..UNLIMITED
        },
        largest: MAX,
    },
    Case {
        name: "a limit for all connections together",
        parts: 100,
        capacity: |_| Capacity {
            total: 40.0,
            ..UNLIMITED
        },
        largest: 16,
    },
    Case {
        name: "both limits",
        parts: 400,
        capacity: |_| Capacity {
            connection: 10.0,
            total: 115.0,
            ..UNLIMITED
        },
        largest: 32,
    },
    Case {
        name: "many connections are slower",
        parts: 500,
        capacity: |_| Capacity {
            connection: 10.0,
            total: 150.0,
            crowd: 15,
            ..UNLIMITED
        },
        largest: 32,
    },
    Case {
        name: "the processor limits all connections, and each one above 4 takes a share",
        parts: 500,
        capacity: |_| Capacity {
            total: 1500.0,
            crowd: 4,
            ..UNLIMITED
        },
        largest: 16,
    },
    Case {
        name: "load above 4 is shed",
        parts: 100,
        capacity: |_| Capacity {
            connection: 10.0,
            requests: 4,
            ..UNLIMITED
        },
        largest: 8,
    },
    Case {
        name: "load above 1 is shed",
        parts: 40,
        capacity: |_| Capacity {
            connection: 10.0,
            requests: 1,
            ..UNLIMITED
        },
        largest: 4,
    },
    Case {
        name: "load above 13 is shed",
        parts: 300,
        capacity: |_| Capacity {
            connection: 10.0,
            requests: 13,
            ..UNLIMITED
        },
        largest: 16,
    },
    Case {
        name: "load above 6 is shed late",
        parts: 64,
        capacity: |_| Capacity {
            connection: 16.0,
            requests: 6,
            latency: Duration::from_millis(100),
            ..UNLIMITED
        },
        largest: 8,
    },
    Case {
        name: "load above 16 is shed after 30 ms",
        parts: 64,
        capacity: |_| Capacity {
            connection: 16.0,
            requests: 16,
            latency: Duration::from_millis(30),
            ..UNLIMITED
        },
        largest: 28,
    },
    Case {
        name: "load above 33 is shed",
        parts: 66,
        capacity: |_| Capacity {
            connection: 4.0,
            requests: 33,
            ..UNLIMITED
        },
        largest: 44,
    },
    Case {
        name: "load above 2 is shed, fast connections",
        parts: 300,
        capacity: |_| Capacity {
            connection: 200.0,
            requests: 2,
            ..UNLIMITED
        },
        largest: 4,
    },
    Case {
        name: "more load is shed for a while",
        parts: 600,
        capacity: |seconds| Capacity {
            connection: 10.0,
            requests: if (10.0..20.0).contains(&seconds) {
                4
            } else {
                16
            },
            ..UNLIMITED
        },
        largest: 23,
    },
    Case {
        name: "a tenth of the throughput for a while",
        parts: 400,
        capacity: |seconds| {
            let is_low = (5.0..15.0).contains(&seconds);
            let share = if is_low { 0.1 } else { 1.0 };
            Capacity {
                connection: 20.0 * share,
                total: 200.0 * share,
                ..UNLIMITED
            }
        },
        largest: MAX,
    },
    Case {
        name: "a home line",
        parts: 40,
        capacity: |_| Capacity {
            total: 1.0,
            latency: Duration::from_millis(30),
            ..UNLIMITED
        },
        largest: 9,
    },
    Case {
        name: "a slow home line",
        parts: 40,
        capacity: |_| Capacity {
            total: 0.5,
            latency: Duration::from_millis(30),
            ..UNLIMITED
        },
        largest: 6,
    },
    Case {
        name: "a distant service",
        parts: 600,
        capacity: |_| Capacity {
            connection: 4.0,
            latency: Duration::from_millis(250),
            ..UNLIMITED
        },
        largest: MAX,
    },
    Case {
        name: "slow connections to a distant service",
        parts: 200,
        capacity: |_| Capacity {
            connection: 0.2,
            latency: Duration::from_millis(250),
            ..UNLIMITED
        },
        largest: MAX,
    },
];

/// The cost of a transfer.
#[derive(Clone, Copy, Debug)]
struct Cost {
    seconds: f64,
    requests: usize,
    largest_limit: usize,
    /// Parts that moved less than the default minimum throughput of the client.
    stalled: usize,
}

struct Request {
    ticket: Ticket,
    start: Instant,
    moved: f64,
    reported: f64,
    is_shed: bool,
    attempt: u32,
    /// When its throughput is checked next, and the bytes that it had moved at the last check.
    check: (Instant, f64),
}

/// Transfers all parts, with a fixed number of requests in flight or with the adaptive limit. As the
/// client does, retries a shed request after a random delay of up to 100 ms, which doubles with each
/// attempt.
fn simulate(case: &Case, fixed: Option<usize>) -> Cost {
    let start = Instant::now();
    let mut now = start;
    let mut adaptive = AdaptiveLimit::new(MAX, now);
    let mut unsent = case.parts;
    let mut delayed: VecDeque<(Instant, u32)> = VecDeque::new();
    let mut running: Vec<Request> = Vec::new();
    let mut random = 12345_u64;
    let mut cost = Cost {
        seconds: 0.0,
        requests: 0,
        largest_limit: 0,
        stalled: 0,
    };
    while unsent + delayed.len() + running.len() > 0 {
        let seconds = (now - start).as_secs_f64();
        assert!(seconds < 10_000.0, "{}: it never ends", case.name);
        let capacity = (case.capacity)(seconds);
        loop {
            // As its owner does before each request.
            adaptive.check(now);
            if !fixed.map_or(adaptive.has_room(), |fixed| running.len() < fixed) {
                break;
            }
            let due = delayed.iter().position(|(at, _)| *at <= now);
            let attempt = match due.and_then(|index| delayed.remove(index)) {
                Some((_, attempt)) => attempt,
                None if unsent > 0 => {
                    unsent -= 1;
                    1
                }
                None => break,
            };
            let accepted = running.iter().filter(|request| !request.is_shed).count();
            cost.requests += 1;
            running.push(Request {
                ticket: adaptive.start(now),
                start: now + capacity.latency,
                moved: 0.0,
                reported: 0.0,
                is_shed: accepted >= capacity.requests,
                attempt,
                check: (now + CHECKED_PERIOD, 0.0),
            });
        }
        cost.largest_limit = cost.largest_limit.max(adaptive.limit());
        now += TICK;
        let is_active = |request: &&Request| request.start <= now && !request.is_shed;
        let active = running.iter().filter(is_active).count();
        let left = 1.0 - 0.02 * active.saturating_sub(capacity.crowd) as f64;
        let share = capacity.total * left.max(0.1) / active.max(1) as f64;
        let moved = share.min(capacity.connection) * MIB * TICK.as_secs_f64();
        let mut index = 0;
        while let Some(request) = running.get_mut(index) {
            if request.start > now {
                index += 1;
                continue;
            }
            if request.is_shed {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                let delay = (random >> 33) % (100 << (request.attempt - 1).min(7));
                delayed.push_back((now + Duration::from_millis(delay), request.attempt + 1));
                adaptive.end(running.swap_remove(index).ticket, Outcome::Shed, now);
                continue;
            }
            request.moved = (request.moved + moved).min(PART);
            if now >= request.check.0 {
                let least = MIN_THROUGHPUT * CHECKED_PERIOD.as_secs_f64();
                cost.stalled += usize::from(request.moved - request.check.1 < least);
                request.check = (now + CHECKED_PERIOD, request.moved);
            }
            let unreported = request.moved - request.reported;
            let is_first = request.reported == 0.0 && unreported > 0.0;
            if is_first || unreported >= PIECE || request.moved >= PART {
                request.reported = request.moved;
                if is_first {
                    adaptive.responded(capacity.latency);
                }
                adaptive.moved(&mut request.ticket, unreported as u64, now);
            }
            if request.moved >= PART {
                adaptive.end(running.swap_remove(index).ticket, Outcome::Success, now);
                continue;
            }
            index += 1;
        }
    }
    cost.seconds = (now - start).as_secs_f64();
    cost
}

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
    const CAPACITIES: [fn(f64) -> Capacity; 6] = [
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
