//! Unverified credentials of a request.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use crate::base::api_error::ApiError;
use crate::generated::error_codes::ErrorCode;
use crate::request::request_target::Query;

/// Unverified credentials of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RequestCredentials {
    pub(super) access_key_id: String,
    /// Signature in Base64, as sent.
    pub(super) signature: String,
    pub(super) scheme: SignatureScheme,
}

/// Where a request is signed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SignatureScheme {
    Header,
    Query { expires: String },
}

impl SignatureScheme {
    /// Returns the expiration time of a signed URL.
    pub(super) fn expires(&self) -> Option<&str> {
        match self {
            Self::Header => None,
            Self::Query { expires } => Some(expires),
        }
    }
}

impl RequestCredentials {
    /// Returns the credentials of a request, or `None` if it is anonymous.
    pub(super) fn from_request(
        headers: &HeaderMap,
        query: &Query,
    ) -> Result<Option<Self>, ApiError> {
        let authorizations = headers.get_all(AUTHORIZATION).iter();
        // An empty header is the same as an absent one.
        let mut authorizations = authorizations.filter(|value| !value.is_empty());
        let header = authorizations.next();
        if authorizations.next().is_some() {
            return Err(malformed("the request has several Authorization headers"));
        }
        let in_query = query.get("access_key_id").is_some() || query.get("signature").is_some();
        match (header, in_query) {
            (None, false) => Ok(None),
            (Some(_), true) => Err(malformed(
                "the request is signed both in the Authorization header and in the query",
            )),
            (Some(value), false) => {
                let value = value.to_str().unwrap_or_default();
                let credentials = Self::from_header(value);
                credentials.map(Some).ok_or_else(|| malformed_header(value))
            }
            (None, true) => Self::from_query(query)
                .map(Some)
                .ok_or_else(|| malformed_query(query)),
        }
    }

    fn from_header(value: &str) -> Option<Self> {
        let (access_key_id, signature) = value.strip_prefix("QS ")?.split_once(':')?;
        if access_key_id.is_empty() || signature.is_empty() {
            return None;
        }
        Some(Self {
            access_key_id: access_key_id.to_owned(),
            signature: signature.to_owned(),
            scheme: SignatureScheme::Header,
        })
    }

    fn from_query(query: &Query) -> Option<Self> {
        let value = |name| {
            query
                .get(name)
                .filter(|value| !value.is_empty())
                .map(str::to_owned)
        };
        Some(Self {
            access_key_id: value("access_key_id")?,
            signature: value("signature")?,
            scheme: SignatureScheme::Query {
                expires: value("expires")?,
            },
        })
    }
}

fn malformed(message: impl Into<Cow<'static, str>>) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, message)
}

/// Returns the error for an `Authorization` header. It does not contain the header.
fn malformed_header(value: &str) -> ApiError {
    let scheme = value.split([' ', ':']).next().unwrap_or_default();
    let rest = value.strip_prefix("QS ");
    let difference = if value.is_empty() {
        "it contains characters that are not ASCII"
    } else if let Some((id, signature)) = rest.and_then(|rest| rest.split_once(':')) {
        match (id.is_empty(), signature.is_empty()) {
            (true, _) => "the access key ID is empty",
            (false, true) => "the signature is empty",
            (false, false) => "it is not valid",
        }
    } else if rest.is_some() {
        "the colon between the access key ID and the signature is missing"
    } else if value.starts_with("QS\t") || value.starts_with("QS:") || value == "QS" {
        "a space must follow `QS`"
    } else if scheme.eq_ignore_ascii_case("QS") {
        "`QS` must be in upper case"
    } else if value.contains("QS ") {
        "text precedes `QS`"
    } else {
        "it does not start with `QS `"
    };
    malformed(format!(
        "Authorization must be `QS <access key id>:<signature>`: {difference}"
    ))
}

/// Returns the error for a signed URL in which something is missing.
fn malformed_query(query: &Query) -> ApiError {
    let missing = ["access_key_id", "expires", "signature"]
        .into_iter()
        .filter(|name| query.get(name).unwrap_or_default().is_empty())
        .collect::<Vec<_>>()
        .join(" and ");
    malformed(format!(
        "a signed URL needs access_key_id, expires and signature: {missing} is missing"
    ))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn credentials(
        authorization: Option<&[u8]>,
        query: &str,
    ) -> Result<Option<RequestCredentials>, u16> {
        let mut headers = HeaderMap::new();
        if let Some(value) = authorization {
            headers.insert(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        RequestCredentials::from_request(&headers, &Query::parse(query).unwrap())
            .map_err(|error| error.status().as_u16())
    }

    #[test]
    fn parses_header_and_query_credentials() {
        let header = credentials(Some(b"QS ID:SIG="), "").unwrap().unwrap();
        assert_eq!(header.access_key_id, "ID");
        assert_eq!(header.signature, "SIG=");
        assert_eq!(header.scheme, SignatureScheme::Header);
        let query = credentials(None, "signature=a%2Bb%3D&access_key_id=ID&expires=1")
            .unwrap()
            .unwrap();
        assert_eq!(query.signature, "a+b=");
        assert_eq!(
            query.scheme,
            SignatureScheme::Query {
                expires: "1".to_owned()
            }
        );
        assert_eq!(credentials(None, "prefix=a"), Ok(None));
        assert_eq!(credentials(Some(b""), ""), Ok(None));
    }

    #[test]
    fn malformed_credentials_are_refused() {
        for authorization in [
            &b"QS"[..],
            b"QS ",
            b"QS ID",
            b"QS :SIG",
            b"QS ID:",
            b"qs ID:SIG",
            b"Basic SUQ6U0lH",
            b"QS \xff:SIG",
        ] {
            assert_eq!(credentials(Some(authorization), ""), Err(400));
        }
        for query in [
            "signature=a",
            "access_key_id=ID&expires=1",
            "access_key_id=ID&signature=&expires=1",
            "access_key_id=ID&signature=a",
        ] {
            assert_eq!(credentials(None, query), Err(400), "{query}");
        }
        assert_eq!(
            credentials(Some(b"QS ID:SIG"), "access_key_id=ID&expires=1&signature=a"),
            Err(400)
        );
    }
}
