//! [`OpenUploads`]: the multipart uploads that are not finished yet.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use qingstor_sdk::{Observer, RequestEvent, ResponseEvent};
use tokio::time::{Instant, sleep};

use crate::location::SCHEME;

/// Interval at which the end of uploads is checked.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// Time in which a dropped transfer starts its request to abort an upload.
const START_OF_ABORTS: Duration = Duration::from_millis(100);

/// Observes the requests of the client, to know which multipart uploads exist: after Ctrl-C, the
/// program waits until they are aborted, and names those that are left.
/// Clones share their state.
#[derive(Clone, Default)]
pub(crate) struct OpenUploads(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    /// Number of initiated uploads per object, without the completed and aborted ones.
    open: BTreeMap<String, u32>,
    /// Objects whose uploads were aborted.
    aborted: Vec<String>,
    /// Requests in flight that initiate, complete or abort an upload.
    in_flight: u32,
}

/// Operations that change the set of uploads.
const INITIATE: &str = "InitiateMultipartUpload";
const COMPLETE: &str = "CompleteMultipartUpload";
const ABORT: &str = "AbortMultipartUpload";

impl OpenUploads {
    /// Waits until no upload is open, at most `patience`.
    pub(crate) async fn wait(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        sleep(START_OF_ABORTS).await;
        while !self.is_settled() && Instant::now() < deadline {
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Returns the objects with open uploads, and those whose uploads were aborted.
    pub(crate) fn names(&self) -> (Vec<String>, Vec<String>) {
        let state = self.state();
        let mut aborted = state.aborted.clone();
        aborted.sort();
        (state.open.keys().cloned().collect(), aborted)
    }

    fn is_settled(&self) -> bool {
        let state = self.state();
        state.open.is_empty() && state.in_flight == 0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for OpenUploads {
    fn request(&self, event: &RequestEvent<'_>) {
        if ![INITIATE, COMPLETE, ABORT].contains(&event.operation) {
            return;
        }
        let mut state = self.state();
        state.in_flight += 1;
        // Retries are the same upload.
        if event.attempt > 1 {
            return;
        }
        let name = object_name(event.bucket.unwrap_or_default(), event.uri.path());
        if event.operation == INITIATE {
            *state.open.entry(name).or_default() += 1;
            return;
        }
        let is_last = match state.open.get_mut(&name) {
            Some(count) => {
                *count -= 1;
                *count == 0
            }
            None => false,
        };
        if is_last {
            state.open.remove(&name);
        }
        if event.operation == ABORT {
            state.aborted.push(name);
        }
    }

    fn response(&self, event: &ResponseEvent<'_>) {
        if [INITIATE, COMPLETE, ABORT].contains(&event.operation) {
            let mut state = self.state();
            state.in_flight = state.in_flight.saturating_sub(1);
        }
    }
}

/// Returns the address of an object from the path of a request, which may contain the bucket.
fn object_name(bucket: &str, path: &str) -> String {
    let path = path.strip_prefix('/').unwrap_or(path);
    let with_bucket = path
        .strip_prefix(bucket)
        .and_then(|rest| rest.strip_prefix('/'));
    let key = percent_decode_str(with_bucket.unwrap_or(path)).decode_utf8_lossy();
    format!("{SCHEME}{bucket}/{key}")
}

#[cfg(test)]
mod tests {
    use super::object_name;

    #[test]
    fn names_of_objects_come_from_both_styles_of_addresses() {
        assert_eq!(
            object_name("bucket", "/bucket/a%20b/c"),
            "qs://bucket/a b/c"
        );
        assert_eq!(object_name("bucket", "/a%2Fb"), "qs://bucket/a/b");
        assert_eq!(object_name("bucket", "/buckets/a"), "qs://bucket/buckets/a");
    }
}
