//! Token files of resumable uploads.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

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
