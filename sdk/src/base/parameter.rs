//! How values become the text of a parameter, and headers become values again.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::base::base64_bytes::Blob;
use crate::base::error::{Error, Result};
use crate::base::timestamp::Timestamp;

/// A value that can stand in a path, a query, a header or a form.
pub trait Parameter {
    /// Its text; `None` when there is nothing to send.
    fn text(&self) -> Option<Cow<'_, str>>;
}

/// How the values of a list share one parameter (Swagger's `collectionFormat`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collection {
    /// `a,b`
    Csv,
    /// `a b`
    Ssv,
    /// `a<tab>b`
    Tsv,
    /// `a|b`
    Pipes,
    /// `name=a&name=b`
    Multi,
}

impl Collection {
    /// What stands between two values.
    pub fn separator(self) -> char {
        match self {
            Self::Ssv => ' ',
            Self::Tsv => '\t',
            Self::Pipes => '|',
            Self::Csv | Self::Multi => ',',
        }
    }

    /// The values in one text; `None` when there are none. A value that holds the separator is
    /// refused: it would arrive as two.
    pub fn join(self, name: &str, values: &[impl Parameter]) -> Result<Option<String>> {
        let separator = self.separator();
        let mut joined: Option<String> = None;
        for value in values.iter().filter_map(Parameter::text) {
            if value.contains(separator) {
                return Err(Error::invalid_input(format!(
                    "{name}: {value:?} holds {separator:?}, which separates the values of this list"
                )));
            }
            match &mut joined {
                Some(text) => {
                    text.push(separator);
                    text.push_str(&value);
                }
                None => joined = Some(value.into_owned()),
            }
        }
        Ok(joined)
    }
}

/// A value that can be read from a header's text.
pub trait FromText: Sized {
    fn from_text(text: &str) -> Option<Self>;
}

impl<T: Parameter> Parameter for Option<T> {
    fn text(&self) -> Option<Cow<'_, str>> {
        self.as_ref()?.text()
    }
}

impl Parameter for str {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }
}

impl Parameter for String {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }
}

impl<T: Parameter + ?Sized> Parameter for &T {
    fn text(&self) -> Option<Cow<'_, str>> {
        T::text(self)
    }
}

impl FromText for String {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl FromText for bool {
    fn from_text(text: &str) -> Option<Self> {
        text.to_ascii_lowercase().parse().ok()
    }
}

impl Parameter for bool {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(if *self { "true" } else { "false" }))
    }
}

/// Times in answers: HTTP dates, yet ISO 8601 does no harm.
impl FromText for Timestamp {
    fn from_text(text: &str) -> Option<Self> {
        Self::from_http_date(text).or_else(|_| text.parse()).ok()
    }
}

/// ISO 8601; for the other forms see [`http_date`] and [`unix_seconds`].
impl Parameter for Timestamp {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.to_string()))
    }
}

/// In base64, as in JSON.
impl Parameter for Blob {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(BASE64.encode(&self.0)))
    }
}

impl FromText for Blob {
    fn from_text(text: &str) -> Option<Self> {
        BASE64.decode(text).ok().map(Self::from)
    }
}

impl Parameter for serde_json::Value {
    fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Null => None,
            Self::String(text) => Some(Cow::Borrowed(text)),
            other => Some(Cow::Owned(other.to_string())),
        }
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Parameter for $number {
            fn text(&self) -> Option<Cow<'_, str>> {
                Some(Cow::Owned(self.to_string()))
            }
        }

        impl FromText for $number {
            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

numbers!(i32, i64, u32, u64, f32, f64);

/// A time as headers have it.
pub fn http_date(time: impl Into<Option<Timestamp>>) -> Result<Option<String>> {
    time.into().map(Timestamp::to_http_date).transpose()
}

/// A time as a number.
pub fn unix_seconds(time: impl Into<Option<Timestamp>>) -> Option<i64> {
    time.into().map(Timestamp::as_unix_seconds)
}
