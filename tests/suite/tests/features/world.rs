//! State of one scenario: its emulator, the current caller, and the last response.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use cucumber::World;
use http::{HeaderMap, StatusCode};
use qingstor_emulator::Emulator;
use qingstor_sdk::types::ObjectPart;
use qingstor_sdk::{Bucket, Call, Config, Error, Operation, QingStor};
use qingstor_suite::Server;
use qingstor_suite::client::RawResponse;
use serde_json::Value;

/// Zone of buckets for which a scenario does not name a zone.
pub(crate) const ZONE: &str = "pek3a";

#[derive(Debug, World)]
#[world(init = Self::start)]
pub(crate) struct Suite {
    pub(crate) emulator: Emulator,
    /// Client of the current caller.
    pub(crate) caller: QingStor,
    /// Name of the current bucket. A name, because each caller needs its own handle.
    pub(crate) bucket: String,
    /// The last response.
    pub(crate) response: Response,
    /// Key of scenarios about unusual keys.
    pub(crate) key: String,
    /// ETag of the last object that was put.
    pub(crate) etag: String,
    /// Ids of the operations that the scenario called.
    pub(crate) called: BTreeSet<&'static str>,
    /// Key of the current multipart upload.
    pub(crate) upload_key: String,
    pub(crate) upload_id: String,
    /// Parts that were uploaded, by number.
    pub(crate) parts: BTreeMap<u32, ObjectPart>,
    /// Version ids by the names that the scenario uses.
    pub(crate) versions: BTreeMap<String, String>,
    /// Server that objects are fetched or mirrored from.
    pub(crate) origin: Option<Server>,
}

/// Result of the last request, successful or not.
#[derive(Debug, Default)]
pub(crate) struct Response {
    /// 0 if the client did not send the request.
    pub(crate) status: u16,
    /// Error code. Empty for successes and for errors without a JSON body.
    pub(crate) code: String,
    /// Error message.
    pub(crate) message: String,
    pub(crate) headers: HeaderMap,
    /// Content of an object.
    pub(crate) body: Bytes,
    /// JSON body, or `null`.
    pub(crate) json: Value,
}

/// Sends a request with the SDK and records its operation and response. Returns the output if the
/// request succeeds.
macro_rules! send {
    ($world:expr, $call:expr) => {{
        let call = $call;
        $world.record_operation(&call);
        match call.await {
            Ok(output) => {
                $world.record_success(output.status(), output.headers());
                Some(output)
            }
            Err(error) => {
                $world.record_failure(&error);
                None
            }
        }
    }};
}
pub(crate) use send;

impl Suite {
    async fn start() -> Self {
        let emulator = Emulator::builder()
            .account("OWNER", "secret of the owner")
            .account("OTHER", "secret of the other user")
            .start()
            .await
            .unwrap();
        let mut world = Self {
            caller: QingStor::new(Config::anonymous()).unwrap(),
            emulator,
            bucket: String::new(),
            response: Response::default(),
            key: String::new(),
            etag: String::new(),
            called: BTreeSet::new(),
            upload_key: String::new(),
            upload_id: String::new(),
            parts: BTreeMap::new(),
            versions: BTreeMap::new(),
            origin: None,
        };
        world.caller = world.client(world.credentials("owner"));
        world
    }

    /// Returns the configuration of a caller: `owner`, `another user` or `anonymous`.
    pub(crate) fn credentials(&self, caller: &str) -> Config {
        let index = match caller {
            "owner" => 0,
            "another user" => 1,
            "anonymous" => return Config::anonymous(),
            other => panic!("unknown caller {other:?}"),
        };
        let account = &self.emulator.accounts()[index];
        Config::new(account.access_key_id(), account.secret_access_key())
    }

    pub(crate) fn client(&self, config: Config) -> QingStor {
        QingStor::new(config.endpoint(self.emulator.endpoint())).unwrap()
    }

    /// Returns the handle of the current bucket for the current caller.
    pub(crate) fn bucket(&self) -> Bucket {
        self.caller.bucket(&self.bucket, ZONE).unwrap()
    }

    pub(crate) fn record_operation<I: Operation>(&mut self, _call: &Call<I>) {
        self.called.insert(I::INFO.id);
    }

    pub(crate) fn record_success(&mut self, status: StatusCode, headers: &HeaderMap) {
        self.response = Response {
            status: status.as_u16(),
            headers: headers.clone(),
            ..Response::default()
        };
    }

    pub(crate) fn record_failure(&mut self, error: &Error) {
        self.response = Response {
            status: error.status().map_or(0, |status| status.as_u16()),
            code: error.code().map(ToString::to_string).unwrap_or_default(),
            message: error.to_string(),
            ..Response::default()
        };
    }

    /// Records a response that was received without the SDK.
    pub(crate) fn record_response(&mut self, response: RawResponse) {
        let json: Value = serde_json::from_str(&response.body).unwrap_or_default();
        self.response = Response {
            status: response.status,
            code: json["code"].as_str().unwrap_or_default().to_owned(),
            message: response.body.clone(),
            headers: response.headers,
            body: response.body.into(),
            json,
        };
    }

    /// Panics unless the last request succeeded. For the preconditions of a scenario.
    pub(crate) fn must_succeed(&self) {
        let response = &self.response;
        assert!(
            (200..300).contains(&response.status),
            "{}",
            response.message
        );
    }

    /// Returns the operations that the emulator executed in this scenario.
    pub(crate) fn served(&self) -> impl Iterator<Item = &'static str> {
        let counts = self.emulator.operations_served();
        counts
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(operation, _)| operation)
    }
}
