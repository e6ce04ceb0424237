//! The steps from a request to its response: fault rules, authentication, the operation, common
//! headers, the log.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt as _;
use http::header::{EXPECT, HOST, LOCATION, SERVER};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri};
use http_body::Body as _;
use hyper::body::Incoming;

use crate::auth::{Caller, UnmatchedRequest};
use crate::base::api_error::ApiError;
use crate::base::panics;
use crate::base::response::{self, ApiResponse};
use crate::faults::{self, ConnectionControl, Disconnect, RequestFaults, ResponseFault, When};
use crate::generated::error_codes::ErrorCode;
use crate::generated::operations::Operation;
use crate::handlers::{self, Call};
use crate::request::host::Host;
use crate::request::request_body::RequestBody;
use crate::request::request_target::{RequestTarget, Resource};
use crate::request::route;
use crate::server::access_log;
use crate::server::admin;
use crate::server::console;
use crate::server::exchange::Exchange;
use crate::server::state::ServerState;
use crate::settings::cors;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-qs-request-id");

/// Ends a connection because a fault rule resets it.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("reset by a fault rule")]
pub(crate) struct ConnectionReset;

/// The failure of a request.
#[derive(Debug)]
enum Failure {
    Error(ApiError),
    Reset,
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

impl ServerState {
    /// Responds to a request and logs it.
    ///
    /// # Errors
    ///
    /// Returns an error only if a fault rule resets the connection.
    pub(crate) async fn handle(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        control: &Arc<ConnectionControl>,
    ) -> Result<ApiResponse, ConnectionReset> {
        let (head, incoming) = request.into_parts();
        let mut body = RequestBody::new(incoming, self.idle_timeout);
        let mut exchange = Exchange {
            head,
            peer,
            request_id: format!("{:032x}", fastrand::u128(..)),
            started: Instant::now(),
            bucket: None,
            operation: None,
            user_id: None,
            code: None,
            message: None,
            string_to_sign: None,
            faults: RequestFaults::default(),
        };
        let response = AssertUnwindSafe(self.respond(&mut exchange, &mut body));
        let response = response.catch_unwind().await.unwrap_or_else(|panic| {
            let message = panics::message(panic.as_ref());
            tracing::error!(message, "a request caused a panic");
            Err(ApiError::internal().into())
        });
        let response = match response {
            Ok(response) => response,
            Err(Failure::Error(error)) => {
                exchange.code = Some(error.code());
                exchange.message = Some(error.message().to_owned());
                response::error(&error, &exchange.request_id, exchange.is_head())
            }
            Err(Failure::Reset) => {
                access_log::write(&exchange, None, body.received());
                self.record(&exchange, None, body.received());
                control.disconnect(Disconnect::Reset);
                return Err(ConnectionReset);
            }
        };
        // A client that waits for `100 Continue` has not sent its body.
        if !exchange.head.headers.contains_key(EXPECT) {
            body.drain().await;
        }
        let response = self.finish(&exchange, response, control);
        access_log::write(&exchange, Some(&response), body.received());
        self.record(&exchange, Some(&response), body.received());
        Ok(response)
    }

    /// Performs a request, or applies a fault rule instead.
    async fn respond(
        &self,
        exchange: &mut Exchange,
        body: &mut RequestBody,
    ) -> Result<ApiResponse, Failure> {
        let head = &exchange.head;
        let authority = authority(&head.uri, &head.headers)?;
        let host = Host::parse(authority, &self.zones);
        // If the host names a bucket, every path is a key.
        if host.bucket.is_none()
            && let Some(response) = admin::respond(self, head, body).await
        {
            return Ok(response?);
        }
        if host.bucket.is_none()
            && let Some(console) = &self.console
            && console::owns(head.uri.path())
        {
            return Ok(console::respond(console, self, head, authority, body).await?);
        }
        let target = RequestTarget::parse(&head.method, &head.uri, host.bucket.as_deref())?;
        exchange.bucket = target.resource.bucket().map(str::to_owned);
        let route = route::route(&head.method, target.resource.level(), &target.query);
        if let Ok(operation) = route {
            exchange.operation = Some(operation);
            exchange.faults =
                self.faults
                    .for_request(operation, target.resource.bucket(), target.resource.key());
        }
        if let Some(response) = apply_faults(When::Before, exchange, body).await? {
            return Ok(response);
        }
        let response = self.perform(exchange, &host, &target, route, body).await;
        match apply_faults(When::After, exchange, body).await? {
            Some(instead) => Ok(instead),
            None => Ok(response?),
        }
    }

    /// Authenticates and performs a request.
    async fn perform(
        &self,
        exchange: &mut Exchange,
        host: &Host,
        target: &RequestTarget,
        route: Result<Operation, ApiError>,
        body: &mut RequestBody,
    ) -> Result<ApiResponse, ApiError> {
        let now = exchange.faults.effects.now();
        if self.console.is_some() {
            exchange.string_to_sign = self.accounts.string_to_sign(&exchange.head, target, host);
        }
        let caller = match route {
            // A browser cannot sign a preflight, but sends the query of a signed URL.
            Ok(Operation::OptionsObject) => Caller::Anonymous,
            _ => {
                let head = &exchange.head;
                match self.accounts.authenticate(head, target, host, now) {
                    Ok(caller) => caller,
                    Err(error) if self.explains(&error) => {
                        return Err(self.accounts.explain(&UnmatchedRequest {
                            head,
                            target,
                            host,
                        }));
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        exchange.remove_empty_headers();
        exchange.user_id = caller.account().map(|account| account.user_id().to_owned());
        if caller.is_anonymous()
            && exchange.is_head()
            && target.resource == Resource::Service
            && let Some((bucket, domain)) = host.bucket_without_zone()
        {
            return self.redirect_to_zone(bucket, domain);
        }
        // Authenticate before reporting routing errors, so that unknown callers learn nothing.
        let operation = route?;
        route::check_parameters(operation, &exchange.head.headers, &target.query)?;
        handlers::dispatch(&mut Call {
            store: &self.store,
            zones: &self.zones,
            accounts: &self.accounts,
            downloader: &self.downloader,
            notifier: &self.notifier,
            head: &exchange.head,
            host,
            target,
            caller: &caller,
            peer: exchange.peer_ip(),
            request_id: &exchange.request_id,
            operation,
            body,
        })
        .await
    }

    fn explains(&self, error: &ApiError) -> bool {
        self.accounts.explains() && error.code() == ErrorCode::SignatureNotMatched.as_str()
    }

    /// Responds to an unsigned HEAD of `http://<bucket>.<domain>/`. Clients find the zone of a
    /// bucket this way.
    fn redirect_to_zone(&self, bucket: &str, domain: &str) -> Result<ApiResponse, ApiError> {
        let zone = self.store.bucket(bucket)?.zone;
        let mut response = response::empty(StatusCode::MOVED_PERMANENTLY);
        let location = format!("http://{bucket}.{zone}.{domain}/");
        response::set_header(response.headers_mut(), LOCATION, location)?;
        Ok(response)
    }

    /// Adds a request to the log of the console.
    fn record(&self, exchange: &Exchange, response: Option<&ApiResponse>, bytes_in: u64) {
        let Some(console) = &self.console else {
            return;
        };
        let head = &exchange.head;
        let authority = authority(&head.uri, &head.headers).unwrap_or_default();
        if console::owns(head.uri.path()) && console.is_served_at(authority) {
            return;
        }
        let bytes_out = response.and_then(|response| response.body().size_hint().exact());
        let is_from_console = console.is_caused_by_page(authority, &head.headers);
        let bytes = (bytes_in, bytes_out);
        console
            .log
            .add(exchange, response, bytes, is_from_console, &self.accounts);
    }

    /// Returns the CORS headers of a response, which may be an error. A preflight request sets them
    /// itself.
    fn cors_headers(&self, exchange: &Exchange) -> HeaderMap {
        let head = &exchange.head;
        exchange
            .bucket
            .as_deref()
            .filter(|_| exchange.operation != Some(Operation::OptionsObject))
            // A bucket that does not exist has no rules.
            .and_then(|bucket| self.store.bucket(bucket).ok())
            .and_then(|bucket| {
                // A rule that cannot be written as a header has been logged, and allows nothing.
                cors::actual_request_headers(&bucket.settings, &head.method, &head.headers).ok()
            })
            .unwrap_or_default()
    }

    /// Adds the common headers, applies fault rules to the response, and counts the operation.
    fn finish(
        &self,
        exchange: &Exchange,
        mut response: ApiResponse,
        control: &Arc<ConnectionControl>,
    ) -> ApiResponse {
        let effects = &exchange.faults.effects;
        if let Some(operation) = exchange.operation
            && operation
                .facts()
                .success
                .contains(&response.status().as_u16())
            && !effects.is_truncated()
        {
            self.operation_counts.increment(operation);
        }
        let cors = self.cors_headers(exchange);
        let headers = response.headers_mut();
        headers.extend(cors);
        if let Some(console) = &self.console
            && let Ok(authority) = authority(&exchange.head.uri, &exchange.head.headers)
            && Host::parse(authority, &self.zones).bucket.is_none()
        {
            console.isolate(authority, headers);
        }
        headers.insert(SERVER, HeaderValue::from_static("QingStor"));
        if let Ok(value) = HeaderValue::from_str(&exchange.request_id) {
            headers.insert(REQUEST_ID, value);
        }
        effects.apply_to_head(headers);
        response.extensions_mut().extend(self.header_names.clone());
        effects.apply_to_body(response, exchange.is_head(), control)
    }
}

/// Applies the fault rules of this moment. Returns a response if they replace the response of the
/// operation.
async fn apply_faults(
    moment: When,
    exchange: &mut Exchange,
    body: &mut RequestBody,
) -> Result<Option<ApiResponse>, Failure> {
    let effects = &exchange.faults.effects;
    if let Some(latency) = effects.latency(moment) {
        tokio::time::sleep(latency).await;
    }
    match effects.response_fault(moment) {
        None => Ok(None),
        Some(ResponseFault::Reset) => Err(Failure::Reset),
        Some(ResponseFault::ResetInBody) => {
            body.drain_half().await;
            Err(Failure::Reset)
        }
        Some(&ResponseFault::Error {
            status,
            code,
            retry_after,
        }) => {
            exchange.code = code.map(ErrorCode::as_str);
            let is_head = exchange.is_head();
            let id = &exchange.request_id;
            Ok(Some(faults::error_response(
                status,
                code,
                retry_after,
                id,
                is_head,
            )))
        }
    }
}

/// Returns the host that a request is for. The host of an absolute target has precedence over the
/// header.
fn authority<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Result<&'a str, ApiError> {
    if let Some(authority) = uri.authority() {
        return Ok(authority.as_str());
    }
    let invalid = |message: &'static str| ApiError::new(ErrorCode::InvalidRequest, message);
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(invalid("the request has several Host headers"));
    }
    host.map_or(Ok(""), |host| {
        host.to_str()
            .map_err(|_| invalid("the Host header is not ASCII text"))
    })
}
