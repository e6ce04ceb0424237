//! Reads a folder of templates, and merges manifests.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{PackError, Template};
use crate::diagnostic::Diagnostic;
use crate::git_blob::{BlobId, with_line_feeds};
use crate::source::{Sources, check_regular, slashes, without_byte_order_mark};

/// Suffix of template files.
const TEMPLATE_END: &str = ".tera";

/// Name of the manifest file.
pub(crate) const MANIFEST: &str = "pack.json";

/// Name of the folder with tests. Files in it are not templates.
pub(crate) const TESTS: &str = "tests";

/// Contents of a folder.
pub(super) struct Folder {
    /// Text of `pack.json`, if it exists.
    pub(super) manifest: Option<(String, BlobId)>,
    /// Templates by path in the folder.
    pub(super) templates: BTreeMap<String, Template>,
}

impl Folder {
    pub(super) fn read(folder: &Path) -> Result<Self, PackError> {
        let is_missing =
            std::fs::metadata(folder).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        if is_missing {
            return Err(PackError::invalid(
                folder,
                "the folder does not exist".to_owned(),
            ));
        }
        let path = folder.join(MANIFEST);
        let manifest = match read(&path) {
            Ok(read) => Some(read),
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder.is_dir() => None,
            Err(error) => return Err(PackError::read(&path, error)),
        };
        let mut templates = BTreeMap::new();
        collect(folder, folder, "", &mut templates)?;
        Ok(Self {
            manifest,
            templates,
        })
    }
}

/// Reads all templates below a folder, with forward slashes in their names.
fn collect(
    root: &Path,
    folder: &Path,
    prefix: &str,
    templates: &mut BTreeMap<String, Template>,
) -> Result<(), PackError> {
    let fail = |error| PackError::read(folder, error);
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        // Symbolic links to folders are not followed, because they can form cycles.
        if entry.file_type().map_err(fail)?.is_dir() {
            if name != TESTS {
                collect(root, &entry.path(), &format!("{name}/"), templates)?;
            }
        } else if name.ends_with(TEMPLATE_END) {
            let path = entry.path();
            let (text, id) = read(&path).map_err(|error| PackError::read(&path, error))?;
            let template = Template {
                id,
                text,
                folder: root.to_owned(),
                added: false,
            };
            templates.insert(name, template);
        }
    }
    Ok(())
}

/// Reads a text with its blob ID. Removes a byte order mark and converts CRLF to line feeds, which
/// a checkout or an editor may have added and which would get into the outputs.
fn read(path: &Path) -> io::Result<(String, BlobId)> {
    check_regular(path)?;
    let bytes = std::fs::read(path)?;
    let id = BlobId::of_text(&bytes);
    let bytes = without_byte_order_mark(with_line_feeds(&bytes).unwrap_or(bytes));
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let breaks = error
            .as_bytes()
            .iter()
            .take(valid)
            .filter(|byte| **byte == b'\n');
        let message = format!(
            "line {} is not UTF-8; save the file as UTF-8",
            breaks.count() + 1
        );
        io::Error::new(io::ErrorKind::InvalidData, message)
    })?;
    Ok((text, id))
}

/// Parses JSON. An error contains the place.
pub(super) fn parse<T: DeserializeOwned>(path: &Path, text: &str) -> Result<T, PackError> {
    serde_json::from_str(text).map_err(|error| {
        let is_json = error.is_data();
        let explained = || first_problem(path, |_| true).filter(|_| !is_json);
        explained().unwrap_or_else(|| PackError::Manifest {
            path: slashes(path),
            line: error.line(),
            column: error.column(),
            message: typed_message::<T>(text).unwrap_or_else(|| without_place(&error)),
        })
    })
}

/// Returns the first problem that the reader of specifications finds in a file, with its advice.
fn first_problem(path: &Path, wanted: impl Fn(&Diagnostic) -> bool) -> Option<PackError> {
    let mut sources = Sources::new(path.parent().unwrap_or(Path::new("")));
    let problems = sources.load(path).err().unwrap_or_default();
    let problem = problems.into_iter().find(wanted)?;
    let location = problem.span.map(|span| sources.location(span));
    let advice = problem.help.map(|help| format!("; {help}"));
    Some(PackError::Manifest {
        path: slashes(path),
        line: location.as_ref().map_or(1, |location| location.line),
        column: location.as_ref().map_or(1, |location| location.column),
        message: problem.message + &advice.unwrap_or_default(),
    })
}

/// Returns the reason why valid JSON does not match the type. The parser of the text reports some
/// type errors only as "expected value".
fn typed_message<T: DeserializeOwned>(text: &str) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    serde_json::from_value::<T>(value)
        .err()
        .map(|error| error.to_string())
}

/// Returns an error if an object has a key twice, because only the last one would count.
pub(super) fn refuse_repeated_keys(path: &Path) -> Result<(), PackError> {
    match first_problem(path, |problem| problem.rule == "json-duplicate-key") {
        Some(problem) => Err(problem),
        None => Ok(()),
    }
}

/// Returns the message of a JSON error without its place, which the caller puts before it.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((message, _)) => message.to_owned(),
        None => message,
    }
}

/// A key that an overriding folder adds to the options of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Addition {
    /// Keys that lead to it from the options.
    pub(crate) pointer: Vec<String>,
    /// Keys beside it that exist without the folder.
    pub(crate) siblings: Vec<String>,
}

/// Returns the keys that a patch adds to a value.
pub(super) fn additions(target: &Value, patch: &Value) -> Vec<Addition> {
    let mut found = Vec::new();
    add(target, patch, &mut Vec::new(), &mut found);
    found
}

fn add(target: &Value, patch: &Value, at: &mut Vec<String>, found: &mut Vec<Addition>) {
    let nothing = serde_json::Map::new();
    let known = target.as_object().unwrap_or(&nothing);
    for (key, value) in patch.as_object().into_iter().flatten() {
        at.push(key.clone());
        match known.get(key) {
            Some(old) => add(old, value, at, found),
            None => found.push(Addition {
                pointer: at.clone(),
                siblings: known.keys().cloned().collect(),
            }),
        }
        at.pop();
    }
}

/// Returns the keys that lead to a null in a patch for which the target has no value to remove.
pub(super) fn idle_removal(target: &Value, patch: &Value) -> Option<Vec<String>> {
    patch.as_object()?.iter().find_map(|(key, value)| {
        let old = target.get(key);
        let mut rest = match old {
            None if value.is_null() => Vec::new(),
            old => idle_removal(old.unwrap_or(&Value::Null), value)?,
        };
        rest.insert(0, key.clone());
        Some(rest)
    })
}

/// Returns the keys that lead to a value of a patch whose JSON type differs from that of the value
/// it replaces, with a message.
pub(super) fn other_type(target: &Value, patch: &Value) -> Option<(Vec<String>, String)> {
    if let (Value::Object(target), Value::Object(patch)) = (target, patch) {
        return patch.iter().find_map(|(key, value)| {
            let (mut keys, message) = other_type(target.get(key)?, value)?;
            keys.insert(0, key.clone());
            Some((keys, message))
        });
    }
    let (known, found) = (type_name(target), type_name(patch));
    (known != found && !target.is_null() && !patch.is_null()).then(|| {
        (
            Vec::new(),
            format!("this option must be {known}, not {found}"),
        )
    })
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Returns the key of a patch that makes a value invalid if only this key is merged.
pub(super) fn refused_key<T: DeserializeOwned>(target: &Value, patch: &Value) -> Option<String> {
    patch.as_object()?.iter().find_map(|(key, value)| {
        let mut merged = target.clone();
        let alone = serde_json::Map::from_iter([(key.clone(), value.clone())]);
        merge(&mut merged, Value::Object(alone));
        serde_json::from_value::<T>(merged)
            .is_err()
            .then(|| key.clone())
    })
}

/// Creates an error for the value at some keys of a file.
pub(super) fn refused(path: &Path, keys: &[String], message: String) -> PackError {
    let mut sources = Sources::new(path.parent().unwrap_or(Path::new("")));
    let place = sources.load(path).ok().and_then(|(_, tree)| {
        let mut node = &*tree;
        for key in keys {
            node = node.get(key)?;
        }
        Some(sources.location(node.span))
    });
    match place {
        Some(place) => PackError::Manifest {
            path: slashes(path),
            line: place.line,
            column: place.column,
            message,
        },
        None => PackError::invalid(path, message),
    }
}

/// Applies a JSON merge patch (RFC 7396): merges objects, removes keys whose value is null, and
/// replaces everything else.
pub(super) fn merge(target: &mut Value, patch: Value) {
    match (target, patch) {
        (Value::Object(target), Value::Object(patch)) => {
            for (key, value) in patch {
                if value.is_null() {
                    target.remove(&key);
                } else {
                    merge(target.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (target, Value::Object(patch)) => {
            *target = Value::Object(serde_json::Map::new());
            merge(target, Value::Object(patch));
        }
        (target, patch) => *target = patch,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Addition, additions, idle_removal, merge};

    #[test]
    fn additions_of_a_patch_have_their_siblings() {
        let target = json!({"a": {"b": 1, "c": 2}, "d": "x"});
        let found = additions(
            &target,
            &json!({"a": {"b": 3, "e": {"f": 1}}, "d": {"g": 1}}),
        );
        let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect();
        assert_eq!(
            found,
            [
                Addition {
                    pointer: keys(&["a", "e"]),
                    siblings: keys(&["b", "c"])
                },
                Addition {
                    pointer: keys(&["d", "g"]),
                    siblings: keys(&[])
                },
            ]
        );
    }

    #[test]
    fn removals_without_effect_are_found() {
        let target = json!({"a": {"b": 1}});
        assert_eq!(idle_removal(&target, &json!({"a": {"b": null}})), None);
        for (patch, expected) in [
            (json!({"x": null}), vec!["x"]),
            (json!({"a": {"b": 1, "x": null}}), vec!["a", "x"]),
            (json!({"x": {"y": null}}), vec!["x", "y"]),
        ] {
            assert_eq!(idle_removal(&target, &patch).unwrap(), expected);
        }
    }

    #[test]
    fn merge_patches_follow_rfc_7396() {
        let mut value = json!({"a": {"b": 1, "c": [1, 2]}, "d": "x"});
        merge(
            &mut value,
            json!({"a": {"c": [3], "e": {"f": null}}, "d": null}),
        );
        assert_eq!(value, json!({"a": {"b": 1, "c": [3], "e": {}}}));
    }
}
