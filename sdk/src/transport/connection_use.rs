//! [`ConnectionUse`]: whether a connection breaks because it is old.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper_util::client::legacy::connect::Connected;

/// Observes the bytes of a connection.
#[derive(Debug, Default)]
pub(super) struct ConnectionUse {
    has_read: bool,
    is_reused: bool,
    observer: ReuseObserver,
}

/// Whether bytes were written to a connection after a response, and none was read since. The other side
/// may have closed the connection before it received the request.
#[derive(Clone, Debug, Default)]
pub(super) struct ReuseObserver(Arc<AtomicBool>);

impl ConnectionUse {
    pub(super) fn observer(&self) -> ReuseObserver {
        self.observer.clone()
    }

    /// Records that a request, or more of it, is written.
    pub(super) fn writing(&mut self) {
        self.set_reused(self.has_read);
    }

    /// Records that bytes of a response were read.
    pub(super) fn read(&mut self) {
        self.has_read = true;
        self.set_reused(false);
    }

    fn set_reused(&mut self, is_reused: bool) {
        if self.is_reused != is_reused {
            self.is_reused = is_reused;
            self.observer.0.store(is_reused, Ordering::Relaxed);
        }
    }
}

impl ReuseObserver {
    /// Returns whether the last request on the connection is not its first one, and has got no byte of a
    /// response.
    pub(super) fn is_reused_without_response(connection: &Connected) -> bool {
        let mut extras = http::Extensions::new();
        connection.get_extras(&mut extras);
        let observer = extras.get::<Self>();
        observer.is_some_and(|observer| observer.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_request_after_a_response_reuses_the_connection() {
        let mut connection = ConnectionUse::default();
        let connected = Connected::new().extra(connection.observer());
        let is_reused = || ReuseObserver::is_reused_without_response(&connected);
        assert!(!is_reused());
        connection.writing();
        connection.writing();
        assert!(!is_reused());
        connection.read();
        assert!(!is_reused());
        connection.writing();
        assert!(is_reused());
        connection.read();
        assert!(!is_reused());
        assert!(!ReuseObserver::is_reused_without_response(&Connected::new()));
    }
}
