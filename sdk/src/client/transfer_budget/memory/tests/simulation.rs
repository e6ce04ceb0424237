//! Uploads of slow streams in simulated time.

use super::*;

/// The steps of the simulated time.
const STEP: Duration = CHECK_INTERVAL;
/// How long a part is sent.
const SENDING_TIME: Duration = Duration::from_millis(50);
const PART: u64 = 8 * MIB;

/// Streams of one part each.
struct Streams {
    number: u64,
    /// Bytes of a chunk.
    chunk: u64,
    /// The time between two chunks of a stream.
    interval: Duration,
}

/// The state of an upload until the time at which it is due.
enum Phase {
    ReadingChunk,
    WaitingForMemory(Turn),
    SendingPart,
    Finished,
}

struct SimulatedUpload {
    phase: Phase,
    /// When it continues, or checks the budget.
    due: Instant,
    /// The ID of its reservation.
    part: Option<u64>,
    chunks_left: u64,
}

impl Streams {
    /// Returns how long the uploads take, and the highest number of bytes that they reserve.
    fn upload(&self, capacity: u64) -> (Duration, u64) {
        let start = Instant::now();
        let mut state = State::new(capacity, start);
        let uploads = (0..self.number).map(|_| SimulatedUpload {
            phase: Phase::ReadingChunk,
            due: start + self.interval,
            part: None,
            chunks_left: PART / self.chunk,
        });
        let mut uploads: Vec<_> = uploads.collect();
        let (mut now, mut max_used) = (start, 0);
        let is_finished = |upload: &SimulatedUpload| matches!(upload.phase, Phase::Finished);
        while !uploads.iter().all(is_finished) {
            now += STEP;
            for upload in &mut uploads {
                self.advance(upload, &mut state, now);
                max_used = max_used.max(state.used);
            }
        }
        assert_eq!(state.used, 0);
        (now - start, max_used)
    }

    fn advance(&self, upload: &mut SimulatedUpload, state: &mut State, now: Instant) {
        match (&upload.phase, upload.part) {
            (Phase::WaitingForMemory(turn), Some(part)) if state.waiters.get(turn).is_none() => {
                self.use_chunk(upload, part, state, now);
            }
            (Phase::Finished, _) => return,
            _ if now < upload.due => return,
            (Phase::WaitingForMemory(turn), _) => {
                state.check(*turn, now);
                upload.due = now + state.check_interval();
            }
            (Phase::ReadingChunk, Some(part)) => self.use_chunk(upload, part, state, now),
            (Phase::ReadingChunk, None) => {
                let part = state.insert_empty(now);
                upload.part = Some(part);
                upload.request(part, PART, Demand::Part, state, now);
            }
            (Phase::SendingPart, part) => {
                upload.phase = Phase::Finished;
                state.remove(part.unwrap(), now);
            }
        }
        while state.grant_next(now).is_some() {}
    }

    fn use_chunk(&self, upload: &mut SimulatedUpload, part: u64, state: &mut State, now: Instant) {
        if let Err(Missing {
            needed,
            part: bytes,
        }) = state.try_use(part, self.chunk, now)
        {
            upload.request(part, bytes, Demand::Growth { needed }, state, now);
            return;
        }
        upload.chunks_left -= 1;
        if upload.chunks_left > 0 {
            upload.phase = Phase::ReadingChunk;
            upload.due = now + self.interval;
        } else {
            state.update(part, now, ReservationState::wait_for_network);
            upload.phase = Phase::SendingPart;
            upload.due = now + SENDING_TIME;
        }
    }
}

impl SimulatedUpload {
    fn request(&mut self, part: u64, bytes: u64, demand: Demand, state: &mut State, now: Instant) {
        let (turn, _) = state.request(part, bytes, demand, now);
        self.phase = Phase::WaitingForMemory(turn);
        self.due = now + state.check_interval();
    }
}

/// No part is waiting for the rest of its memory while it keeps what others lack.
#[test]
fn slow_streams_use_all_of_the_memory() {
    const KIB: u64 = 1 << 10;
    for (number, mib, kib, millis) in [
        (100, 64, 256, 300),
        (100, 64, 256, 200),
        (100, 64, 256, 600),
        (100, 64, 1024, 1200),
        (100, 68, 256, 300),
        (60, 64, 256, 300),
        (300, 64, 256, 300),
    ] {
        let streams = Streams {
            number,
            chunk: kib * KIB,
            interval: Duration::from_millis(millis),
        };
        let (time, max_used) = streams.upload(mib * MIB);
        let rounds = number.div_ceil(mib * MIB / PART);
        let shortest = Duration::from_millis(rounds * PART / (kib * KIB) * millis);
        let name = format!("{number} streams, {mib} MiB, {kib} KiB every {millis} ms");
        println!("{name}: {time:?} of {shortest:?}, {} MiB", max_used / MIB);
        assert!(time < shortest * 6 / 5, "{name}: {time:?} of {shortest:?}");
        let excess = max_used - mib * MIB;
        assert!(
            excess <= number * SMALL_SIZE + 2 * PART,
            "{name}: {excess} bytes"
        );
    }
}
