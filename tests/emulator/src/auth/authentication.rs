//! The accounts of an emulator, and the authentication of requests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::header::DATE;
use http::request::Parts;
use http::{HeaderMap, Method};

use super::credentials::{RequestCredentials, SignatureScheme};
use super::explanation::{self, Signer, UnmatchedRequest};
use super::signature::{self, ResourceForm, StringToSign, ValueForm};
use crate::auth::account::Account;
use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;
use crate::request::form::FormCredentials;
use crate::request::host::Host;
use crate::request::request_target::{Query, RequestTarget, Resource};

/// Largest difference between the date of a request and the clock of the server.
const CLOCK_SKEW: Duration = Duration::from_secs(15 * 60);

/// The caller of a request.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    Anonymous,
    User(Arc<Account>),
}

impl Caller {
    pub(crate) fn account(&self) -> Option<&Account> {
        match self {
            Self::Anonymous => None,
            Self::User(account) => Some(account),
        }
    }

    pub(crate) fn is_anonymous(&self) -> bool {
        matches!(self, Self::Anonymous)
    }
}

/// A request that a URL with a signature describes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignedUrl<'a> {
    pub(crate) access_key_id: &'a str,
    pub(crate) method: &'a Method,
    /// The encoded path, in path style.
    pub(crate) path: &'a str,
    /// The encoded query, without a question mark.
    pub(crate) query: &'a str,
    /// Headers that the client must send.
    pub(crate) headers: &'a HeaderMap,
    /// Unix time.
    pub(crate) expires: u64,
}

/// Accounts by access key ID.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    by_id: BTreeMap<String, Arc<Account>>,
    /// Whether errors explain wrong signatures.
    explains: bool,
}

impl Accounts {
    pub(crate) fn new(accounts: impl IntoIterator<Item = Account>) -> Self {
        Self {
            by_id: accounts
                .into_iter()
                .map(|account| (account.access_key_id().to_owned(), Arc::new(account)))
                .collect(),
            explains: false,
        }
    }

    /// Sets whether errors explain wrong signatures.
    pub(crate) fn explaining(mut self, explains: bool) -> Self {
        self.explains = explains;
        self
    }

    pub(crate) fn explains(&self) -> bool {
        self.explains
    }

    /// Returns the caller of a request. Credentials are verified even if the operation does not
    /// need them.
    pub(crate) fn authenticate(
        &self,
        request: &Parts,
        target: &RequestTarget,
        host: &Host,
        now: SystemTime,
    ) -> Result<Caller, ApiError> {
        let Some(credentials) = RequestCredentials::from_request(&request.headers, &target.query)?
        else {
            return Ok(Caller::Anonymous);
        };
        let account = self.find(&credentials.access_key_id)?;
        if !is_signed_by(account, &credentials, request, target, host) {
            return Err(not_matched());
        }
        // The date is checked after the signature, so that a caller without the secret learns
        // nothing about the clock.
        match &credentials.scheme {
            SignatureScheme::Header => check_date(&request.headers, now)?,
            SignatureScheme::Query { expires } => check_expires(expires, now)?,
        }
        Ok(Caller::User(Arc::clone(account)))
    }

    /// Returns the user of a form upload. The signature covers the policy as sent.
    pub(crate) fn authenticate_form(
        &self,
        credentials: &FormCredentials<'_>,
    ) -> Result<Caller, ApiError> {
        let account = self.find(credentials.access_key_id)?;
        let secret = account.secret_access_key();
        if signature::matches(secret, credentials.policy.as_bytes(), credentials.signature) {
            return Ok(Caller::User(Arc::clone(account)));
        }
        if !self.explains {
            return Err(not_matched());
        }
        let accounts = self.all();
        let signer = Signer {
            account,
            accounts: &accounts,
            signature: credentials.signature,
        };
        Err(explained(explanation::explain_form(
            signer,
            credentials.policy,
        )))
    }

    /// Returns the error for a request whose signature does not match, with an explanation.
    pub(crate) fn explain(&self, request: &UnmatchedRequest<'_>) -> ApiError {
        let credentials =
            RequestCredentials::from_request(&request.head.headers, &request.target.query);
        let Ok(Some(credentials)) = credentials else {
            return not_matched();
        };
        let Ok(account) = self.find(&credentials.access_key_id) else {
            return not_matched();
        };
        let accepted = accepted_strings(&credentials, request.head, request.target, request.host)
            .map(StringToSign::parts)
            .collect::<Vec<_>>();
        let accounts = self.all();
        let signer = Signer {
            account,
            accounts: &accounts,
            signature: &credentials.signature,
        };
        let expires = credentials.scheme.expires();
        explained(explanation::explain_request(
            signer, request, expires, &accepted,
        ))
    }

    /// Returns the usual string to sign of a signed request, escaped and without secrets.
    pub(crate) fn string_to_sign(
        &self,
        request: &Parts,
        target: &RequestTarget,
        host: &Host,
    ) -> Option<String> {
        let credentials = RequestCredentials::from_request(&request.headers, &target.query);
        let credentials = credentials.ok()??;
        let string = accepted_strings(&credentials, request, target, host).next()?;
        Some(explanation::shown(&self.all(), &string.to_bytes()))
    }

    /// Returns the path and the query of a signed URL.
    pub(crate) fn sign(&self, url: &SignedUrl<'_>) -> Result<String, ApiError> {
        let account = self.find(url.access_key_id)?;
        let expires = url.expires.to_string();
        let string = StringToSign {
            method: url.method,
            headers: url.headers,
            expires: Some(&expires),
            host_bucket: None,
            path: url.path,
            query: &Query::parse(url.query)?,
            resource_form: ResourceForm::AsSent,
            value_form: ValueForm::Decoded,
        };
        let signature = signature::sign(account.secret_access_key(), &string.to_bytes());
        let signature =
            percent_encoding::utf8_percent_encode(&signature, percent_encoding::NON_ALPHANUMERIC);
        let separator = if url.query.is_empty() { "" } else { "&" };
        Ok(format!(
            "{}?{}{separator}access_key_id={}&expires={expires}&signature={signature}",
            url.path, url.query, url.access_key_id,
        ))
    }

    /// Returns the access key IDs, sorted.
    pub(crate) fn access_key_ids(&self) -> Vec<&str> {
        self.by_id.keys().map(String::as_str).collect()
    }

    /// Removes the secrets of all accounts from a text.
    pub(crate) fn redact(&self, text: String) -> String {
        explanation::redact(&self.all(), text)
    }

    fn all(&self) -> Vec<&Account> {
        self.by_id.values().map(|account| &**account).collect()
    }

    /// Returns the account of an access key ID.
    pub(crate) fn find(&self, access_key_id: &str) -> Result<&Arc<Account>, ApiError> {
        self.by_id.get(access_key_id).ok_or_else(|| {
            let message = format!("unknown access key ID {access_key_id:?}");
            let hint = if self.explains {
                self.similar_id(access_key_id)
            } else {
                None
            };
            ApiError::new(ErrorCode::InvalidAccessKeyId, hint.unwrap_or(message))
        })
    }

    /// Returns how an unknown access key ID differs from a known one.
    fn similar_id(&self, access_key_id: &str) -> Option<String> {
        let is_around = |character: char| character.is_whitespace() || "\"'`<>".contains(character);
        let bare = access_key_id.trim_matches(is_around);
        let accounts = self.all();
        let is_secret = |account: &&&Account| account.secret_access_key().trim() == bare;
        if accounts.iter().any(|account| is_secret(&account)) {
            return Some(
                "the access key ID of the request is a secret access key; the ID comes first"
                    .to_owned(),
            );
        }
        let known = accounts
            .iter()
            .map(|account| account.access_key_id())
            .find(|id| id.eq_ignore_ascii_case(bare))?;
        Some(if known == bare {
            format!(
                "unknown access key ID {access_key_id:?}: there is white space or a quote around {known:?}"
            )
        } else {
            format!(
                "unknown access key ID {access_key_id:?}: upper and lower case differ from {known:?}"
            )
        })
    }
}

/// Returns the error with an explanation, and logs it.
fn explained(explanation: String) -> ApiError {
    tracing::warn!(target: "qingstor_emulator::signature", "{explanation}");
    ApiError::new(ErrorCode::SignatureNotMatched, explanation)
}

fn not_matched() -> ApiError {
    ApiError::new(
        ErrorCode::SignatureNotMatched,
        "the signature does not match the request",
    )
}

/// Checks the signature against the strings to sign that clients use.
fn is_signed_by(
    account: &Account,
    credentials: &RequestCredentials,
    request: &Parts,
    target: &RequestTarget,
    host: &Host,
) -> bool {
    accepted_strings(credentials, request, target, host)
        .any(|string| string.matches(account.secret_access_key(), &credentials.signature))
}

/// Returns the variants of the string to sign that clients use, the usual one first: values of
/// sub-resources decoded or as sent and, without a key, the path with and without its last slash.
fn accepted_strings<'a>(
    credentials: &'a RequestCredentials,
    request: &'a Parts,
    target: &'a RequestTarget,
    host: &'a Host,
) -> impl Iterator<Item = StringToSign<'a>> {
    let resource_forms: &[ResourceForm] = match target.resource {
        Resource::Object { .. } => &[ResourceForm::AsSent],
        Resource::Service | Resource::Bucket { .. } => {
            &[ResourceForm::AsSent, ResourceForm::OtherSlash]
        }
    };
    resource_forms.iter().flat_map(move |&resource_form| {
        [ValueForm::Decoded, ValueForm::AsSent].map(|value_form| StringToSign {
            method: &request.method,
            headers: &request.headers,
            expires: credentials.scheme.expires(),
            host_bucket: host.bucket.as_deref(),
            path: &target.path,
            query: &target.query,
            resource_form,
            value_form,
        })
    })
}

fn check_date(headers: &HeaderMap, now: SystemTime) -> Result<(), ApiError> {
    let invalid = |message: &'static str| ApiError::new(ErrorCode::InvalidRequest, message);
    let date = headers
        .get("x-qs-date")
        .filter(|date| !date.is_empty())
        .or_else(|| headers.get(DATE))
        .ok_or_else(|| invalid("a signed request needs a Date or x-qs-date header"))?;
    let date = date
        .to_str()
        .ok()
        .and_then(|text| httpdate::parse_http_date(text).ok())
        .ok_or_else(|| {
            invalid(
                "the date of the request is not an HTTP date such as `Sun, 06 Nov 1994 08:49:37 GMT`",
            )
        })?;
    let (skew, side) = match now.duration_since(date) {
        Ok(behind) => (behind, "behind"),
        Err(ahead) => (ahead.duration(), "ahead of"),
    };
    if skew > CLOCK_SKEW {
        let skew = humantime::format_duration(Duration::from_secs(skew.as_secs()));
        return Err(ApiError::new(
            ErrorCode::RequestExpired,
            format!(
                "the date of the request is {skew} {side} the server clock, more than 15 minutes; \
                 it must be in GMT"
            ),
        ));
    }
    Ok(())
}

fn check_expires(expires: &str, now: SystemTime) -> Result<(), ApiError> {
    let expires = expires.parse::<i64>().map_err(|_| {
        ApiError::new(
            ErrorCode::InvalidRequest,
            format!("expires {expires:?} is not a number of seconds"),
        )
    })?;
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let message = match u64::try_from(expires) {
        Ok(expires) if expires >= now => return Ok(()),
        // A lifetime of up to 10 years.
        Ok(0..=315_360_000) => "the signed URL has expired; expires is a Unix time, not a lifetime",
        _ => "the signed URL has expired",
    };
    Err(ApiError::new(ErrorCode::RequestExpired, message))
}

#[cfg(test)]
pub(super) mod tests;
