//! Characters that percent-encoding keeps.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// Encodes all but the unreserved characters of RFC 3986: for names and values of a query.
pub(crate) const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');
/// Like [`COMPONENT`], but keeps slashes: for paths.
pub(crate) const PATH: &AsciiSet = &COMPONENT.remove(b'/');
