//! Limits of the time that a connection may take.

use std::time::Duration;

use super::Config;
#[cfg(doc)]
use crate::config::retry::RetryPolicy;
use crate::message::throughput::MinThroughput;

/// Longest timeout, which means "no limit": the clock cannot represent much longer times.
pub(super) const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

impl Config {
    /// Sets the connect timeout: the longest time to establish a connection, including TLS. 10
    /// seconds by default.
    ///
    /// As for the other timeouts, zero is an error of [`QingStor::new`](crate::QingStor::new), and
    /// `Duration::MAX` disables the timeout.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.set_connect_timeout(timeout);
        self
    }

    /// Sets the idle timeout: the longest time without progress on a connection while a request
    /// body is sent, before the response arrives, and between two pieces of its body. 60 seconds by
    /// default.
    ///
    /// This timeout does not end a transfer that makes progress;
    /// [`min_throughput`](Self::min_throughput) ends one that is too slow. Time in which the source
    /// of a request body (a stream, a reader, a file) has nothing to send does not count: only
    /// [`Call::timeout`](crate::Call::timeout) and [`RetryPolicy::total_timeout`] end that.
    #[must_use]
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.set_idle_timeout(timeout);
        self
    }

    /// Sets the timeout of slow operations: the longest time until the response to a request that
    /// copies, moves or fetches an object, or completes a multipart upload. 10 minutes by default.
    ///
    /// It is also the longest time for a JSON document that the client reads as a whole. A body that
    /// the client can do without delays the result by at most 2 seconds: an error document, because the
    /// status is known, and a body of a success whose output consists of headers.
    #[must_use]
    pub fn slow_timeout(mut self, timeout: Duration) -> Self {
        self.slow_timeout = timeout.min(NEVER);
        self
    }

    /// Sets the minimum throughput of request and response bodies: a body that is slower for `period`
    /// is stalled, and the request is retried as after an idle timeout. 64 KiB per second for 15
    /// seconds by default; 0 bytes per second disables it.
    ///
    /// Silence counts, so `period` also limits the time without a byte inside of a body, if it is
    /// shorter than [`idle_timeout`](Self::idle_timeout). Only time in which the network is the slow
    /// side counts: not the time in which the source of a request body has nothing to send, or a rate
    /// limit delays it; not the time in which the caller does not read the response body (see
    /// [`ByteStream`](crate::ByteStream)); and not the time until the response, once all bytes are
    /// sent. Request bodies of up to 64 KiB in memory are not measured, because the connection takes
    /// them at once.
    ///
    /// Each of the first three retries halves the minimum, so that a slow network is not taken for a
    /// stalled connection. A response body that stalls continues with half of the minimum, until an
    /// eighth is left: a body that is slower than that counts as failed, whether bytes have arrived or
    /// not. If the response was fast enough on average, it continues with half of the full minimum.
    #[must_use]
    pub fn min_throughput(mut self, bytes_per_second: u64, period: Duration) -> Self {
        self.min_throughput = (bytes_per_second > 0).then(|| MinThroughput {
            bytes_per_second,
            period: period.min(NEVER),
        });
        self
    }
}
