//! Removes leftovers of a killed emulator from the folder of blobs.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::blob_id::BlobId;
use super::blobs::is_lost_and_found;

/// The error that prevents the removal of leftovers.
#[derive(Debug, thiserror::Error)]
pub(super) enum SweepError {
    #[error("blob {0} is missing")]
    Missing(BlobId),
    #[error("blob {0} belongs to another database than that of the directory")]
    Foreign(BlobId),
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// Removes the blobs in `directory` that are not in `used`. Folders, links and files with other
/// names are not removed.
///
/// # Errors
///
/// Fails without removing anything if the blobs do not belong to the database: a blob of
/// `used` is missing, a blob was written in a later run than that of `identity`, or `used` is
/// empty and a blob was written for another database.
pub(super) fn sweep(directory: &Path, identity: u64, used: Vec<BlobId>) -> Result<(), SweepError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| SweepError::Io { path, source }
    };
    let has_records = !used.is_empty();
    let mut missing = used.into_iter().collect::<HashSet<_>>();
    let mut leftovers = Vec::new();
    for entry in fs::read_dir(directory).map_err(failed(directory))? {
        let entry = entry.map_err(failed(directory))?;
        // The type of a link, not of what it leads to.
        let is_file = entry.file_type().map_err(failed(&entry.path()))?.is_file();
        match BlobId::from_file_name(&entry.file_name()).filter(|_| is_file) {
            Some(id) if missing.remove(&id) => {}
            Some(id) => leftovers.push(id),
            None if is_lost_and_found(&entry) => {}
            None => {
                let path = entry.path();
                tracing::warn!(path = %path.display(), "not a blob of the emulator; it stays");
            }
        }
    }
    if let Some(id) = missing.into_iter().next() {
        return Err(SweepError::Missing(id));
    }
    let is_foreign =
        |id: &&BlobId| id.is_newer_than(identity) || !(has_records || id.is_of(identity));
    if let Some(id) = leftovers.iter().find(is_foreign) {
        return Err(SweepError::Foreign(*id));
    }
    for id in leftovers {
        let file = directory.join(id.to_string());
        fs::remove_file(&file).map_err(failed(&file))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::blob_id::MAX_RUN;
    use super::*;

    const IDENTITY: u64 = 7;

    fn blob(directory: &Path) -> BlobId {
        let id = BlobId::random(IDENTITY);
        fs::write(directory.join(id.to_string()), "content").unwrap();
        id
    }

    fn files(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn removes_only_leftovers() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let (used, leftover) = (blob(path), blob(path));
        fs::write(path.join("strange"), "").unwrap();
        fs::create_dir(path.join("lost+found")).unwrap();
        fs::create_dir(path.join(BlobId::random(IDENTITY).to_string())).unwrap();
        sweep(path, IDENTITY, vec![used]).unwrap();
        assert!(path.join(used.to_string()).exists());
        assert!(!path.join(leftover.to_string()).exists());
        assert_eq!(files(path), 4);
    }

    #[test]
    fn removes_nothing_if_a_blob_is_missing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let used = blob(path);
        blob(path);
        let gone = BlobId(1);
        let error = sweep(path, IDENTITY, vec![used, gone]).unwrap_err();
        assert!(matches!(error, SweepError::Missing(id) if id == gone));
        assert_eq!(files(path), 2);
    }

    #[test]
    fn an_empty_database_does_not_remove_blobs_of_another_database() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let (first, _) = (blob(path), blob(path));
        let other = IDENTITY + MAX_RUN + 1;
        let error = sweep(path, other, Vec::new()).unwrap_err();
        assert!(matches!(error, SweepError::Foreign(_)), "{error}");
        assert_eq!(files(path), 2);
        // A database whose records refer to one of the blobs belongs to the directory.
        sweep(path, other, vec![first]).unwrap();
        assert_eq!(files(path), 1);
        sweep(path, IDENTITY, Vec::new()).unwrap();
        assert_eq!(files(path), 0);
    }

    #[test]
    fn an_old_copy_of_the_database_does_not_remove_blobs_of_a_later_run() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let (first, _) = (blob(path), blob(path));
        for used in [Vec::new(), vec![first]] {
            let error = sweep(path, IDENTITY - 1, used).unwrap_err();
            assert!(matches!(error, SweepError::Foreign(_)), "{error}");
            assert_eq!(files(path), 2);
        }
        sweep(path, IDENTITY + 1, vec![first]).unwrap();
        assert_eq!(files(path), 1);
    }

    #[cfg(unix)]
    #[test]
    fn does_not_follow_links() {
        let (directory, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = directory.path();
        let target_file = elsewhere.path().join("target_file");
        fs::write(&target_file, "text").unwrap();
        let links = [&target_file, elsewhere.path()].map(|target| {
            let id = BlobId::random(IDENTITY);
            std::os::unix::fs::symlink(target, path.join(id.to_string())).unwrap();
            id
        });
        sweep(path, IDENTITY, Vec::new()).unwrap();
        assert_eq!((files(path), files(elsewhere.path())), (2, 1));
        // A link is not a blob, even if a record refers to it.
        for link in links {
            assert!(sweep(path, IDENTITY, vec![link]).is_err());
        }
        assert_eq!(fs::read_to_string(target_file).unwrap(), "text");
    }
}
