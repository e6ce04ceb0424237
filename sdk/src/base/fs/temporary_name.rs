//! Names of temporary files next to their targets.

use std::fmt::Display;
use std::path::{Path, PathBuf};

/// Text before the number in the names of temporary files.
const MARK: &str = ".qingstor-";
/// End of the names of temporary files, after their number.
const END: &str = ".part";
/// Stands for the number in the name of a file that a later download continues.
const RESUMABLE: &str = "resume";
/// Ends of the names of files that belong to such a file: none, its state, and the new state that
/// is being written.
const STATE_ENDS: [&str; 3] = ["", STATE_END, NEW_STATE_END];
/// End of the name of the state of such a file.
const STATE_END: &str = ".json";
/// End of the name of the new state of such a file.
const NEW_STATE_END: &str = ".json.new";

/// Returns the path of a temporary file in the folder of `target`. The same target always has the
/// same paths, so that files of killed processes are found.
#[inline]
pub(crate) fn numbered(target: &Path, number: u32) -> PathBuf {
    beside(target, number)
}

/// Returns the path of the file that keeps the bytes of an interrupted download to `target`. Only
/// such files have these names, so no other file is overwritten.
#[inline]
pub(crate) fn resumable(target: &Path) -> PathBuf {
    beside(target, RESUMABLE)
}

/// Returns the path of the state of the [resumable] file at `path`, and that of its new state while it is
/// being written.
#[inline]
pub(crate) fn states(path: &Path) -> [PathBuf; 2] {
    [STATE_END, NEW_STATE_END].map(|end| {
        let mut state = path.as_os_str().to_owned();
        state.push(end);
        state.into()
    })
}

fn beside(target: &Path, label: impl Display) -> PathBuf {
    /// A long name is shortened, so that it is not too long for the file system with the suffix.
    const MAX_CHARACTERS: usize = 40;
    let name = target.file_name().unwrap_or_default();
    let text = name.to_string_lossy();
    let stem = match text.char_indices().nth(MAX_CHARACTERS) {
        None => text.into_owned(),
        Some((end, _)) => {
            let start = text.get(..end).unwrap_or_default();
            format!("{start}-{:08x}", fnv1a(name.as_encoded_bytes()))
        }
    };
    target.with_file_name(format!(".{stem}{MARK}{label}{END}"))
}

/// The 32-bit hash FNV-1a, which never changes, unlike those of the standard library.
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}

/// Returns whether a file has the name of a temporary file of a download, or of the state of one.
/// An interrupted or killed process may have left it.
#[inline]
pub(crate) fn is_temporary(name: &str) -> bool {
    let is_part = |name: &str, is_label: &dyn Fn(&str) -> bool| {
        let name = name
            .strip_prefix('.')
            .and_then(|name| name.strip_suffix(END));
        let label = name.and_then(|name| name.rsplit_once(MARK));
        label.is_some_and(|(stem, label)| !stem.is_empty() && is_label(label))
    };
    let is_number =
        |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    is_part(name, &is_number)
        || STATE_ENDS.iter().any(|end| {
            let part = name.strip_suffix(end);
            part.is_some_and(|part| is_part(part, &|label| label == RESUMABLE))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_have_different_temporary_files() {
        let names = ["x", "y"].map(|end| format!("{}{end}", "中".repeat(80)));
        for path in [|name: &Path| numbered(name, 0), resumable] {
            let [first, second] = names.clone().map(|name| path(Path::new(&name)));
            assert_ne!(first, second);
            let longest = first.as_os_str().len() + ".json.new".len();
            assert!(longest < 255, "{longest}");
        }
    }

    #[test]
    fn recognizes_the_names_of_temporary_files() {
        for target in ["a", "a.b.part", ".hidden", "中文", &"n".repeat(255)] {
            let target = Path::new(target);
            for path in [numbered(target, 12), resumable(target)] {
                let name = path.file_name().unwrap().to_str().unwrap();
                assert!(is_temporary(name), "{name}");
            }
        }
        for name in [
            ".a.qingstor-resume.part.json",
            ".a.qingstor-resume.part.json.new",
        ] {
            assert!(is_temporary(name), "{name}");
        }
        for name in [
            "a.part",
            ".a.part",
            "a.part.json",
            ".a.qingstor-.part",
            ".a.qingstor-x.part",
            ".a.qingstor-1",
            "a.qingstor-1.part",
            ".qingstor-1.part",
            ".a.qingstor-1.part.json",
            "a.qingstor-resume.part",
            ".qingstor-resume.part",
            ".a.qingstor-resume.json",
            ".a.qingstor-resume.part.new",
        ] {
            assert!(!is_temporary(name), "{name}");
        }
    }
}
