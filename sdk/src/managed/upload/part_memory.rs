//! [`PartMemory`]: the reserved memory of the parts that are read from a stream.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use tokio::time::Sleep;

use super::stream_memory::{PartReservation, StreamMemory};
use crate::client::transfer_budget::{MemoryBudget, Reservation, STALL_TIME};

/// Reserves the memory of each part before it is read. Memory of a part whose source makes no progress
/// does not count, so that the transfer does not block others.
pub(super) struct PartMemory {
    budget: Arc<MemoryBudget>,
    stream: Arc<StreamMemory>,
    /// A reservation of memory that was added to that of the stream.
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

    /// Waits until the memory of the next part is reserved. At most `capacity` bytes of the stream are
    /// in memory then, or this part alone.
    pub(super) fn poll_reserve(
        &mut self,
        cx: &mut Context<'_>,
        bytes: u64,
        capacity: u64,
    ) -> Poll<()> {
        if self.current.is_some() {
            return Poll::Ready(());
        }
        let pending = match &mut self.pending {
            Some(pending) => pending,
            None => {
                ready!(self.stream.poll_add(cx, bytes, capacity));
                let reserving = Box::pin(Arc::clone(&self.budget).reserve(bytes));
                self.pending.insert(reserving)
            }
        };
        let reservation = ready!(pending.as_mut().poll(cx));
        let reservation = PartReservation::new(Arc::clone(&self.stream), reservation, bytes);
        (self.current, self.pending) = (Some(Arc::new(reservation)), None);
        Poll::Ready(())
    }

    /// Returns the memory of the part that was read, which has `len` bytes.
    pub(super) fn take(&mut self, len: u64) -> Option<Arc<PartReservation>> {
        let reservation = self.current.take()?;
        reservation.shrink(len);
        self.previous = Arc::downgrade(&reservation);
        Some(reservation)
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
