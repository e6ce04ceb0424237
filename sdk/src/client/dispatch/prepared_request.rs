//! [`PreparedRequest`]: a request that can be dated, signed and sent any number of times.

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Uri, header};

use crate::base::error::{Error, Result};
use crate::base::header_names::X_QS_DATE;
use crate::client::Dispatcher;
use crate::config::credentials::Credentials;
use crate::config::retry::may_retry;
use crate::config::sign;
use crate::message::body::Body;
use crate::message::operation_info::{OperationInfo, Repeatable};
use crate::message::request::{RequestBody, RequestParts};

/// A request without date and signature. Each attempt adds its own.
pub(crate) struct PreparedRequest {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// Whether the body is a form, which contains its own signature.
    pub(crate) is_form: bool,
    /// Whether the service may work for a long time before it responds.
    pub(crate) slow: bool,
    /// Whether the request may be retried after an ambiguous failure.
    pub(crate) repeatable: Repeatable,
}

/// Number of headers that are added to each attempt: `Date`, `Authorization`, `User-Agent`,
/// `Accept-Encoding`, `Host` and `Content-Length`.
const ADDED_HEADERS: usize = 6;

impl PreparedRequest {
    /// Returns whether the request may be retried after this failure.
    pub(crate) fn may_be_retried_after(&self, error: &Error) -> bool {
        may_retry(
            error.failure(),
            self.repeatable,
            &self.headers,
            self.body.can_start(),
        )
    }

    /// Returns whether the date of the client is signed with these credentials. If the caller sets
    /// `x-qs-date`, that date is signed instead, and the client does not correct its clock.
    /// `credentials`: `None` for a form.
    pub(crate) fn is_dated(&self, credentials: Option<&Credentials>) -> bool {
        credentials.is_some_and(|credentials| !credentials.is_anonymous())
            && !self.headers.contains_key(&X_QS_DATE)
    }

    /// Returns the headers for one attempt, with room for those that are added to it, and keeps a copy
    /// for the next one. Most requests have no headers at this point, so that nothing is copied.
    pub(super) fn take_headers(&mut self) -> HeaderMap {
        if self.headers.is_empty() {
            return std::mem::take(&mut self.headers);
        }
        let mut headers = HeaderMap::with_capacity(self.headers.len() + ADDED_HEADERS);
        for (name, value) in &self.headers {
            headers.append(name.clone(), value.clone());
        }
        headers
    }
}

impl Dispatcher {
    /// Returns the URL and the request of an operation. `form_credentials`: sign the request if it is a
    /// form.
    pub(crate) fn prepare(
        &self,
        info: &OperationInfo,
        parts: &mut RequestParts,
        form_credentials: Option<&Credentials>,
    ) -> Result<(Uri, PreparedRequest)> {
        let is_form = matches!(parts.body, RequestBody::Form(_));
        // An upload does not make the service copy or fetch data, so the normal idle timeout
        // applies.
        let uploads = matches!(&parts.body, RequestBody::Stream(body) if !body.is_empty());
        let body = match std::mem::replace(&mut parts.body, RequestBody::None) {
            RequestBody::None => Body::empty(),
            RequestBody::Json(bytes) | RequestBody::OpenObject(bytes) => bytes.into(),
            RequestBody::Stream(body) => body,
            RequestBody::Form(mut form) => {
                if let Some(credentials) = form_credentials {
                    sign::sign_form(&mut form, credentials)?;
                }
                let (body, content_type) = form.into_body()?;
                parts.header(header::CONTENT_TYPE, &content_type)?;
                body
            }
        };
        let (uri, headers) = self.finish(parts)?;
        let request = PreparedRequest {
            headers,
            body,
            is_form,
            slow: info.slow && !uploads,
            repeatable: match self.options().repeat {
                true => Repeatable::Always,
                false => info.repeatable,
            },
        };
        Ok((uri, request))
    }

    /// Adds date and signature to the headers of a request with this method and URL.
    pub(crate) fn sign(
        &self,
        (method, uri): (&Method, &Uri),
        headers: &mut HeaderMap,
        skew: i64,
        credentials: &Credentials,
    ) {
        if credentials.is_anonymous() {
            return;
        }
        let date = self.shared.clock.date(skew);
        let signed = sign::SignedParts {
            method,
            resource_prefix: &self.address.resource_prefix,
            target: uri.path_and_query().map_or("/", PathAndQuery::as_str),
            headers,
        };
        if let Some(value) = sign::authorization(signed, &date, credentials) {
            headers.insert(header::AUTHORIZATION, value);
        }
        headers.insert(header::DATE, date);
    }

    /// Returns the URL and the headers of a request.
    pub(crate) fn finish(&self, parts: &mut RequestParts) -> Result<(Uri, HeaderMap)> {
        let (target, headers) = parts.finish();
        let refused = |error: http::Error| {
            Error::invalid_input("the URL is too long or malformed").with_source(error)
        };
        let target = PathAndQuery::from_maybe_shared(Bytes::from(target));
        let mut uri = http::uri::Parts::default();
        uri.scheme = Some(self.address.scheme.clone());
        uri.authority = Some(self.address.authority.clone());
        uri.path_and_query = Some(target.map_err(|error| refused(error.into()))?);
        let uri = Uri::from_parts(uri).map_err(|error| refused(error.into()))?;
        Ok((uri, headers))
    }
}
