//! [`PartMemory`]: the reserved memory of the parts that are read from a stream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::stream_memory::{PartHolder, PartReservation, StreamMemory};
use crate::client::transfer_budget::MemoryBudget;

/// Reserves the memory of each part before it is read: the client's memory for the whole part, so that
/// transfers do not wait for each other in the middle of their parts, and the memory of the stream for
/// each chunk.
pub(super) struct PartMemory {
    budget: Arc<MemoryBudget>,
    stream: Arc<StreamMemory>,
    /// Waits for the client's memory of a chunk that was added to the memory of the stream.
    pending: Option<Pin<Box<dyn Future<Output = Arc<PartReservation>> + Send>>>,
    /// Memory of the part that is being read.
    current: Option<Arc<PartReservation>>,
}

impl PartMemory {
    #[inline]
    pub(super) fn new(budget: Arc<MemoryBudget>) -> Self {
        Self {
            budget,
            stream: Arc::default(),
            pending: None,
            current: None,
        }
    }

    /// Waits until the memory of the next chunk is reserved, and that of its part if it is the first one.
    /// At most `capacity` bytes of the stream are in memory then, or this chunk alone. `capacity` must be
    /// enough for a whole part.
    #[inline]
    pub(super) fn poll_reserve(
        &mut self,
        cx: &mut Context<'_>,
        chunk: u64,
        part: u64,
        capacity: u64,
    ) -> Poll<()> {
        if self.pending.is_none() {
            ready!(self.stream.poll_add(cx, chunk, capacity));
            if let Some(current) = &self.current
                && current.try_use(chunk)
            {
                current.add(chunk);
                return Poll::Ready(());
            }
        }
        let pending = self.pending.get_or_insert_with(|| {
            let (stream, budget) = (Arc::clone(&self.stream), Arc::clone(&self.budget));
            let current = self.current.clone();
            Box::pin(async move {
                let current = match current {
                    Some(current) => current,
                    None => {
                        let client = budget.reserve(part).await;
                        Arc::new(PartReservation::new(stream, client, part))
                    }
                };
                current.use_more(chunk).await;
                current
            })
        });
        let current = ready!(pending.as_mut().poll(cx));
        self.pending = None;
        current.add(chunk);
        self.current = Some(current);
        Poll::Ready(())
    }

    /// Returns a chunk that releases its share of the part's memory when its last handle is dropped.
    #[inline]
    pub(super) fn chunk(&self, bytes: Bytes) -> Bytes {
        match &self.current {
            Some(current) => current.chunk(bytes),
            None => bytes,
        }
    }

    /// Returns the holder of the memory of the part, which is complete, or `None` if no part was started.
    #[inline]
    pub(super) fn take(&mut self) -> Option<PartHolder> {
        let reservation = self.current.take()?;
        reservation.complete();
        Some(PartHolder::new(reservation))
    }
}
