//! [`StreamMemory`]: the memory of the parts of one stream.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::sync::watch;

use crate::client::transfer_budget::Reservation;

/// A chunk that had to wait is read when so much more of the memory is free, as a fraction: each wake-up
/// of the task that reads takes some microseconds.
const FREE_AFTER_WAIT: u64 = 16;

/// Counts the bytes of the parts of one stream that are in memory.
#[derive(Debug, Default)]
pub(super) struct StreamMemory {
    state: Mutex<State>,
    /// Whether a chunk waits for memory.
    has_demand: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    waiter: Option<ChunkWaiter>,
}

/// The next chunk, which waits for memory.
#[derive(Debug)]
struct ChunkWaiter {
    /// The bytes that may be in memory when it is woken.
    others: u64,
    waker: Waker,
}

impl StreamMemory {
    /// Waits until a chunk of `bytes` can be added without exceeding `capacity`, or nothing else is in
    /// memory.
    #[inline]
    pub(super) fn poll_add(&self, cx: &Context<'_>, bytes: u64, capacity: u64) -> Poll<()> {
        let mut state = self.lock();
        let others = capacity.saturating_sub(bytes);
        let is_possible = state.bytes == 0 || state.bytes <= others;
        state.waiter = (!is_possible).then(|| ChunkWaiter {
            others: others.saturating_sub(capacity / FREE_AFTER_WAIT),
            waker: cx.waker().clone(),
        });
        if is_possible {
            state.bytes = state.bytes.saturating_add(bytes);
        }
        drop(state);
        self.has_demand.send_if_modified(|has_demand| {
            std::mem::replace(has_demand, !is_possible) == is_possible
        });
        match is_possible {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    /// Returns when a chunk waits for memory.
    pub(super) async fn wait_for_demand(&self) {
        let mut has_demand = self.has_demand.subscribe();
        // The sender lives as long as `self`.
        let _ = has_demand.wait_for(|has_demand| *has_demand).await;
    }

    #[inline]
    fn subtract(&self, bytes: u64) {
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_sub(bytes);
        let left = state.bytes;
        let due = state
            .waiter
            .take_if(|waiter| left == 0 || left <= waiter.others);
        drop(state);
        if let Some(due) = due {
            due.waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The memory of one part. Its chunks release their shares, and its [`PartHolder`] the rest.
#[derive(Debug)]
pub(super) struct PartReservation {
    stream: Arc<StreamMemory>,
    client: Reservation,
    bytes: Mutex<PartBytes>,
}

/// The bytes of a part that were not released.
#[derive(Clone, Copy, Debug)]
struct PartBytes {
    /// Of the client's memory, which is reserved for the whole part when it starts.
    client: u64,
    /// Of the stream's memory, which grows with each chunk.
    stream: u64,
}

impl PartReservation {
    /// Creates the memory of a part that has no chunks yet, from the `bytes` of the client's memory that
    /// were reserved for it.
    pub(super) fn new(stream: Arc<StreamMemory>, client: Reservation, bytes: u64) -> Self {
        let bytes = PartBytes {
            client: bytes,
            stream: 0,
        };
        Self {
            stream,
            client,
            bytes: Mutex::new(bytes),
        }
    }

    /// Records that `bytes` of the part were added to the memory of the stream.
    #[inline]
    pub(super) fn add(&self, bytes: u64) {
        self.update(|part| part.stream = part.stream.saturating_add(bytes));
    }

    /// Uses the client's memory for a chunk of `bytes`, if it is available.
    #[inline]
    pub(super) fn try_use(&self, bytes: u64) -> bool {
        self.client.try_use(bytes).is_ok()
    }

    /// Waits for the client's memory of a chunk of `bytes`, and uses it.
    pub(super) async fn use_more(&self, bytes: u64) {
        self.client.use_more(bytes).await;
    }

    /// Releases what the part, which is complete, does not need.
    #[inline]
    pub(super) fn complete(&self) {
        self.update(|part| part.client = part.client.min(part.stream));
        self.client.wait_for_network();
    }

    /// Returns a chunk that releases its share when its last handle is dropped.
    #[inline]
    pub(super) fn chunk(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        let part = Arc::clone(self);
        Bytes::from_owner(ReservedChunk { bytes, part })
    }

    /// Releases `bytes`, or as many as are left.
    #[inline]
    fn release(&self, bytes: u64) {
        self.update(|part| {
            part.client = part.client.saturating_sub(bytes);
            part.stream = part.stream.saturating_sub(bytes);
        });
    }

    #[inline]
    fn update(&self, update: impl FnOnce(&mut PartBytes)) {
        let mut bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let before = *bytes;
        update(&mut bytes);
        let after = *bytes;
        drop(bytes);
        if after.client < before.client {
            self.client.shrink(after.client);
        }
        if after.stream < before.stream {
            self.stream.subtract(before.stream - after.stream);
        }
    }
}

impl Drop for PartReservation {
    #[inline]
    fn drop(&mut self) {
        self.release(u64::MAX);
    }
}

/// Holds the memory of a part until it is dropped. Then nothing of the part counts any more, even if
/// a broken connection that does not end yet has handles of its chunks.
#[derive(Debug)]
pub(super) struct PartHolder(Arc<PartReservation>);

impl PartHolder {
    pub(super) fn new(part: Arc<PartReservation>) -> Self {
        Self(part)
    }

    pub(super) fn stream(&self) -> &Arc<StreamMemory> {
        &self.0.stream
    }
}

impl Drop for PartHolder {
    #[inline]
    fn drop(&mut self) {
        self.0.release(u64::MAX);
    }
}

/// A chunk that releases its memory when its last handle is dropped.
struct ReservedChunk {
    bytes: Bytes,
    part: Arc<PartReservation>,
}

impl AsRef<[u8]> for ReservedChunk {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for ReservedChunk {
    #[inline]
    fn drop(&mut self) {
        self.part.release(self.bytes.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::FutureExt;

    use super::*;
    use crate::client::transfer_budget::MemoryBudget;

    async fn part(
        stream: &Arc<StreamMemory>,
        budget: &Arc<MemoryBudget>,
        lens: &[usize],
    ) -> (Vec<Bytes>, PartHolder) {
        let len = lens.iter().sum::<usize>() as u64;
        let client = Arc::clone(budget).reserve(len).await;
        let part = Arc::new(PartReservation::new(Arc::clone(stream), client, len));
        let mut chunks = Vec::new();
        for len in lens {
            poll_fn(|cx| stream.poll_add(cx, *len as u64, u64::MAX)).await;
            part.add(*len as u64);
            chunks.push(part.chunk(Bytes::from(vec![7; *len])));
        }
        part.complete();
        (chunks, PartHolder::new(part))
    }

    #[tokio::test]
    async fn chunks_release_their_memory_one_by_one() {
        let (stream, budget) = (Arc::default(), Arc::new(MemoryBudget::new(100)));
        let (mut chunks, _holder) = part(&stream, &budget, &[30, 40, 30]).await;
        assert!(stream.wait_for_demand().now_or_never().is_none());
        let next = tokio::spawn({
            let stream = Arc::clone(&stream);
            async move { poll_fn(|cx| stream.poll_add(cx, 50, 100)).await }
        });
        stream.wait_for_demand().await;
        let handle = chunks[0].clone();
        chunks.truncate(1);
        // 30 bytes are left, and another chunk of 50 fits.
        next.await.unwrap();
        assert!(stream.wait_for_demand().now_or_never().is_none());
        assert!(Arc::clone(&budget).reserve(71).now_or_never().is_none());
        let other = Arc::clone(&budget).reserve(70).now_or_never();
        assert!(other.is_some(), "the client's memory is released, too");
        drop(chunks);
        let waiting = poll_fn(|cx| stream.poll_add(cx, 50, 99)).now_or_never();
        assert!(waiting.is_none(), "a handle is left");
        drop(handle);
        let added = poll_fn(|cx| stream.poll_add(cx, 50, 100)).now_or_never();
        assert!(added.is_some());
    }

    #[tokio::test]
    async fn a_chunk_that_had_to_wait_waits_for_some_more_memory() {
        let (stream, budget) = (Arc::default(), Arc::new(MemoryBudget::new(160)));
        let (mut chunks, _holder) = part(&stream, &budget, &[10, 9, 1, 140]).await;
        let next = tokio::spawn({
            let stream = Arc::clone(&stream);
            async move { poll_fn(|cx| stream.poll_add(cx, 10, 160)).await }
        });
        stream.wait_for_demand().await;
        chunks.remove(0);
        chunks.remove(0);
        tokio::task::yield_now().await;
        assert!(!next.is_finished());
        // A sixteenth of 160 bytes.
        chunks.remove(0);
        next.await.unwrap();
    }

    #[tokio::test]
    async fn a_part_that_ended_does_not_count_although_a_connection_has_its_chunks() {
        let (stream, budget) = (Arc::default(), Arc::new(MemoryBudget::new(100)));
        let (chunks, holder) = part(&stream, &budget, &[60, 40]).await;
        let add = || poll_fn(|cx| stream.poll_add(cx, 100, 100)).now_or_never();
        assert!(add().is_none());
        drop(holder);
        assert!(add().is_some());
        assert!(Arc::clone(&budget).reserve(100).now_or_never().is_some());
        drop(chunks);
        assert!(add().is_none(), "nothing is released twice");
    }

    #[tokio::test]
    async fn a_chunk_above_the_capacity_is_read_alone() {
        let (stream, budget) = (Arc::default(), Arc::new(MemoryBudget::new(10)));
        let (chunks, _holder) = part(&stream, &budget, &[1000]).await;
        let add = || poll_fn(|cx| stream.poll_add(cx, 1000, 10)).now_or_never();
        assert!(add().is_none());
        drop(chunks);
        assert!(add().is_some());
    }

    #[tokio::test]
    async fn a_part_that_is_shorter_or_dropped_leaves_nothing_behind() {
        let (stream, budget) = (
            Arc::<StreamMemory>::default(),
            Arc::new(MemoryBudget::new(100)),
        );
        let client = Arc::clone(&budget).reserve(100).await;
        let part = PartReservation::new(Arc::clone(&stream), client, 100);
        poll_fn(|cx| stream.poll_add(cx, 40, 100)).await;
        part.add(40);
        assert!(Arc::clone(&budget).reserve(1).now_or_never().is_none());
        part.complete();
        assert!(Arc::clone(&budget).reserve(60).now_or_never().is_some());
        drop(part);
        assert!(Arc::clone(&budget).reserve(100).now_or_never().is_some());
        let added = poll_fn(|cx| stream.poll_add(cx, 100, 100)).now_or_never();
        assert!(added.is_some());
    }
}
