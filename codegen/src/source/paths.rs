//! Names of files: as people gave them, with forward slashes.

use std::path::{Component, Path, PathBuf};

/// A path as text with forward slashes.
pub(crate) fn slashes(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '\\' {
        text.replace('\\', "/")
    } else {
        text.into_owned()
    }
}

/// A name that means the same on another machine: relative to the current folder, else to `base`,
/// else the bare file name. `apart` from the current folder, the name is the same in all of them.
pub(crate) fn portable(path: &Path, base: &Path, apart: bool) -> String {
    if !path.is_absolute() {
        return slashes(path);
    }
    let here = std::env::current_dir().ok().filter(|_| !apart);
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

/// The file that a relative reference in another file means, without needless `./`.
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

/// Whether `..` can be taken back: not past the start and not after another `..`.
fn ends_in_name(path: &Path) -> bool {
    matches!(path.components().next_back(), Some(Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_joined_without_needless_steps() {
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
    fn kept_names_are_never_absolute() {
        let base = Path::new("/somewhere/specs");
        let name = |path| portable(Path::new(path), base, false);
        assert_eq!(name("specs/a.json"), "specs/a.json");
        assert_eq!(name("/somewhere/specs/part/b.json"), "part/b.json");
        assert_eq!(name("/elsewhere/c.json"), "c.json");
    }
}
