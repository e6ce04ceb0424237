//! Names of the user metadata in which uploads of folders store facts about files.

/// Name of the user metadata in which an upload of a folder stores the modification time of the
/// file: Unix seconds, with up to nine decimals, such as `1764432000.25`. Other tools use the same
/// name and format.
#[cfg_attr(
    not(feature = "folders"),
    expect(unreachable_pub, reason = "exported with the feature `folders`")
)]
pub const MODIFIED_METADATA: &str = "mtime";

/// Name of the user metadata in which an upload of a folder stores the part size, in bytes, of a file
/// that is uploaded in parts. [`Compare::Checksum`](crate::Compare::Checksum) needs it to compute the
/// ETag of the file.
#[cfg_attr(
    not(feature = "folders"),
    expect(unreachable_pub, reason = "exported with the feature `folders`")
)]
pub const PART_SIZE_METADATA: &str = "part-size";
