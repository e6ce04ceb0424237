//! [`check`]: refuses metadata that a copy or a move would ignore.

use http::{HeaderMap, HeaderName, header};

use crate::base::error::{Error, Result};

const COPY_SOURCE: &str = "x-qs-copy-source";
const MOVE_SOURCE: &str = "x-qs-move-source";
const DIRECTIVE: &str = "x-qs-metadata-directive";

/// Returns an error if a request for a copy or a move contains metadata of the target, but the
/// service takes the metadata of the source. `source`: the header that names the source.
pub(super) fn check(source: &str, headers: &HeaderMap) -> Result<()> {
    let replaces = headers
        .get(DIRECTIVE)
        .is_some_and(|directive| directive.as_bytes().eq_ignore_ascii_case(b"REPLACE"));
    let why = match source {
        COPY_SOURCE if !replaces => {
            "a copy has the metadata of its source, so the service would ignore this header, unless \
             `x-qs-metadata-directive` is `REPLACE`"
        }
        MOVE_SOURCE => {
            "a move keeps the metadata of the object, so the service would ignore this header"
        }
        _ => return Ok(()),
    };
    match headers.keys().find(|name| is_metadata(name)) {
        Some(name) => Err(Error::invalid_input(format!("header `{name}`: {why}"))),
        None => Ok(()),
    }
}

/// Returns whether the service stores the header with an object.
fn is_metadata(name: &HeaderName) -> bool {
    let standard = [
        header::CACHE_CONTROL,
        header::CONTENT_DISPOSITION,
        header::CONTENT_ENCODING,
        header::CONTENT_TYPE,
        header::EXPIRES,
    ];
    standard.contains(name) || name.as_str().starts_with("x-qs-meta-")
}
