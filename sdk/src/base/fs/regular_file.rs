//! Opens regular files and refuses everything else, such as pipes that block and devices without an
//! end.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// Opens the regular file at `path` for reading. Follows symbolic links. Blocks.
///
/// # Errors
///
/// Returns `InvalidInput` if the path does not lead to a regular file.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Checked before opening, because opening a pipe blocks, and again afterwards, because the path
    // may have changed in the meantime.
    check(&std::fs::metadata(path)?)?;
    let file = File::open(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

/// Opens the existing file at `path`. Does not follow symbolic links and refuses a file with
/// several names: with either, the owner of a shared folder could choose which file is opened.
/// Blocks.
///
/// # Errors
///
/// Returns `InvalidInput` if `path` is not a regular file with a single name, and `NotFound` if it
/// does not exist or was replaced while it was opened.
pub(crate) fn open_unlinked(path: &Path, options: &OpenOptions) -> io::Result<File> {
    check(&std::fs::symlink_metadata(path)?)?;
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    check(&metadata)?;
    if !is_at(&metadata, path) {
        let text = "was removed or replaced while it was opened";
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(&metadata) > 1 {
        return Err(invalid("has several names (hard links)"));
    }
    Ok(file)
}

/// Reads all of `file`, at most `limit` bytes. Blocks.
///
/// # Errors
///
/// Returns `FileTooLarge` if the file is longer.
pub(crate) fn read_at_most(file: &File, limit: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut content)?;
    if content.len() as u64 > limit {
        let text = format!("is longer than {limit} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
    }
    Ok(content)
}

/// Returns whether a file has content although its size is 0: file systems such as procfs do not know
/// the sizes of their files. The position in the file is undefined afterwards. Blocks.
#[inline]
pub(crate) fn has_unknown_size(file: &File) -> io::Result<bool> {
    let mut first = Vec::new();
    file.take(1).read_to_end(&mut first)?;
    Ok(!first.is_empty() && file.metadata()?.len() == 0)
}

/// Returns whether a path has neither another file nor a changed one: whether size, modification time
/// and, on Unix, the file are the same.
#[inline]
pub(crate) fn is_unchanged(before: &Metadata, after: &Metadata) -> bool {
    before.len() == after.len()
        && before.modified().ok() == after.modified().ok()
        && is_same_file(before, after)
}

#[cfg(unix)]
fn is_same_file(a: &Metadata, b: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    // Remote file systems can give a file another inode number while it is in use. The time of its last
    // status change then stays.
    (a.dev(), a.ino()) == (b.dev(), b.ino())
        || (a.ctime(), a.ctime_nsec()) == (b.ctime(), b.ctime_nsec())
}

/// On Windows, only an unstable function of the standard library returns the index of a file.
#[cfg(not(unix))]
fn is_same_file(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// Returns whether both files belong to the same user.
pub(crate) fn have_same_owner(a: &Metadata, b: &Metadata) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        a.uid() == b.uid()
    }
    #[cfg(not(unix))]
    {
        let _ = (a, b);
        true
    }
}

/// Returns whether `path` is the file of `metadata`, without following symbolic links.
pub(crate) fn is_at(metadata: &Metadata, path: &Path) -> bool {
    let Ok(found) = std::fs::symlink_metadata(path) else {
        return false;
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (metadata.dev(), metadata.ino()) == (found.dev(), found.ino())
    }
    #[cfg(not(unix))]
    {
        metadata.len() == found.len() && metadata.created().ok() == found.created().ok()
    }
}

/// Removes the file of `metadata`, unless it was moved away from `path`: then another file may be
/// there. Ignores errors. Blocks.
#[inline]
pub(crate) fn remove_if_at(metadata: &Metadata, path: &Path) {
    if is_at(metadata, path) {
        let _ = std::fs::remove_file(path);
    }
}

/// Returns an error that names the kind of file if it is not a regular one.
pub(crate) fn check(metadata: &Metadata) -> io::Result<()> {
    let kind = metadata.file_type();
    match kind.is_file() {
        true => Ok(()),
        false => Err(invalid(&format!(
            "is {}, not a regular file",
            describe(kind)
        ))),
    }
}

/// Returns the error for a file of another user.
pub(crate) fn foreign() -> io::Error {
    invalid("belongs to another user")
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

fn describe(kind: FileType) -> &'static str {
    if kind.is_dir() {
        return "a directory";
    }
    if kind.is_symlink() {
        return "a symbolic link";
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return "a pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    "a special file"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_at_most_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read_at_most(&open(&path).unwrap(), 5).unwrap(), b"12345");
        let error = read_at_most(&open(&path).unwrap(), 4).unwrap_err();
        assert_eq!(error.to_string(), "is longer than 4 bytes");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn detects_content_without_a_size() {
        let unknown = |path: &Path| has_unknown_size(&File::open(path).unwrap()).unwrap();
        assert!(unknown(Path::new("/proc/version")));
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(!unknown(file.path()));
        std::fs::write(file.path(), "1").unwrap();
        assert!(!unknown(file.path()));
    }

    #[cfg(unix)]
    #[test]
    fn detects_another_file_of_the_same_size_and_time() {
        let folder = tempfile::tempdir().unwrap();
        let [path, other] = ["file", "other"].map(|name| folder.path().join(name));
        let time = std::time::SystemTime::UNIX_EPOCH;
        let write = |path: &Path| {
            std::fs::write(path, "1").unwrap();
            File::options()
                .write(true)
                .open(path)
                .unwrap()
                .set_modified(time)
                .unwrap();
        };
        write(&path);
        let before = std::fs::metadata(&path).unwrap();
        std::fs::hard_link(&path, folder.path().join("another name")).unwrap();
        assert!(is_unchanged(&before, &std::fs::metadata(&path).unwrap()));
        // The clock of some file systems is slow.
        std::thread::sleep(std::time::Duration::from_millis(50));
        write(&other);
        std::fs::rename(&other, &path).unwrap();
        assert!(!is_unchanged(&before, &std::fs::metadata(&path).unwrap()));
    }

    #[test]
    fn detects_a_replaced_file() {
        let folder = tempfile::tempdir().unwrap();
        let [path, away] = ["file", "away"].map(|name| folder.path().join(name));
        let file = File::create(&path).unwrap().metadata().unwrap();
        assert!(is_at(&file, &path));
        std::fs::rename(&path, away).unwrap();
        assert!(!is_at(&file, &path));
        std::fs::write(&path, "another's").unwrap();
        assert!(!is_at(&file, &path));
    }

    #[cfg(unix)]
    #[test]
    fn names_the_kind_of_other_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("file"), "").unwrap();
        std::fs::hard_link(path("file"), path("hard")).unwrap();
        std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(path("pipe"))
            .status();
        assert!(made.unwrap().success());

        assert!(open(&path("link")).is_ok());
        for (name, says) in [
            ("pipe", "a pipe"),
            ("socket", "a socket"),
            ("", "a directory"),
        ] {
            let error = open(&path(name)).unwrap_err().to_string();
            assert_eq!(error, format!("is {says}, not a regular file"));
        }
        let error = open(Path::new("/dev/zero")).unwrap_err().to_string();
        assert_eq!(error, "is a device, not a regular file");

        let mut options = OpenOptions::new();
        options.read(true).write(true);
        for (name, says) in [
            ("link", "is a symbolic link, not a regular file"),
            ("pipe", "is a pipe, not a regular file"),
            ("hard", "has several names (hard links)"),
        ] {
            let error = open_unlinked(&path(name), &options).unwrap_err();
            assert_eq!(error.to_string(), says);
        }
    }
}
