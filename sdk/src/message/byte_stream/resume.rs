//! Resumes a response body after its connection broke.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE, RANGE};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::ByteStream;
use crate::base::digest::Digest;
use crate::base::entity_tag;
use crate::base::error::{Error, ErrorKind, Result, RetryRefusal};
use crate::base::header_names::has_customer_key;
use crate::base::runtime::{self, ScopedTask};
use crate::message::call_info::{CallInfo, MAX_HALVINGS};
use crate::message::content_range::ContentRange;
use crate::message::response::contradiction;
use crate::message::response_meta::ResponseMeta;

/// The status, headers and body of the response to a resent request.
pub(crate) type ResendFuture<'a> =
    Pin<Box<dyn Future<Output = Result<(ResponseMeta, ByteStream)>> + Send + 'a>>;

/// Resends the request of a response body. Implemented by the layer that sends requests.
pub(crate) trait Resend: Send + Sync {
    /// Returns the headers of the request, without date and signature.
    fn headers(&self) -> &HeaderMap;

    /// Returns the delay before a retry after the attempt of `call` failed with `error`, or why no retry
    /// is allowed. Notifies the observer. `takes_tokens`: whether the retry takes tokens from the budget.
    fn delay(
        &self,
        error: &Error,
        call: &CallInfo,
        takes_tokens: bool,
    ) -> Result<Duration, RetryRefusal>;

    /// Sends the request with other headers, and retries it by the same rules. `call` contains the
    /// number of attempts so far.
    fn send(&self, headers: HeaderMap, call: CallInfo) -> ResendFuture<'_>;
}

/// Why a body was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interruption {
    /// Its throughput was below the minimum.
    Stalled {
        /// Whether the whole response was slow on average. Otherwise, its connection became slow.
        is_network_slow: bool,
    },
    /// It ended, or no byte arrived in time.
    Broken,
}

/// Bytes of a response after which its interruption does not count as a failure: continuing takes no
/// tokens from the retry budget, because most of the work of the service was of use.
const MIN_YIELD: u64 = 1 << 20;

/// State for requesting the rest of a body.
pub(super) struct ResumePoint {
    resend: Box<dyn Resend>,
    /// The ETag that the rest must have, so that it belongs to the same object.
    etag: HeaderValue,
    /// The part of the object in the response; `None` if it is the whole object.
    part: Option<ContentRange>,
    /// Number of bytes received before the previous interruption.
    received: u64,
}

/// A request for the rest of a body. In a task, because its timeouts would otherwise include the time
/// in which nothing polls the stream.
pub(super) struct ResumeRequest(ScopedTask<ResumeOutput>);

/// The state for resuming once more, and the rest of the body.
type ResumeOutput = Result<(ResumePoint, ByteStream)>;

impl ResumeRequest {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ResumeOutput> {
        let joined = ready!(Pin::new(&mut self.0).poll(cx));
        Poll::Ready(runtime::joined(joined).unwrap_or_else(|error| {
            let text = "the runtime ended the request for the rest of the body";
            Err(Error::new(ErrorKind::Io, text).with_source(error))
        }))
    }
}

impl ResumePoint {
    /// Returns `None` if the response has no strong ETag: the rest could belong to another object.
    pub(super) fn new(
        resend: Box<dyn Resend>,
        meta: &ResponseMeta,
        part: Option<ContentRange>,
    ) -> Option<Self> {
        let is_object = meta.status() == StatusCode::OK || part.is_some();
        let etag = meta.headers().get(ETAG).filter(|_| is_object)?;
        let is_strong = entity_tag::is_strong(&String::from_utf8_lossy(etag.as_bytes()));
        is_strong.then(|| Self {
            resend,
            etag: etag.clone(),
            part,
            received: 0,
        })
    }

    /// Returns the MD5 digest of the body if the ETag is one. With a customer-provided key, the ETag
    /// may be anything, even if it looks like an MD5.
    #[inline]
    pub(super) fn content_md5(&self) -> Option<Digest> {
        let is_encrypted = has_customer_key(self.resend.headers());
        let is_whole = self.part.is_none();
        let etag = self.etag.to_str().ok();
        let etag = etag.filter(|_| is_whole && !is_encrypted)?;
        Digest::from_etag(etag)
    }

    /// Requests the bytes after `received` of `announced`.
    ///
    /// # Errors
    ///
    /// Returns `error`, which interrupted the body, if the retry rules allow no further attempt, or
    /// outside of a runtime.
    pub(super) fn request_rest(
        mut self,
        received: u64,
        announced: u64,
        mut call: CallInfo,
        error: Error,
        interruption: Interruption,
    ) -> Result<ResumeRequest, Error> {
        let progress = received.saturating_sub(self.received);
        let mut is_slow = false;
        // A network that is slower than the lowest minimum counts as failed, or the body could take
        // forever.
        let is_too_slow = interruption
            == Interruption::Stalled {
                is_network_slow: true,
            }
            && call.halvings() >= MAX_HALVINGS;
        if let Interruption::Stalled { is_network_slow } = interruption
            && progress > 0
            && !is_too_slow
        {
            is_slow = true;
            // With the next attempt, one more than for the one that stalled. This ends the stalls of
            // a slow network.
            call.earlier_halvings = match is_network_slow {
                true => call.halvings(),
                false => 0,
            };
        }
        if progress > 0 && !is_too_slow {
            call.earlier_attempts += call.attempts.saturating_sub(1);
            // Progress resets the number of attempts. The retry budget limits them only if the
            // response yielded little.
            call.attempts = 1;
            self.received = received;
        }
        let takes_tokens = !is_slow && progress < MIN_YIELD;
        let wanted = self
            .part_of(announced)
            .and_then(|part| part.after(received));
        let Some(wanted) = wanted else {
            return Err(error);
        };
        if runtime::current().is_err() {
            return Err(error);
        }
        let delay = match self.resend.delay(&error, &call, takes_tokens) {
            Ok(delay) => delay,
            Err(refusal) => return Err(refusal.explain(error)),
        };
        let request = runtime::in_current_span(async move {
            tokio::time::sleep(delay).await;
            let rest = self.send(wanted, call).await?;
            Ok((self, rest))
        });
        Ok(ResumeRequest(ScopedTask::spawn(request)))
    }

    /// Returns the part of the object that a body of `announced` bytes is.
    fn part_of(&self, announced: u64) -> Option<ContentRange> {
        let whole = announced.checked_sub(1).map(|last| ContentRange {
            first: 0,
            last,
            size: announced,
        });
        self.part.or(whole)
    }

    async fn send(&self, wanted: ContentRange, call: CallInfo) -> Result<ByteStream> {
        let mut headers = self.resend.headers().clone();
        // `If-Match` alone selects the object.
        for condition in [IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_UNMODIFIED_SINCE] {
            headers.remove(condition);
        }
        headers.insert(IF_MATCH, self.etag.clone());
        let range = format!("bytes={}-{}", wanted.first, wanted.last);
        let range = HeaderValue::try_from(range)
            .map_err(|error| Error::invalid_input("invalid range").with_source(error))?;
        headers.insert(RANGE, range);
        let call = CallInfo {
            request_id: None,
            ..call
        };
        let (meta, stream) = self.resend.send(headers, call.clone()).await?;
        // `ContentRange::check` has already refused a response with another range.
        let is_same = meta.headers().get(ETAG) == Some(&self.etag);
        if is_same && stream.part() == Some(wanted) {
            return Ok(stream);
        }
        let text = format!(
            "the response to the request for bytes {} to {} is not the rest of the body",
            wanted.first, wanted.last
        );
        let kind = ErrorKind::Integrity;
        Err(contradiction(kind, text, &meta, Bytes::new(), &call))
    }
}
