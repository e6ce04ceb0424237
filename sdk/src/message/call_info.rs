//! [`CallInfo`]: the call that a response belongs to.

use std::sync::Arc;
use std::time::Instant;

use http::Uri;

use crate::base::error::CallContext;
use crate::message::address::Address;
use crate::message::error_document::BodyFields;
use crate::message::operation_info::OperationInfo;

/// The call that a response belongs to. Its [context](Self::context) is only computed for an error.
#[derive(Clone, Debug)]
pub(crate) struct CallInfo {
    pub(crate) identity: Arc<CallIdentity>,
    pub(crate) attempts: u32,
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
    pub(crate) fn context(&self) -> CallContext {
        let CallIdentity {
            info,
            address,
            uri,
            started,
            ..
        } = &*self.identity;
        CallContext {
            operation: info.id,
            bucket: address.bucket.clone(),
            key: address.key(uri.path()),
            attempts: self.attempts,
            elapsed: started.elapsed(),
        }
    }
}
