//! Paths that lead to open files of a process, such as `/dev/stdout`, and to pipes and devices.
//!
//! Bytes can be written to them, but no file can replace them.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

/// The longest chain of links that is followed.
const MAX_LINKS: usize = 40;

/// Returns whether a path is standard input: `-`, `/dev/stdin`, or a link to it.
pub(crate) fn is_stdin(path: &Path) -> bool {
    is_standard_stream(path, 0)
}

/// Returns whether a path is standard output: `-`, `/dev/stdout`, or a link to it.
pub(crate) fn is_stdout(path: &Path) -> bool {
    is_standard_stream(path, 1)
}

fn is_standard_stream(path: &Path, number: u32) -> bool {
    if path == Path::new("-") {
        return true;
    }
    let own = PathBuf::from(format!("/proc/{}/fd", std::process::id()));
    open_file(path).is_some_and(|(folder, found)| {
        (folder == own || folder == Path::new("/dev/fd")) && found == number.to_string()
    })
}

/// Returns whether a path leads to a pipe, to a character device such as `/dev/null`, or to an open
/// file of a process such as `/dev/stderr`.
pub(crate) fn is_stream(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| is_pipe_or_terminal(&metadata))
        || open_file(path).is_some()
}

/// Returns whether a path leads to a device or a socket that is not a [stream](is_stream).
pub(crate) fn is_other_special_file(path: &Path) -> bool {
    let metadata = std::fs::metadata(path);
    metadata.is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) && !is_stream(path)
}

/// Returns whether a path leads to a terminal, such as `/dev/tty`.
pub(crate) fn is_terminal(path: &Path) -> bool {
    // Opening a pipe would block.
    std::fs::metadata(path).is_ok_and(|metadata| is_character_device(&metadata))
        && open_stream(path).is_ok_and(|file| file.is_terminal())
}

/// Opens a [stream](is_stream) for writing. Blocks until a pipe has a reader.
///
/// # Errors
///
/// Returns an error if the file cannot be written.
pub(crate) fn open_stream(path: &Path) -> io::Result<File> {
    // An open file can be a regular one that has content already.
    OpenOptions::new().append(true).open(path)
}

#[cfg(unix)]
fn is_pipe_or_terminal(metadata: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    metadata.file_type().is_fifo() || is_character_device(metadata)
}

#[cfg(unix)]
fn is_character_device(metadata: &Metadata) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    metadata.file_type().is_char_device()
}

#[cfg(not(unix))]
fn is_character_device(_: &Metadata) -> bool {
    false
}

#[cfg(not(unix))]
fn is_pipe_or_terminal(_: &Metadata) -> bool {
    false
}

/// Returns the folder and the number of an open file of a process that a path leads to.
fn open_file(path: &Path) -> Option<(PathBuf, String)> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let parent = path.parent()?;
        let parent = match parent.as_os_str().is_empty() {
            true => Path::new("."),
            false => parent,
        };
        let folder = parent.canonicalize().ok()?;
        if is_folder_of_open_files(&folder) {
            let number = path.file_name()?.to_str()?.to_owned();
            return Some((folder, number));
        }
        path = folder.join(std::fs::read_link(&path).ok()?);
    }
    None
}

fn is_folder_of_open_files(folder: &Path) -> bool {
    // On other systems than Linux, the folder is not a link.
    folder == Path::new("/dev/fd") || folder.starts_with("/proc") && folder.ends_with("fd")
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_lead_to_open_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        symlink("/proc/self/fd/1", path("stdout")).unwrap();
        symlink("stdout", path("link")).unwrap();
        symlink("loop", path("loop")).unwrap();
        std::fs::write(path("file"), "").unwrap();
        symlink("file", path("to-file")).unwrap();
        for output in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
            assert!(is_stdout(Path::new(output)), "{output}");
            assert!(!is_stdin(Path::new(output)) || output == "-", "{output}");
        }
        assert!(is_stdout(&path("stdout")) && is_stdout(&path("link")));
        assert!(is_stdin(Path::new("/dev/stdin")));
        for stream in ["/dev/null", "/dev/stderr", "/dev/stdout"] {
            assert!(is_stream(Path::new(stream)), "{stream}");
        }
        for name in ["loop", "file", "to-file", "missing", "missing/file"] {
            assert!(!is_stdout(&path(name)) && !is_stream(&path(name)), "{name}");
        }
        let socket = path("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(is_other_special_file(&socket));
        assert!(!is_other_special_file(&path("file")) && !is_other_special_file(folder.path()));
    }
}
