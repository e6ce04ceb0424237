//! [`Response`]: decodes the output of an operation from a response.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method};
use serde::de::DeserializeOwned;

use crate::base::collection::CollectionFormat;
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::json;
use crate::base::parameter::FromText;
use crate::message::byte_stream::ByteStream;
use crate::message::call_info::CallInfo;
use crate::message::metadata::Metadata;
use crate::message::response_meta::ResponseMeta;

mod error_page;
mod service_error;

pub(crate) use service_error::{contradiction, error_in_success, response_error, service_error};
use service_error::{encoded_body, first_bytes};

/// A response with a success status, which an output is decoded from.
#[derive(Debug)]
pub struct Response {
    /// Status and headers.
    pub meta: ResponseMeta,
    pub(crate) body: ResponseBody,
    pub(crate) call: CallInfo,
    name_lengths: NameLengths,
}

/// The lengths of the header names in a response: most absent headers need no look-up.
///
/// A look-up hashes every byte of a name. The output of `HEAD` has 17 headers, most of them absent:
/// their look-ups took 2,900 of the 16,000 instructions by which a call exceeded one of `reqwest`
/// alone, and take 1,700 with this set.
#[derive(Clone, Copy, Debug)]
struct NameLengths(u64);

impl NameLengths {
    fn new(headers: &HeaderMap) -> Self {
        Self(headers.keys().fold(0, |set, name| set | Self::bit(name)))
    }

    fn may_contain(self, name: &HeaderName) -> bool {
        self.0 & Self::bit(name) != 0
    }

    fn bit(name: &HeaderName) -> u64 {
        1 << (name.as_str().len() % 64)
    }
}

#[derive(Debug)]
pub(crate) enum ResponseBody {
    Whole(Bytes),
    Stream(ByteStream),
}

impl Response {
    pub(crate) fn new(meta: ResponseMeta, body: ResponseBody, call: CallInfo) -> Self {
        Self {
            name_lengths: NameLengths::new(meta.headers()),
            meta,
            body,
            call,
        }
    }

    /// Returns the value of a header; `None` if it is absent or empty. Decodes invalid UTF-8 lossily.
    ///
    /// # Errors
    ///
    /// Returns `Decode` if the value does not have the type `T`.
    pub fn header<T: FromText>(&self, name: HeaderName) -> Result<Option<T>> {
        if !self.name_lengths.may_contain(&name) {
            return Ok(None);
        }
        let Some(value) = self.meta.headers().get(&name) else {
            return Ok(None);
        };
        let bytes = value.as_bytes().trim_ascii();
        if bytes.is_empty() {
            return Ok(None);
        }
        // Headers that other tools stored with an object may have any bytes.
        let parsed = match std::str::from_utf8(bytes) {
            Ok(text) => T::from_text(text),
            Err(_) => T::from_text(&String::from_utf8_lossy(bytes)),
        };
        if parsed.is_none() {
            let text = String::from_utf8_lossy(bytes);
            return Err(self.undecodable(format!("header `{name}`: {text:?} has the wrong type")));
        }
        Ok(parsed)
    }

    /// Returns the values of a header that contains a list.
    pub fn header_list<T: FromText>(
        &self,
        name: HeaderName,
        collection: CollectionFormat,
    ) -> Result<Vec<T>> {
        let Some(text) = self.header::<String>(name.clone())? else {
            return Ok(Vec::new());
        };
        text.split(collection.separator())
            .map(|item| {
                T::from_text(item.trim()).ok_or_else(|| {
                    self.undecodable(format!("header `{name}`: {item:?} has the wrong type"))
                })
            })
            .collect()
    }

    /// Returns the headers whose names start with `prefix`, without the prefix.
    pub fn header_map(&self, prefix: &str) -> Metadata {
        Metadata::from_headers(self.meta.headers(), prefix)
    }

    /// Decodes the body as a JSON object. If the response cannot have a body, the object is empty.
    ///
    /// # Errors
    ///
    /// Returns `Decode` if the body is not a JSON object; the message names a field of the wrong
    /// type.
    pub fn json_object<T: DeserializeOwned>(&self) -> Result<T> {
        match &self.body {
            _ if is_bodiless(&self.meta, &self.call) => self.parse(b"{}"),
            // serde would accept a list that has the fields in order.
            ResponseBody::Whole(bytes) if bytes.trim_ascii_start().starts_with(b"{") => {
                self.parse(bytes)
            }
            ResponseBody::Whole(_) => {
                let encoded = encoded_body(&self.meta);
                let text = encoded.unwrap_or("the response body is not a JSON object".into());
                Err(self.undecodable(text))
            }
            ResponseBody::Stream(_) => {
                Err(self.undecodable("the response body has not been read".into()))
            }
        }
    }

    /// Decodes the body as JSON; `None` if the response cannot have a body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        match &self.body {
            _ if is_bodiless(&self.meta, &self.call) => Ok(None),
            ResponseBody::Whole(bytes) => self.parse(bytes).map(Some),
            ResponseBody::Stream(_) => {
                Err(self.undecodable("the response body has not been read".into()))
            }
        }
    }

    fn parse<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T> {
        let error = match serde_json::from_slice(body) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        // Only now, because `null` fields are rare.
        match json::without_nulls(body) {
            Some(body) => {
                serde_json::from_slice(&body).map_err(|error| self.decode_error(&body, error))
            }
            None => Err(self.decode_error(body, error)),
        }
    }

    #[inline]
    fn decode_error(&self, body: &[u8], error: serde_json::Error) -> Error {
        let path = || json::path_at(body, error.line(), error.column());
        let text = match encoded_body(&self.meta) {
            Some(text) => text,
            None => match path() {
                Some(path) => format!("field `{path}` of the response: {error}"),
                None => format!("body of the response: {error}"),
            },
        };
        self.undecodable(text).with_source(error)
    }

    /// Takes the body as a stream.
    pub fn take_stream(&mut self) -> Result<ByteStream> {
        match std::mem::replace(&mut self.body, ResponseBody::Whole(Bytes::new())) {
            ResponseBody::Stream(stream) => Ok(stream),
            ResponseBody::Whole(_) => {
                Err(self.undecodable("the response body was already read".into()))
            }
        }
    }

    fn undecodable(&self, message: String) -> Error {
        let body = match &self.body {
            ResponseBody::Whole(bytes) => first_bytes(bytes),
            ResponseBody::Stream(_) => Bytes::new(),
        };
        contradiction(ErrorKind::Decode, message, &self.meta, body, &self.call)
    }
}

/// Returns whether a response never has a body, whatever its headers announce.
pub(crate) fn is_bodiless(meta: &ResponseMeta, call: &CallInfo) -> bool {
    let has_none = matches!(meta.status().as_u16(), 204 | 205 | 304);
    has_none || call.identity.info.method == Method::HEAD
}
