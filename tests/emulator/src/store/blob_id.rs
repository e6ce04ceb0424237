//! IDs of blobs, which are their file names.

use std::ffi::OsStr;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Bits of an identity that contain the number of the run.
pub(super) const MAX_RUN: u64 = (1 << 24) - 1;

/// ID of a blob. File names do not contain object keys.
///
/// The upper half identifies the database and the run of the emulator that wrote the blob, which
/// distinguishes leftovers from blobs of another database or of a later run. The lower half is
/// random.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(super) struct BlobId(pub(super) u128);

impl BlobId {
    pub(super) fn random(identity: u64) -> Self {
        Self(u128::from(identity) << 64 | u128::from(fastrand::u64(..)))
    }

    /// Returns whether the blob was written for the database with this identity, in any run.
    pub(super) fn is_of(self, identity: u64) -> bool {
        (self.0 >> 64) & !u128::from(MAX_RUN) == u128::from(identity & !MAX_RUN)
    }

    /// Returns whether the blob was written for the database with this identity in a later run.
    pub(super) fn is_newer_than(self, identity: u64) -> bool {
        self.is_of(identity) && self.0 >> 64 > u128::from(identity)
    }

    /// Parses a file name. Returns `None` if it is not the name of a blob.
    pub(super) fn from_file_name(name: &OsStr) -> Option<Self> {
        let name = name.to_str()?;
        let id = Self::try_from(name.to_owned()).ok()?;
        // Rejects other spellings of the same number.
        (id.to_string() == name).then_some(id)
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl From<BlobId> for String {
    fn from(id: BlobId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for BlobId {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u128::from_str_radix(&text, 16).map(Self)
    }
}
