//! Atomic files: a file replaces another one when it is complete.

#[cfg(unix)]
use std::fs::TryLockError;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
#[cfg(feature = "folders")]
use std::io::Write;
use std::path::{Path, PathBuf};
#[cfg(feature = "folders")]
use std::time::SystemTime;

use crate::base::fs::{regular_file, temporary_name};

/// Permissions of files for the owner only.
#[cfg(unix)]
const OWNER_ONLY: u32 = 0o600;

/// Permissions of a new file, before the process's mask is applied.
#[cfg(unix)]
const NEW_FILE: u32 = 0o666;

/// Number of temporary files next to one target.
const MAX_TEMPORARY_FILES: u32 = 1000;

/// Creates a file in the folder of `target`, so that a rename can put it there. The file is
/// readable only for those who can read `target`. On Unix, it is locked until it is closed: an
/// unlocked file was left by a killed process, and is removed here. Blocks.
///
/// # Errors
///
/// As [`check_target`]; otherwise if the file cannot be created.
#[inline]
pub(crate) fn create(target: &Path) -> io::Result<(PathBuf, File)> {
    create_beside(target, &options(target)?)
}

/// Returns the metadata of a new file in the folder of `path`, with the owner of this process's
/// files there. The file is removed again. Blocks.
#[inline]
pub(crate) fn owner_of_new(path: &Path) -> io::Result<Metadata> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    let (probe, file) = create_beside(path, &options)?;
    std::fs::remove_file(&probe)?;
    file.metadata()
}

#[inline]
fn create_beside(target: &Path, options: &OpenOptions) -> io::Result<(PathBuf, File)> {
    for number in 0..MAX_TEMPORARY_FILES {
        let path = temporary_name::numbered(target, number);
        let created = match options.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if !remove_abandoned(&path) {
                    continue;
                }
                options.open(&path)
            }
            created => created,
        };
        match created {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Ok(file) if lock(&file, &path)? => return Ok((path, file)),
            Ok(_) => {}
            Err(error) => return Err(error),
        }
    }
    let text = "too many temporary files are next to it";
    Err(io::Error::new(io::ErrorKind::AlreadyExists, text))
}

/// Locks a new file. Returns `false` if another process has removed it, because it was not locked
/// yet.
#[cfg(unix)]
fn lock(file: &File, path: &Path) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(regular_file::is_at(&file.metadata()?, path)),
        Err(TryLockError::WouldBlock) => Ok(false),
        // A file system without locks. Files of killed processes stay.
        Err(TryLockError::Error(_)) => Ok(true),
    }
}

/// Removes a temporary file that no process has locked. Returns whether it was removed.
#[cfg(unix)]
fn remove_abandoned(path: &Path) -> bool {
    let Ok(file) = regular_file::open_unlinked(path, OpenOptions::new().read(true)) else {
        return false;
    };
    let is_abandoned = file.try_lock().is_ok()
        && file
            .metadata()
            .is_ok_and(|metadata| regular_file::is_at(&metadata, path));
    is_abandoned && std::fs::remove_file(path).is_ok()
}

/// On Windows, a lock would also prevent reading.
#[cfg(not(unix))]
fn lock(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(not(unix))]
fn remove_abandoned(_: &Path) -> bool {
    false
}

/// Returns options that create a file which will replace `target`.
///
/// # Errors
///
/// As [`check_target`].
#[inline]
pub(crate) fn options(target: &Path) -> io::Result<OpenOptions> {
    Ok(options_to_replace(check_target(target)?))
}

pub(super) fn options_to_replace(replaced: Option<PreviousFile>) -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    if let Some(PreviousFile { metadata, is_link }) = replaced {
        use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
        let most = if is_link { NEW_FILE } else { PERMISSIONS };
        options.mode((metadata.mode() | OWNER_ONLY) & most);
    }
    #[cfg(not(unix))]
    let _ = replaced;
    options
}

/// A file that will be replaced.
#[cfg_attr(
    not(unix),
    expect(dead_code, reason = "only permissions of Unix are kept")
)]
pub(crate) struct PreviousFile {
    metadata: Metadata,
    /// Whether `metadata` is that of a file to which a symbolic link leads.
    is_link: bool,
}

/// Checks that a regular file can be put at `target`, and returns the file that it would replace. A
/// symbolic link is itself replaced; the file to which it leads is not changed. Blocks.
///
/// # Errors
///
/// Returns an error if `target` is, or leads to, a directory, a device, a pipe or a socket, if its
/// folder does not exist, or if its name is reserved for temporary files.
#[inline]
pub(crate) fn check_target(target: &Path) -> io::Result<Option<PreviousFile>> {
    let name = target.file_name().unwrap_or_default();
    if temporary_name::is_temporary(&name.to_string_lossy()) {
        // A download to another name could overwrite or remove the file.
        let text = "the name is reserved for temporary files of downloads";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    check_file(target)
}

/// As [`check_target`], for any name.
#[inline]
pub(super) fn check_file(target: &Path) -> io::Result<Option<PreviousFile>> {
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
            // Reports a missing folder before the transfer, not after it.
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
    regular_file::check(&metadata).map_err(with_alternatives)?;
    if is_link && is_system_link(target) {
        let text = "is a link that belongs to the system";
        return Err(with_alternatives(io::Error::new(
            io::ErrorKind::InvalidInput,
            text,
        )));
    }
    Ok(Some(PreviousFile { metadata, is_link }))
}

/// Adds a hint at the alternative. Programs show these texts to their users, so they name no types.
fn with_alternatives(error: io::Error) -> io::Error {
    let text = format!("{error}: it cannot be replaced; open it and download to a writer");
    io::Error::new(error.kind(), text)
}

/// Returns whether `target` is a link of the system, such as `/dev/stdout`, which may lead to a
/// regular file.
fn is_system_link(target: &Path) -> bool {
    let Ok(folder) = folder(target).canonicalize() else {
        return false;
    };
    folder.starts_with("/proc") || folder.starts_with("/dev") && !folder.starts_with("/dev/shm")
}

/// Returns the folder of `path`.
fn folder(path: &Path) -> &Path {
    let folder = path.parent();
    folder
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Whether a file is flushed to the disk before it replaces another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// After a power failure, either the old or the new content is there.
    Synced,
    /// Does not wait for the disk: after a power failure, the file may be empty.
    Unsynced,
}

/// Moves the complete `file` from `from` to `to`, with the permissions of the file that it
/// replaces. Blocks.
///
/// # Errors
///
/// As [`prepare_to_replace`]; otherwise if the system refuses.
#[inline]
pub(crate) fn put_in_place(
    file: &File,
    from: &Path,
    to: &Path,
    durability: Durability,
) -> io::Result<()> {
    let replaced = prepare_to_replace(file, from, to, durability)?;
    move_to(file, from, to, replaced.as_ref())?;
    sync_replaced(file, to, durability)
}

/// Does what takes long, or is likely to fail, before the complete `file` at `from` is moved to `to`.
/// Returns the file that it will replace. Blocks.
///
/// # Errors
///
/// As [`check_target`], because the target may have changed; `AlreadyExists` if another file is now
/// at `from`; otherwise if the system refuses.
#[inline]
pub(crate) fn prepare_to_replace(
    file: &File,
    from: &Path,
    to: &Path,
    durability: Durability,
) -> io::Result<Option<PreviousFile>> {
    let replaced = check_target(to)?;
    if durability == Durability::Synced {
        file.sync_all()?;
    }
    if !regular_file::is_at(&file.metadata()?, from) {
        let text = format!("another process has replaced {}", from.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    Ok(replaced)
}

/// Moves the prepared `file` at `from` to `to`, with the permissions of the file that it replaces. If
/// that fails, the file can have these permissions already. Blocks.
#[inline]
pub(crate) fn move_to(
    file: &File,
    from: &Path,
    to: &Path,
    replaced: Option<&PreviousFile>,
) -> io::Result<()> {
    // After the long flush: if the process ends in the meantime, a later download must be able to open
    // the file.
    if let Some(replaced) = replaced {
        keep_permissions(file, replaced)?;
    }
    std::fs::rename(from, to)?;
    remove_interrupted(to);
    Ok(())
}

/// Removes the files of an interrupted download to `target`, which another download has replaced, unless
/// a third one uses them. Ignores errors. Blocks.
#[inline]
fn remove_interrupted(target: &Path) {
    let path = temporary_name::resumable(target);
    // Most targets have no such file, which takes one system call to find out.
    let opened = regular_file::open_unlinked(&path, OpenOptions::new().read(true).write(true));
    let Ok(file) = opened else {
        return;
    };
    let is_unused = file.try_lock().is_ok()
        && file
            .metadata()
            .is_ok_and(|metadata| regular_file::is_at(&metadata, &path));
    if !is_unused {
        return;
    }
    for part in temporary_name::states(&path).iter().chain([&path]) {
        match std::fs::remove_file(part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return,
            _ => {}
        }
    }
}

/// Restores the owner and the permissions that `file` had before [`move_to`], so that a later download
/// can open it. Blocks.
#[cfg(unix)]
pub(crate) fn restore_permissions(file: &File, original: &Metadata) {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let mode = original.mode() & PERMISSIONS | OWNER_ONLY;
    // The error because of which the file stays is more useful.
    let _ = fchown(file, Some(original.uid()), Some(original.gid()));
    let _ = file.set_permissions(std::fs::Permissions::from_mode(mode));
}

/// On other systems, the permissions have not changed.
#[cfg(not(unix))]
pub(crate) fn restore_permissions(_: &File, _: &Metadata) {}

/// Makes the move of `file` to `to`, and its permissions, durable. Blocks.
///
/// # Errors
///
/// Returns an error that says that the file is complete.
#[inline]
pub(crate) fn sync_replaced(file: &File, to: &Path, durability: Durability) -> io::Result<()> {
    if durability == Durability::Unsynced {
        return Ok(());
    }
    let synced = file.sync_all().and_then(|()| sync_folder(to));
    synced.map_err(|error| {
        let text = "the file is complete, but a power failure can still undo its replacement";
        io::Error::new(error.kind(), format!("{text}: {error}"))
    })
}

/// Replaces the file at `to` with a file of this content and modification time, as
/// [`put_in_place`] does. Blocks.
///
/// # Errors
///
/// As [`put_in_place`].
#[cfg(feature = "folders")]
pub(crate) fn replace_content(
    to: &Path,
    content: &[u8],
    modified: Option<SystemTime>,
    durability: Durability,
) -> io::Result<()> {
    let (from, mut file) = create(to)?;
    let mut put = || {
        file.write_all(content)?;
        if let Some(modified) = modified {
            file.set_modified(modified)?;
        }
        put_in_place(&file, &from, to, durability)
    };
    let result = put();
    if result.is_err() {
        // The first error is more useful.
        let _ = std::fs::remove_file(&from);
    }
    result
}

/// The permission bits of a mode, without set-user-ID and set-group-ID, which new content must not
/// get.
#[cfg(unix)]
const PERMISSIONS: u32 = 0o777;

#[cfg(unix)]
#[inline]
fn keep_permissions(file: &File, replaced: &PreviousFile) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    let ours = file.metadata()?;
    let old = &replaced.metadata;
    let mut mode = old.mode() & PERMISSIONS;
    if replaced.is_link {
        // The owner of the link must not give other users access to the new file.
        mode &= ours.mode();
    } else if (ours.uid(), ours.gid()) != (old.uid(), old.gid()) {
        // Only a privileged process may change the owner. Other processes may choose one of their
        // groups.
        let given = fchown(file, Some(old.uid()), Some(old.gid()));
        if given.is_err() && fchown(file, None, Some(old.gid())).is_err() {
            // If the group differs, it gets only the rights that everyone has.
            mode &= 0o707 | (mode & 0o007) << 3;
        }
    }
    file.set_permissions(std::fs::Permissions::from_mode(mode))
}

/// On other systems, the permissions are inherited from the folder.
#[cfg(not(unix))]
fn keep_permissions(_: &File, _: &PreviousFile) -> io::Result<()> {
    Ok(())
}

/// Syncs the folder, so that a power failure does not undo the rename.
#[cfg(unix)]
#[inline]
fn sync_folder(path: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    let synced = File::open(folder(path)).and_then(|folder| folder.sync_all());
    match synced {
        // Some file systems do not support this, and some folders are writable but not readable.
        Err(error) if matches!(error.kind(), InvalidInput | PermissionDenied | Unsupported) => {
            Ok(())
        }
        synced => synced,
    }
}

/// On other systems, a folder cannot be opened as a file.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_file_of_a_killed_process_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("video.mp4");
        let abandoned = folder.path().join(".video.mp4.qingstor-0.part");
        std::fs::write(&abandoned, "half").unwrap();
        let (first, file) = create(&target).unwrap();
        assert_eq!(first, abandoned);
        assert_eq!(file.metadata().unwrap().len(), 0);
        // The first one is in use.
        let (second, _used) = create(&target).unwrap();
        assert_eq!(second, folder.path().join(".video.mp4.qingstor-1.part"));
        // A folder and a link are not removed.
        std::fs::create_dir(folder.path().join(".a.qingstor-0.part")).unwrap();
        std::os::unix::fs::symlink("video.mp4", folder.path().join(".a.qingstor-1.part")).unwrap();
        let (third, _used) = create(&folder.path().join("a")).unwrap();
        assert_eq!(third, folder.path().join(".a.qingstor-2.part"));
    }

    #[test]
    fn a_name_without_a_folder_is_in_the_current_folder() {
        sync_folder(Path::new("name")).unwrap();
    }

    #[test]
    fn a_complete_file_replaces_another_one() {
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| folder.path().join(name));
        let file = File::create(&from).unwrap();
        // After the file was moved, the error must not read as if the target were unchanged.
        let missing = folder.path().join("no/to");
        let error = sync_replaced(&file, &missing, Durability::Synced).unwrap_err();
        assert!(
            error.to_string().starts_with("the file is complete"),
            "{error}"
        );
        std::fs::remove_file(&from).unwrap();
        let put = |file: &File, durability| put_in_place(file, &from, &to, durability);
        assert!(put(&file, Durability::Synced).is_err());
        std::fs::write(&to, "old").unwrap();
        for durability in [Durability::Synced, Durability::Unsynced] {
            std::fs::write(&from, "new").unwrap();
            let error = put(&file, durability).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AlreadyExists, "another file");
            put(&File::open(&from).unwrap(), durability).unwrap();
            assert_eq!(std::fs::read_to_string(&to).unwrap(), "new");
            assert!(!from.exists());
        }
    }
}
