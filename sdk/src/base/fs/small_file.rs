//! Small files that are replaced often, such as the state of a download.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::atomic_file::{check_file, options_to_replace};

/// Replaces the small file at `path` with a file of this content. If that fails, or the process is killed
/// in the meantime, the previous file remains. Blocks.
#[inline]
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let options = options_to_replace(check_file(path)?);
    let new = new_path(path);
    // A killed process may have left a file. A link in its place must not be followed.
    remove_if_there(&new)?;
    let file = options.open(&new)?;
    write_and_move(file, &new, path, content)
}

/// Writes the new `file` at `from`, and moves it to `to`. Removes it if that fails.
#[inline]
fn write_and_move(mut file: File, from: &Path, to: &Path, content: &[u8]) -> io::Result<()> {
    let written = file.write_all(content);
    // Otherwise a power failure could leave an empty file under the name.
    let synced = written.and_then(|()| file.sync_all());
    drop(file);
    let moved = synced.and_then(|()| std::fs::rename(from, to));
    if moved.is_err() {
        // The first error is more useful.
        let _ = std::fs::remove_file(from);
    }
    moved
}

/// Removes the file that [`replace`] created, and its temporary file if it was killed. Blocks.
#[inline]
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    remove_if_there(&new_path(path))?;
    remove_if_there(path)
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[inline]
fn new_path(path: &Path) -> PathBuf {
    let mut new = OsString::from(path);
    new.push(".new");
    new.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_and_removes_a_file_without_leftovers() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        remove(&path).unwrap();
        for content in ["a long one", "short"] {
            replace(&path, content.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
        }
        // The temporary file of a process that was killed.
        std::fs::write(new_path(&path), "sh").unwrap();
        remove(&path).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(replace(&folder.path().join("no/token"), b"a").is_err());
    }

    #[test]
    fn a_file_that_cannot_be_written_or_moved_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let [new, to] = ["new", "to"].map(|name| folder.path().join(name));
        std::fs::write(&new, "").unwrap();
        let read_only = File::open(&new).unwrap();
        assert!(write_and_move(read_only, &new, &to, b"a").is_err());
        assert!(!new.exists() && !to.exists());
        let file = File::create(&new).unwrap();
        std::fs::create_dir(&to).unwrap();
        assert!(write_and_move(file, &new, &to, b"a").is_err());
        assert!(!new.exists());
    }
}
