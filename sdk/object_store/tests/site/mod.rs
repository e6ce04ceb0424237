//! An emulator with an empty bucket, for the tests of this crate.

#![allow(dead_code, reason = "each test file uses a part")]

use std::sync::{Arc, Mutex};

use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::types::VersioningStatus;
use qingstor_sdk::{Body, Bucket, Config, QingStor};

pub(crate) struct Site {
    pub(crate) emulator: Emulator,
    pub(crate) bucket: Bucket,
}

impl Site {
    pub(crate) async fn start() -> Self {
        let emulator = Emulator::builder().in_memory().fault_seed(1);
        let emulator = emulator.start().await.unwrap();
        let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
            .endpoint(emulator.endpoint());
        let client = QingStor::new(config).unwrap();
        let bucket = client.bucket("store-bucket", "pek3a").unwrap();
        bucket.put().await.unwrap();
        Self { emulator, bucket }
    }

    pub(crate) async fn enable_versioning(&self) {
        let enabled = self.bucket.put_versioning(VersioningStatus::Enabled);
        enabled.await.unwrap();
    }

    pub(crate) fn faults(&self, rules: &[&str]) {
        let rules = rules.iter().map(|rule| FaultRule::parse(rule).unwrap());
        self.emulator.set_faults(rules.collect::<Vec<_>>()).unwrap();
    }

    /// Returns the number of successful requests of this operation.
    pub(crate) fn served(&self, operation: &str) -> u64 {
        let served = self.emulator.operations_served();
        served.get(operation).copied().unwrap_or(0)
    }

    /// Returns the number of all successful requests.
    pub(crate) fn served_in_total(&self) -> u64 {
        self.emulator.operations_served().values().sum()
    }
}

/// A request that an in-process handler received.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedRequest {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) range: Option<String>,
    pub(crate) if_match: Option<String>,
}

/// Returns a bucket to whose requests `respond` responds, and the requests that it received.
pub(crate) fn bucket_with_handler(
    respond: impl Fn(usize, &ReceivedRequest) -> http::Response<String> + Send + Sync + 'static,
) -> (Bucket, Arc<Mutex<Vec<ReceivedRequest>>>) {
    let all = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&all);
    let config = Config::new("ID", "SECRET").in_process(move |request: http::Request<Body>| {
        let header = |name: &str| {
            let value = request.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let received = ReceivedRequest {
            path: request.uri().path().to_owned(),
            query: request.uri().query().unwrap_or_default().to_owned(),
            range: header("range"),
            if_match: header("if-match"),
        };
        let mut log = log.lock().unwrap();
        let response = respond(log.len(), &received);
        log.push(received);
        async move { response }
    });
    let client = QingStor::new(config).unwrap();
    (client.bucket("store-bucket", "pek3a").unwrap(), all)
}
