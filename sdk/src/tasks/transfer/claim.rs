//! Files that one transfer at a time works on.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

/// Opens the file at `path`, as it is or new, and has it locked for as long as it is open. `None`
/// when another transfer has it, of this process or of another.
///
/// Blocks, but for a moment only. Nothing is awaited once it is open: who drops the future leaves
/// none behind.
pub(super) async fn claim(path: &Path) -> io::Result<Option<File>> {
    // A transfer that was just dropped may hold it for a moment longer.
    const TRIES: u32 = 10;
    for _ in 0..TRIES {
        if let Some(file) = try_claim(path)? {
            return Ok(Some(file));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(None)
}

fn try_claim(path: &Path) -> io::Result<Option<File>> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    if !file.metadata()?.is_file() {
        // A pipe would be waited for, and a device keeps nothing.
        let text = "it is no regular file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    match file.try_lock() {
        // The other one may have moved or removed its file between opening and locking.
        Ok(()) => Ok(stands_at(&file, path).then_some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        // A file system without locks keeps nobody apart, but files it can keep.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
            Ok(Some(file))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether `path` still leads to this file.
fn stands_at(file: &File, path: &Path) -> bool {
    let (Ok(ours), Ok(theirs)) = (file.metadata(), std::fs::metadata(path)) else {
        return false;
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino())
    }
    #[cfg(not(unix))]
    {
        ours.len() == theirs.len() && ours.created().ok() == theirs.created().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_at_a_time_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let held = claim(&path).await.unwrap().unwrap();
        assert!(claim(&path).await.unwrap().is_none());
        let soon = std::thread::spawn(|| {
            std::thread::sleep(Duration::from_millis(50));
            drop(held);
        });
        assert!(claim(&path).await.unwrap().is_some());
        soon.join().unwrap();
        assert!(claim(&folder.path().join("no/file")).await.is_err());
        assert!(claim(folder.path()).await.is_err());
    }

    #[test]
    fn a_file_that_another_took_away_is_not_taken_for_its_successor() {
        let folder = tempfile::tempdir().unwrap();
        let [path, away] = ["file", "away"].map(|name| folder.path().join(name));
        let file = File::create(&path).unwrap();
        assert!(stands_at(&file, &path));
        std::fs::rename(&path, away).unwrap();
        assert!(!stands_at(&file, &path));
        std::fs::write(&path, "another's").unwrap();
        assert!(!stands_at(&file, &path));
    }
}
