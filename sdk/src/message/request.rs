//! [`RequestParts`]: target, headers and body of a request, encoded from an operation's input.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use md5::{Digest, Md5};
use percent_encoding::{AsciiSet, utf8_percent_encode};
use serde::Serialize;

use crate::base::collection::Collection;
use crate::base::encode_set::{COMPONENT, PATH};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::md5_pool::Md5Pool;
use crate::base::parameter::Parameter;
use crate::base::secret::Secret;
use crate::message::address::Address;
use crate::message::body::Body;
use crate::message::form::Form;
use crate::message::metadata::Metadata;
use crate::message::object_key::{self, KeyPlace, check_path_parameter};
use crate::message::object_path::ObjectPath;
use crate::message::source_url;

/// Longest body, in bytes, that is hashed where the request is built: it takes some 25 microseconds.
const SHORT: usize = 16 * 1024;
const CONTENT_MD5: HeaderName = HeaderName::from_static("content-md5");

/// A request that takes shape: an operation's input writes itself into it.
#[derive(Debug)]
pub struct RequestParts {
    /// Path and query, encoded: what goes over the wire and what is signed.
    target: String,
    query_begun: bool,
    pub(crate) headers: HeaderMap,
    pub(crate) body: RequestBody,
}

#[derive(Debug)]
pub(crate) enum RequestBody {
    None,
    Json(Vec<u8>),
    /// An object whose closing brace is still to come.
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
            query_begun: false,
            // Enough for date and authorization and two more.
            headers: HeaderMap::with_capacity(4),
            body: RequestBody::None,
        }
    }

    /// Path and query as they go over the wire.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// An empty path goes over the wire as `/`.
    pub(crate) fn root_path(&mut self) {
        if self.target.is_empty() {
            self.target.push('/');
        }
    }

    /// Ends the target, and takes it and the headers.
    pub(crate) fn finish(&mut self) -> (String, HeaderMap) {
        self.root_path();
        (
            std::mem::take(&mut self.target),
            std::mem::take(&mut self.headers),
        )
    }

    /// Appends literal text of the path template.
    pub fn literal(&mut self, text: &str) {
        self.target.push_str(text);
    }

    /// Appends a path parameter; its slashes stay slashes.
    pub fn path(&mut self, name: &str, value: &impl Parameter) -> Result<()> {
        let value = value.text().unwrap_or_default();
        check_path_parameter(name, &value)?;
        push_encoded(&mut self.target, &value, PATH, Some(b'/'));
        Ok(())
    }

    /// Appends the object key of the path. Slashes are not encoded.
    pub fn object_key(&mut self, name: &str, key: &str) -> Result<()> {
        object_key::check(name, key, KeyPlace::Path)?;
        push_encoded(&mut self.target, key, PATH, Some(b'/'));
        Ok(())
    }

    /// Checks the key of an object in the body that exists, or did.
    pub fn existing_key(&self, name: &str, key: &str) -> Result<()> {
        object_key::check(name, key, KeyPlace::Existing)
    }

    /// Appends a list as a path parameter: its values, joined.
    pub fn path_list(
        &mut self,
        name: &str,
        collection: Collection,
        values: &[impl Parameter],
    ) -> Result<()> {
        let joined = collection.join(name, values)?;
        self.path(name, &joined.unwrap_or_default())
    }

    fn begin_parameter(&mut self) {
        self.root_path();
        self.target.push(if self.query_begun { '&' } else { '?' });
        self.query_begun = true;
    }

    /// Appends a parameter without a value: a sub-resource such as `acl`.
    pub fn sub_resource(&mut self, name: &str) {
        self.begin_parameter();
        self.target.push_str(name);
    }

    /// Appends a parameter, unless there is nothing to send.
    pub fn query(&mut self, name: &str, value: &impl Parameter) {
        if let Some(value) = value.text() {
            self.pair(name, &value);
        }
    }

    fn pair(&mut self, name: &str, value: &str) {
        self.begin_parameter();
        push_encoded(&mut self.target, name, COMPONENT, None);
        self.target.push('=');
        push_encoded(&mut self.target, value, COMPONENT, None);
    }

    /// Appends the values of a list, unless it is empty.
    pub fn query_list(
        &mut self,
        name: &str,
        collection: Collection,
        values: &[impl Parameter],
    ) -> Result<()> {
        if let Collection::Multi = collection {
            for value in values {
                self.query(name, value);
            }
            return Ok(());
        }
        if let Some(joined) = collection.join(name, values)? {
            self.pair(name, &joined);
        }
        Ok(())
    }

    /// Adds the signature's parameters to a presigned URL.
    pub(crate) fn presigned(&mut self, id: &str, expires: i64, signature: &str) {
        self.pair("access_key_id", id);
        self.pair("expires", &expires.to_string());
        self.begin_parameter();
        self.target.push_str("signature=");
        // `/` and `=` may stand in a query; a bare `+` would be read as a space.
        self.target.push_str(&signature.replace('+', "%2B"));
    }

    /// Sets a header, unless there is nothing to send.
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
            None => Err(Error::invalid_input(format!(
                "header `{name}`: must be printable ASCII"
            ))),
        }
    }

    /// Sets a header whose value must not show in any `Debug` or log.
    pub fn secret_header<'v>(
        &mut self,
        name: HeaderName,
        value: impl Into<Option<&'v Secret>>,
    ) -> Result<()> {
        let Some(value) = value.into() else {
            return Ok(());
        };
        self.text_header(name.clone(), value.expose())?;
        if let Some(value) = self.headers.get_mut(name) {
            value.set_sensitive(true);
        }
        Ok(())
    }

    /// Sets `/bucket/key`, always percent-encoded: a key's own `%2F` arrives as one.
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

    /// Sets a URL. A valid URL is sent unchanged, see [`source_url::encode`].
    pub fn url_header(&mut self, name: HeaderName, value: &impl Parameter) -> Result<()> {
        let Some(url) = value.text() else {
            return Ok(());
        };
        match source_url::encode(&url) {
            Ok(url) => self.text_header(name, &url),
            Err(why) => Err(Error::invalid_input(format!("header `{name}`: {why}"))),
        }
    }

    /// Sets a header to the values of a list, unless it is empty.
    pub fn header_list(
        &mut self,
        name: HeaderName,
        collection: Collection,
        values: &[impl Parameter],
    ) -> Result<()> {
        // `multi` has no meaning in a header: there it is the usual comma.
        match collection.join(name.as_str(), values)? {
            Some(joined) => self.text_header(name, &joined),
            None => Ok(()),
        }
    }

    /// Sets one header for each entry, its key behind `prefix`.
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

    /// Begins a JSON object as the body.
    pub fn json_object(&mut self) {
        self.body = RequestBody::OpenObject(b"{".to_vec());
    }

    /// Adds a field to the body's object.
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

    /// Adds a field to the body's object if it is set. An empty list or object is sent.
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

    /// Fills in what the body's kind decides: `Content-Type` of JSON, and `Content-MD5` where the
    /// operation requires it.
    pub(crate) fn complete(&mut self, hash: Hash) -> Result<()> {
        if let RequestBody::OpenObject(object) = &mut self.body {
            object.push(b'}');
            // An object that says nothing is not sent: the API takes a setting back by no body.
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
        if hash == Hash::None || self.headers.contains_key(CONTENT_MD5) {
            return Ok(());
        }
        let is_required = hash == Hash::Required;
        let hashed = match &self.body {
            RequestBody::None if !is_required => return Ok(()),
            RequestBody::None => Some(&b""[..]),
            RequestBody::Json(bytes) => Some(bytes.as_slice()),
            RequestBody::Stream(body) => body.as_bytes().map(AsRef::as_ref),
            RequestBody::OpenObject(_) | RequestBody::Form(_) => None,
        };
        match hashed {
            Some(bytes) if hash == Hash::IfShort && bytes.len() > SHORT => Ok(()),
            Some(bytes) => {
                let digest = BASE64.encode(Md5::digest(bytes));
                self.text_header(CONTENT_MD5, &digest)
            }
            None if is_required => Err(unhashed()),
            None => Ok(()),
        }
    }

    /// Refuses a body where one of these headers says that the content comes from elsewhere: the
    /// service would pass over one of the two.
    pub(crate) fn refuse_body_beside(&self, headers: &[&str]) -> Result<()> {
        let has_body = matches!(&self.body, RequestBody::Stream(body) if !body.is_empty());
        match headers
            .iter()
            .find(|name| self.headers.contains_key(**name))
        {
            Some(name) if has_body => Err(Error::invalid_input(format!(
                "header `{name}`: the content comes from this source, so the request must not have a body"
            ))),
            _ => Ok(()),
        }
    }

    /// Computes the `Content-MD5` of a body that [`complete`](Self::complete) left out.
    pub(crate) async fn hash_body(&mut self, pool: &Md5Pool) -> Result<()> {
        let body = match &self.body {
            RequestBody::Stream(body) if !self.headers.contains_key(CONTENT_MD5) => body,
            _ => return Ok(()),
        };
        let source = body.hash_source().ok_or_else(|| {
            let text = "cannot compute `Content-MD5` of a stream, which can be read only once";
            Error::invalid_input(text)
        })?;
        for pending in pool.start([source]) {
            let digest = pending.digest().await.map_err(|error| {
                let text = format!("the body can't be read: {error}");
                Error::new(ErrorKind::Io, text).with_source(error)
            })?;
            self.text_header(CONTENT_MD5, &digest.base64())?;
        }
        Ok(())
    }

    /// Refuses a body whose `Content-MD5` is wanted, and would have to be read from a file.
    pub(crate) fn check_hashed(&self) -> Result<()> {
        match &self.body {
            RequestBody::Stream(_) if !self.headers.contains_key(CONTENT_MD5) => {
                Err(Error::invalid_input(
                    "`Content-MD5` is computed for a body in memory, or when the call is sent",
                ))
            }
            _ => Ok(()),
        }
    }
}

/// Whether the body's digest is computed along with the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    None,
    /// The operation is nothing without it.
    Required,
    /// What would have to be read is left for later.
    IfInMemory,
    /// Only a body of at most [`SHORT`] bytes in memory is hashed at once.
    IfShort,
}

/// A header's value without the white space around it; `None` unless it is printable ASCII. Other
/// bytes could split the request, or be signed in another way than the service reads them.
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

/// Whether a header's value must not show in any `Debug`: a customer's key, and what other services
/// take as proof.
pub(crate) fn is_secret(name: &HeaderName) -> bool {
    let name = name.as_str();
    name.ends_with("-key") || name.ends_with("-token") || name.contains("cookie")
}

/// Appends `text`, percent-encoded; `set` keeps the unreserved characters and `kept`.
fn push_encoded(target: &mut String, text: &str, set: &'static AsciiSet, kept: Option<u8>) {
    // Most texts need no encoding, and to see that is cheaper than to encode them.
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'-' | b'_' | b'.' | b'~')
            || Some(byte) == kept
    };
    if text.bytes().all(plain) {
        target.push_str(text);
    } else {
        target.extend(utf8_percent_encode(text, set));
    }
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::invalid_input(format!("cannot write the body as JSON: {error}")).with_source(error)
}

fn unhashed() -> Error {
    Error::invalid_input(
        "this operation requires `Content-MD5`, which can only be computed for a body in memory",
    )
}

#[cfg(test)]
mod tests;
