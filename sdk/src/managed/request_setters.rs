//! Setters for the requests of a managed operation.

/// Defines the setters of [`Call`](crate::Call) that make sense for every request of a managed
/// operation. The options are stored in its bucket handle, which creates all its calls.
macro_rules! request_setters {
    ($operation:ty) => {
        impl $operation {
            /// Limits the time of each request, including its retries. Does not limit the total
            /// time. See [`Call::timeout`](crate::Call::timeout).
            #[inline]
            pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
                self.bucket.options_mut().timeout = Some(timeout);
                self
            }

            /// Sets the retry policy of each request. The default is
            /// [`Config::retry`](crate::Config::retry).
            #[inline]
            pub fn retry(mut self, policy: crate::RetryPolicy) -> Self {
                self.bucket.options_mut().retry = Some(policy);
                self
            }

            /// Adds a header to each request. See [`Call::header`](crate::Call::header).
            pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
                let options = self.bucket.options_mut();
                options.add_header(name.as_ref(), value.as_ref());
                self
            }
        }
    };
}
pub(super) use request_setters;
