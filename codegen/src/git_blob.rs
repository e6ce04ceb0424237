//! Git blob IDs, as printed by `git hash-object`.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

/// The git blob ID of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlobId(String);

impl BlobId {
    /// Computes the ID of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Sha1::new();
        hasher.update(format!("blob {}\0", bytes.len()));
        hasher.update(bytes);
        let hex = hasher
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self(hex)
    }

    /// Computes the ID of a text whose CRLF line endings are converted to line feeds. This is the
    /// ID in a repository whose checkout converts line endings.
    pub fn of_text(bytes: &[u8]) -> Self {
        match with_line_feeds(bytes) {
            Some(bytes) => Self::of(&bytes),
            None => Self::of(bytes),
        }
    }
}

/// Converts CRLF to line feeds. Returns `None` if there is no CRLF.
pub(crate) fn with_line_feeds(bytes: &[u8]) -> Option<Vec<u8>> {
    let is_return = |at: usize| bytes.get(at..at + 2) == Some(b"\r\n".as_slice());
    if !(0..bytes.len()).any(is_return) {
        return None;
    }
    let kept = bytes.iter().enumerate().filter(|(at, _)| !is_return(*at));
    Some(kept.map(|(_, byte)| *byte).collect())
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_git_blob_ids() {
        // `git hash-object` of an empty file, and of `hello\n`.
        let empty = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
        assert_eq!(BlobId::of(b"").to_string(), empty);
        let hello = "ce013625030ba8dba906f756967f9e9ca394464a";
        assert_eq!(BlobId::of(b"hello\n").to_string(), hello);
    }

    #[test]
    fn ids_of_texts_do_not_depend_on_line_endings() {
        assert_eq!(BlobId::of_text(b"a\r\n\r\nb"), BlobId::of(b"a\n\nb"));
        assert_eq!(BlobId::of_text(b"a\rb\n"), BlobId::of(b"a\rb\n"));
    }
}
