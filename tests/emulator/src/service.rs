//! From a request to its answer.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::header::{EXPECT, HOST, SERVER};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use hyper::body::Incoming;

use crate::answer::{self, Answer};
use crate::api_error::ApiError;
use crate::auth::Accounts;
use crate::body::RequestBody;
use crate::generated::error_codes::ErrorCode;
use crate::generated::operations::Operation;
use crate::handlers::{self, Call};
use crate::host::Host;
use crate::route;
use crate::store::Store;
use crate::target::Target;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-qs-request-id");

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) store: Arc<Store>,
    pub(crate) accounts: Accounts,
    pub(crate) zones: Vec<String>,
    /// The longest wait for the next piece of a body.
    pub(crate) idle_timeout: Duration,
}

impl Service {
    /// Answers a request, whatever happens, and logs it.
    pub(crate) async fn handle(&self, request: Request<Incoming>, peer: IpAddr) -> Answer {
        let started = Instant::now();
        let request_id = format!("{:032x}", fastrand::u128(..));
        let (head, incoming) = request.into_parts();
        let mut body = RequestBody::new(incoming, self.idle_timeout);
        let mut operation = None;
        let result = self
            .answer(&head, &mut body, peer, &request_id, &mut operation)
            .await;
        // A client that waits for `100 Continue` has not sent anything yet, and needn't.
        if !head.headers.contains_key(EXPECT) {
            body.drain().await;
        }
        let code = result.as_ref().err().map(ApiError::code);
        let mut answer = result.unwrap_or_else(|error| {
            answer::error(&error, &request_id, head.method == Method::HEAD)
        });
        let headers = answer.headers_mut();
        headers.insert(SERVER, HeaderValue::from_static("QingStor"));
        if let Ok(value) = HeaderValue::from_str(&request_id) {
            headers.insert(REQUEST_ID, value);
        }
        tracing::info!(
            target: "qingstor_emulator::access",
            method = %head.method,
            target = redact(&head.uri),
            operation = operation.map(|operation: Operation| operation.facts().id),
            status = answer.status().as_u16(),
            code,
            request_id,
            elapsed_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX),
        );
        answer
    }

    async fn answer(
        &self,
        head: &Parts,
        body: &mut RequestBody,
        peer: IpAddr,
        request_id: &str,
        operation: &mut Option<Operation>,
    ) -> Result<Answer, ApiError> {
        let host = Host::parse(authority(&head.uri, &head.headers)?, &self.zones);
        let target = Target::parse(&head.uri, host.bucket.as_deref())?;
        let caller = self
            .accounts
            .authenticate(head, &target, &host, SystemTime::now())?;
        let found = route::route(&head.method, target.resource.level(), &target.query)?;
        *operation = Some(found);
        route::check_parameters(found, &head.headers, &target.query)?;
        handlers::dispatch(&mut Call {
            store: &self.store,
            zones: &self.zones,
            head,
            host: &host,
            target: &target,
            caller: &caller,
            peer,
            request_id,
            operation: found,
            body,
        })
        .await
    }
}

/// The host that a request is for; that of an absolute target outranks the header.
fn authority<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Result<&'a str, ApiError> {
    if let Some(authority) = uri.authority() {
        return Ok(authority.as_str());
    }
    let invalid = |message: &'static str| ApiError::new(ErrorCode::InvalidRequest, message);
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(invalid("a request has one Host header"));
    }
    host.map_or(Ok(""), |host| {
        host.to_str()
            .map_err(|_| invalid("the Host header is not text"))
    })
}

/// The target of a request, fit for the log: whoever reads a signed URL can use it.
fn redact(uri: &Uri) -> String {
    let Some(query) = uri.query() else {
        return uri.path().to_owned();
    };
    let parameters = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_signature(name) => format!("{name}=***"),
        _ => pair.to_owned(),
    });
    format!(
        "{}?{}",
        uri.path(),
        parameters.collect::<Vec<_>>().join("&")
    )
}

/// Encoded letters name the same parameter.
fn is_signature(name: &str) -> bool {
    percent_encoding::percent_decode_str(name)
        .decode_utf8_lossy()
        .eq_ignore_ascii_case("signature")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_stay_out_of_the_log() {
        for (uri, expected) in [
            ("/a/b?acl", "/a/b?acl"),
            (
                "/a/b?access_key_id=ID&signature=abc%3D&expires=1",
                "/a/b?access_key_id=ID&signature=***&expires=1",
            ),
            ("/a/b?%73ignature=abc", "/a/b?%73ignature=***"),
            ("/a/b", "/a/b"),
        ] {
            assert_eq!(redact(&uri.parse().unwrap()), expected);
        }
    }
}
