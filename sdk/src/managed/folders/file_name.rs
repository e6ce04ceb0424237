//! Rules for keys as paths of local files, independent of the system that runs them.

use std::path::Path;

use super::action::FileNameProblem;
use super::case_detection;
use crate::base::fs::temporary_name::is_temporary;

/// Returns whether names in a local folder that differ only in case are one file. The folder need not
/// exist: it will have the file system of the first folder above it that does. Blocks for a moment.
///
/// Looks for an existing name in the other case. If no name contains letters and `may_write` is
/// `true`, creates the folder, and a temporary file in it for a moment. If the question remains open,
/// returns what is usual for the system: `true` on Windows and Apple's systems.
///
/// A [`FolderTransfer`](crate::FolderTransfer) does this itself.
#[must_use]
pub fn folder_ignores_case(folder: impl AsRef<Path>, may_write: bool) -> bool {
    NameRules::of_folder(folder.as_ref(), may_write).ignores_case
}

/// What file names a system allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameRules {
    /// Windows: reserved names, reserved characters, no trailing dots and spaces.
    pub(super) windows: bool,
    /// Names that differ only in case are one file.
    pub(super) ignores_case: bool,
}

impl NameRules {
    /// Returns the rules of the system that runs this process, with the usual file systems: those of
    /// Windows and macOS ignore case.
    pub(super) const fn of_this_system() -> Self {
        Self {
            windows: cfg!(windows),
            ignores_case: cfg!(any(windows, target_os = "macos", target_os = "ios")),
        }
    }

    /// Returns the rules for names in a folder: its file system decides about case, except on Windows,
    /// where each folder has a setting. `may_write` has the meaning that it has for
    /// [`case_detection::ignores_case`]. Blocks.
    pub(super) fn of_folder(folder: &Path, may_write: bool) -> Self {
        let usual = Self::of_this_system();
        if usual.windows {
            return usual;
        }
        let found = case_detection::ignores_case(folder, may_write);
        Self {
            ignores_case: found.unwrap_or(usual.ignores_case),
            ..usual
        }
    }

    /// Returns why a key, relative to the prefix, cannot be the path of a file; `None` if it can. The
    /// `/` at the end of a marker object is not part of the name.
    pub(super) fn problem(self, path: &str) -> Option<FileNameProblem> {
        if path.starts_with('/') {
            return Some(FileNameProblem::Absolute);
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        path.split('/').find_map(|name| self.problem_of_name(name))
    }

    fn problem_of_name(self, name: &str) -> Option<FileNameProblem> {
        /// The limit of most file systems.
        const MAX_BYTES: usize = 255;
        match name {
            "" => return Some(FileNameProblem::EmptySegment),
            "." | ".." => return Some(FileNameProblem::DotSegment),
            _ if name.len() > MAX_BYTES => return Some(FileNameProblem::TooLong),
            _ => {}
        }
        if let Some(character) = name.chars().find(|c| !self.allows(*c)) {
            return Some(FileNameProblem::Character(character));
        }
        if self.windows && name.ends_with(['.', ' ']) {
            return Some(FileNameProblem::TrailingDotOrSpace);
        }
        if self.windows && is_reserved(name) {
            return Some(FileNameProblem::Reserved);
        }
        is_temporary(name).then_some(FileNameProblem::Temporary)
    }

    fn allows(self, character: char) -> bool {
        let is_reserved = matches!(
            character,
            '<' | '>' | ':' | '"' | '\\' | '|' | '?' | '*' | '\u{1}'..='\u{1f}'
        );
        character != '\0' && !(self.windows && is_reserved)
    }

    /// Returns the path under which a key is stored if names are encoded. [`decode`] restores the
    /// key.
    pub(super) fn encode(self, key: &str) -> String {
        let (key, end) = match key.strip_suffix('/') {
            Some(folder) => (folder, "/"),
            None => (key, ""),
        };
        let names: Vec<String> = key.split('/').map(|name| self.encode_name(name)).collect();
        names.join("/") + end
    }

    fn encode_name(self, name: &str) -> String {
        match name {
            "" => return "%".to_owned(),
            "." => return "%2E".to_owned(),
            ".." => return "%2E%2E".to_owned(),
            _ => {}
        }
        let is_reserved = self.windows && is_reserved(name) || is_temporary(name);
        let last = name.chars().count() - 1;
        let mut encoded = String::with_capacity(name.len());
        for (index, character) in name.chars().enumerate() {
            let is_trailing = self.windows && index == last && matches!(character, '.' | ' ');
            match character != '%'
                && self.allows(character)
                && !is_trailing
                && !(is_reserved && index == 0)
            {
                true => encoded.push(character),
                false => {
                    for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                        encoded.push_str(&format!("%{byte:02X}"));
                    }
                }
            }
        }
        encoded
    }
}

/// Returns the key of an encoded path; `None` if its bytes are not UTF-8. A `%` without two
/// hexadecimal digits stays.
pub(super) fn decode(path: &str) -> Option<String> {
    let (path, end) = match path.strip_suffix('/') {
        Some(folder) => (folder, "/"),
        None => (path, ""),
    };
    let names: Option<Vec<String>> = path.split('/').map(decode_name).collect();
    Some(names?.join("/") + end)
}

fn decode_name(name: &str) -> Option<String> {
    if name == "%" {
        return Some(String::new());
    }
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digits = after.first_chunk::<2>().filter(|_| *first == b'%');
        let byte = digits.and_then(|[high, low]| Some(hex(*high)? << 4 | hex(*low)?));
        bytes.push(byte.unwrap_or(*first));
        rest = match byte {
            Some(_) => after.get(2..).unwrap_or_default(),
            None => after,
        };
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// Returns whether Windows reserves the name for a device, also with an extension.
fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end();
    let stem = stem.to_ascii_uppercase();
    if matches!(
        stem.as_str(),
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$"
    ) {
        return true;
    }
    let number = stem
        .strip_prefix("COM")
        .or_else(|| stem.strip_prefix("LPT"));
    number.is_some_and(|number| {
        let mut chars = number.chars();
        let is_number = |c: char| matches!(c, '0'..='9' | '¹' | '²' | '³');
        chars.next().is_some_and(is_number) && chars.next().is_none()
    })
}

/// Returns the form of a path that is equal for all paths that differ only in case.
pub(super) fn fold_case(path: &str) -> String {
    path.chars().flat_map(char::to_lowercase).collect()
}

/// Returns whether two paths, in a system that ignores case, would be one file, or one folder with
/// two spellings.
pub(super) fn collide(path: &str, other: &str) -> bool {
    for (name, other) in path.split('/').zip(other.split('/')) {
        if name == other {
            continue;
        }
        return fold_case(name) == fold_case(other);
    }
    // One is a folder on the path of the other, or both are equal.
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::FileNameProblem::*;
    use super::*;

    const UNIX: NameRules = NameRules {
        windows: false,
        ignores_case: false,
    };
    const WINDOWS: NameRules = NameRules {
        windows: true,
        ignores_case: true,
    };

    #[test]
    fn keys_that_would_leave_the_folder_are_refused() {
        for (path, problem) in [
            ("../x", DotSegment),
            ("data/../../home/x", DotSegment),
            ("a/..", DotSegment),
            ("./a", DotSegment),
            ("a/./b", DotSegment),
            ("..", DotSegment),
            ("../", DotSegment),
            ("/etc/passwd", Absolute),
            ("/", Absolute),
            ("a//b", EmptySegment),
            ("a//", EmptySegment),
            ("a\0b", Character('\0')),
        ] {
            for rules in [UNIX, WINDOWS] {
                assert_eq!(rules.problem(path), Some(problem), "{path}");
            }
        }
        for path in [".a.qingstor-1.part", "a/.b.qingstor-resume.part/c"] {
            assert_eq!(UNIX.problem(path), Some(Temporary), "{path}");
        }
        for path in [
            "a",
            "a/b",
            "a/",
            "...",
            "a/..b",
            ".a",
            "中文/文件",
            " ",
            "-rf",
            "%2e%2e/x",
        ] {
            assert_eq!(UNIX.problem(path), None, "{path}");
        }
        let long = "n".repeat(256);
        assert_eq!(UNIX.problem(&long), Some(TooLong));
        assert_eq!(UNIX.problem(&long[1..]), None);
    }

    #[test]
    fn names_that_windows_does_not_allow() {
        for (path, problem) in [
            ("C:/x", Character(':')),
            ("C:x", Character(':')),
            (r"a\..\b", Character('\\')),
            ("a?", Character('?')),
            ("a*b/c", Character('*')),
            ("a\u{1f}", Character('\u{1f}')),
            ("con", Reserved),
            ("a/NUL.txt", Reserved),
            ("COM1", Reserved),
            ("lpt9.tar.gz", Reserved),
            ("COM¹", Reserved),
            ("aux .txt", Reserved),
            ("a.", TrailingDotOrSpace),
            ("a /b", TrailingDotOrSpace),
        ] {
            assert_eq!(WINDOWS.problem(path), Some(problem), "{path}");
            assert_eq!(UNIX.problem(path), None, "{path}");
        }
        for path in ["console", "com", "com10", "a.b", " a"] {
            assert_eq!(WINDOWS.problem(path), None, "{path}");
        }
    }

    #[test]
    fn names_that_differ_in_case_collide() {
        for (path, other, expected) in [
            ("a", "A", true),
            ("d/a", "d/A", true),
            ("d/a", "D/b", true),
            ("d/a", "d/b", false),
            ("d/a", "e/A", false),
            ("É", "é", true),
            ("a", "a", false),
            ("a", "a/b", false),
            ("A", "a/b", true),
        ] {
            assert_eq!(collide(path, other), expected, "{path} {other}");
        }
    }

    #[test]
    fn encoded_names_are_allowed() {
        for (key, path) in [
            ("a/b", "a/b"),
            ("100%", "100%25"),
            ("../x", "%2E%2E/x"),
            ("a//b", "a/%/b"),
            ("/a", "%/a"),
            ("dir/", "dir/"),
            ("dir//", "dir/%/"),
            ("CON.txt", "%43ON.txt"),
            ("a:b", "a%3Ab"),
            ("a.", "a%2E"),
            (".a.qingstor-1.part", "%2Ea.qingstor-1.part"),
        ] {
            assert_eq!(WINDOWS.encode(key), path);
            assert_eq!(decode(path).as_deref(), Some(key));
        }
        assert_eq!(decode("50%"), Some("50%".to_owned()));
        assert_eq!(decode("%zz"), Some("%zz".to_owned()));
        assert_eq!(decode("%FF"), None);
    }

    proptest! {
        #[test]
        fn encoded_names_are_distinct_and_reversible(key in "[a-cA-C./%\\\\: \u{0}中2E5NUOL]{1,24}") {
            for rules in [UNIX, WINDOWS] {
                let path = rules.encode(&key);
                prop_assert_eq!(rules.problem(&path), None, "{}", path);
                let decoded = decode(&path);
                prop_assert_eq!(decoded.as_deref(), Some(key.as_str()));
            }
        }
    }
}
