//! Files that take the place of others once they are whole.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

/// A new name in the folder of `target`, so that a rename is enough in the end.
pub(crate) fn beside(target: &Path) -> PathBuf {
    // The process and a counter keep two downloads to one path apart, the time two processes of
    // one number that ran one after the other.
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    // A long name is cut, so that the ending does not make it too long for the file system.
    let stem: String = name.chars().take(40).collect();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let nanos = now.map_or(0, |since| since.subsec_nanos());
    let id = std::process::id();
    target.with_file_name(format!(".{stem}.{id}-{count}-{nanos}.part"))
}

/// Gives a file that is whole and on the disk its name. Blocks.
pub(crate) fn put_in_place(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    sync_folder(to)
}

/// A name is on the disk when its folder is: else a power cut could still take it back.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let synced = File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all());
    match synced {
        // Some file systems know no such thing, and some folders may be written, but not read.
        Err(error) if matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported) => {
            Ok(())
        }
        synced => synced,
    }
}

/// Elsewhere a folder can't be opened as a file.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Puts `content` in the place of the small file at `path`. Who is killed meanwhile leaves the
/// older one. Blocks.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = new_path(path);
    let mut file = File::create(&new)?;
    file.write_all(content)?;
    // Else a power cut could leave an empty file under the name.
    file.sync_all()?;
    drop(file);
    std::fs::rename(&new, path)
}

/// Removes what [`replace`] made, and what it left if it was killed. Blocks.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    for path in [&new_path(path), path] {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn new_path(path: &Path) -> PathBuf {
    let mut new = OsString::from(path);
    new.push(".new");
    new.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_and_removed_without_a_trace() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        remove(&path).unwrap();
        for content in ["a long one", "short"] {
            replace(&path, content.as_bytes()).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), content);
        }
        // What a process left that was killed in between.
        std::fs::write(new_path(&path), "sh").unwrap();
        remove(&path).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(replace(&folder.path().join("no/token"), b"a").is_err());
    }

    #[test]
    fn a_name_without_a_folder_stands_in_the_current_one() {
        sync_folder(Path::new("name")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
        assert!(put_in_place(&from, &to).is_err());
        std::fs::write(&from, "new").unwrap();
        std::fs::write(&to, "old").unwrap();
        put_in_place(&from, &to).unwrap();
        assert_eq!(std::fs::read_to_string(&to).unwrap(), "new");
        assert!(!from.exists());
    }
}
