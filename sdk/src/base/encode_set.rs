//! Sets of characters for percent-encoding.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// Encodes all characters except the unreserved ones of RFC 3986: for query names and values.
pub(crate) const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// Like [`COMPONENT`], but does not encode slashes: for paths.
pub(crate) const PATH: &AsciiSet = &COMPONENT.remove(b'/');
