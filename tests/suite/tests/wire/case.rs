//! One entry of the table of operations.

use std::pin::Pin;

use http::Request;
use qingstor_sdk::{
    Body, Bucket, Call, Config, Error, Operation, OperationInfo, QingStor, RetryPolicy,
};
use qingstor_suite::Answer;

pub(crate) const ID: &str = "QYACCESSKEYIDEXAMPLE";
pub(crate) const SECRET: &str = "SECRET_ACCESS_KEY_EXAMPLE";
pub(crate) const BUCKET: &str = "my-bucket";

/// What calls stand on.
pub(crate) struct Target {
    pub(crate) qingstor: QingStor,
    pub(crate) bucket: Bucket,
}

impl Target {
    pub(crate) fn new(config: Config) -> Self {
        let qingstor = QingStor::new(config).unwrap();
        let bucket = qingstor.bucket(BUCKET, "pek3a").unwrap();
        Self { qingstor, bucket }
    }

    /// With the example's credentials, at this endpoint.
    pub(crate) fn at(endpoint: &str) -> Self {
        // One exchange each, whatever the answer.
        let config = Config::new(ID, SECRET).endpoint(endpoint);
        Self::new(config.retry(RetryPolicy::never()))
    }
}

type Outcome = Pin<Box<dyn Future<Output = Result<(), Error>>>>;
/// What can be done with a call, at any target.
type On<T> = Box<dyn Fn(&Target) -> T>;

/// An operation: a call of it, what it must send, what it is answered, what it must make of that.
pub(crate) struct Case {
    pub(crate) info: &'static OperationInfo,
    /// The target behind the bucket: that of the virtual-host style.
    pub(crate) target: &'static str,
    /// All headers but those that every request has.
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// The key that errors name.
    pub(crate) key: Option<&'static str>,
    /// The body of a JSON answer; tests vary it.
    pub(crate) sample: Option<serde_json::Value>,
    pub(crate) answer: Answer,
    /// The signed request, unsent.
    pub(crate) build: On<Request<Body>>,
    /// Sends the call and judges its output.
    pub(crate) send: On<Outcome>,
    /// Sends the call and drops its output.
    pub(crate) try_send: On<Outcome>,
}

impl Case {
    /// A call, and what must stand in its output.
    pub(crate) fn new<I, C, J>(target: &'static str, call: C, judge: J) -> Self
    where
        I: Operation + 'static,
        C: Fn(&Target) -> Call<I> + Clone + 'static,
        J: AsyncFn(I::Output) + Clone + 'static,
    {
        let (built, tried) = (call.clone(), call.clone());
        Self {
            info: I::INFO,
            target,
            headers: Vec::new(),
            body: Vec::new(),
            key: None,
            sample: None,
            answer: Answer::new(I::INFO.success[0]),
            build: Box::new(move |target| built(target).build().unwrap()),
            send: Box::new(move |target| {
                let (call, judge) = (call(target), judge.clone());
                Box::pin(async move {
                    judge(call.send().await?).await;
                    Ok(())
                })
            }),
            try_send: Box::new(move |target| {
                let call = tried(target);
                Box::pin(async move { call.send().await.map(drop) })
            }),
        }
    }

    /// A header that it sends.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The body that it sends.
    pub(crate) fn body(self, body: &str) -> Self {
        self.bytes(body.into())
    }

    /// The body that it sends.
    pub(crate) fn bytes(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// The JSON body that it sends, byte for byte.
    pub(crate) fn json(self, body: &str) -> Self {
        self.header("content-type", "application/json").body(body)
    }

    /// The key that it is about.
    pub(crate) fn key(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }

    /// The JSON that it is answered.
    pub(crate) fn sample(mut self, sample: serde_json::Value) -> Self {
        self.sample = Some(sample);
        self
    }

    /// A header of the answer.
    pub(crate) fn answer_header(mut self, name: &str, value: &str) -> Self {
        self.answer = self.answer.header(name, value);
        self
    }

    /// The answer's bytes.
    pub(crate) fn answer_body(mut self, body: &str) -> Self {
        self.answer = self.answer.body(body);
        self
    }

    /// The target in path style.
    pub(crate) fn path_style_target(&self) -> String {
        if !self.on_bucket() {
            return self.target.to_owned();
        }
        // The root of a bucket has no slash behind it in path style.
        let rest = match self.target.strip_prefix('/') {
            Some(rest) if rest.is_empty() || rest.starts_with('?') => rest,
            _ => self.target,
        };
        format!("/{BUCKET}{rest}")
    }

    /// Whether it stands on a bucket; the two others are the service's.
    pub(crate) fn on_bucket(&self) -> bool {
        !matches!(self.info.id, "ListBuckets" | "ListLocations")
    }
}

/// All operations.
pub(crate) fn table() -> Vec<Case> {
    let mut table = Vec::new();
    table.extend(crate::service::cases());
    table.extend(crate::bucket::cases());
    table.extend(crate::settings::cases());
    table.extend(crate::object::cases());
    table.extend(crate::multipart::cases());
    table
}
