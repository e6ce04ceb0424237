//! Stand-ins for the spans without the feature `tracing`.

use std::pin::Pin;
use std::time::{Duration, Instant};

use crate::base::error::{Error, ErrorCode, Result};
use crate::config::observer::ResponseEvent;
use crate::message::address::Address;
use crate::message::call_info::CallInfo;
use crate::message::operation_info::OperationInfo;
use crate::message::response_meta::ResponseMeta;

pub(crate) struct CallSpan;

impl CallSpan {
    pub(crate) fn start(
        _: &'static OperationInfo,
        _: &Address,
        _: Option<&str>,
        _: Instant,
    ) -> Self {
        Self
    }

    pub(crate) fn run<'a, F: Future>(&self, call: Pin<&'a mut F>) -> Pin<&'a mut F> {
        call
    }

    pub(crate) fn responded(&mut self, _: &ResponseMeta) {}

    pub(crate) fn end<T>(self, result: Result<T>) -> Result<T> {
        result
    }
}

pub(crate) struct AttemptSpan;

impl AttemptSpan {
    pub(crate) fn start(_: &CallInfo) -> Self {
        Self
    }

    pub(crate) fn is_enabled(&self) -> bool {
        false
    }

    pub(crate) fn run<F: Future>(&self, attempt: F) -> F {
        attempt
    }

    pub(crate) fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        work()
    }

    pub(crate) fn refused(&self, _: &Error) {}

    pub(crate) fn end(&self, _: &ResponseEvent<'_>) {}
}

pub(crate) struct TransferSpan;

impl TransferSpan {
    pub(crate) fn start(_: &'static str, _: &Address, _: Option<&str>) -> Self {
        Self
    }

    pub(crate) fn run<F: Future>(&self, transfer: F) -> F {
        transfer
    }

    pub(crate) fn run_infallible<F: Future>(&self, transfer: F) -> F {
        transfer
    }

    pub(crate) fn failed(&self, _: &Error) {}

    pub(crate) fn failed_with_code(&self, _: Option<&ErrorCode>) {}
}

pub(crate) fn retry_delayed(_: u32, _: Duration) {}
