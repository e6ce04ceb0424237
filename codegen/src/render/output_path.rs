//! Checks output paths: they must stay in the output folder on every operating system.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Component, Path};

use super::RenderError;
use super::context::Item;
use crate::diagnostic::changes_display;
use crate::pack::{FileRule, Into};

/// Name of the lock file, which templates must not write.
pub(crate) const LOCK_NAME: &str = "codegen.lock.json";

/// Maximum number of bytes of a part of a path. Most file systems allow no more.
const MAX_PART: usize = 255;
/// Maximum number of bytes of a path. Systems allow more, but the path of the folder is part of it.
const MAX_PATH: usize = 1024;

/// Returns an error if a path is not allowed.
pub(crate) fn check(path: &str) -> Result<(), &'static str> {
    if path.trim().is_empty() {
        return Err("it is empty");
    }
    if path.contains(['\\', ':', '<', '>', '"', '|', '?', '*']) || path.contains(changes_display) {
        return Err("it contains a character that not every file system or terminal allows");
    }
    let mut components = Path::new(path).components();
    if !components.all(|component| matches!(component, Component::Normal(_))) {
        return Err("it leads out of the output folder");
    }
    if path.split('/').any(|part| part.is_empty() || part == ".") {
        return Err("it contains an empty part");
    }
    if path.split('/').any(is_device) {
        return Err("a part of it is the name of a device on Windows");
    }
    if path
        .split('/')
        .any(|part| part.ends_with(['.', ' ']) || part.starts_with(' '))
    {
        return Err("a part of it begins or ends with a space or ends with a dot");
    }
    if path.len() > MAX_PATH || path.split('/').any(|part| part.len() > MAX_PART) {
        return Err("it has more than 1024 bytes, or a part of it has more than 255");
    }
    let first = path.split('/').next().unwrap_or_default();
    if first.eq_ignore_ascii_case(LOCK_NAME) {
        return Err("that is the name of the lock file");
    }
    Ok(())
}

/// Output paths with their owners.
#[derive(Default)]
pub(super) struct Paths {
    /// Claims by path in lower case, because some file systems are case-insensitive.
    claims: HashMap<String, PathClaim>,
    /// Owners of sections by path and marker.
    sections: HashMap<(String, String), String>,
}

/// The use of a path by a pack, with the template and the item.
enum PathClaim {
    /// A file that the generator owns.
    File(String),
    /// A file of users, of which the generator owns sections.
    Sections(String),
    /// The folder of such a file.
    Folder(String),
}

impl Paths {
    /// Reserves the path of a file. Returns an error if another file has it, or needs it as a
    /// folder.
    pub(super) fn claim_file(
        &mut self,
        path: &str,
        rule: &FileRule,
        item: &Item,
    ) -> Result<(), RenderError> {
        let owner = owner(rule, item);
        let advice = |first: &str, both: &str| {
            let x_name = match item.place {
                Some(_) => "give one of them an `x-name` if `to` contains `ident`, or ",
                None => "",
            };
            RenderError::Output(format!(
                "{both}: {first} and {owner}; {x_name}make each `to` in pack.json unique"
            ))
        };
        self.claim_folders(path, &owner)?;
        match self.claims.entry(path.to_lowercase()) {
            Entry::Vacant(free) => {
                free.insert(PathClaim::File(owner));
                Ok(())
            }
            Entry::Occupied(first) => Err(match first.get() {
                PathClaim::File(first) => {
                    advice(first, &format!("two files would be written to `{path}`"))
                }
                PathClaim::Sections(first) => whole_and_sections(path, &owner, first),
                PathClaim::Folder(first) => file_and_folder(path, &owner, first),
            }),
        }
    }

    /// Reserves a section of a file. Returns an error if another template has it, or if the file
    /// has the path of a rendered file, or of the folder of one.
    pub(super) fn claim_section(
        &mut self,
        into: &Into,
        rule: &FileRule,
        item: &Item,
    ) -> Result<(), RenderError> {
        let (path, owner) = (&into.file, owner(rule, item));
        self.claim_folders(path, &owner)?;
        let section = (path.to_lowercase(), into.marker.clone());
        if let Some(first) = self.sections.insert(section, owner.clone()) {
            return Err(RenderError::Output(format!(
                "the section `{}` of `{path}` would be written twice: {first} and {owner}; \
                 use another `marker` for one of them in pack.json",
                into.marker
            )));
        }
        let claim = self.claims.entry(path.to_lowercase());
        match claim.or_insert_with(|| PathClaim::Sections(owner.clone())) {
            PathClaim::Sections(_) => Ok(()),
            PathClaim::File(first) => Err(whole_and_sections(path, first, &owner)),
            PathClaim::Folder(first) => Err(file_and_folder(path, &owner, first)),
        }
    }

    /// Reserves the folders of a path.
    fn claim_folders(&mut self, path: &str, owner: &str) -> Result<(), RenderError> {
        for (end, _) in path.match_indices('/') {
            let folder = path.get(..end).unwrap_or_default();
            let claim = self.claims.entry(folder.to_lowercase());
            match claim.or_insert_with(|| PathClaim::Folder(owner.to_owned())) {
                PathClaim::Folder(_) => {}
                PathClaim::File(file) | PathClaim::Sections(file) => {
                    return Err(file_and_folder(folder, file, owner));
                }
            }
        }
        Ok(())
    }
}

/// Returns the template and the item of a file, for messages.
fn owner(rule: &FileRule, item: &Item) -> String {
    let owner = format!("`{}`{}", rule.template, item.purpose());
    match &item.place {
        Some(place) => format!("{owner} ({place})"),
        None => owner,
    }
}

fn file_and_folder(path: &str, file: &str, folder: &str) -> RenderError {
    RenderError::Output(format!(
        "`{path}` would be a file and a folder: a file by {file}, a folder by {folder}; \
         change one of the paths in pack.json"
    ))
}

fn whole_and_sections(path: &str, whole: &str, sections: &str) -> RenderError {
    RenderError::Output(format!(
        "`{path}` would be written as a whole by {whole}, and in sections by {sections}; \
         change `to` or `into` in pack.json"
    ))
}

/// Maximum number of characters of a path in a message.
const MAX_SHOWN: usize = 200;

pub(super) fn error(rule: &FileRule, item: &Item, path: &str, why: &str) -> RenderError {
    let mut shown: String = path.chars().take(MAX_SHOWN).collect();
    if shown.len() < path.len() {
        shown.push_str("...");
    }
    let key = match rule.into {
        Some(_) => "into",
        None => "to",
    };
    RenderError::Output(format!(
        "cannot write the output of `{}`{} to `{}`: {why}; correct `{key}` in pack.json",
        rule.template,
        item.purpose(),
        shown.escape_debug()
    ))
}

fn is_device(part: &str) -> bool {
    let stem = part
        .split('.')
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let numbered = |name: &str| {
        let number = stem.strip_prefix(name);
        number.is_some_and(|number| matches!(number.as_bytes(), [b'1'..=b'9']))
    };
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::{MAX_PART, MAX_PATH, check};

    #[test]
    fn only_portable_relative_paths_are_accepted() {
        for good in ["mod.rs", "a/b.rs", ".gitattributes", "a-b_c.md"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let long = "a".repeat(MAX_PART + 1);
        let deep = ["a"; MAX_PATH / 2 + 1].join("/");
        assert_eq!(check(&long[1..]), Ok(()));
        assert_eq!(check(&deep[2..]), Ok(()));
        for bad in [
            &long,
            &deep,
            "",
            " ",
            "/etc/passwd",
            "../x",
            "a/../../x",
            "a//b",
            "./a",
            "a\\b",
            "c:x",
            "con.rs",
            "a/LPT1",
            "x.",
            "a\nb",
            "a\u{202e}b",
            "codegen.lock.json",
            "Codegen.lock.json/a",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
