//! A server, the way to it on which things go wrong, and the way on which they don't.

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
    /// Where nothing goes wrong once the faults are cleared.
    pub(crate) clean: Bucket,
    pub(crate) folder: tempfile::TempDir,
    /// What is sent and stored: more than two parts, so that there are three.
    pub(crate) content: Bytes,
    pub(crate) other: Bytes,
    /// An upload that a failed run may well leave, by its token.
    excused: Mutex<Vec<String>>,
}

fn bucket(emulator: &Emulator, endpoint: &str, retry: RetryPolicy) -> Bucket {
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
    let config = config
        .endpoint(endpoint)
        .retry(retry)
        .idle_timeout(Duration::from_millis(300));
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
            excused: Mutex::default(),
        }
    }

    /// From now on these faults strike; gives a client that has to live with them.
    pub(crate) fn suffer(&self, faults: &Faults) -> Bucket {
        self.emulator.set_faults(faults.parsed()).unwrap();
        self.proxy.spoil(faults.seed, faults.ill, faults.most);
        let retry = RetryPolicy::default()
            .max_attempts(6)
            .initial_backoff(Duration::from_millis(1))
            .max_backoff(Duration::from_millis(20));
        bucket(&self.emulator, &self.proxy.endpoint(), retry)
    }

    /// From now on nothing goes wrong.
    pub(crate) fn recover(&self) {
        self.emulator.clear_faults();
        self.proxy.spoil(0, 0, 1);
    }

    /// What is stored under this key.
    pub(crate) async fn stored(&self, key: &str) -> Option<Bytes> {
        match self.clean.get_object(key).await {
            Ok(output) => Some(output.body.bytes().await.unwrap()),
            Err(error) => {
                assert!(error.is_not_found(), "{error}");
                None
            }
        }
    }

    /// The upload may stay: its error said so.
    pub(crate) fn excuse(&self, upload_id: &str) {
        self.excused.lock().unwrap().push(upload_id.to_owned());
    }

    /// Nothing is left over, but for uploads whose beginning nobody heard of: they have no parts. Where
    /// a run failed, its last calls may have failed as well: only then may there be more.
    pub(crate) async fn check(&self, about: &str, well: bool) {
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
                let excused = self.excused.lock().unwrap().contains(&upload.upload_id);
                if parts == 0 || excused {
                    let abort = self
                        .clean
                        .abort_multipart_upload(&upload.key, &upload.upload_id);
                    abort.await.unwrap();
                } else {
                    left.push((upload.key, upload.upload_id, parts));
                }
            }
            // What was given up in the background may still be on its way.
            if left.is_empty() {
                break;
            }
            if Instant::now() > until {
                panic!("{about}: went well: {well}; left over: {left:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.excused.lock().unwrap().clear();
        let names = files(self.folder.path());
        assert!(names.is_empty(), "{about}: files are left over: {names:?}");
    }
}

/// The names of all files in a folder.
pub(crate) fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}
