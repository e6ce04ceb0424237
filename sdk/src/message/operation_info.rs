//! [`OperationInfo`]: facts about an operation.

use http::Method;

/// The type of [`Operation::INFO`](crate::Operation::INFO), abbreviated for generated code.
pub type Info = &'static OperationInfo;

/// Facts about an operation, from the specification.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OperationInfo {
    /// ID of the operation in the specification, such as `PutBucketACL`.
    pub id: &'static str,
    /// HTTP method.
    pub method: Method,
    /// Statuses that mean success. Every other status is an error.
    pub success: &'static [u16],
    /// Sub-resource of the bucket or the service, such as `cors`: a query parameter without a
    /// value.
    pub sub_resource: Option<&'static str>,
    /// Kind of the response body.
    pub response_kind: ResponseKind,
    /// Whether the client may retry the request if the service may already have executed it.
    pub repeatable: Repeatable,
    /// Whether the service requires `Content-MD5`. The client computes it.
    pub content_md5: bool,
    /// Whether the service may work for a long time before it responds.
    pub slow: bool,
    /// Headers that name another source of the content. A request with one of them must not have a
    /// body.
    pub excludes_body: &'static [&'static str],
    /// Whether the response has the `ETag` of the stored request body.
    pub stores_body: bool,
}

/// Kind of a response body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResponseKind {
    /// No body.
    Empty,
    /// A JSON document.
    Json,
    /// Bytes, which the caller reads as a stream.
    Stream,
}

/// Whether a request may be executed twice without harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeatable {
    /// A second execution has no effect.
    Always,
    /// A second execution has another effect than the first.
    Never,
    /// [`Always`](Self::Always), unless this request header is set.
    UnlessHeader(&'static str),
}

impl OperationInfo {
    /// Creates the facts of an operation with an empty response of status 200 and a request that
    /// may be repeated.
    pub(crate) const fn new(id: &'static str, method: Method) -> Self {
        Self {
            id,
            method,
            success: &[200],
            sub_resource: None,
            response_kind: ResponseKind::Empty,
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

    pub(crate) const fn json_response(mut self) -> Self {
        self.response_kind = ResponseKind::Json;
        self
    }

    pub(crate) const fn stream_response(mut self) -> Self {
        self.response_kind = ResponseKind::Stream;
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
