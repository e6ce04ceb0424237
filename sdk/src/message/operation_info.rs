//! [`OperationInfo`]: the facts of one operation.

use http::Method;

/// An operation's facts, which live as long as the program.
pub type Info = &'static OperationInfo;

/// The facts of an operation, from the specification. The runtime interprets them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OperationInfo {
    /// The operation's id in the specification, such as `PutBucketACL`.
    pub id: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The statuses of a success. Every other status is an error.
    pub success: &'static [u16],
    /// Sub-resource of the bucket or the service, such as `cors`: a query parameter without a
    /// value.
    pub sub_resource: Option<&'static str>,
    /// Kind of the response body.
    pub reply: Reply,
    /// Whether the call may be repeated when it is unknown if the service carried it out.
    pub repeatable: Repeatable,
    /// Whether the service requires `Content-MD5`, which is then computed.
    pub content_md5: bool,
    /// Whether the service may work long before it answers.
    pub slow: bool,
    /// The headers that say where else the content comes from: none of them goes with a body.
    pub excludes_body: &'static [&'static str],
    /// Whether a success has the `ETag` of what the request body stored.
    pub stores_body: bool,
}

/// Kind of a response body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// There is none.
    Empty,
    /// A JSON document.
    Json,
    /// Bytes, given to the caller as they come.
    Stream,
}

/// Whether a call may be repeated without harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeatable {
    /// Twice is as good as once.
    Always,
    /// A repeat does something else than the first call.
    Never,
    /// Unless this request header is set.
    UnlessHeader(&'static str),
}

impl OperationInfo {
    /// What most operations share: an empty answer with status 200, and a call that may be
    /// repeated.
    pub(crate) const fn new(id: &'static str, method: Method) -> Self {
        Self {
            id,
            method,
            success: &[200],
            sub_resource: None,
            reply: Reply::Empty,
            repeatable: Repeatable::Always,
            content_md5: false,
            slow: false,
            excludes_body: &[],
            stores_body: false,
        }
    }

    pub(crate) const fn success(mut self, statuses: &'static [u16]) -> Self {
        self.success = statuses;
        self
    }

    pub(crate) const fn sub_resource(mut self, name: &'static str) -> Self {
        self.sub_resource = Some(name);
        self
    }

    pub(crate) const fn reply(mut self, reply: Reply) -> Self {
        self.reply = reply;
        self
    }

    pub(crate) const fn repeatable(mut self, repeatable: Repeatable) -> Self {
        self.repeatable = repeatable;
        self
    }

    pub(crate) const fn content_md5(mut self) -> Self {
        self.content_md5 = true;
        self
    }

    pub(crate) const fn slow(mut self) -> Self {
        self.slow = true;
        self
    }

    pub(crate) const fn stores_body(mut self) -> Self {
        self.stores_body = true;
        self
    }

    pub(crate) const fn excludes_body(mut self, headers: &'static [&'static str]) -> Self {
        self.excludes_body = headers;
        self
    }
}
