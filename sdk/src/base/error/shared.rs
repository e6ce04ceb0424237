//! Errors of several objects that one request has.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use super::{CallContext, Error, Inner};

impl Error {
    /// Returns the error of one of several objects whose request failed with `shared`.
    #[inline]
    pub(crate) fn of_object(shared: &Arc<Self>, key: String) -> Self {
        let inner = &shared.0;
        let has_source = inner.source.is_some();
        Self(Box::new(Inner {
            kind: inner.kind,
            message: inner.message.clone(),
            source: has_source.then(|| Box::new(SharedSource(Arc::clone(shared))) as _),
            call: inner.call.clone().map(|call| CallContext {
                key: Some(key),
                ..call
            }),
            response: inner.response.clone(),
            unsent: inner.unsent,
            permanent: inner.permanent,
            is_of_reused_connection: inner.is_of_reused_connection,
            is_budget_used_up: inner.is_budget_used_up,
            earlier_execution: inner.earlier_execution,
        }))
    }
}

/// The source of an error that several errors share.
#[derive(Debug)]
struct SharedSource(Arc<Error>);

impl fmt::Display for SharedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.0.source {
            Some(source) => write!(f, "{source}"),
            None => Ok(()),
        }
    }
}

impl StdError for SharedSource {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.0.source.as_ref()?.source()
    }
}
