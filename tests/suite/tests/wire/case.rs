//! A test case for one operation.

use std::pin::Pin;

use http::Request;
use qingstor_sdk::generic::OperationInfo;
use qingstor_sdk::{Body, Bucket, Call, Config, Error, Operation, QingStor, RetryPolicy};
use qingstor_suite::CannedResponse;

pub(crate) const ID: &str = "QYACCESSKEYIDEXAMPLE";
pub(crate) const SECRET: &str = "SECRET_ACCESS_KEY_EXAMPLE";
pub(crate) const BUCKET: &str = "my-bucket";

/// The handles that calls start from.
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

    /// Creates a client for an endpoint, with the example credentials.
    pub(crate) fn at(endpoint: &str) -> Self {
        // One attempt per call, for every response.
        let config = Config::new(ID, SECRET).endpoint(endpoint);
        Self::new(config.retry(RetryPolicy::never()))
    }
}

type Outcome = Pin<Box<dyn Future<Output = Result<(), Error>>>>;
/// A function of the target.
type FromTarget<T> = Box<dyn Fn(&Target) -> T>;

/// A call of one operation, with the expected request, the response, and the checks of the output.
pub(crate) struct Case {
    pub(crate) info: &'static OperationInfo,
    /// Expected request target in virtual-host style.
    pub(crate) target: &'static str,
    /// Expected headers, except those of every request.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Expected request body.
    pub(crate) body: Vec<u8>,
    /// Key that errors contain.
    pub(crate) key: Option<&'static str>,
    /// JSON body of the response. Tests modify it.
    pub(crate) sample: Option<serde_json::Value>,
    pub(crate) response: CannedResponse,
    /// Builds the signed request without sending it.
    pub(crate) build: FromTarget<Request<Body>>,
    /// Sends the call and checks its output.
    pub(crate) send: FromTarget<Outcome>,
    /// Sends the call and drops its output.
    pub(crate) try_send: FromTarget<Outcome>,
}

impl Case {
    /// Creates a case from the expected target, a call, and the checks of its output.
    pub(crate) fn new<I, C, J>(target: &'static str, call: C, check_output: J) -> Self
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
            response: CannedResponse::new(I::INFO.success[0]),
            build: Box::new(move |target| built(target).build().unwrap()),
            send: Box::new(move |target| {
                let (call, check_output) = (call(target), check_output.clone());
                Box::pin(async move {
                    check_output(call.send().await?).await;
                    Ok(())
                })
            }),
            try_send: Box::new(move |target| {
                let call = tried(target);
                Box::pin(async move { call.send().await.map(drop) })
            }),
        }
    }

    /// Adds an expected header.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Sets the expected body.
    pub(crate) fn body(self, body: &str) -> Self {
        self.bytes(body.into())
    }

    /// Sets the expected body.
    pub(crate) fn bytes(mut self, body: Vec<u8>) -> Self {
        self.body = body;
        self
    }

    /// Sets the expected JSON body, byte for byte.
    pub(crate) fn json(self, body: &str) -> Self {
        self.header("content-type", "application/json").body(body)
    }

    /// Sets the key that errors contain.
    pub(crate) fn key(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }

    /// Sets the JSON body of the response.
    pub(crate) fn sample(mut self, sample: serde_json::Value) -> Self {
        self.sample = Some(sample);
        self
    }

    /// Adds a header to the response.
    pub(crate) fn response_header(mut self, name: &str, value: &str) -> Self {
        self.response = self.response.header(name, value);
        self
    }

    /// Sets the body of the response.
    pub(crate) fn response_body(mut self, body: &str) -> Self {
        self.response = self.response.body(body);
        self
    }

    /// Returns the expected request target in path style.
    pub(crate) fn path_style_target(&self) -> String {
        if !self.has_bucket() {
            return self.target.to_owned();
        }
        // In path style, the target of a bucket has no trailing slash.
        let rest = match self.target.strip_prefix('/') {
            Some(rest) if rest.is_empty() || rest.starts_with('?') => rest,
            _ => self.target,
        };
        format!("/{BUCKET}{rest}")
    }

    /// Returns whether the operation belongs to a bucket. Two operations belong to the service.
    pub(crate) fn has_bucket(&self) -> bool {
        !matches!(self.info.id, "ListBuckets" | "ListLocations")
    }
}

/// Returns the cases of all operations.
pub(crate) fn table() -> Vec<Case> {
    let mut table = Vec::new();
    table.extend(crate::service::cases());
    table.extend(crate::bucket::cases());
    table.extend(crate::settings::cases());
    table.extend(crate::object::cases());
    table.extend(crate::multipart::cases());
    table
}
