//! The accounts of an emulator, and the authentication of requests.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::HeaderMap;
use http::header::DATE;
use http::request::Parts;

use super::credentials::{RequestCredentials, SignatureScheme};
use super::signature::{self, ResourceForm, StringToSign, ValueForm};
use crate::auth::account::Account;
use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;
use crate::request::form::FormCredentials;
use crate::request::host::Host;
use crate::request::request_target::{RequestTarget, Resource};

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

/// Accounts by access key ID.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts(HashMap<String, Arc<Account>>);

impl Accounts {
    pub(crate) fn new(accounts: impl IntoIterator<Item = Account>) -> Self {
        Self(
            accounts
                .into_iter()
                .map(|account| (account.access_key_id().to_owned(), Arc::new(account)))
                .collect(),
        )
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
        if !signature::matches(secret, credentials.policy.as_bytes(), credentials.signature) {
            return Err(not_matched());
        }
        Ok(Caller::User(Arc::clone(account)))
    }

    fn find(&self, access_key_id: &str) -> Result<&Arc<Account>, ApiError> {
        self.0.get(access_key_id).ok_or_else(|| {
            ApiError::new(
                ErrorCode::InvalidAccessKeyId,
                format!("unknown access key ID {access_key_id:?}"),
            )
        })
    }
}

fn not_matched() -> ApiError {
    ApiError::new(
        ErrorCode::SignatureNotMatched,
        "the signature does not match the request",
    )
}

/// Checks the signature against the variants of the string to sign that clients use: values of
/// sub-resources decoded or as sent and, without a key, the path with and without its last slash.
fn is_signed_by(
    account: &Account,
    credentials: &RequestCredentials,
    request: &Parts,
    target: &RequestTarget,
    host: &Host,
) -> bool {
    let resource_forms: &[ResourceForm] = match target.resource {
        Resource::Object { .. } => &[ResourceForm::AsSent],
        Resource::Service | Resource::Bucket { .. } => {
            &[ResourceForm::AsSent, ResourceForm::OtherSlash]
        }
    };
    let expires = match &credentials.scheme {
        SignatureScheme::Header => None,
        SignatureScheme::Query { expires } => Some(expires.as_str()),
    };
    resource_forms.iter().any(|&resource_form| {
        [ValueForm::Decoded, ValueForm::AsSent]
            .into_iter()
            .any(|value_form| {
                StringToSign {
                    method: &request.method,
                    headers: &request.headers,
                    expires,
                    host_bucket: host.bucket.as_deref(),
                    path: &target.path,
                    query: &target.query,
                    resource_form,
                    value_form,
                }
                .matches(account.secret_access_key(), &credentials.signature)
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
        .ok_or_else(|| invalid("the date of the request is not an HTTP date"))?;
    let skew = now
        .duration_since(date)
        .unwrap_or_else(|ahead| ahead.duration());
    if skew > CLOCK_SKEW {
        return Err(ApiError::new(
            ErrorCode::RequestExpired,
            "the date of the request differs from the server clock by more than 15 minutes",
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
    match u64::try_from(expires) {
        Ok(expires) if expires >= now => Ok(()),
        _ => Err(ApiError::new(
            ErrorCode::RequestExpired,
            "the signed URL has expired",
        )),
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const NOW: u64 = 1_600_000_000;

    fn authenticate(request: http::request::Builder) -> Result<Caller, (u16, &'static str)> {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let target = RequestTarget::parse(&parts.method, &parts.uri, None).unwrap();
        Accounts::new([Account::new("ID", "SECRET")])
            .authenticate(
                &parts,
                &target,
                &Host::parse("localhost", &[]),
                UNIX_EPOCH + Duration::from_secs(NOW),
            )
            .map_err(|error| (error.status().as_u16(), error.code()))
    }

    fn sign(secret: &str, string_to_sign: &str) -> String {
        signature::tests::sign(secret, string_to_sign)
    }

    /// A signed `GET /photos` of a date that is `offset` seconds from now.
    fn dated(offset: i64) -> http::request::Builder {
        let date = httpdate::fmt_http_date(
            UNIX_EPOCH + Duration::from_secs(NOW.saturating_add_signed(offset)),
        );
        let signature = sign("SECRET", &format!("GET\n\n\n{date}\n/photos"));
        Request::get("/photos")
            .header("date", date)
            .header("authorization", format!("QS ID:{signature}"))
    }

    fn presigned(expires: &str) -> http::request::Builder {
        let signature = sign("SECRET", &format!("GET\n\n\n{expires}\n/photos/a"))
            .replace('+', "%2B")
            .replace('=', "%3D");
        Request::get(format!(
            "/photos/a?access_key_id=ID&expires={expires}&signature={signature}"
        ))
    }

    #[test]
    fn requests_without_credentials_are_anonymous() {
        assert!(
            authenticate(Request::get("/photos"))
                .unwrap()
                .is_anonymous()
        );
    }

    #[test]
    fn accepts_a_clock_skew_of_fifteen_minutes() {
        for offset in [0, 900, -900] {
            assert!(authenticate(dated(offset)).is_ok(), "{offset}");
        }
        for offset in [901, -901] {
            let error = authenticate(dated(offset)).unwrap_err();
            assert_eq!(error, (403, "request_expired"), "{offset}");
        }
    }

    #[test]
    fn a_signed_request_needs_a_date() {
        let signature = sign("SECRET", "GET\n\n\n\n/photos");
        let request = Request::get("/photos").header("authorization", format!("QS ID:{signature}"));
        assert_eq!(authenticate(request).unwrap_err(), (400, "invalid_request"));
    }

    #[test]
    fn signed_urls_expire() {
        assert!(authenticate(presigned(&NOW.to_string())).is_ok());
        for expires in ["1599999999", "0", "-62135596800"] {
            let error = authenticate(presigned(expires)).unwrap_err();
            assert_eq!(error, (403, "request_expired"), "{expires}");
        }
        let error = authenticate(presigned("soon")).unwrap_err();
        assert_eq!(error, (400, "invalid_request"));
    }

    #[test]
    fn distinguishes_unknown_keys_from_wrong_signatures() {
        let unknown = Request::get("/photos").header("authorization", "QS NOBODY:c2ln");
        assert_eq!(
            authenticate(unknown).unwrap_err(),
            (401, "invalid_access_key_id")
        );
        for signature in ["c2ln", "not base64!", "====="] {
            let wrong =
                Request::get("/photos").header("authorization", format!("QS ID:{signature}"));
            assert_eq!(
                authenticate(wrong).unwrap_err(),
                (401, "signature_not_matched"),
                "{signature}"
            );
        }
    }

    #[test]
    fn accepts_signatures_with_or_without_the_last_slash() {
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(NOW));
        for (path, signed) in [
            ("/photos?acl", "/photos?acl"),
            ("/photos?acl", "/photos/?acl"),
            ("/photos/?acl", "/photos?acl"),
            ("/photos/?acl", "/photos/?acl"),
        ] {
            let signature = sign("SECRET", &format!("GET\n\n\n{date}\n{signed}"));
            let request = Request::get(path)
                .header("date", &date)
                .header("authorization", format!("QS ID:{signature}"));
            assert!(authenticate(request).is_ok(), "{path} signed as {signed}");
        }
    }

    #[test]
    fn accepts_signatures_of_decoded_or_raw_values() {
        let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(NOW));
        for (signed, good) in [("a/b c", true), ("a%2Fb+c", true), ("a/b+c", false)] {
            let to_sign = format!("GET\n\n\n{date}\n/photos/k?response-content-type={signed}");
            let request = Request::get("/photos/k?response-content-type=a%2Fb+c")
                .header("date", &date)
                .header(
                    "authorization",
                    format!("QS ID:{}", sign("SECRET", &to_sign)),
                );
            assert_eq!(authenticate(request).is_ok(), good, "{signed}");
        }
    }
}
