//! [`PresignedData`]: a presigned call in the form in which it is serialized.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, Method, Uri};
use serde::{Deserialize, Serialize};

use super::Presigned;
use crate::base::error::Error;
use crate::message::request::{header_value, is_secret};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PresignedData {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    /// A JSON document.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    body: String,
    expires: i64,
}

impl From<Presigned> for PresignedData {
    #[inline]
    fn from(call: Presigned) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            method: call.method.to_string(),
            url: call.uri.to_string(),
            // A call sets each header once.
            headers: call
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), text(value.as_bytes())))
                .collect(),
            body: text(&call.body),
            expires: call.expires,
        }
    }
}

impl TryFrom<PresignedData> for Presigned {
    type Error = Error;

    #[inline]
    fn try_from(data: PresignedData) -> Result<Self, Error> {
        // The URL grants access, so the message does not contain it.
        let wrong =
            |what: &str| Error::invalid_input(format!("invalid presigned call: wrong {what}"));
        let mut headers = HeaderMap::new();
        for (name, value) in &data.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("header"))?;
            let mut value = header_value(value).ok_or_else(|| wrong("header"))?;
            value.set_sensitive(is_secret(&name));
            headers.insert(name, value);
        }
        let method = Method::from_bytes(data.method.as_bytes()).map_err(|_| wrong("method"))?;
        let uri: Uri = data.url.parse().map_err(|_| wrong("URL"))?;
        let body = data.body.into();
        Ok(Self::new(method, uri, headers, body, data.expires))
    }
}
