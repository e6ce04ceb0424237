//! Token files of resumable uploads.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context as _, Result};
use qingstor_sdk::ResumeToken;

use super::super::transfers::token_folder;
use crate::location::Remote;
use crate::messages;

/// Returns the token file of an upload. The same path and the same target have the same token file,
/// also after the file has changed.
///
/// # Errors
///
/// Returns an error if the folder of the token files cannot be created.
pub(super) fn token_file(path: &Path, target: &Remote) -> Result<PathBuf> {
    let folder = token_folder()?;
    std::fs::create_dir_all(&folder)
        .with_context(|| messages::no_token_folder(folder.display()))?;
    let path = path
        .canonicalize()
        .with_context(|| path.display().to_string())?;
    let text = format!("{path:?}\n{target}");
    Ok(folder.join(format!("{:016x}.token", fnv1a(text.as_bytes()))))
}

/// Returns whether the token file has the token of another version of the file, so that its upload
/// cannot be continued.
pub(super) fn is_of_other_version(token: &Path, metadata: &Metadata) -> bool {
    let text = std::fs::read_to_string(token).ok();
    let token = text.and_then(|text| text.parse::<ResumeToken>().ok());
    let time = metadata.modified().ok();
    let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let modified = since.and_then(|since| i64::try_from(since.as_nanos()).ok());
    token.is_some_and(|token| {
        let is_other_time = |then: i64| modified.is_some_and(|modified| modified != then);
        token.length != Some(metadata.len()) || token.modified.is_some_and(is_other_time)
    })
}

/// The hash FNV-1a, which never changes, unlike those of the standard library.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_is_fnv1a() {
        assert_eq!(super::fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(super::fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
