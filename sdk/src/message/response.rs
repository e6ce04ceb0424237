//! An answer on its way to an operation's output.

use std::time::Duration;

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, Method};
use serde::de::DeserializeOwned;

use crate::base::collection::Collection;
use crate::base::error::{Answer, Error, ErrorKind, Result, reason, status_line};
use crate::base::http_date;
use crate::base::json;
use crate::base::parameter::FromText;
use crate::base::timestamp::Timestamp;
use crate::message::byte_stream::ByteStream;
use crate::message::call_info::CallInfo;
use crate::message::error_document::ErrorDocument;
use crate::message::metadata::Metadata;
use crate::message::request::is_secret;
use crate::message::response_meta::ResponseMeta;

mod excerpt;

use excerpt::excerpt;

const JSON: &[u8] = b"application/json";
/// How much of a body that can't be decoded an error keeps, in bytes.
const KEPT: usize = 4 * 1024;

/// Makes `status()`, `request_id()`, `headers()` and `attempts()` of [`ResponseMeta`] methods of
/// each output.
macro_rules! response_meta {
    ($($output:ident),* $(,)?) => {$(
        impl std::ops::Deref for $output {
            type Target = ResponseMeta;

            fn deref(&self) -> &ResponseMeta {
                &self.meta
            }
        }
    )*};
}
pub(crate) use response_meta;

/// Defines the outputs of operations that answer with status and headers alone.
macro_rules! empty_outputs {
    ($($(#[$meta:meta])* $output:ident,)*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug)]
            #[cfg_attr(feature = "serde", derive(Serialize, Deserialize))]
            #[non_exhaustive]
            pub struct $output {
                #[cfg_attr(feature = "serde", serde(skip))]
                meta: ResponseMeta,
            }

            impl FromResponse for $output {
                #[inline]
                fn decode(response: Response) -> Result<Self> {
                    Ok(Self { meta: response.meta })
                }
            }
        )*
        response_meta!($($output),*);
    };
}
pub(crate) use empty_outputs;

/// Makes outputs of what is all in a JSON object.
macro_rules! json_outputs {
    ($($output:ident),* $(,)?) => {
        $(
            impl FromResponse for $output {
                #[inline]
                fn decode(response: Response) -> Result<Self> {
                    let mut output: Self = response.json_object()?;
                    output.meta = response.meta;
                    Ok(output)
                }

                fn body_fields() -> BodyFields {
                    BodyFields::of::<Self>()
                }
            }
        )*
        response_meta!($($output),*);
    };
}
pub(crate) use json_outputs;

/// An answer with a success status, to be decoded.
#[derive(Debug)]
pub struct Response {
    /// Status and headers.
    pub meta: ResponseMeta,
    /// The lengths of the headers' names, one bit each: most headers that an operation may answer
    /// with are absent, and to see that must cost nothing.
    pub(crate) name_lengths: u64,
    pub(crate) body: ResponseBody,
    pub(crate) call: CallInfo,
}

#[derive(Debug)]
pub(crate) enum ResponseBody {
    Whole(Bytes),
    Stream(ByteStream),
}

/// The bit of a name's length.
fn length_bit(name: &HeaderName) -> u64 {
    1 << (name.as_str().len() % 64)
}

impl Response {
    pub(crate) fn new(meta: ResponseMeta, body: ResponseBody, call: CallInfo) -> Self {
        let name_lengths = meta
            .headers()
            .keys()
            .map(length_bit)
            .fold(0, |all, bit| all | bit);
        Self {
            meta,
            name_lengths,
            body,
            call,
        }
    }

    /// A header; `None` when it is absent or empty. What is no UTF-8 is read with replacement
    /// characters.
    pub fn header<T: FromText>(&self, name: HeaderName) -> Result<Option<T>> {
        if self.name_lengths & length_bit(&name) == 0 {
            return Ok(None);
        }
        let Some(value) = self.meta.headers().get(&name) else {
            return Ok(None);
        };
        let bytes = value.as_bytes().trim_ascii();
        if bytes.is_empty() {
            return Ok(None);
        }
        // Stored headers come back as other tools wrote them, not always as text.
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

    /// A header that holds a list.
    pub fn header_list<T: FromText>(
        &self,
        name: HeaderName,
        collection: Collection,
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

    /// The headers that begin with `prefix`, without it.
    pub fn header_map(&self, prefix: &str) -> Metadata {
        Metadata::from_headers(self.meta.headers(), prefix)
    }

    /// The body as a JSON object. A failure names the field. Where HTTP allows no body, the
    /// object is empty.
    pub fn json_object<T: DeserializeOwned>(&self) -> Result<T> {
        match &self.body {
            _ if is_bodiless(&self.meta, &self.call) => self.parse(b"{}"),
            // serde would read a list as the fields in order.
            ResponseBody::Whole(bytes) if bytes.trim_ascii_start().starts_with(b"{") => {
                self.parse(bytes)
            }
            ResponseBody::Whole(_) => {
                Err(self.undecodable("the response body is not a JSON object".into()))
            }
            ResponseBody::Stream(_) => Err(self.undecodable("the body was not read".into())),
        }
    }

    /// The body as JSON. A failure names the field. `None` where HTTP allows no body.
    pub fn json<T: DeserializeOwned>(&self) -> Result<Option<T>> {
        match &self.body {
            _ if is_bodiless(&self.meta, &self.call) => Ok(None),
            ResponseBody::Whole(bytes) => self.parse(bytes).map(Some),
            ResponseBody::Stream(_) => Err(self.undecodable("the body was not read".into())),
        }
    }

    fn parse<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T> {
        let error = match serde_json::from_slice(body) {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        // Looked at only now: most answers have no `null` that would be in the way.
        match json::without_nulls(body) {
            Some(body) => serde_json::from_slice(&body).map_err(|error| self.wrong(&body, error)),
            None => Err(self.wrong(body, error)),
        }
    }

    fn wrong(&self, body: &[u8], error: serde_json::Error) -> Error {
        let text = match json::path_at(body, error.line(), error.column()) {
            Some(path) => format!("field `{path}` of the response: {error}"),
            None => format!("body of the response: {error}"),
        };
        self.undecodable(text).with_source(error)
    }

    /// The body as a stream.
    pub fn take_stream(&mut self) -> Result<ByteStream> {
        match std::mem::replace(&mut self.body, ResponseBody::Whole(Bytes::new())) {
            ResponseBody::Stream(stream) => Ok(stream),
            ResponseBody::Whole(_) => Err(self.undecodable("the body was read already".into())),
        }
    }

    fn undecodable(&self, message: String) -> Error {
        let body = match &self.body {
            ResponseBody::Whole(bytes) => cut(bytes),
            ResponseBody::Stream(_) => Bytes::new(),
        };
        contradiction(ErrorKind::Decode, message, &self.meta, body, &self.call)
    }
}

/// Returns the error for a response that has a success status and is wrong all the same.
pub(crate) fn contradiction(
    kind: ErrorKind,
    message: String,
    meta: &ResponseMeta,
    body: Bytes,
    call: &CallInfo,
) -> Error {
    Error::new(kind, message)
        .with_call(call.context())
        .with_answer(Answer {
            status: meta.status(),
            headers: kept(meta.headers()),
            request_id: meta.request_id().map(str::to_owned),
            body,
            ..Answer::default()
        })
}

/// Returns whether a response never has a body, whatever its headers announce.
pub(crate) fn is_bodiless(meta: &ResponseMeta, call: &CallInfo) -> bool {
    let has_none = matches!(meta.status().as_u16(), 204 | 205 | 304);
    has_none || call.identity.info.method == Method::HEAD
}

/// The headers for an error, which is more likely than an output to end in a log: what proxies take
/// as proof, such as a cookie, does not show in its `Debug`.
fn kept(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for (name, value) in &mut kept {
        if is_secret(name) {
            value.set_sensitive(true);
        }
    }
    kept
}

/// A copy, so that the error does not keep the whole body alive.
fn cut(bytes: &Bytes) -> Bytes {
    Bytes::copy_from_slice(bytes.get(..KEPT).unwrap_or(bytes))
}

/// The error that an answer with another status than the operation's stands for.
pub(crate) fn service_error(meta: &ResponseMeta, body: &Bytes, call: &CallInfo) -> Error {
    let is_json = meta
        .headers()
        .get(http::header::CONTENT_TYPE)
        .and_then(|kind| kind.as_bytes().get(..JSON.len()))
        .is_some_and(|kind| kind.eq_ignore_ascii_case(JSON));
    let document = match is_json {
        true => ErrorDocument::parse(body),
        false => None,
    };
    let document = document.unwrap_or_default();
    let has_message = document
        .message
        .as_ref()
        .is_some_and(|text| !text.is_empty());
    let (fallback, kept_body) = match document.code.is_some() || has_message {
        true => (reason(meta.status()), Bytes::new()),
        false => (without_document(meta, body), cut(body)),
    };
    documented_error(meta, fallback, document, call, kept_body)
}

/// Returns the service's error if the body of a success is an error document.
pub(crate) fn error_in_success(
    meta: &ResponseMeta,
    body: &Bytes,
    call: &CallInfo,
) -> Option<Error> {
    let document = ErrorDocument::in_success(body, (call.identity.body_fields)())?;
    let fallback = "the response is an error document without a message".to_owned();
    Some(documented_error(meta, fallback, document, call, cut(body)))
}

/// `fallback` is the message if the document has none.
fn documented_error(
    meta: &ResponseMeta,
    fallback: String,
    document: ErrorDocument,
    call: &CallInfo,
    body: Bytes,
) -> Error {
    let message = document.message.filter(|text| !text.is_empty());
    let message = message.unwrap_or(fallback);
    let request_id = meta.request_id().map(str::to_owned);
    Error::new(ErrorKind::Service, message)
        .with_call(call.context())
        .with_answer(Answer {
            status: meta.status(),
            headers: kept(meta.headers()),
            code: document.code,
            // A proxy may drop the header.
            request_id: request_id.or(document.request_id),
            help_url: document.url,
            location: location(meta),
            retry_after: retry_after(meta.headers()),
            date: http_date(meta.headers(), &http::header::DATE),
            body,
        })
}

/// A time among the headers, in Unix seconds.
fn http_date(headers: &HeaderMap, name: &HeaderName) -> Option<i64> {
    http_date::parse(headers.get(name)?.to_str().ok()?)
}

/// How long the service wants to be left alone: in seconds, or until a time by its own clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than can be counted is more than anybody waits.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let until = http_date(headers, &RETRY_AFTER)?;
    let now = http_date(headers, &http::header::DATE)
        .unwrap_or_else(|| Timestamp::now().as_unix_seconds());
    // A time that has passed asks for nothing.
    Some(Duration::from_secs(
        u64::try_from(until.saturating_sub(now)).unwrap_or(0),
    ))
}

/// Where a redirect points to.
fn location(meta: &ResponseMeta) -> Option<String> {
    let value = meta.headers().get(http::header::LOCATION)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The message of a response that is not an error document: `HEAD`, a proxy, a redirect.
fn without_document(meta: &ResponseMeta, body: &Bytes) -> String {
    match (meta.status().as_u16(), location(meta)) {
        (304, _) => reason(meta.status()),
        (300..=399, Some(location)) => format!("redirect to {location}"),
        (300..=399, None) => "the service points elsewhere, but does not say where".into(),
        _ => {
            let content_type = meta.headers().get(http::header::CONTENT_TYPE);
            let content_type = content_type.and_then(|kind| kind.to_str().ok());
            match excerpt(
                body,
                content_type.unwrap_or_default(),
                &status_line(meta.status()),
            ) {
                Some(words) => format!("the response says `{words}`"),
                None => reason(meta.status()),
            }
        }
    }
}
