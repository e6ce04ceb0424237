//! [`StreamMemory`]: the memory of the parts of one stream.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use tokio::sync::watch;

use crate::client::transfer_budget::Reservation;

/// Counts the bytes of the parts of one stream that are in memory.
#[derive(Debug, Default)]
pub(super) struct StreamMemory {
    state: Mutex<State>,
    /// Whether a part waits for memory.
    is_wanted: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    bytes: u64,
    waiting: Option<Waiting>,
}

/// The next part, which waits for memory.
#[derive(Debug)]
struct Waiting {
    /// The bytes that may be in memory beside it.
    others: u64,
    waker: Waker,
}

impl StreamMemory {
    /// Waits until `bytes` can be added without exceeding `capacity`, or nothing else is in memory.
    pub(super) fn poll_add(&self, cx: &Context<'_>, bytes: u64, capacity: u64) -> Poll<()> {
        let mut state = self.lock();
        let others = capacity.saturating_sub(bytes);
        let is_possible = state.bytes == 0 || state.bytes <= others;
        state.waiting = (!is_possible).then(|| Waiting {
            others,
            waker: cx.waker().clone(),
        });
        if is_possible {
            state.bytes = state.bytes.saturating_add(bytes);
        }
        drop(state);
        self.is_wanted.send_if_modified(|is_wanted| {
            std::mem::replace(is_wanted, !is_possible) == is_possible
        });
        match is_possible {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }

    /// Waits until a part waits for memory.
    pub(super) async fn wanted(&self) {
        let mut is_wanted = self.is_wanted.subscribe();
        // The sender lives as long as `self`.
        let _ = is_wanted.wait_for(|is_wanted| *is_wanted).await;
    }

    fn subtract(&self, bytes: u64) {
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_sub(bytes);
        let left = state.bytes;
        let due = state
            .waiting
            .take_if(|waiting| left == 0 || left <= waiting.others);
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
    bytes: AtomicU64,
}

impl PartReservation {
    /// `bytes` were added to the memory of the stream.
    pub(super) fn new(stream: Arc<StreamMemory>, client: Reservation, bytes: u64) -> Self {
        Self {
            stream,
            client,
            bytes: AtomicU64::new(bytes),
        }
    }

    /// Sets whether the memory counts for other transfers of the client.
    pub(super) fn set_counted(&self, is_counted: bool) {
        self.client.set_counted(is_counted);
    }

    /// Releases what exceeds `len`.
    pub(super) fn shrink(&self, len: u64) {
        let bytes = self.bytes.load(Ordering::Relaxed);
        self.release(bytes.saturating_sub(len));
    }

    /// Releases `bytes`, or as many as are left.
    fn release(&self, bytes: u64) {
        let subtract = |before: u64| Some(before.saturating_sub(bytes));
        let updated = self
            .bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, subtract);
        let (Ok(before) | Err(before)) = updated;
        self.client.shrink(before.saturating_sub(bytes));
        self.stream.subtract(before.min(bytes));
    }
}

impl Drop for PartReservation {
    fn drop(&mut self) {
        self.stream.subtract(*self.bytes.get_mut());
    }
}

/// Holds the memory of a part until it is dropped. Then nothing of the part counts any more, even if
/// a broken connection that does not end yet has handles of its chunks.
#[derive(Debug)]
pub(super) struct PartHolder(Arc<PartReservation>);

impl PartHolder {
    pub(super) fn stream(&self) -> &Arc<StreamMemory> {
        &self.0.stream
    }
}

impl Drop for PartHolder {
    fn drop(&mut self) {
        self.0.release(u64::MAX);
    }
}

/// A chunk that releases its memory when its last handle is dropped.
struct ReservedChunk {
    bytes: Bytes,
    part: Arc<PartReservation>,
}

/// Returns the same chunks, each of which releases its share of the part's memory, and the holder of
/// this memory.
pub(super) fn reserved_chunks(
    chunks: Vec<Bytes>,
    part: Arc<PartReservation>,
) -> (Vec<Bytes>, PartHolder) {
    let reserved = chunks.into_iter().map(|bytes| {
        let part = Arc::clone(&part);
        Bytes::from_owner(ReservedChunk { bytes, part })
    });
    (reserved.collect(), PartHolder(part))
}

impl AsRef<[u8]> for ReservedChunk {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for ReservedChunk {
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
        let chunks: Vec<_> = lens.iter().map(|len| Bytes::from(vec![7; *len])).collect();
        let len = lens.iter().sum::<usize>() as u64;
        poll_fn(|cx| stream.poll_add(cx, len, len)).await;
        let client = Arc::clone(budget).reserve(len).await;
        let part = PartReservation::new(Arc::clone(stream), client, len);
        reserved_chunks(chunks, Arc::new(part))
    }

    #[tokio::test]
    async fn chunks_release_their_memory_one_by_one() {
        let (stream, budget) = (Arc::default(), Arc::new(MemoryBudget::new(100)));
        let (mut chunks, _holder) = part(&stream, &budget, &[30, 40, 30]).await;
        assert!(stream.wanted().now_or_never().is_none());
        let next = tokio::spawn({
            let stream = Arc::clone(&stream);
            async move { poll_fn(|cx| stream.poll_add(cx, 50, 100)).await }
        });
        stream.wanted().await;
        let handle = chunks[0].clone();
        chunks.truncate(1);
        // 30 bytes are left, and another part of 50 fits.
        next.await.unwrap();
        assert!(stream.wanted().now_or_never().is_none());
        assert!(Arc::clone(&budget).reserve(71).now_or_never().is_none());
        let other = Arc::clone(&budget).reserve(70).now_or_never();
        assert!(other.is_some(), "the client's memory is released, too");
        drop(chunks);
        let waiting = poll_fn(|cx| stream.poll_add(cx, 50, 100)).now_or_never();
        assert!(waiting.is_none(), "a handle is left");
        drop(handle);
        let added = poll_fn(|cx| stream.poll_add(cx, 50, 100)).now_or_never();
        assert!(added.is_some());
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
    async fn a_part_above_the_capacity_is_read_alone() {
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
        poll_fn(|cx| stream.poll_add(cx, 100, 100)).await;
        let part = PartReservation::new(Arc::clone(&stream), client, 100);
        part.shrink(40);
        assert!(Arc::clone(&budget).reserve(60).now_or_never().is_some());
        drop(part);
        assert!(Arc::clone(&budget).reserve(100).now_or_never().is_some());
        let added = poll_fn(|cx| stream.poll_add(cx, 100, 100)).now_or_never();
        assert!(added.is_some());
    }
}
