//! [`Secret`]: a string that is redacted in `Debug` and zeroed on drop.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::base::parameter::{FromText, Parameter};

/// A secret string that is sent in requests, such as an encryption key. `Debug` redacts it, and its
/// memory is zeroed on drop.
///
/// ```
/// use qingstor_sdk::Secret;
///
/// let key = Secret::from("eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=");
/// assert_eq!(format!("{key:?}"), "Secret(..)");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Returns the secret.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Parameter for Secret {
    fn text(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(&self.0))
    }
}

impl FromText for Secret {
    fn from_text(text: &str) -> Option<Self> {
        Some(Self::from(text))
    }
}

/// Serializes the secret into request bodies.
impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// For `#[serde(serialize_with)]`: fails if an input contains a secret, because serialized inputs
/// are usually stored or logged.
#[cfg(feature = "serde")]
pub(crate) fn refuse_serialization<S: Serializer>(
    secret: &Option<Secret>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match secret {
        None => serializer.serialize_none(),
        Some(_) => Err(serde::ser::Error::custom(
            "encryption keys are not serialized: leave the key out, and set it again afterwards",
        )),
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}
