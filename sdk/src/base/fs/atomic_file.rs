//! Files that replace others once they are complete.

use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::base::fs::regular_file;

/// The permissions of files that a process makes only for itself.
#[cfg(unix)]
const OWNER_ONLY: u32 = 0o600;

/// The permissions of a new file, of which the process's mask takes some away.
#[cfg(unix)]
const NEW_FILE: u32 = 0o666;

/// Creates a file in the folder of `target`, so that a rename is enough in the end. Nobody can read
/// it who can't read `target`. Blocks.
///
/// # Errors
///
/// As [`check_target`]; otherwise if the file can't be created.
pub(crate) fn create(target: &Path) -> io::Result<(PathBuf, File)> {
    let options = options(target)?;
    let path = beside(target);
    let file = options.open(&path)?;
    Ok((path, file))
}

/// Returns the metadata of a new file in the folder of `path`, which has the owner that this process
/// gives its files there. The file is removed again. Blocks.
pub(crate) fn owner_of_new(path: &Path) -> io::Result<Metadata> {
    let probe = beside(path);
    let file = File::create_new(&probe)?;
    std::fs::remove_file(&probe)?;
    file.metadata()
}

/// The options that create a file which later replaces `target`.
///
/// # Errors
///
/// As [`check_target`].
pub(crate) fn options(target: &Path) -> io::Result<OpenOptions> {
    let replaced = check_target(target)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    if let Some(Replaced { metadata, is_link }) = replaced {
        use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
        let most = if is_link { NEW_FILE } else { PERMISSIONS };
        options.mode((metadata.mode() | OWNER_ONLY) & most);
    }
    #[cfg(not(unix))]
    let _ = replaced;
    Ok(options)
}

/// A file that is going to be replaced.
pub(crate) struct Replaced {
    metadata: Metadata,
    /// Whether the metadata is that of a file which a symbolic link leads to.
    is_link: bool,
}

/// Checks that a regular file can be put at `target`, and returns what it would replace. A symbolic
/// link is replaced itself: the file that it leads to stays as it is. Blocks.
///
/// # Errors
///
/// Returns an error if `target` is, or leads to, a directory, a device, a pipe or a socket, or if
/// its folder does not exist.
pub(crate) fn check_target(target: &Path) -> io::Result<Option<Replaced>> {
    let bytes = target.as_os_str().as_encoded_bytes();
    if bytes.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the path is empty",
        ));
    }
    if target.file_name().is_none() || [&b"/"[..], b"/."].iter().any(|end| bytes.ends_with(end)) {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let metadata = match std::fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // Found now, not after all bytes have come.
            std::fs::metadata(folder(target))?;
            return Ok(None);
        }
        metadata => metadata?,
    };
    let is_link = metadata.is_symlink();
    let metadata = match is_link {
        false => metadata,
        true => match std::fs::metadata(target) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata?,
        },
    };
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    regular_file::check(&metadata).map_err(instead)?;
    if is_link && is_system_link(target) {
        let text = "is a link that belongs to the system";
        return Err(instead(io::Error::new(io::ErrorKind::InvalidInput, text)));
    }
    Ok(Some(Replaced { metadata, is_link }))
}

/// Names the calls that write to anything.
fn instead(error: io::Error) -> io::Error {
    let text = format!(
        "{error}: use `Bucket::download` with `DownloadTarget::writer`, or `tokio::io::copy` from the `ByteStream`"
    );
    io::Error::new(error.kind(), text)
}

/// Returns whether the link at `target` is one such as `/dev/stdout`, which may well lead to a
/// regular file.
fn is_system_link(target: &Path) -> bool {
    let Ok(folder) = folder(target).canonicalize() else {
        return false;
    };
    folder.starts_with("/proc") || folder.starts_with("/dev") && !folder.starts_with("/dev/shm")
}

/// The folder that `path` is in.
fn folder(path: &Path) -> &Path {
    let folder = path.parent();
    folder
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// A new name in the folder of `target`.
fn beside(target: &Path) -> PathBuf {
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

/// Puts `file`, which has the name `from` and is complete, in the place of `to`, with the
/// permissions of the file that it replaces. Blocks.
///
/// # Errors
///
/// As [`check_target`], since the target may have changed; otherwise if the system refuses.
pub(crate) fn put_in_place(file: &File, from: &Path, to: &Path) -> io::Result<()> {
    if let Some(replaced) = check_target(to)? {
        keep_permissions(file, &replaced)?;
    }
    file.sync_all()?;
    std::fs::rename(from, to)?;
    sync_folder(to)
}

/// The permission bits of a mode. The bits that lend a program its owner's rights are not among
/// them: new content must not get those.
#[cfg(unix)]
const PERMISSIONS: u32 = 0o777;

#[cfg(unix)]
fn keep_permissions(file: &File, replaced: &Replaced) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let ours = file.metadata()?;
    let old = &replaced.metadata;
    let mut mode = old.mode() & PERMISSIONS;
    if replaced.is_link {
        // The owner of the link must not give others access to the new file.
        mode &= ours.mode();
    } else if (ours.uid(), ours.gid()) != (old.uid(), old.gid()) {
        // Only a privileged process may give files away; others may choose among their groups.
        let given = fchown(file, Some(old.uid()), Some(old.gid()));
        if given.is_err() && fchown(file, None, Some(old.gid())).is_err() {
            // Another group gets no more rights than everyone has.
            mode &= 0o707 | (mode & 0o007) << 3;
        }
    }
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

/// Elsewhere the permissions are those of the folder.
#[cfg(not(unix))]
fn keep_permissions(_: &File, _: &Replaced) -> io::Result<()> {
    Ok(())
}

/// A name is on the disk when its folder is: else a power cut could still take it back.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    let synced = File::open(folder(path)).and_then(|folder| folder.sync_all());
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

/// Replaces the small file at `path` by one with this content. A process that is killed in the
/// meantime leaves the previous file. Blocks.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let options = options(path)?;
    let new = new_path(path);
    // A killed process may have left one. A link in its place must not be followed.
    remove_if_there(&new)?;
    let mut file = options.open(&new)?;
    file.write_all(content)?;
    // Otherwise a power cut could leave an empty file under the name.
    file.sync_all()?;
    drop(file);
    std::fs::rename(&new, path)
}

/// Removes what [`replace`] made, and what it left if it was killed. Blocks.
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
    fn a_name_without_a_folder_is_in_the_current_one() {
        sync_folder(Path::new("name")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
        let file = File::create(&from).unwrap();
        std::fs::remove_file(&from).unwrap();
        assert!(put_in_place(&file, &from, &to).is_err());
        std::fs::write(&from, "new").unwrap();
        std::fs::write(&to, "old").unwrap();
        put_in_place(&File::open(&from).unwrap(), &from, &to).unwrap();
        assert_eq!(std::fs::read_to_string(&to).unwrap(), "new");
        assert!(!from.exists());
    }
}
