//! Where missing objects come from.

use serde::{Deserialize, Serialize};

use super::{Place, Setting, Settings, check_url, invalid};
use crate::api_error::ApiError;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mirror {
    /// An absolute URL; the key of an object is put behind it.
    pub(crate) source_site: String,
}

impl Setting for Mirror {
    type Body = Self;

    fn accept(body: Self, _: &Place<'_>) -> Result<Self, ApiError> {
        let mirror = body.with_protocol();
        mirror.check()?;
        Ok(mirror)
    }

    fn unset() -> serde_json::Value {
        serde_json::json!({})
    }

    fn of(settings: &Settings) -> Option<&Self> {
        settings.mirror.as_ref()
    }

    fn set(settings: &mut Settings, value: Option<Self>) {
        settings.mirror = value;
    }
}

impl Mirror {
    /// The protocol is http when none is given.
    fn with_protocol(self) -> Self {
        if self.source_site.contains("://") {
            self
        } else {
            Self {
                source_site: format!("http://{}", self.source_site),
            }
        }
    }

    fn check(&self) -> Result<(), ApiError> {
        check_url("source_site", &self.source_site)?;
        if self.source_site.contains(['?', '#']) {
            return Err(invalid(
                "source_site ends with a path, to which keys are added",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites() {
        for (put, expected) in [
            (
                "https://example.com/something/",
                Some("https://example.com/something/"),
            ),
            ("example.com", Some("http://example.com")),
            ("example.com:8080/a", Some("http://example.com:8080/a")),
            ("http://[::1]:80", Some("http://[::1]:80")),
            ("ftp://example.com", None),
            ("http://", None),
            ("", None),
            ("/a/b", None),
            ("http://user:word@example.com", None),
            ("http://example.com/a?b=", None),
            ("http://example.com/a#b", None),
            ("http://exa mple.com", None),
        ] {
            let mirror = Mirror {
                source_site: put.to_owned(),
            };
            let mirror = mirror.with_protocol();
            let accepted = mirror
                .check()
                .is_ok()
                .then_some(mirror.source_site.as_str());
            assert_eq!(accepted, expected, "{put}");
        }
    }
}
