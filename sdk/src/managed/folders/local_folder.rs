//! Changes in a target folder. Nothing outside of it is changed: links to folders are not followed.
//! All functions block.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::file_name;
use crate::base::fs::atomic_file::{self, Durability};

/// Creates the folders on the way to `path`, a checked path relative to `root` with `/` between
/// folders. Returns the local path.
///
/// # Errors
///
/// Returns an error if a folder on the way is a link or a file.
pub(super) fn create_parents(root: &Path, path: &str) -> io::Result<PathBuf> {
    let (parents, name) = split(path)?;
    std::fs::create_dir_all(root)?;
    let mut local = root.to_owned();
    for parent in parents {
        local.push(parent);
        create_folder(&local)?;
    }
    local.push(name);
    Ok(local)
}

/// Creates the folder at `path` and those on the way.
pub(super) fn create_folders(root: &Path, path: &str) -> io::Result<()> {
    let local = create_parents(root, path)?;
    create_folder(&local)
}

/// Replaces a file. See [`atomic_file::replace_content`].
pub(super) fn write_file(
    root: &Path,
    path: &str,
    content: &[u8],
    modified: Option<SystemTime>,
    durability: Durability,
) -> io::Result<()> {
    let local = create_parents(root, path)?;
    atomic_file::replace_content(&local, content, modified, durability)
}

/// Removes a file, or a link itself. Ignores a path that does not exist.
pub(super) fn remove_file(root: &Path, path: &str) -> io::Result<()> {
    remove(root, path, |local| std::fs::remove_file(local))
}

/// Removes an empty folder. Ignores a path that does not exist.
pub(super) fn remove_folder(root: &Path, path: &str) -> io::Result<()> {
    remove(root, path, |local| {
        check_folder(local)?;
        std::fs::remove_dir(local)
    })
}

fn remove(root: &Path, path: &str, remove: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<()> {
    let (parents, name) = split(path)?;
    let mut local = root.to_owned();
    let removed = (|| {
        for parent in parents {
            local.push(parent);
            check_folder(&local)?;
        }
        local.push(name);
        remove(&local)
    })();
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// Returns the folders on the way to a relative path, and its name.
fn split(path: &str) -> io::Result<(impl Iterator<Item = &str>, &str)> {
    // Checked before; this protects against mistakes of the caller.
    if file_name::NameRules::of_this_system()
        .problem(path)
        .is_some()
    {
        let text = format!("{path:?} cannot be a file name");
        return Err(io::Error::new(io::ErrorKind::InvalidFilename, text));
    }
    let path = path.strip_suffix('/').unwrap_or(path);
    let (parents, name) = match path.rsplit_once('/') {
        Some((parents, name)) => (Some(parents), name),
        None => (None, path),
    };
    let parents = parents.into_iter().flat_map(|parents| parents.split('/'));
    Ok((parents, name))
}

fn create_folder(local: &Path) -> io::Result<()> {
    match check_folder(local) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            match std::fs::create_dir(local) {
                // Another task has created it in the meantime.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => check_folder(local),
                created => created,
            }
        }
        checked => checked,
    }
}

/// Returns an error if a path is not a folder, or a link to one.
fn check_folder(local: &Path) -> io::Result<()> {
    let file_type = std::fs::symlink_metadata(local)?.file_type();
    if file_type.is_dir() {
        return Ok(());
    }
    let text = match file_type.is_symlink() {
        true => format!("{} is a link, which is not followed", local.display()),
        false => format!("{} is not a folder", local.display()),
    };
    Err(io::Error::new(io::ErrorKind::NotADirectory, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYNCED: Durability = Durability::Synced;

    #[test]
    fn creates_and_removes_within_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("new/root");
        write_file(&root, "a/b/c", b"content", None, SYNCED).unwrap();
        assert_eq!(std::fs::read(root.join("a/b/c")).unwrap(), b"content");
        create_folders(&root, "d/e/").unwrap();
        assert!(root.join("d/e").is_dir());
        assert!(write_file(&root, "a/b/c/d", b"", None, SYNCED).is_err());
        assert!(write_file(&root, "a/b", b"", None, SYNCED).is_err());
        assert!(remove_folder(&root, "a/b/").is_err(), "not empty");
        remove_file(&root, "a/b/c").unwrap();
        remove_folder(&root, "a/b/").unwrap();
        for path in ["a/b/c", "missing", "d/e/f/g"] {
            remove_file(&root, path).unwrap();
            remove_folder(&root, path).unwrap();
        }
        let mut left: Vec<_> = std::fs::read_dir(root).unwrap().collect();
        assert_eq!(left.len(), 2);
        left.clear();
    }

    #[test]
    fn paths_that_leave_the_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        for path in ["../x", "a/../../x", "/x", "", "a//b", ".", "a/."] {
            assert!(
                write_file(&root, path, b"", None, SYNCED).is_err(),
                "{path:?}"
            );
            assert!(create_folders(&root, path).is_err(), "{path:?}");
            assert!(remove_file(&root, path).is_err(), "{path:?}");
            assert!(remove_folder(&root, path).is_err(), "{path:?}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn links_to_folders_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let [root, outside] = ["root", "outside"].map(|name| folder.path().join(name));
        std::fs::create_dir_all(&outside).unwrap();
        std::fs::create_dir_all(root.join("inside")).unwrap();
        std::fs::write(outside.join("file"), "outside").unwrap();
        std::os::unix::fs::symlink(&outside, root.join("out")).unwrap();
        std::os::unix::fs::symlink(root.join("inside"), root.join("in")).unwrap();
        std::os::unix::fs::symlink(outside.join("file"), root.join("link")).unwrap();
        for path in ["out/file", "in/file", "out/new/file"] {
            assert!(
                write_file(&root, path, b"new", None, SYNCED).is_err(),
                "{path}"
            );
            assert!(create_folders(&root, path).is_err(), "{path}");
            assert!(remove_file(&root, path).is_err(), "{path}");
        }
        assert!(remove_folder(&root, "in/").is_err());
        // A link to a file is replaced or removed itself.
        write_file(&root, "link", b"new", None, SYNCED).unwrap();
        assert!(!root.join("link").is_symlink());
        remove_file(&root, "out").unwrap();
        assert_eq!(std::fs::read(outside.join("file")).unwrap(), b"outside");
        assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 1);
    }
}
