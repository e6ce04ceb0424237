//! [`PartMemory`]: the reserved memory of the parts that are read from a stream.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::time::Sleep;

use super::stream_memory::{PartHolder, PartReservation, StreamMemory};
use crate::client::transfer_budget::{MemoryBudget, Reservation, STALL_TIME};

/// Reserves the memory of each part before it is read: the client's memory for the whole part, so that
/// transfers do not wait for each other in the middle of their parts, and the memory of the stream for
/// each chunk. Memory of a part whose source makes no progress does not count, so that the transfer does
/// not block others.
pub(super) struct PartMemory {
    budget: Arc<MemoryBudget>,
    stream: Arc<StreamMemory>,
    /// A reservation for a part whose first chunk was added to the memory of the stream.
    pending: Option<Pin<Box<dyn Future<Output = Reservation> + Send>>>,
    /// Memory of the part that is being read.
    current: Option<Arc<PartReservation>>,
    previous: Weak<PartReservation>,
    /// Runs while the source has nothing to yield.
    stall_timer: Option<Pin<Box<Sleep>>>,
}

impl PartMemory {
    pub(super) fn new(budget: Arc<MemoryBudget>) -> Self {
        Self {
            budget,
            stream: Arc::default(),
            pending: None,
            current: None,
            previous: Weak::new(),
            stall_timer: None,
        }
    }

    /// Waits until the memory of the next chunk is reserved, and that of its part if it is the first one.
    /// At most `capacity` bytes of the stream are in memory then, or this chunk alone. `capacity` must be
    /// enough for a whole part.
    pub(super) fn poll_reserve(
        &mut self,
        cx: &mut Context<'_>,
        chunk: u64,
        part: u64,
        capacity: u64,
    ) -> Poll<()> {
        if self.pending.is_none() {
            ready!(self.stream.poll_add(cx, chunk, capacity));
        }
        if self.current.is_none() {
            let budget = &self.budget;
            let pending = self
                .pending
                .get_or_insert_with(|| Box::pin(Arc::clone(budget).reserve(part)));
            let client = ready!(pending.as_mut().poll(cx));
            let reservation = PartReservation::new(Arc::clone(&self.stream), client, part);
            (self.current, self.pending) = (Some(Arc::new(reservation)), None);
        }
        if let Some(current) = &self.current {
            current.add(chunk);
        }
        Poll::Ready(())
    }

    /// Returns a chunk that releases its share of the part's memory when its last handle is dropped.
    pub(super) fn chunk(&self, bytes: Bytes) -> Bytes {
        match &self.current {
            Some(current) => current.chunk(bytes),
            None => bytes,
        }
    }

    /// Returns the holder of the memory of the part, which is complete, or `None` if no part was started.
    pub(super) fn take(&mut self) -> Option<PartHolder> {
        let reservation = self.current.take()?;
        reservation.complete();
        self.previous = Arc::downgrade(&reservation);
        Some(PartHolder::new(reservation))
    }

    /// Observes whether the source has something to yield while a part is read.
    pub(super) fn observe(&mut self, cx: &mut Context<'_>, is_pending: bool) {
        let current = self.current.clone();
        self.observe_holder(cx, is_pending, current);
    }

    /// Observes whether the source has something to yield while the previous part waits for it.
    pub(super) fn observe_with_previous(&mut self, cx: &mut Context<'_>, is_pending: bool) {
        let previous = self.previous.upgrade();
        self.observe_holder(cx, is_pending, previous);
    }

    fn observe_holder(
        &mut self,
        cx: &mut Context<'_>,
        is_pending: bool,
        holder: Option<Arc<PartReservation>>,
    ) {
        let Some(holder) = holder else {
            return;
        };
        if !is_pending {
            if self.stall_timer.take().is_some() {
                holder.set_counted(true);
            }
            return;
        }
        let timer = self
            .stall_timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(STALL_TIME)));
        if timer.as_mut().poll(cx).is_ready() {
            holder.set_counted(false);
        }
    }
}
