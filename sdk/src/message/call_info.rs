//! [`CallInfo`]: the call that a response belongs to.

use std::sync::Arc;
use std::time::Instant;

use http::{HeaderValue, Uri};

use crate::base::error::CallContext;
use crate::message::address::Address;
use crate::message::error_document::BodyFields;
use crate::message::operation_info::OperationInfo;

/// How often the minimum throughput is halved at most: as often as the default retry policy retries.
pub(crate) const MAX_HALVINGS: u32 = 3;

/// The call that a response belongs to. Its [context](Self::context) is only computed for an error.
#[derive(Clone, Debug)]
pub(crate) struct CallInfo {
    pub(crate) identity: Arc<CallIdentity>,
    /// Number of attempts, since the response body last made progress.
    pub(crate) attempts: u32,
    /// Number of attempts before these.
    pub(crate) earlier_attempts: u32,
    /// How often the minimum throughput was halved before these attempts.
    pub(crate) earlier_halvings: u32,
    /// Request ID of the response whose body is being read.
    pub(crate) request_id: Option<HeaderValue>,
}

/// The part of a call that all its attempts share.
#[derive(Debug)]
pub(crate) struct CallIdentity {
    pub(crate) info: &'static OperationInfo,
    /// Returns the fields that the JSON body of a success may have.
    pub(crate) body_fields: fn() -> BodyFields,
    pub(crate) address: Arc<Address>,
    pub(crate) uri: Uri,
    pub(crate) started: Instant,
}

impl CallInfo {
    /// Returns how often the minimum throughput is halved for the current attempt: once for each
    /// retry, so that a slow network is not taken for a stalled connection until the last attempt.
    pub(crate) fn halvings(&self) -> u32 {
        let retries = self.attempts.saturating_sub(1);
        let halvings = self.earlier_halvings.saturating_add(retries);
        halvings.min(MAX_HALVINGS)
    }

    pub(crate) fn context(&self) -> CallContext {
        let CallIdentity {
            info,
            address,
            uri,
            started,
            ..
        } = &*self.identity;
        let request_id = self.request_id.as_ref();
        let request_id = request_id.and_then(|id| Some(id.to_str().ok()?.to_owned()));
        CallContext {
            operation: info.id,
            bucket: address.bucket.clone(),
            key: address.key(uri.path()),
            part: None,
            request_id,
            attempts: self.earlier_attempts.saturating_add(self.attempts),
            elapsed: started.elapsed(),
        }
    }
}
