//! What is wished for every call that a transfer makes.

/// Gives a transfer the setters that a single [`Call`](crate::Call) has. They are kept by its
/// handle of the bucket, from which all its calls take them.
macro_rules! each_call {
    ($transfer:ty) => {
        impl $transfer {
            /// Limits each call that this makes, all its attempts together, to this time; not the
            /// whole. See [`Call::timeout`](crate::Call::timeout).
            pub fn timeout(mut self, timeout: std::time::Duration) -> Self {
                self.bucket.options_mut().timeout = Some(timeout);
                self
            }

            /// How often each call that this makes is sent again, in place of what the client's
            /// [`Config::retry`](crate::Config::retry) says.
            pub fn retry(mut self, policy: crate::RetryPolicy) -> Self {
                self.bucket.options_mut().retry = Some(policy);
                self
            }

            /// Adds a header to each call that this makes, as
            /// [`Call::header`](crate::Call::header) does: one that says who pays or who asks, not
            /// one of a single operation.
            pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
                let wishes = self.bucket.options_mut();
                wishes.add_header(name.as_ref(), value.as_ref());
                self
            }
        }
    };
}
pub(super) use each_call;
