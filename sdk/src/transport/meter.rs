//! [`AttemptMeter`]: what an attempt has transferred so far.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use hyper_util::client::legacy::connect::CaptureConnection;

use crate::message::body::SendProgress;

/// How far an attempt has come if only its response is missing.
pub(super) const BEFORE_RESPONSE: &str = "before the response";

/// Returns whether a request has certainly got no connection so far. `connection`: `None` if that is
/// not known.
pub(super) fn is_connecting(connection: Option<&CaptureConnection>) -> bool {
    connection.is_some_and(|connection| connection.connection_metadata().is_none())
}

/// Returns how far a request has come, for an error; `None` if, as far as it is known, only the response
/// is missing. `body`: `None` if the connection takes the body at once. `len`: its length in bytes.
pub(super) fn send_progress(
    connection: Option<&CaptureConnection>,
    body: Option<&SendProgress>,
    len: u64,
) -> Option<String> {
    if is_connecting(connection) {
        return Some("without a connection".into());
    }
    let taken = body?.bytes_taken();
    (taken < len).then(|| format!("after {taken} of {len} bytes of the request body"))
}

/// Measures an attempt for its observers, and for the error of an expired deadline. It is separate from
/// the attempt, whose future may be dropped before it ends.
#[derive(Debug, Default)]
pub(crate) struct AttemptMeter {
    /// When the head of the response arrived.
    first_byte: OnceLock<Instant>,
    /// Contains the connection as soon as the request has one. Not set if that is not known.
    connection: OnceLock<CaptureConnection>,
    /// Progress of a request body, unless the connection takes it at once.
    request_body: OnceLock<Arc<SendProgress>>,
    /// Number of bytes of the response body that were read, or [`UNKNOWN`].
    received: AtomicU64,
}

/// A number of bytes that is not known, because the body is being read.
const UNKNOWN: u64 = u64::MAX;

impl AttemptMeter {
    pub(super) fn connecting(&self, connection: &CaptureConnection) {
        let _ = self.connection.set(connection.clone());
    }

    pub(super) fn sending(&self, progress: &Arc<SendProgress>) {
        // An attempt has only one request body.
        let _ = self.request_body.set(Arc::clone(progress));
    }

    pub(super) fn responded(&self) {
        let _ = self.first_byte.set(Instant::now());
    }

    /// Records that the response body is being read.
    pub(crate) fn reading(&self) {
        self.received(UNKNOWN);
    }

    /// Records how many bytes of the response body were read.
    pub(crate) fn received(&self, bytes: u64) {
        self.received.store(bytes, Ordering::Relaxed);
    }

    /// Returns whether the request has certainly got no connection so far.
    pub(crate) fn is_connecting(&self) -> bool {
        is_connecting(self.connection.get())
    }

    /// Returns how far the attempt has come, for an error. `len`: length of the request body.
    pub(crate) fn progress(&self, len: u64) -> String {
        if self.first_byte.get().is_some() {
            return "before the end of the response".into();
        }
        let body = self.request_body.get().map(|progress| &**progress);
        let progress = send_progress(self.connection.get(), body, len);
        progress.unwrap_or_else(|| BEFORE_RESPONSE.into())
    }

    /// Returns the time from `started` until the head of the response arrived.
    pub(crate) fn time_to_first_byte(&self, started: Instant) -> Option<Duration> {
        let first_byte = self.first_byte.get()?;
        Some(first_byte.saturating_duration_since(started))
    }

    /// Returns how many of `len` bytes of the request body the connection has taken; `None` if it is
    /// not known. `is_unsent`: whether the request was certainly not sent.
    pub(crate) fn bytes_sent(&self, len: u64, is_unsent: bool) -> Option<u64> {
        if len == 0 || is_unsent {
            return Some(0);
        }
        match self.request_body.get() {
            Some(progress) => Some(progress.bytes_taken()),
            None => self.first_byte.get().map(|_| len),
        }
    }

    /// Returns how many bytes of the response body were read; `None` if it is not known.
    pub(crate) fn bytes_received(&self) -> Option<u64> {
        let bytes = self.received.load(Ordering::Relaxed);
        (bytes != UNKNOWN).then_some(bytes)
    }
}
