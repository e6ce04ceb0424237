//! An emulator with one bucket, for one test.

use qingstor_emulator::Emulator;
use qingstor_sdk::{Bucket, Config, QingStor};

pub(crate) const BUCKET: &str = "scenario-bucket";

/// An emulator, a client and a bucket. Each test has its own, because tests run concurrently.
pub(crate) struct Store {
    pub(crate) emulator: Emulator,
    pub(crate) qingstor: QingStor,
    pub(crate) bucket: Bucket,
}

impl Store {
    pub(crate) async fn start() -> Self {
        let emulator = Emulator::builder().start().await.unwrap();
        let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
        let qingstor = QingStor::new(config.endpoint(emulator.endpoint())).unwrap();
        let bucket = qingstor.bucket(BUCKET, "pek3a").unwrap();
        bucket.put().await.unwrap();
        Self {
            emulator,
            qingstor,
            bucket,
        }
    }

    /// Returns a handle of the bucket from a client with another configuration.
    pub(crate) fn bucket_with(&self, config: Config) -> Bucket {
        let qingstor = QingStor::new(config.endpoint(self.emulator.endpoint())).unwrap();
        qingstor.bucket(BUCKET, "pek3a").unwrap()
    }

    /// Returns all keys, listed page by page.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let (mut keys, mut marker) = (Vec::new(), String::new());
        loop {
            let call = self.bucket.list_objects().limit(7);
            let page = call.marker(marker).await.unwrap();
            keys.extend(page.keys.into_iter().map(|key| key.key));
            if !page.has_more {
                return keys;
            }
            marker = page.next_marker.unwrap();
        }
    }
}
