//! Helpers for tests of uploads and downloads.

#![allow(dead_code, reason = "each test file uses a part")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::{Bucket, Config, QingStor};

pub(crate) const MIB: usize = 1 << 20;
/// The minimum size of a part of an upload.
pub(crate) const PART: usize = 4 * MIB;

/// An emulator with an empty bucket.
pub(crate) struct Site {
    pub(crate) emulator: Emulator,
    pub(crate) qingstor: QingStor,
    pub(crate) bucket: Bucket,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let emulator = Emulator::builder().fault_seed(1).start().await.unwrap();
        let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
            .endpoint(emulator.endpoint());
        let qingstor = QingStor::new(config).unwrap();
        let bucket = qingstor.bucket("transfers", "pek3a").unwrap();
        bucket.put().await.unwrap();
        Self {
            emulator,
            qingstor,
            bucket,
        }
    }

    pub(crate) fn faults(&self, rules: &[&str]) {
        let rules = rules.iter().map(|rule| FaultRule::parse(rule).unwrap());
        self.emulator.set_faults(rules.collect::<Vec<_>>()).unwrap();
    }

    /// Returns the number of requests of this operation.
    pub(crate) fn served(&self, operation: &str) -> u64 {
        let served = self.emulator.operations_served();
        served.get(operation).copied().unwrap_or(0)
    }

    pub(crate) async fn content(&self, key: &str) -> Bytes {
        let output = self.bucket.get_object(key).await.unwrap();
        output.body.bytes().await.unwrap()
    }

    /// Returns the number of multipart uploads that are neither complete nor aborted.
    pub(crate) async fn unfinished(&self) -> usize {
        self.bucket
            .list_multipart_uploads()
            .await
            .unwrap()
            .uploads
            .len()
    }

    /// Waits until all multipart uploads are aborted, which happens in the background if a future is
    /// dropped.
    pub(crate) async fn nothing_left(&self) {
        let until = Instant::now() + Duration::from_secs(20);
        while self.unfinished().await > 0 {
            assert!(Instant::now() < until, "a multipart upload was not aborted");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Returns pseudorandom bytes.
pub(crate) fn content(len: usize) -> Bytes {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ len as u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(len);
    bytes.into()
}

/// Returns the content as a stream of chunks of `len` bytes.
pub(crate) fn pieces(
    content: &Bytes,
    len: usize,
) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    let mut content = content.clone();
    let items = std::iter::from_fn(move || {
        let len = content.len().min(len);
        (len > 0).then(|| Ok(content.split_to(len)))
    });
    futures_util::stream::iter(items)
}
