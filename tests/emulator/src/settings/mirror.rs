//! External mirrors of buckets, from which missing objects are fetched.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Setting, SettingContext, Settings, check_url, invalid};
use crate::base::api_error::ApiError;
use crate::base::web_url;

/// Characters that are percent-encoded in the path of a URL.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mirror {
    /// Absolute URL, to which the key of an object is appended.
    pub(crate) source_site: String,
}

impl Setting for Mirror {
    type Body = Self;

    fn accept(body: Self, _: &SettingContext<'_>) -> Result<Self, ApiError> {
        if web_url::parse(&body.source_site).is_none() {
            return Err(invalid(format!(
                "source_site {:?} is not an http or https URL",
                body.source_site
            )));
        }
        let mirror = body.with_protocol();
        mirror.check()?;
        Ok(mirror)
    }

    fn empty_document() -> serde_json::Value {
        serde_json::json!({})
    }

    fn field(settings: &mut Settings) -> &mut Option<Self> {
        &mut settings.mirror
    }
}

impl Mirror {
    /// Returns the URL of an object, or `None` if the key leads out of the site.
    pub(crate) fn url_of(&self, key: &str) -> Option<Url> {
        let site = self.source_site.trim_end_matches('/');
        let key = utf8_percent_encode(key, IN_PATH).to_string();
        let url = Url::parse(&format!("{site}/{key}")).ok()?;
        // The parser has resolved segments such as `..`.
        let is_inside = Url::parse(&format!("{site}/"))
            .ok()
            .and_then(|site| Some(url.path().strip_prefix(site.path())? == key))?;
        is_inside.then_some(url)
    }

    /// Adds the default protocol, http, if there is none.
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
            return Err(invalid("source_site must not have a query or a fragment"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn appends_encoded_keys_to_the_site() {
        for (site, key, expected) in [
            ("http://a.com", "b", Some("http://a.com/b")),
            ("http://a.com/", "b", Some("http://a.com/b")),
            ("http://a.com/x", "b/c", Some("http://a.com/x/b/c")),
            ("http://a.com/x/", "b//c/", Some("http://a.com/x/b//c/")),
            (
                "http://a.com/\u{4e2d}",
                "b",
                Some("http://a.com/%E4%B8%AD/b"),
            ),
            (
                "http://a.com",
                "a b?c#d%e\u{4e2d}+",
                Some("http://a.com/a%20b%3Fc%23d%25e%E4%B8%AD%2B"),
            ),
            ("http://a.com", "..a", Some("http://a.com/..a")),
            ("http://a.com/x", "../b", None),
            ("http://a.com/x", "b/../../c", None),
            ("http://a.com/x", ".", None),
            (
                "http://a.com/x",
                "b\\..\\c",
                Some("http://a.com/x/b%5C..%5Cc"),
            ),
        ] {
            let mirror = Mirror {
                source_site: site.to_owned(),
            };
            let url = mirror.url_of(key);
            assert_eq!(url.as_ref().map(Url::as_str), expected, "{site} {key}");
        }
    }

    #[test]
    fn accepts_sites_and_adds_the_protocol() {
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
