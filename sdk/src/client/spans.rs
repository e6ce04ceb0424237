//! Spans and events of `tracing`, with the names of [`telemetry`](crate::base::telemetry). Without
//! the feature `tracing`, the same types do nothing.

#[cfg(not(feature = "tracing"))]
mod disabled;
#[cfg(feature = "tracing")]
mod enabled;

#[cfg(not(feature = "tracing"))]
pub(crate) use disabled::{AttemptSpan, CallSpan, TransferSpan, retry_delayed};
#[cfg(feature = "tracing")]
pub(crate) use enabled::{AttemptSpan, CallSpan, TransferSpan, retry_delayed};

pub(crate) use crate::base::runtime::in_current_span;
