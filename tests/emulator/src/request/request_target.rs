//! The request target: path and query, both decoded and as sent, because the signature may cover
//! either.

use std::fmt::Display;
use std::str::FromStr;

use http::{Method, Uri};

use crate::base::api_error::ApiError;
use crate::base::operation_facts::Level;
use crate::base::resource_names;
use crate::generated::error_codes::ErrorCode;

/// The resource that the path names, or in virtual-host style the path and the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    Service,
    Bucket { bucket: String },
    Object { bucket: String, key: String },
}

impl Resource {
    pub(crate) fn bucket(&self) -> Option<&str> {
        match self {
            Self::Service => None,
            Self::Bucket { bucket } | Self::Object { bucket, .. } => Some(bucket),
        }
    }

    pub(crate) fn key(&self) -> Option<&str> {
        match self {
            Self::Service | Self::Bucket { .. } => None,
            Self::Object { key, .. } => Some(key),
        }
    }

    pub(crate) fn level(&self) -> Level {
        match self {
            Self::Service => Level::Service,
            Self::Bucket { .. } => Level::Bucket,
            Self::Object { .. } => Level::Object,
        }
    }
}

/// A request target.
#[derive(Clone, Debug)]
pub(crate) struct RequestTarget {
    /// The path as sent.
    pub(crate) path: String,
    pub(crate) query: Query,
    pub(crate) resource: Resource,
}

impl RequestTarget {
    /// Parses a target. `host_bucket` is the bucket that the host names.
    ///
    /// Ignores the query of a preflight request, because it belongs to the actual request.
    pub(crate) fn parse(
        method: &Method,
        uri: &Uri,
        host_bucket: Option<&str>,
    ) -> Result<Self, ApiError> {
        let path = uri.path();
        let Some(inner) = path.strip_prefix('/') else {
            return Err(ApiError::new(
                ErrorCode::InvalidRequest,
                "the path of a request must start with a slash",
            ));
        };
        let (bucket, key) = match host_bucket {
            Some(bucket) => (bucket.to_owned(), inner),
            None => {
                let (bucket, key) = inner.split_once('/').unwrap_or((inner, ""));
                (decode_text(bucket, PlusSign::Literal)?, key)
            }
        };
        let resource = if bucket.is_empty() && key.is_empty() {
            Resource::Service
        } else if key.is_empty() {
            Resource::Bucket { bucket }
        } else {
            let key = decode(key, PlusSign::Literal)?;
            Resource::Object {
                bucket,
                key: resource_names::object_key(key)?,
            }
        };
        let query = uri.query().filter(|_| method != Method::OPTIONS);
        Ok(Self {
            path: path.to_owned(),
            query: Query::parse(query.unwrap_or_default())?,
            resource,
        })
    }
}

/// A parameter of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueryParameter {
    pub(crate) name: String,
    /// Decoded value. Empty for a parameter without a value.
    pub(crate) value: String,
    /// Value as sent.
    pub(crate) raw_value: String,
}

/// The parameters of a query, in the order of the request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<QueryParameter>);

impl Query {
    pub(crate) fn parse(raw: &str) -> Result<Self, ApiError> {
        raw.split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok(QueryParameter {
                    name: decode_text(name, PlusSign::Space)?,
                    value: decode_text(value, PlusSign::Space)?,
                    raw_value: value.to_owned(),
                })
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub(crate) fn parameters(&self) -> &[QueryParameter] {
        &self.0
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|parameter| parameter.name.as_str())
    }

    /// Returns the decoded value of the first parameter with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|parameter| parameter.name == name)
            .map(|parameter| parameter.value.as_str())
    }

    /// Parses the value of a parameter. Returns `None` if it is absent or empty.
    pub(crate) fn get_as<T>(&self, name: &str) -> Result<Option<T>, ApiError>
    where
        T: FromStr<Err: Display>,
    {
        match self.get(name) {
            None | Some("") => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|error| {
                ApiError::new(
                    ErrorCode::InvalidArgument,
                    format!("{name} {text:?} is not valid: {error}"),
                )
            }),
        }
    }
}

/// Meaning of a plus sign: itself in a path, a space in a query.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlusSign {
    Literal,
    Space,
}

/// Decodes percent-encoding once. Returns an error for an invalid escape: a literal `%` must be
/// sent as `%25`.
pub(crate) fn decode(raw: &str, plus: PlusSign) -> Result<Vec<u8>, ApiError> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let (high, low) = (bytes.next().and_then(hex), bytes.next().and_then(hex));
                let (Some(high), Some(low)) = (high, low) else {
                    return Err(ApiError::new(
                        ErrorCode::InvalidRequest,
                        "a percent sign in the URL must be followed by two hexadecimal digits",
                    ));
                };
                decoded.push(high << 4 | low);
            }
            b'+' if plus == PlusSign::Space => decoded.push(b' '),
            other => decoded.push(other),
        }
    }
    Ok(decoded)
}

fn decode_text(raw: &str, plus: PlusSign) -> Result<String, ApiError> {
    String::from_utf8(decode(raw, plus)?).map_err(|_| {
        ApiError::new(
            ErrorCode::InvalidRequest,
            "the URL contains bytes that are not UTF-8",
        )
    })
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(uri: &str, host_bucket: Option<&str>) -> Result<Resource, String> {
        RequestTarget::parse(&Method::GET, &uri.parse().unwrap(), host_bucket)
            .map(|target| target.resource)
            .map_err(|error| error.to_string())
    }

    fn object(bucket: &str, key: &str) -> Resource {
        Resource::Object {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        }
    }

    #[test]
    fn parses_path_style_and_virtual_host_style() {
        let bucket = Resource::Bucket {
            bucket: "photos".to_owned(),
        };
        assert_eq!(parse("/", None), Ok(Resource::Service));
        assert_eq!(parse("/photos", None), Ok(bucket.clone()));
        assert_eq!(parse("/photos/", None), Ok(bucket.clone()));
        assert_eq!(parse("/", Some("photos")), Ok(bucket));
        assert_eq!(parse("/photos/a/b", None), Ok(object("photos", "a/b")));
        assert_eq!(parse("/a/b", Some("photos")), Ok(object("photos", "a/b")));
    }

    #[test]
    fn decodes_keys_once_without_normalization() {
        for (path, key) in [
            ("/photos/a+b", "a+b"),
            ("/photos/a%2Bb", "a+b"),
            ("/photos/a%2Fb", "a/b"),
            ("/photos/a%252Fb", "a%2Fb"),
            ("/photos/a%3Fb%23c", "a?b#c"),
            ("/photos/a//b", "a//b"),
            ("/photos/../etc", "../etc"),
            ("/photos/%2e%2e/%2E%2E", "../.."),
            ("/photos/%E4%B8%AD", "\u{4e2d}"),
            ("/photos/a%00b", "a\0b"),
        ] {
            assert_eq!(parse(path, None), Ok(object("photos", key)), "{path}");
        }
    }

    #[test]
    fn refuses_malformed_urls() {
        for path in [
            "/photos/%",
            "/photos/%4",
            "/photos/%zz",
            "/photos/%FF",
            "/photos?prefix=%FF",
            "/%FF",
            "/photos//a",
            "*",
        ] {
            assert!(parse(path, None).is_err(), "{path}");
        }
    }

    #[test]
    fn a_query_has_decoded_and_raw_values() {
        let query = Query::parse("acl&prefix=a%20b+c&&empty=").unwrap();
        assert_eq!(query.get("acl"), Some(""));
        assert_eq!(query.get("prefix"), Some("a b c"));
        assert_eq!(query.parameters()[1].raw_value, "a%20b+c");
        assert_eq!(query.get("absent"), None);
        assert!(query.get_as::<u32>("prefix").is_err());
        assert_eq!(query.get_as::<u32>("empty").unwrap(), None);
    }
}
