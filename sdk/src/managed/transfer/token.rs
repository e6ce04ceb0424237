//! [`ResumeToken`]: what another process needs to go on with an upload.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::error::{Error, Result};
use crate::base::printable::Printable;

/// The first characters of a token as text: what it is, and of which version.
const PREFIX: &str = "qsu1.";

/// What another process needs to go on with an upload: where it goes, how it is cut, and which
/// parts are done. It holds no credentials, no encryption key and no content.
///
/// It can be kept by serde, or as text: `Display` gives one line of ASCII, `FromStr` reads it. What
/// a [token file](crate::Upload::token_file) holds is read, too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResumeToken {
    /// The bucket that the object is uploaded to.
    pub bucket: String,
    /// The object's key.
    pub key: String,
    /// The id under which the service keeps the parts.
    pub upload_id: String,
    /// The length of the first part, in bytes.
    pub part_size: u64,
    /// The length of the content in bytes, if it was known at the beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// When the source file was last changed, in nanoseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<i64>,
    /// The parts that are done, by number.
    #[serde(default)]
    pub(crate) parts: BTreeMap<u32, DonePart>,
}

/// A part that the service has taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DonePart {
    /// The MD5 of its bytes, in hex.
    pub(crate) md5: String,
    /// Its entity tag, without quotes, where that is something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) etag: Option<String>,
}

impl DonePart {
    pub(crate) fn new(md5: Digest, etag: Option<&str>) -> Self {
        let md5 = md5.to_string();
        let etag = etag.map(|etag| etag.trim_matches('"'));
        let other = |etag: &&str| !etag.is_empty() && !etag.eq_ignore_ascii_case(&md5);
        let etag = etag.filter(other).map(str::to_owned);
        Self { md5, etag }
    }

    pub(crate) fn etag(&self) -> &str {
        self.etag.as_deref().unwrap_or(&self.md5)
    }

    /// The part as a line that stands behind a token's text.
    pub(crate) fn line(&self, number: u32) -> String {
        let Self { md5, etag } = self;
        match etag {
            Some(etag) => format!("{number} {md5} {etag}"),
            None => format!("{number} {md5}"),
        }
    }

    /// Reads what [`line`](Self::line) writes. `None` for half a line.
    fn of_line(line: &str) -> Option<(u32, Self)> {
        let (number, rest) = line.split_once(' ')?;
        let (md5, etag) = match rest.split_once(' ') {
            Some((md5, etag)) => (md5, Some(etag)),
            None => (rest, None),
        };
        Some((
            number.parse().ok()?,
            Self::new(Digest::from_etag(md5)?, etag),
        ))
    }
}

impl ResumeToken {
    /// How many parts were done when the token was taken.
    #[must_use]
    pub fn parts_done(&self) -> usize {
        self.parts.len()
    }
}

impl fmt::Display for ResumeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_vec(self).map_err(|_| fmt::Error)?;
        write!(f, "{PREFIX}{}", BASE64.encode(json))
    }
}

impl FromStr for ResumeToken {
    type Err = Error;

    /// Reads what `Display` writes, and what a token file holds: behind such a line one for each
    /// part that was done since.
    ///
    /// # Errors
    ///
    /// `InvalidInput` when the text is no token.
    #[inline]
    fn from_str(text: &str) -> Result<Self> {
        let refused = |why: &str| Error::invalid_input(format!("resume token: {why}"));
        let mut lines = text.trim().lines();
        let first = lines.next().unwrap_or_default();
        let Some(text) = first.strip_prefix(PREFIX) else {
            return Err(refused("not a resume token"));
        };
        let json = BASE64
            .decode(text)
            .map_err(|error| refused("damaged").with_source(error))?;
        let mut token: Self =
            serde_json::from_slice(&json).map_err(|error| refused("damaged").with_source(error))?;
        // A process that was killed may have left half a line. The service knows that part, too.
        token.parts.extend(lines.filter_map(DonePart::of_line));
        Ok(token)
    }
}

/// The source of an error after which an upload can go on.
#[derive(Debug)]
struct Unfinished {
    token: ResumeToken,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, id) = (self.token.parts.len(), Printable(&self.token.upload_id));
        write!(f, "upload {id} is unfinished: {done} parts are done")
    }
}

impl StdError for Unfinished {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_deref()?)
    }
}

impl Error {
    /// With what [`Bucket::resume_upload`](crate::Bucket::resume_upload) goes on with the upload
    /// that failed. `None` when its parts are gone, or there were none.
    #[must_use]
    pub fn resume_token(&self) -> Option<&ResumeToken> {
        let unfinished = self.source()?.downcast_ref::<Unfinished>()?;
        Some(&unfinished.token)
    }

    pub(crate) fn with_resume_token(mut self, token: ResumeToken) -> Self {
        let source = self.take_source();
        self.with_source(Unfinished { token, source })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::error::ErrorKind;

    fn token() -> ResumeToken {
        let etag = "\"900150983cd24fb0d6963f7d28e17f72\"";
        let md5 = Digest::from_etag(etag).unwrap();
        ResumeToken {
            bucket: "my-bucket".into(),
            key: "中文 \" key".into(),
            upload_id: "id".into(),
            part_size: 8 << 20,
            length: Some(7),
            modified: None,
            parts: BTreeMap::from([
                (0, DonePart::new(md5, Some(etag))),
                (3, DonePart::new(md5, Some("\"other\""))),
            ]),
        }
    }

    #[test]
    fn a_token_is_text_and_json() {
        let text = token().to_string();
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text}");
        assert_eq!(
            format!(" {text}\n").parse::<ResumeToken>().unwrap(),
            token()
        );
        let json = serde_json::to_string(&token()).unwrap();
        assert!(!json.contains("null"), "{json}");
        assert_eq!(serde_json::from_str::<ResumeToken>(&json).unwrap(), token());
        assert_eq!(token().parts[&0].etag(), token().parts[&0].md5);
        assert_eq!(token().parts[&3].etag(), "other");
    }

    #[test]
    fn lines_behind_a_token_are_the_parts_that_were_done_since() {
        let all = token();
        let mut begun = all.clone();
        begun.parts.clear();
        let mut text = begun.to_string();
        for (number, part) in &all.parts {
            text.push_str(&format!("\n{}", part.line(*number)));
        }
        assert_eq!(text.parse::<ResumeToken>().unwrap(), all);
        // Half a line, and the line that the next process wrote behind it.
        let line = all.parts[&3].line(9);
        for half in 0..line.len() {
            let torn = format!("{text}\n{}\n{}", &line[..half], all.parts[&0].line(10));
            let read = torn.parse::<ResumeToken>().unwrap();
            assert_eq!(read.parts[&10], all.parts[&0]);
            let part = read.parts.get(&9);
            assert!(
                part.is_none_or(|part| part.md5 == all.parts[&0].md5),
                "{torn}"
            );
        }
    }

    #[test]
    fn an_error_carries_a_token_and_keeps_its_reason() {
        let error = Error::new(ErrorKind::Io, "x").with_source(std::io::Error::other("why"));
        assert_eq!(error.resume_token(), None);
        let error = error.with_resume_token(token());
        assert_eq!(error.resume_token(), Some(&token()));
        let reason = error.source().unwrap().source().unwrap();
        assert_eq!(reason.to_string(), "why");
    }

    proptest! {
        #[test]
        fn any_text_is_a_token_or_an_error(text: String, bytes: Vec<u8>) {
            let _ = text.parse::<ResumeToken>();
            let _ = format!("{PREFIX}{}", BASE64.encode(bytes)).parse::<ResumeToken>();
        }
    }
}
