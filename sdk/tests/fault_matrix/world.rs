//! An emulator, a proxy that breaks connections to it, and direct connections.

use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use qingstor_emulator::Emulator;
use qingstor_sdk::{Bucket, Config, QingStor, RetryPolicy};

use crate::faults::Faults;
use crate::proxy::Proxy;
use crate::transfer::{PART, content};

pub(crate) struct World {
    pub(crate) emulator: Emulator,
    pub(crate) proxy: Proxy,
    /// A bucket that is accessed without the proxy.
    pub(crate) clean: Bucket,
    pub(crate) folder: tempfile::TempDir,
    /// Content of three parts.
    pub(crate) content: Bytes,
    pub(crate) other: Bytes,
    /// IDs of uploads that a failed run may leave behind.
    expected_leftovers: Mutex<Vec<String>>,
}

fn bucket(
    emulator: &Emulator,
    endpoint: &str,
    retry: RetryPolicy,
    idle_timeout: Duration,
) -> Bucket {
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
    let config = config
        .endpoint(endpoint)
        .retry(retry)
        .idle_timeout(idle_timeout)
        .min_throughput(16 << 10, idle_timeout);
    QingStor::new(config)
        .unwrap()
        .bucket("fault-matrix", "pek3a")
        .unwrap()
}

impl World {
    pub(crate) async fn start() -> Self {
        let emulator = Emulator::builder()
            .in_memory()
            .fault_seed(1)
            .start()
            .await
            .unwrap();
        let proxy = Proxy::start(emulator.addr()).await;
        let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
        let config = config.endpoint(emulator.endpoint());
        let clean = QingStor::new(config)
            .unwrap()
            .bucket("fault-matrix", "pek3a")
            .unwrap();
        clean.put().await.unwrap();
        for number in 0..crate::lists::KEYS {
            clean
                .put_object(crate::lists::listed(number))
                .await
                .unwrap();
        }
        Self {
            emulator,
            proxy,
            clean,
            folder: tempfile::tempdir().unwrap(),
            content: content(2 * PART + 300_017),
            other: content(2 * PART + 300_016),
            expected_leftovers: Mutex::default(),
        }
    }

    /// Activates the faults, and returns a bucket of a client that uses the proxy.
    pub(crate) fn bucket_with(&self, faults: &Faults) -> Bucket {
        self.emulator.set_faults(faults.parsed()).unwrap();
        self.proxy
            .break_connections(faults.seed, faults.percent, faults.within);
        let retry = RetryPolicy::default()
            .max_attempts(6)
            .initial_backoff(Duration::from_millis(1))
            .max_backoff(Duration::from_millis(20));
        // A busy machine pauses connections, too. If the proxy does not, a timeout is a failure.
        let idle_timeout = match faults.percent {
            0 => Duration::from_secs(30),
            _ => Duration::from_millis(300),
        };
        bucket(&self.emulator, &self.proxy.endpoint(), retry, idle_timeout)
    }

    /// Deactivates all faults.
    pub(crate) fn recover(&self) {
        self.emulator.clear_faults();
        self.proxy.break_connections(0, 0, 1);
    }

    /// Returns the content of the object.
    pub(crate) async fn stored(&self, key: &str) -> Option<Bytes> {
        match self.clean.get_object(key).await {
            Ok(output) => Some(output.body.bytes().await.unwrap()),
            Err(error) => {
                assert!(error.is_not_found(), "{error}");
                None
            }
        }
    }

    /// Allows that an upload is left behind, because its error contains a resume token.
    pub(crate) fn expect_leftover(&self, upload_id: &str) {
        self.expected_leftovers
            .lock()
            .unwrap()
            .push(upload_id.to_owned());
    }

    /// Checks that no files and no uploads are left behind, except uploads without parts: the response
    /// with their ID was lost.
    pub(crate) async fn check(&self, run: &str, succeeded: bool) {
        self.recover();
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let mut left = Vec::new();
            for upload in self.clean.list_multipart_uploads().await.unwrap().uploads {
                let parts = self.clean.list_multipart(&upload.key, &upload.upload_id);
                let parts = match parts.await {
                    Ok(parts) => parts.object_parts.len(),
                    Err(_) => continue,
                };
                let is_expected = self
                    .expected_leftovers
                    .lock()
                    .unwrap()
                    .contains(&upload.upload_id);
                if parts == 0 || is_expected {
                    let abort = self
                        .clean
                        .abort_multipart_upload(&upload.key, &upload.upload_id);
                    abort.await.unwrap();
                } else {
                    left.push((upload.key, upload.upload_id, parts));
                }
            }
            // Uploads are aborted in the background.
            if left.is_empty() {
                break;
            }
            if Instant::now() > until {
                panic!("{run}: succeeded: {succeeded}; left behind: {left:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.expected_leftovers.lock().unwrap().clear();
        let names = files(self.folder.path());
        assert!(names.is_empty(), "{run}: files are left behind: {names:?}");
    }
}

/// Returns the names of all files in a folder.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}
