//! [`ServiceClock`]: the time by which ages of objects and uploads are measured.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use qingstor_sdk::{ResponseEvent, Timestamp};

/// The clock of the service, as far as its responses show it. The local clock can be wrong, and the
/// client corrects it for requests.
#[derive(Clone, Default)]
pub(crate) struct ServiceClock {
    /// How many seconds the service's clock is ahead of the local clock.
    skew: Arc<AtomicI64>,
}

impl ServiceClock {
    /// Reads the time of a response.
    pub(crate) fn response(&self, event: &ResponseEvent<'_>) {
        let date = event.headers.and_then(|headers| headers.get("date"));
        let date = date.and_then(|date| date.to_str().ok());
        if let Some(Ok(date)) = date.map(Timestamp::from_http_date) {
            let local = Timestamp::now().as_unix_seconds();
            let skew = date.as_unix_seconds().saturating_sub(local);
            self.skew.store(skew, Ordering::Relaxed);
        }
    }

    /// Returns the time of the service, or the local time before the first response.
    pub(crate) fn now(&self) -> Timestamp {
        let skew = self.skew.load(Ordering::Relaxed);
        let difference = Duration::from_secs(skew.unsigned_abs());
        match skew.is_negative() {
            true => Timestamp::now() - difference,
            false => Timestamp::now() + difference,
        }
    }
}
