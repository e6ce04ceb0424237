//! [`ProgressCounter`]: the progress of a transfer of many files.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::options::{FolderProgress, OnFolderProgress};
use crate::message::transfer_monitor::{Progress, TransferMonitor};

/// Counts files and bytes, and calls the progress callback.
pub(super) struct ProgressCounter {
    on_progress: Option<OnFolderProgress>,
    state: Mutex<FolderProgress>,
}

impl ProgressCounter {
    pub(super) fn new(on_progress: Option<OnFolderProgress>) -> Arc<Self> {
        Arc::new(Self {
            on_progress,
            state: Mutex::default(),
        })
    }

    /// Returns the monitor that all transfers share.
    pub(super) fn monitor(
        self: &Arc<Self>,
        max_bytes_per_second: Option<u64>,
    ) -> Arc<TransferMonitor> {
        let on_progress = self.on_progress.is_some().then(|| {
            let counter = Arc::clone(self);
            let on_progress = move |progress: Progress| {
                counter.change(|state| {
                    state.bytes = progress.bytes;
                    state.bytes_per_second = progress.bytes_per_second;
                });
            };
            Box::new(on_progress) as Box<_>
        });
        Arc::new(TransferMonitor::new(
            on_progress,
            None,
            max_bytes_per_second,
        ))
    }

    /// Adds a planned action that transfers this number of bytes.
    pub(super) fn plan(&self, bytes: u64) {
        self.change(|state| {
            state.planned_files += 1;
            state.planned_bytes += bytes;
        });
    }

    /// Records that all actions are known.
    pub(super) fn end_plan(&self) {
        self.change(|state| state.is_planned = true);
    }

    /// Records that an action has finished.
    pub(super) fn finish(&self) {
        self.change(|state| state.files += 1);
    }

    /// Changes the progress and calls the callback. The lock is held during the call, so that the
    /// callback receives the events in order.
    fn change(&self, change: impl FnOnce(&mut FolderProgress)) {
        if let Some(on_progress) = &self.on_progress {
            let mut state = self.state();
            change(&mut state);
            on_progress(*state);
        }
    }

    fn state(&self) -> MutexGuard<'_, FolderProgress> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
