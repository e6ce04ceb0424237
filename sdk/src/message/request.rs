//! [`RequestParts`]: target, headers and body of a request, encoded from an operation's input.

use http::{HeaderMap, HeaderName, HeaderValue, header};
use percent_encoding::{AsciiSet, utf8_percent_encode};
use serde::Serialize;

use crate::base::collection::CollectionFormat;
use crate::base::encode_set::{COMPONENT, PATH};
use crate::base::error::{Error, Result};
use crate::base::header_names::X_QS_FETCH_SOURCE;
use crate::base::parameter::Parameter;
use crate::base::secret::Secret;
use crate::message::address::Address;
use crate::message::body::Body;
use crate::message::form::Form;
use crate::message::metadata::Metadata;
use crate::message::object_key::{self, KeyPlace, check_path_parameter};
use crate::message::object_path::ObjectPath;
use crate::message::source_url;

mod content_md5;
mod copied_metadata;

pub(crate) use content_md5::ContentMd5;

/// A request under construction, which the input of an operation is encoded into.
#[derive(Debug)]
pub struct RequestParts {
    /// Encoded path and query, as sent and signed.
    target: String,
    has_query: bool,
    pub(crate) headers: HeaderMap,
    pub(crate) body: RequestBody,
}

#[derive(Debug)]
pub(crate) enum RequestBody {
    None,
    Json(Vec<u8>),
    /// A JSON object without its closing brace.
    OpenObject(Vec<u8>),
    Stream(Body),
    Form(Box<Form>),
}

impl RequestParts {
    pub(crate) fn new(address: &Address) -> Self {
        let mut target = String::with_capacity(address.path_prefix.len() + 64);
        target.push_str(&address.path_prefix);
        Self {
            target,
            has_query: false,
            // Those that each request has: `Date`, `Authorization`, `User-Agent`,
            // `Accept-Encoding`, `Host` and `Content-Length`.
            headers: HeaderMap::with_capacity(6),
            body: RequestBody::None,
        }
    }

    /// Returns the encoded path and query.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// Replaces an empty path by `/`.
    pub(crate) fn complete_path(&mut self) {
        if self.target.is_empty() {
            self.target.push('/');
        }
    }

    /// Takes the target and the headers.
    pub(crate) fn finish(&mut self) -> (String, HeaderMap) {
        self.complete_path();
        (
            std::mem::take(&mut self.target),
            std::mem::take(&mut self.headers),
        )
    }

    /// Appends literal text of the path template.
    pub fn literal(&mut self, text: &str) {
        self.target.push_str(text);
    }

    /// Appends a path parameter. Slashes are not encoded.
    pub fn path(&mut self, name: &str, value: &impl Parameter) -> Result<()> {
        let value = value.text().unwrap_or_default();
        check_path_parameter(name, &value)?;
        push_encoded(&mut self.target, &value, PATH);
        Ok(())
    }

    /// Appends the object key of the path. Slashes are not encoded.
    pub fn object_key(&mut self, name: &str, key: &str) -> Result<()> {
        object_key::check(name, key, KeyPlace::Path)?;
        push_encoded(&mut self.target, key, PATH);
        Ok(())
    }

    /// Checks the key of an existing object in the body.
    pub fn existing_key(&self, name: &str, key: &str) -> Result<()> {
        object_key::check(name, key, KeyPlace::Existing)
    }

    /// Appends the joined values of a list as a path parameter.
    pub fn path_list(
        &mut self,
        name: &str,
        collection: CollectionFormat,
        values: &[impl Parameter],
    ) -> Result<()> {
        let joined = collection.join(name, values)?;
        self.path(name, &joined.unwrap_or_default())
    }

    fn push_separator(&mut self) {
        self.complete_path();
        self.target.push(if self.has_query { '&' } else { '?' });
        self.has_query = true;
    }

    /// Appends a sub-resource such as `acl`: a query parameter without a value.
    pub fn sub_resource(&mut self, name: &str) {
        self.push_separator();
        self.target.push_str(name);
    }

    /// Appends a query parameter if it is set.
    pub fn query(&mut self, name: &str, value: &impl Parameter) {
        if let Some(value) = value.text() {
            self.push_pair(name, &value);
        }
    }

    fn push_pair(&mut self, name: &str, value: &str) {
        self.push_separator();
        push_encoded(&mut self.target, name, COMPONENT);
        self.target.push('=');
        push_encoded(&mut self.target, value, COMPONENT);
    }

    /// Appends the values of a list as query parameters, unless it is empty.
    pub fn query_list(
        &mut self,
        name: &str,
        collection: CollectionFormat,
        values: &[impl Parameter],
    ) -> Result<()> {
        for text in collection.texts(name, values)? {
            self.push_pair(name, &text);
        }
        Ok(())
    }

    /// Appends the signature of a presigned URL.
    pub(crate) fn push_signature(&mut self, id: &str, expires: i64, signature: &str) {
        self.push_pair("access_key_id", id);
        self.push_pair("expires", &expires.to_string());
        self.push_separator();
        self.target.push_str("signature=");
        // A query may contain `/` and `=`. The service would decode a bare `+` as a space.
        self.target.push_str(&signature.replace('+', "%2B"));
    }

    /// Sets a header if it has a value.
    pub fn header(&mut self, name: HeaderName, value: &impl Parameter) -> Result<()> {
        match value.text() {
            Some(value) => self.text_header(name, &value),
            None => Ok(()),
        }
    }

    fn text_header(&mut self, name: HeaderName, value: &str) -> Result<()> {
        match header_value(value) {
            Some(value) => {
                self.headers.insert(name, value);
                Ok(())
            }
            None => {
                let hint = match name {
                    header::CONTENT_DISPOSITION => {
                        "; `qingstor_sdk::attachment` encodes a file name"
                    }
                    _ => "",
                };
                Err(Error::invalid_input(format!(
                    "header `{name}`: must be printable ASCII{hint}"
                )))
            }
        }
    }

    /// Sets a header whose value is redacted in `Debug` and in logs.
    pub fn secret_header<'v>(
        &mut self,
        name: HeaderName,
        value: impl Into<Option<&'v Secret>>,
    ) -> Result<()> {
        let Some(value) = value.into() else {
            return Ok(());
        };
        self.redacted_header(name, value.expose())
    }

    fn redacted_header(&mut self, name: HeaderName, value: &str) -> Result<()> {
        self.text_header(name.clone(), value)?;
        if let Some(value) = self.headers.get_mut(name) {
            value.set_sensitive(true);
        }
        Ok(())
    }

    /// Sets a header to `/bucket/key`. Always percent-encodes, so that a key can contain `%2F`.
    pub fn object_path_header<'v>(
        &mut self,
        name: HeaderName,
        value: impl Into<Option<&'v ObjectPath>>,
    ) -> Result<()> {
        match value.into() {
            Some(path) => self.text_header(name, &path.encode()?),
            None => Ok(()),
        }
    }

    /// Sets a header to a URL. A valid URL is sent unchanged, see [`source_url::encode`]. It is
    /// redacted in `Debug` and in logs, because it may contain a password or a signature.
    pub fn url_header(&mut self, name: HeaderName, value: &impl Parameter) -> Result<()> {
        let Some(url) = value.text() else {
            return Ok(());
        };
        match source_url::encode(&url) {
            Ok(url) => self.redacted_header(name, &url),
            Err(why) => Err(Error::invalid_input(format!("header `{name}`: {why}"))),
        }
    }

    /// Sets a header to the values of a list, unless it is empty.
    pub fn header_list(
        &mut self,
        name: HeaderName,
        collection: CollectionFormat,
        values: &[impl Parameter],
    ) -> Result<()> {
        // `multi` is not defined for headers, so the values are separated by commas.
        match collection.join(name.as_str(), values)? {
            Some(joined) => self.text_header(name, &joined),
            None => Ok(()),
        }
    }

    /// Sets one header for each entry, named `prefix` and its key.
    pub fn header_map(&mut self, prefix: &str, map: &Metadata) -> Result<()> {
        for (key, value) in map.checked()? {
            let name = format!("{prefix}{key}");
            match HeaderName::from_bytes(name.as_bytes()) {
                Ok(name) => self.text_header(name, value)?,
                Err(_) => {
                    return Err(Error::invalid_input(format!(
                        "invalid header name {name:?}"
                    )));
                }
            }
        }
        Ok(())
    }

    /// Starts a JSON object as the body.
    pub fn json_object(&mut self) {
        self.body = RequestBody::OpenObject(b"{".to_vec());
    }

    /// Adds a field to the JSON object.
    pub fn json_field(&mut self, name: &str, value: &impl Serialize) -> Result<()> {
        let RequestBody::OpenObject(body) = &mut self.body else {
            return Err(Error::invalid_input("the JSON body is not an object"));
        };
        if body.len() > 1 {
            body.push(b',');
        }
        serde_json::to_writer(&mut *body, name).map_err(unwritable)?;
        body.push(b':');
        serde_json::to_writer(&mut *body, value).map_err(unwritable)
    }

    /// Adds a field to the JSON object if it is set. An empty list or object counts as set.
    pub fn json_optional(&mut self, name: &str, value: &Option<impl Serialize>) -> Result<()> {
        match value {
            Some(value) => self.json_field(name, value),
            None => Ok(()),
        }
    }

    /// Sets a JSON body that is not an object.
    pub fn json_value(&mut self, value: &impl Serialize) -> Result<()> {
        self.body = RequestBody::Json(serde_json::to_vec(value).map_err(unwritable)?);
        Ok(())
    }

    /// Sets a streamed body.
    pub fn stream(&mut self, body: Body) {
        self.body = RequestBody::Stream(body);
    }

    /// Sets a form as the body.
    pub fn form(&mut self, form: Form) {
        self.body = RequestBody::Form(Box::new(form));
    }

    /// Finishes the body: closes a JSON object and sets its `Content-Type`.
    pub(crate) fn finish_body(&mut self) {
        if let RequestBody::OpenObject(object) = &mut self.body {
            object.push(b'}');
            // An empty object is not sent: without a body, the API resets the setting.
            self.body = match object.as_slice() {
                b"{}" => RequestBody::None,
                _ => RequestBody::Json(std::mem::take(object)),
            };
        }
        if let RequestBody::Json(_) = self.body {
            self.headers
                .entry(header::CONTENT_TYPE)
                .or_insert(HeaderValue::from_static("application/json"));
        }
    }

    /// Returns an error if the request has one of these headers, which name another source of the
    /// content, and also a body, or metadata that the source determines: the service would ignore one
    /// of the two.
    pub(crate) fn check_single_source(&self, headers: &[&str]) -> Result<()> {
        let has_body = matches!(&self.body, RequestBody::Stream(body) if !body.is_empty());
        match headers
            .iter()
            .find(|name| self.headers.contains_key(**name))
        {
            Some(name) if has_body => Err(Error::invalid_input(format!(
                "header `{name}`: the content comes from this source, so the request must not have a body"
            ))),
            Some(name) => copied_metadata::check(name, &self.headers),
            None => Ok(()),
        }
    }
}

/// Returns a header value without surrounding white space; `None` if it is not printable ASCII.
///
/// Other bytes could split the request, or the service could decode them differently than they were
/// signed.
pub(crate) fn header_value(text: &str) -> Option<HeaderValue> {
    let text = text.trim_matches([' ', '\t']);
    let printable = text
        .bytes()
        .all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte));
    if printable {
        HeaderValue::from_str(text).ok()
    } else {
        None
    }
}

/// Returns whether a header's value must be redacted in `Debug`: encryption keys, tokens, cookies,
/// credentials, and the URL that the service fetches, which may be presigned or contain a password.
pub(crate) fn is_secret(name: &HeaderName) -> bool {
    let text = name.as_str();
    text.ends_with("-key")
        || text.ends_with("-token")
        || text.contains("cookie")
        || text.ends_with("authorization")
        || *name == X_QS_FETCH_SOURCE
}

/// Appends `text`, percent-encoded.
fn push_encoded(target: &mut String, text: &str, set: &'static AsciiSet) {
    target.extend(utf8_percent_encode(text, set));
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::invalid_input(format!("cannot write the body as JSON: {error}")).with_source(error)
}

#[cfg(test)]
mod tests;
