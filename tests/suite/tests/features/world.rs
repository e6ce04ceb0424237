//! What one scenario works with: an emulator of its own, who calls, and what was answered last.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use cucumber::World;
use http::{HeaderMap, StatusCode};
use qingstor_emulator::Emulator;
use qingstor_sdk::types::ObjectPart;
use qingstor_sdk::{Bucket, Call, Config, Error, Operation, QingStor};
use qingstor_suite::Server;
use qingstor_suite::client::Reply;
use serde_json::Value;

/// The zone of buckets for which a scenario names none.
pub(crate) const ZONE: &str = "pek3a";

#[derive(Debug, World)]
#[world(init = Self::start)]
pub(crate) struct Suite {
    pub(crate) emulator: Emulator,
    /// Who calls.
    pub(crate) caller: QingStor,
    /// The bucket that calls are about, by name: each caller has a handle of their own.
    pub(crate) bucket: String,
    pub(crate) answer: Answer,
    /// The key of a scenario that is about keys.
    pub(crate) key: String,
    /// The tag of the object that was put last.
    pub(crate) etag: String,
    /// The ids of the operations that were called.
    pub(crate) called: BTreeSet<&'static str>,
    /// The object whose upload is under way, its id, and the parts that were uploaded.
    pub(crate) upload_key: String,
    pub(crate) upload_id: String,
    pub(crate) parts: BTreeMap<u32, ObjectPart>,
    /// The versions that a scenario gave names to.
    pub(crate) versions: BTreeMap<String, String>,
    /// Where objects are fetched or mirrored from.
    pub(crate) origin: Option<Server>,
}

/// What a call came to, success or not.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// 0 for a call that was not sent.
    pub(crate) status: u16,
    /// Empty for a success, and for errors without a document.
    pub(crate) code: String,
    /// What an error says.
    pub(crate) message: String,
    pub(crate) headers: HeaderMap,
    /// The content of an object.
    pub(crate) body: Bytes,
    /// What a JSON document holds.
    pub(crate) json: Value,
}

/// Sends a call of the SDK, notes its operation and what came of it, and gives the output of a
/// success.
macro_rules! send {
    ($world:expr, $call:expr) => {{
        let call = $call;
        $world.note(&call);
        match call.await {
            Ok(output) => {
                $world.succeeded(output.status(), output.headers());
                Some(output)
            }
            Err(error) => {
                $world.failed(&error);
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
            .account("STRANGER", "secret of the stranger")
            .start()
            .await
            .unwrap();
        let mut world = Self {
            caller: QingStor::new(Config::anonymous()).unwrap(),
            emulator,
            bucket: String::new(),
            answer: Answer::default(),
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

    /// The settings with which someone calls: the owner, a stranger, or nobody in particular.
    pub(crate) fn credentials(&self, who: &str) -> Config {
        let number = match who {
            "owner" => 0,
            "stranger" => 1,
            "anonymous" => return Config::anonymous(),
            other => panic!("{other:?} is neither owner, stranger nor anonymous"),
        };
        let account = &self.emulator.accounts()[number];
        Config::new(account.access_key_id(), account.secret_access_key())
    }

    pub(crate) fn client(&self, config: Config) -> QingStor {
        QingStor::new(config.endpoint(self.emulator.endpoint())).unwrap()
    }

    /// The bucket of the scenario, for who calls now.
    pub(crate) fn bucket(&self) -> Bucket {
        self.caller.bucket(&self.bucket, ZONE).unwrap()
    }

    pub(crate) fn note<I: Operation>(&mut self, _call: &Call<I>) {
        self.called.insert(I::INFO.id);
    }

    pub(crate) fn succeeded(&mut self, status: StatusCode, headers: &HeaderMap) {
        self.answer = Answer {
            status: status.as_u16(),
            headers: headers.clone(),
            ..Answer::default()
        };
    }

    pub(crate) fn failed(&mut self, error: &Error) {
        self.answer = Answer {
            status: error.status().map_or(0, |status| status.as_u16()),
            code: error.code().map(ToString::to_string).unwrap_or_default(),
            message: error.to_string(),
            ..Answer::default()
        };
    }

    /// Notes what a client without the SDK was answered.
    pub(crate) fn replied(&mut self, reply: Reply) {
        let json: Value = serde_json::from_str(&reply.body).unwrap_or_default();
        self.answer = Answer {
            status: reply.status,
            code: json["code"].as_str().unwrap_or_default().to_owned(),
            message: reply.body.clone(),
            headers: reply.headers,
            body: reply.body.into(),
            json,
        };
    }

    /// Fails unless the last call did what a scenario needs before it can begin.
    pub(crate) fn must_succeed(&self) {
        let answer = &self.answer;
        assert!((200..300).contains(&answer.status), "{}", answer.message);
    }

    /// The operations that the emulator carried out for this scenario, by its own count.
    pub(crate) fn served(&self) -> impl Iterator<Item = &'static str> {
        let counts = self.emulator.operations_served();
        counts
            .into_iter()
            .filter(|(_, count)| *count > 0)
            .map(|(operation, _)| operation)
    }
}
