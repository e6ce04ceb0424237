//! Simulated links and services, and the transfers over them.

use std::collections::VecDeque;

use super::super::*;

pub(super) const MIB: f64 = 1024.0 * 1024.0;
const PART: f64 = 8.0 * MIB;
/// The bytes that a connection takes at once.
const PIECE: f64 = MIB / 16.0;
pub(super) const TICK: Duration = Duration::from_millis(5);
pub(super) const MAX: usize = 64;
/// The minimum throughput of a part, as the client checks it by default: bytes per second, and the
/// time over which they are measured.
const MIN_THROUGHPUT: f64 = MIB / 16.0;
const CHECKED_PERIOD: Duration = Duration::from_secs(15);

/// Simulated capacity of the service and of the connections to it.
#[derive(Clone, Copy)]
pub(super) struct Capacity {
    /// MiB per second of one connection.
    pub(super) connection: f64,
    /// MiB per second of all connections.
    pub(super) total: f64,
    /// Requests that the service accepts at once.
    pub(super) requests: usize,
    /// Connections above this number take 2 percent of the total each.
    pub(super) crowd: usize,
    /// The time until the first byte of a request moves, and until a shed request is answered.
    pub(super) latency: Duration,
}

/// Returns the capacity after so many seconds.
pub(super) type CapacityAt = fn(f64) -> Capacity;

pub(super) const UNLIMITED: Capacity = Capacity {
    connection: 1e6,
    total: 1e6,
    requests: usize::MAX,
    crowd: usize::MAX,
    latency: Duration::from_millis(10),
};

pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) parts: usize,
    pub(super) capacity: CapacityAt,
    /// The largest limit that is of use.
    pub(super) largest: usize,
}

pub(super) const CASES: &[Case] = &[
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
pub(super) struct Cost {
    pub(super) seconds: f64,
    pub(super) requests: usize,
    pub(super) largest_limit: usize,
    /// Parts that moved less than the default minimum throughput of the client.
    pub(super) stalled: usize,
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
pub(super) fn simulate(case: &Case, fixed: Option<usize>) -> Cost {
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
