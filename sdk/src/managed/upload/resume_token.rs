//! [`ResumeToken`]: the state of an unfinished upload.

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::entity_tag;
use crate::base::error::{Error, Result};
use crate::base::escape::EscapeControls;

/// The prefix of a token as text. It contains the version of the format.
const PREFIX: &str = "qsu1.";
/// Stands for an unknown MD5 in a token file.
const UNKNOWN_MD5: &str = "-";

/// Callback that receives the token of a running upload.
pub(super) type OnToken = Box<dyn Fn(&ResumeToken) + Send + Sync>;

/// State of an unfinished upload, with which another process can resume it: the object, the part
/// size, and the parts that are complete. Contains no credentials, no encryption key and no content.
///
/// A token can be stored with serde, or as text: `Display` writes one line of ASCII, and `FromStr`
/// parses it. `FromStr` also parses the content of a [token file](crate::Upload::token_file).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResumeToken {
    /// Name of the bucket.
    pub bucket: String,
    /// Key of the object.
    pub key: String,
    /// ID of the multipart upload.
    pub upload_id: String,
    /// Size of the first part in bytes.
    pub part_size: u64,
    /// Length of the content in bytes, if it was known at the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// Modification time of the source file, in nanoseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modified: Option<i64>,
    /// Complete parts by number.
    #[serde(default)]
    pub(crate) parts: BTreeMap<u32, CompletedPart>,
}

/// A part that the service has stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CompletedPart {
    /// MD5 of the bytes in hexadecimal. `None` if it is unknown, because the upload was not
    /// verified and the ETag is not an MD5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    md5: Option<String>,
    /// ETag without quotes, unless it is the MD5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
}

impl CompletedPart {
    #[inline]
    pub(crate) fn new(md5: Option<Digest>, etag: Option<&str>) -> Self {
        let md5 = md5.map(|md5| md5.to_string());
        let is_md5 = |etag: &str| {
            md5.as_ref()
                .is_some_and(|md5| md5.eq_ignore_ascii_case(etag))
        };
        let etag = etag
            .map(entity_tag::text)
            .filter(|etag| !etag.is_empty() && !is_md5(etag))
            .map(str::to_owned);
        Self { md5, etag }
    }

    /// Returns the ETag without quotes.
    pub(crate) fn etag(&self) -> Option<&str> {
        self.etag.as_deref().or(self.md5.as_deref())
    }

    /// Returns the MD5 of the bytes, if it is known.
    pub(crate) fn digest(&self) -> Option<Digest> {
        Digest::from_etag(self.md5.as_deref()?)
    }

    /// Returns a line of a token file.
    #[inline]
    pub(crate) fn to_line(&self, number: u32) -> String {
        let md5 = self.md5.as_deref().unwrap_or(UNKNOWN_MD5);
        match &self.etag {
            Some(etag) => format!("{number} {md5} {etag}"),
            None => format!("{number} {md5}"),
        }
    }

    /// Parses a line of a token file. Returns `None` if the line is incomplete.
    #[inline]
    fn from_line(line: &str) -> Option<(u32, Self)> {
        let (number, rest) = line.split_once(' ')?;
        let (md5, etag) = match rest.split_once(' ') {
            Some((md5, etag)) => (md5, Some(etag)),
            None => (rest, None),
        };
        let md5 = match md5 {
            UNKNOWN_MD5 => None,
            md5 => Some(Digest::from_etag(md5)?),
        };
        Some((number.parse().ok()?, Self::new(md5, etag)))
    }
}

impl ResumeToken {
    /// Returns the number of complete parts.
    #[must_use]
    pub fn parts_done(&self) -> usize {
        self.parts.len()
    }

    /// Returns the ETag of an object that consists of these parts, or `None` if the MD5 of a
    /// part is unknown.
    #[inline]
    pub(crate) fn object_etag(&self) -> Option<String> {
        let digests = self.parts.values();
        let digests: Option<Vec<Digest>> = digests.map(CompletedPart::digest).collect();
        Some(Digest::of_parts(digests?))
    }
}

impl fmt::Display for ResumeToken {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = serde_json::to_vec(self).map_err(|_| fmt::Error)?;
        write!(f, "{PREFIX}{}", BASE64.encode(json))
    }
}

impl FromStr for ResumeToken {
    type Err = Error;

    /// Parses a token as text, or the content of a token file: a token, and a line for each part
    /// that was completed later.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the text is not a token.
    #[inline]
    fn from_str(text: &str) -> Result<Self> {
        let invalid = |why: &str| Error::invalid_input(format!("resume token: {why}"));
        let mut lines = text.trim().lines();
        let first = lines.next().unwrap_or_default();
        let Some(text) = first.strip_prefix(PREFIX) else {
            return Err(invalid("not a resume token"));
        };
        let json = BASE64
            .decode(text)
            .map_err(|error| invalid("damaged").with_source(error))?;
        let mut token: Self =
            serde_json::from_slice(&json).map_err(|error| invalid("damaged").with_source(error))?;
        if token.upload_id.is_empty() {
            return Err(invalid("it has no upload ID"));
        }
        // A killed process may have left an incomplete line. The service can list that part.
        token
            .parts
            .extend(lines.filter_map(CompletedPart::from_line));
        Ok(token)
    }
}

/// Source of an error after which the upload can be resumed.
#[derive(Debug)]
struct UnfinishedUpload {
    token: ResumeToken,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl fmt::Display for UnfinishedUpload {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, id) = (
            self.token.parts.len(),
            EscapeControls(&self.token.upload_id),
        );
        write!(f, "upload {id} is unfinished: {done} parts are done")
    }
}

impl StdError for UnfinishedUpload {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_deref()?)
    }
}

impl Error {
    /// Returns the token with which [`Bucket::resume_upload`](crate::Bucket::resume_upload) resumes
    /// the failed upload. `None` if the upload has no parts, or they were removed.
    #[must_use]
    pub fn resume_token(&self) -> Option<&ResumeToken> {
        let unfinished = self.source()?.downcast_ref::<UnfinishedUpload>()?;
        Some(&unfinished.token)
    }

    #[inline]
    pub(crate) fn with_resume_token(mut self, token: ResumeToken) -> Self {
        let source = self.take_source();
        self.with_source(UnfinishedUpload { token, source })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::error::ErrorKind;

    const MD5: &str = "900150983cd24fb0d6963f7d28e17f72";

    fn token() -> ResumeToken {
        let md5 = Digest::from_etag(MD5).unwrap();
        ResumeToken {
            bucket: "my-bucket".into(),
            key: "中文 \" key".into(),
            upload_id: "id".into(),
            part_size: 8 << 20,
            length: Some(7),
            modified: None,
            parts: BTreeMap::from([
                (
                    0,
                    CompletedPart::new(Some(md5), Some(&format!("\"{MD5}\""))),
                ),
                (3, CompletedPart::new(Some(md5), Some("\"other\""))),
                (4, CompletedPart::new(None, Some("\"other\""))),
                (5, CompletedPart::new(None, None)),
            ]),
        }
    }

    #[test]
    fn converts_to_text_and_json() {
        let text = token().to_string();
        assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text}");
        assert_eq!(
            format!(" {text}\n").parse::<ResumeToken>().unwrap(),
            token()
        );
        let json = serde_json::to_string(&token()).unwrap();
        assert!(!json.contains("null"), "{json}");
        assert_eq!(serde_json::from_str::<ResumeToken>(&json).unwrap(), token());
        assert_eq!(token().parts[&0].etag(), Some(MD5));
        assert_eq!(token().parts[&3].etag(), Some("other"));
        // A proxy may have changed the response.
        let weak = CompletedPart::new(None, Some("W/\"other\""));
        assert_eq!(weak, token().parts[&4]);
    }

    #[test]
    fn lines_after_the_token_add_parts() {
        let all = token();
        let mut initial = all.clone();
        initial.parts.clear();
        let mut text = initial.to_string();
        for (number, part) in &all.parts {
            text.push_str(&format!("\n{}", part.to_line(*number)));
        }
        assert_eq!(text.parse::<ResumeToken>().unwrap(), all);
        // An incomplete line, followed by the line of the next process.
        let line = all.parts[&3].to_line(9);
        for half in 0..line.len() {
            let torn = format!("{text}\n{}\n{}", &line[..half], all.parts[&0].to_line(10));
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
    fn an_error_with_a_token_keeps_its_source() {
        let error = Error::new(ErrorKind::Io, "x").with_source(std::io::Error::other("why"));
        assert_eq!(error.resume_token(), None);
        let error = error.with_resume_token(token());
        assert_eq!(error.resume_token(), Some(&token()));
        let reason = error.source().unwrap().source().unwrap();
        assert_eq!(reason.to_string(), "why");
    }

    #[test]
    fn the_entity_tag_needs_the_md5_of_every_part() {
        let mut token = token();
        assert_eq!(token.object_etag(), None);
        token.parts.retain(|number, _| *number < 4);
        assert!(token.object_etag().unwrap().ends_with("-2\""));
    }

    proptest! {
        #[test]
        fn parsing_arbitrary_text_does_not_panic(text: String, bytes: Vec<u8>) {
            let _ = text.parse::<ResumeToken>();
            let _ = format!("{PREFIX}{}", BASE64.encode(bytes)).parse::<ResumeToken>();
        }
    }
}
