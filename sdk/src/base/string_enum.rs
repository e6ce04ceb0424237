//! [`string_enum!`]: open enums, which keep unknown values.

/// Defines an enum of strings with `as_str`, `FromStr`, `Display` and serde's traits.
macro_rules! string_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$meta])*
        ///
        /// The enum is open: an unknown value becomes `Unknown`.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)*
            /// A value that this version of the crate does not know.
            Unknown(String),
        }

        impl $name {
            /// Returns the value in the spelling of the API.
            #[must_use]
            #[inline]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)*
                    Self::Unknown(text) => text,
                }
            }

            /// Returns the known value for `text`, ignoring case, as the API does for most values.
            #[inline]
            fn known(text: &str) -> Option<Self> {
                const KNOWN: &[$name] = &[$($name::$variant),*];
                let mut known = KNOWN.iter();
                known.find(|known| known.as_str().eq_ignore_ascii_case(text)).cloned()
            }
        }

        impl From<&str> for $name {
            #[inline]
            fn from(text: &str) -> Self {
                Self::known(text).unwrap_or_else(|| Self::Unknown(text.to_owned()))
            }
        }

        impl From<String> for $name {
            #[inline]
            fn from(text: String) -> Self {
                Self::known(&text).unwrap_or(Self::Unknown(text))
            }
        }

        /// The empty string, which means no value.
        impl Default for $name {
            #[inline]
            fn default() -> Self {
                Self::Unknown(String::new())
            }
        }

        /// Compares like the API: known values ignore case.
        impl PartialEq<str> for $name {
            #[inline]
            fn eq(&self, text: &str) -> bool {
                self.as_str() == text || Self::known(text).is_some_and(|known| *self == known)
            }
        }

        impl PartialEq<&str> for $name {
            #[inline]
            fn eq(&self, text: &&str) -> bool {
                *self == **text
            }
        }

        impl $crate::base::parameter::Parameter for $name {
            #[inline]
            fn text(&self) -> Option<std::borrow::Cow<'_, str>> {
                Some(std::borrow::Cow::Borrowed(self.as_str()))
            }
        }

        impl $crate::base::parameter::FromText for $name {
            #[inline]
            fn from_text(text: &str) -> Option<Self> {
                Some(Self::from(text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::convert::Infallible;

            #[inline]
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(text))
            }
        }

        impl std::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            #[inline]
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            #[inline]
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Ok(Self::from(&*text))
            }
        }
    };
}
pub(crate) use string_enum;

#[cfg(test)]
mod tests {
    use crate::types::Permission;

    #[test]
    fn compares_with_text() {
        assert!(Permission::Read == "READ" && Permission::Read == *"read");
        assert!(Permission::Read != "READ_ACP" && Permission::Read != "");
        assert!(Permission::Unknown("APPEND".into()) == "APPEND");
        assert!(Permission::Unknown("APPEND".into()) != "append");
        assert!(Permission::Unknown("read".into()) == "read");
    }

    #[test]
    fn known_and_unknown_values_are_preserved() {
        for (text, value) in [
            ("READ", Permission::Read),
            ("full_control", Permission::FullControl),
            ("APPEND", Permission::Unknown("APPEND".into())),
            ("", Permission::default()),
        ] {
            assert_eq!(Permission::from(text), value);
            let json: Permission = serde_json::from_value(text.into()).unwrap();
            assert_eq!(json, value);
        }
        assert_eq!(
            serde_json::to_string(&Permission::Read).unwrap(),
            r#""READ""#
        );
        assert_eq!(Permission::from("APPEND").to_string(), "APPEND");
    }
}
