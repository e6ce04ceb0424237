//! [`Operation`]: the generated description of an operation of the API.

use std::future::Future;
use std::pin::Pin;

use anyhow::Result;

use super::Api;

/// An operation of the specification.
pub(crate) struct Operation {
    /// ID in the specification, such as `PutObject`.
    pub(crate) id: &'static str,
    /// The ID in lower case with hyphens.
    pub(crate) name: &'static str,
    /// Description.
    pub(crate) about: &'static str,
    /// URL of the official page; empty if there is none.
    pub(crate) document: &'static str,
    /// Handle with the operation.
    pub(crate) level: Level,
    /// Kind of the request body.
    pub(crate) body: BodyKind,
    /// Whether the response body is a stream of bytes.
    pub(crate) has_stream_output: bool,
    /// Parameters, without those of the handle and of the client.
    pub(crate) parameters: &'static [Parameter],
    /// Sends the request, or prints it.
    pub(crate) send: for<'a> fn(&'a Api) -> SendFuture<'a>,
}

/// The future of one operation.
pub(crate) type SendFuture<'a> = Pin<Box<dyn Future<Output = Result<()>> + Send + 'a>>;

/// Handle with an operation.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Level {
    /// The service.
    Service,
    /// A bucket, or an object in it.
    Bucket,
}

/// Kind of a request body.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum BodyKind {
    /// A JSON object whose fields are parameters.
    Json,
    /// A form.
    Form,
    /// A stream, a value that is one parameter, or no body.
    Other,
}

/// A parameter of an operation.
pub(crate) struct Parameter {
    /// Flag without the dashes.
    pub(crate) flag: &'static str,
    /// Name in the specification.
    pub(crate) name: &'static str,
    /// Description.
    pub(crate) help: &'static str,
    /// How the value is written.
    pub(crate) kind: Kind,
    /// Whether the request needs the parameter.
    pub(crate) is_required: bool,
    /// Whether the parameter is a field of the JSON body.
    pub(crate) is_in_json: bool,
}

impl Parameter {
    /// Creates an optional parameter that is not in the JSON body.
    pub(crate) const fn new(
        kind: Kind,
        flag: &'static str,
        name: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            flag,
            name,
            help,
            kind,
            is_required: false,
            is_in_json: false,
        }
    }

    /// Makes the parameter required.
    pub(crate) const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// Returns the flag of the version of the object that the parameter names. Only copies have a
    /// source with versions.
    pub(super) fn version_flag(&self) -> Option<&'static str> {
        match (self.kind, self.flag) {
            (Kind::ObjectPath, "copy-source") => Some("copy-source-version-id"),
            _ => None,
        }
    }

    /// Makes the parameter a field of the JSON body.
    pub(crate) const fn in_json(mut self) -> Self {
        self.is_in_json = true;
        self
    }
}

/// How a value is written on the command line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// As it is.
    Text,
    /// A number.
    Number,
    /// `true` or `false`; without a value, `true`.
    Boolean,
    /// A time: ISO 8601, or an HTTP date.
    Time,
    /// JSON, or `@FILE` with JSON.
    Json,
    /// A secret, or `@FILE` with it.
    Secret,
    /// `BUCKET/KEY`, or `qs://BUCKET/KEY`.
    ObjectPath,
    /// The flag once for each item.
    #[allow(
        dead_code,
        reason = "whether operations have such parameters depends on the specification"
    )]
    List,
    /// `KEY=VALUE`, the flag once for each pair.
    Pairs,
    /// A file; `-` is standard input.
    Stream,
}

/// Flag of the whole JSON body.
pub(super) const BODY_FLAG: &str = "body";

impl Operation {
    /// Returns whether the flag `--body` sets the whole JSON body.
    pub(super) fn has_body_flag(&self) -> bool {
        let is_free = self
            .parameters
            .iter()
            .all(|parameter| parameter.flag != BODY_FLAG);
        self.body == BodyKind::Json && is_free
    }
}
