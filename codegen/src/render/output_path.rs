//! Checks output paths: they must stay in the output folder on every operating system.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Component, Path};

use super::RenderError;
use super::context::Item;
use crate::pack::FileRule;

/// Name of the lock file, which templates must not write.
pub(crate) const LOCK_NAME: &str = "codegen.lock.json";

/// Returns an error if a path is not allowed.
pub(crate) fn check(path: &str) -> Result<(), &'static str> {
    if path.trim().is_empty() {
        return Err("it is empty");
    }
    if path.contains(['\\', ':', '<', '>', '"', '|', '?', '*'])
        || path.chars().any(char::is_control)
    {
        return Err("it holds a character that not every file system allows");
    }
    let mut components = Path::new(path).components();
    if !components.all(|component| matches!(component, Component::Normal(_))) {
        return Err("it leads out of the output folder");
    }
    if path.split('/').any(|part| part.is_empty() || part == ".") {
        return Err("it holds an empty part");
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
    if path.eq_ignore_ascii_case(LOCK_NAME) {
        return Err("that is the name of the lock file");
    }
    Ok(())
}

/// Output paths with their owners.
#[derive(Default)]
pub(super) struct Paths {
    /// Owners by path in lower case, because some file systems are case-insensitive.
    owners: HashMap<String, String>,
}

impl Paths {
    /// Reserves a path. Returns an error if another file has it.
    pub(super) fn claim(
        &mut self,
        path: &str,
        rule: &FileRule,
        item: &Item,
    ) -> Result<(), RenderError> {
        let mut owner = format!("`{}` for {}", rule.template, item.label);
        if let Some(place) = &item.place {
            owner = format!("{owner} ({place})");
        }
        match self.owners.entry(path.to_lowercase()) {
            Entry::Vacant(free) => {
                free.insert(owner);
                Ok(())
            }
            Entry::Occupied(first) => Err(RenderError::Output(format!(
                "two files would be written to `{path}`: {} and {owner}; {}make each `to` in pack.json \
                 unique",
                first.get(),
                if item.place.is_some() {
                    "add one of them an `x-name` if `to` contains `ident`, or "
                } else {
                    ""
                }
            ))),
        }
    }
}

pub(super) fn error(rule: &FileRule, item: &Item, path: &str, why: &str) -> RenderError {
    RenderError::Output(format!(
        "can't write `{}` for {} to `{}`: {why}; correct `to` in pack.json",
        rule.template,
        item.label,
        path.escape_debug()
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
    use super::check;

    #[test]
    fn only_portable_relative_paths_are_accepted() {
        for good in ["mod.rs", "a/b.rs", ".gitattributes", "a-b_c.md"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
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
            "codegen.lock.json",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
