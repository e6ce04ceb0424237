//! Names of files with forward slashes.

use std::path::{Component, Path, PathBuf};

/// Converts a path to text with forward slashes.
pub(crate) fn slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '\\' {
        text.replace('\\', "/")
    } else {
        text.into_owned()
    }
}

/// Returns a name that is the same on other machines: relative to the current folder, or to `base`,
/// or only the file name. With `ignores_current_folder`, only the last two apply.
pub(crate) fn portable(path: &Path, base: &Path, ignores_current_folder: bool) -> String {
    if !path.is_absolute() {
        return slashes(path);
    }
    let here = std::env::current_dir()
        .ok()
        .filter(|_| !ignores_current_folder);
    let roots = [here.as_deref(), Some(base)];
    let relative = roots
        .into_iter()
        .flatten()
        .filter(|root| root.is_absolute())
        .find_map(|root| path.strip_prefix(root).ok());
    match (relative, path.file_name()) {
        (Some(relative), _) => slashes(relative),
        (None, Some(name)) => slashes(Path::new(name)),
        (None, None) => slashes(path),
    }
}

/// Decodes the `%XX` escapes in the path of a reference.
///
/// An incomplete escape is literal, as in the file name `100%.json`.
///
/// # Errors
///
/// Returns the reason if no file can have such a path.
pub(crate) fn decode_reference(path: &str) -> Result<String, &'static str> {
    let decoded =
        String::from_utf8(percent_decode(path)).map_err(|_| "its escapes are not UTF-8")?;
    if decoded.contains('\0') {
        return Err("it contains a null character");
    }
    if decoded.contains('\\') {
        return Err("it contains a backslash; folders are separated by `/`");
    }
    // A decoded slash would be part of a file name, which is not possible.
    if decoded.matches('/').count() != path.matches('/').count() {
        return Err("it contains an escaped `/`, which file names cannot contain");
    }
    let drive = decoded.as_bytes().first_chunk();
    if drive.is_some_and(|[letter, colon]| letter.is_ascii_alphabetic() && *colon == b':') {
        return Err("it begins with a drive; use a relative path");
    }
    Ok(decoded)
}

/// Decodes `%XX`. An incomplete escape is literal.
pub(crate) fn percent_decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes().iter();
    while let Some(&byte) = bytes.next() {
        let digits = bytes.as_slice().first_chunk().filter(|_| byte == b'%');
        match digits.and_then(|[high, low]| Some(hex(*high)? << 4 | hex(*low)?)) {
            Some(escaped) => {
                decoded.push(escaped);
                bytes.nth(1);
            }
            None => decoded.push(byte),
        }
    }
    decoded
}

fn hex(digit: u8) -> Option<u8> {
    let digit = char::from(digit).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// Returns whether a reference is a URL with a scheme.
pub(crate) fn has_scheme(reference: &str) -> bool {
    let Some((scheme, _)) = reference.split_once(':') else {
        return false;
    };
    let others = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(others)
}

/// Resolves a relative reference in a file, without needless `./`.
pub(crate) fn join_reference(from: &Path, reference: &str) -> PathBuf {
    let folder = from.parent().unwrap_or(Path::new(""));
    let mut joined = folder.to_path_buf();
    for component in Path::new(reference).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if ends_in_name(&joined) => {
                joined.pop();
            }
            other => joined.push(other),
        }
    }
    joined
}

/// Returns whether `..` can remove the last component: it must be a name.
fn ends_in_name(path: &Path) -> bool {
    matches!(path.components().next_back(), Some(Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_joined_without_redundant_components() {
        let from = Path::new("specs/api/root.json");
        for (reference, expected) in [
            ("./bucket.json", "specs/api/bucket.json"),
            ("../shared.json", "specs/shared.json"),
            ("a/../b.json", "specs/api/b.json"),
            ("../../../up.json", "../up.json"),
        ] {
            assert_eq!(slashes(&join_reference(from, reference)), expected);
        }
    }

    #[test]
    fn escapes_in_references_are_decoded() {
        for (reference, expected) in [
            ("./sub%20dir/more.json", "./sub dir/more.json"),
            ("%e4%BD%a0.json", "\u{4f60}.json"),
            ("%2e%2E/a%23b%3Fc.json", "../a#b?c.json"),
            ("100%.json", "100%.json"),
            ("100%25.json", "100%.json"),
            ("%2x%+5%%41", "%2x%+5%A"),
            ("%4", "%4"),
            ("a%\u{4f60}", "a%\u{4f60}"),
            ("a+b", "a+b"),
        ] {
            assert_eq!(
                decode_reference(reference).unwrap(),
                expected,
                "{reference}"
            );
        }
        for reference in [
            "a%2Fb.json",
            "..%2f..%2fetc/passwd",
            "a%00.json",
            "a%FF.json",
            "a%5Cb.json",
            "a\\b.json",
            "C%3A/a.json",
        ] {
            assert!(decode_reference(reference).is_err(), "{reference}");
        }
    }

    #[test]
    fn portable_names_are_never_absolute() {
        let base = Path::new("/somewhere/specs");
        let name = |path| portable(Path::new(path), base, false);
        assert_eq!(name("specs/a.json"), "specs/a.json");
        assert_eq!(name("/somewhere/specs/part/b.json"), "part/b.json");
        assert_eq!(name("/elsewhere/c.json"), "c.json");
    }
}
