//! Conversion of values into the text of parameters, and of header text into values.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::base::base64_bytes::Base64Bytes;

/// A value of a path, query, header or form parameter.
pub trait Parameter {
    /// Returns the text; `None` if the parameter is not set.
    fn text(&self) -> Option<Cow<'_, str>>;
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

/// Encoded in base64, as in JSON.
impl Parameter for Base64Bytes {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(BASE64.encode(&self.0)))
    }
}

impl FromText for Base64Bytes {
    #[inline]
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
            #[inline]
            fn text(&self) -> Option<Cow<'_, str>> {
                Some(Cow::Owned(self.to_string()))
            }
        }

        impl FromText for $number {
            #[inline]
            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

numbers!(i32, i64, u32, u64, f32, f64);
