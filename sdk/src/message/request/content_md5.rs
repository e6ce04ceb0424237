//! [`ContentMd5`]: computes the `Content-MD5` header of a request body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest, Md5};
use qingstor_md5::Md5Pool;

use super::{RequestBody, RequestParts};
use crate::base::error::{Error, ErrorKind, Result};
use crate::base::header_names::CONTENT_MD5;

/// Whether a request needs `Content-MD5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentMd5 {
    No,
    /// The operation requires it.
    Required,
    /// The caller asked for it. A body that is not in memory is left for
    /// [`hash_body`](RequestParts::hash_body).
    IfInMemory,
    /// The caller asked for it. Only a body of at most [`Md5Pool::SHORT_INPUT`] bytes in memory is
    /// hashed at once.
    IfShort,
}

impl RequestParts {
    /// Sets `Content-MD5` if the request needs it and the body is in memory, or short.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the header is required and the body is not in memory.
    pub(crate) fn add_content_md5(&mut self, need: ContentMd5) -> Result<()> {
        if need == ContentMd5::No || self.headers.contains_key(&CONTENT_MD5) {
            return Ok(());
        }
        let is_required = need == ContentMd5::Required;
        let bytes = match &self.body {
            RequestBody::None if !is_required => return Ok(()),
            RequestBody::None => Some(&b""[..]),
            RequestBody::Json(bytes) => Some(bytes.as_slice()),
            RequestBody::Stream(body) => body.as_bytes().map(AsRef::as_ref),
            RequestBody::OpenObject(_) | RequestBody::Form(_) => None,
        };
        match bytes {
            Some(bytes) if need == ContentMd5::IfShort && bytes.len() > Md5Pool::SHORT_INPUT => {
                Ok(())
            }
            Some(bytes) => {
                let digest = BASE64.encode(Md5::digest(bytes));
                self.text_header(CONTENT_MD5.clone(), &digest)
            }
            None if !is_required => Ok(()),
            None => Err(Error::invalid_input(
                "this operation requires `Content-MD5`, which can only be computed for a body in \
                 memory",
            )),
        }
    }

    /// Computes the `Content-MD5` that [`add_content_md5`](Self::add_content_md5) left out, unless it
    /// is already set.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the body is a stream, and `Io` if it cannot be read.
    pub(crate) async fn hash_body(&mut self, pool: &Md5Pool) -> Result<()> {
        let body = match &self.body {
            RequestBody::Stream(body) if !self.headers.contains_key(&CONTENT_MD5) => body,
            _ => return Ok(()),
        };
        let source = body.hash_source().ok_or_else(|| {
            let text = "cannot compute `Content-MD5` of a stream, which can be read only once";
            Error::invalid_input(text)
        })?;
        let lane = pool.start(source).await.map_err(|error| {
            let text = format!("cannot read the body: {error}");
            Error::new(ErrorKind::Io, text).with_source(error)
        })?;
        self.text_header(CONTENT_MD5.clone(), &BASE64.encode(lane.finish()))
    }

    /// Checks that the requested `Content-MD5` is set, for requests that are not sent.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if the body would have to be read from a file.
    pub(crate) fn check_hashed(&self) -> Result<()> {
        match &self.body {
            RequestBody::Stream(_) if !self.headers.contains_key(&CONTENT_MD5) => {
                Err(Error::invalid_input(
                    "`Content-MD5` is computed for a body in memory, or when the call is sent",
                ))
            }
            _ => Ok(()),
        }
    }
}
