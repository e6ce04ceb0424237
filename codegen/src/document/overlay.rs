//! Overlays: corrections and additions to a specification, in the format of OpenAPI Overlay 1.0 and
//! 1.1.
//!
//! One rule is stricter than the overlay specification: each action must change something. An
//! action that the specification no longer needs is an error, so that its author removes it.

mod action;
mod merge;
mod target;

use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::source::{Node, Sources, decode_reference, join_reference, slashes};

use action::Action;
use merge::Changing;
pub(crate) use target::{idle_parts, parse as parse_target};

/// Applies the actions of an overlay file in order. Returns warnings.
pub(crate) fn apply(
    document: &mut Node,
    spec: &Path,
    path: &Path,
    sources: &mut Sources,
) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let (_, overlay) = sources.load(path)?;
    let mut warnings = Vec::new();
    let version = version(&overlay)?;
    check_keys(&overlay)?;
    check_info(&overlay, &mut warnings)?;
    check_extends(&overlay, spec, path)?;
    let mut problems = Vec::new();
    let mut changing = Changing::new(document);
    for (index, action) in actions(&overlay)?.iter().enumerate() {
        match Action::read(action, index + 1, version, &mut warnings) {
            Ok(action) => problems.extend(changing.apply(&action).err()),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        Ok(warnings)
    } else {
        Err(problems)
    }
}

/// Version of the overlay specification, without the patch version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    /// 1.0.
    Plain,
    /// 1.1, which has `copy`.
    WithCopy,
}

fn version(overlay: &Node) -> Result<Version, Vec<Diagnostic>> {
    let found = overlay.get("overlay");
    let text = found.and_then(Node::as_str).unwrap_or_default();
    let release = |release: &str| {
        let patch = text.strip_prefix(release);
        patch.is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|b| b.is_ascii_digit()))
    };
    if release("1.0.") {
        return Ok(Version::Plain);
    }
    if release("1.1.") {
        return Ok(Version::WithCopy);
    }
    let message = match found {
        None => "this is not an OpenAPI Overlay: `overlay` is missing".to_owned(),
        Some(found) if found.as_str().is_none() => {
            format!("`overlay` must be a string, this is {}", found.kind())
        }
        Some(_) => format!("unknown overlay version {text:?}; supported are 1.0.0 and 1.1.0"),
    };
    let help = "begin the file with `\"overlay\": \"1.1.0\"`";
    Err(vec![invalid(found.unwrap_or(overlay), &message, help)])
}

fn check_keys(overlay: &Node) -> Result<(), Vec<Diagnostic>> {
    let known = ["overlay", "info", "extends", "actions"];
    let members = overlay.as_object().into_iter().flatten();
    let unknown =
        members.filter(|(key, _)| !known.contains(&key.as_str()) && !key.starts_with("x-"));
    let problems: Vec<_> = unknown
        .map(|(key, member)| {
            let message = format!("unknown key `{key}` in an overlay");
            Diagnostic::error("overlay-invalid", member.key, message)
                .with_help("allowed keys are overlay, info, extends, actions")
        })
        .collect();
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// Warns if title or version are missing. The overlay specification requires them, but the
/// generator does not need them.
fn check_info(overlay: &Node, warnings: &mut Vec<Diagnostic>) -> Result<(), Vec<Diagnostic>> {
    let info = overlay.get("info");
    if let Some(info) = info.filter(|info| info.as_object().is_none()) {
        let message = format!("`info` must be an object, this is {}", info.kind());
        return Err(vec![invalid(info, &message, "add a title and a version")]);
    }
    for key in ["title", "version"] {
        let text = info.and_then(|info| info.get(key)).and_then(Node::as_str);
        if text.is_none() {
            let span = info.unwrap_or(overlay).span;
            let message = format!("the overlay has no `info.{key}`");
            let help = "add the purpose of the overlay, and its version";
            warnings.push(Diagnostic::warning("overlay-info", span, message).with_help(help));
        }
    }
    Ok(())
}

/// Refuses an overlay whose `extends` names another file.
fn check_extends(overlay: &Node, spec: &Path, path: &Path) -> Result<(), Vec<Diagnostic>> {
    let Some(extends) = overlay.get("extends") else {
        return Ok(());
    };
    let Some(text) = extends.as_str() else {
        let message = format!("`extends` must be a string, this is {}", extends.kind());
        let help = "write the path of the specification, relative to the overlay";
        return Err(vec![invalid(extends, &message, help)]);
    };
    let names_it = match text.split_once("://") {
        Some(("file", file)) => {
            decode_reference(file).is_ok_and(|file| same_file(Path::new(&file), spec))
        }
        // The URL can be absolute and differ from the local path, so only compare the file name.
        Some((_, rest)) => {
            let name = rest
                .split(['?', '#'])
                .next()
                .and_then(|url| url.rsplit('/').next())
                .and_then(|name| decode_reference(name).ok());
            spec.file_name()
                .is_some_and(|own| name.as_deref() == own.to_str())
        }
        None => {
            decode_reference(text).is_ok_and(|text| same_file(&join_reference(path, &text), spec))
        }
    };
    if names_it {
        return Ok(());
    }
    let message = format!("this overlay extends `{text}`, not {}", slashes(spec));
    let problem = Diagnostic::error("overlay-extends", extends.span, message)
        .with_help("apply it to that file, or correct `extends` (a path relative to the overlay)");
    Err(vec![problem])
}

fn same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

fn actions(overlay: &Node) -> Result<&[Node], Vec<Diagnostic>> {
    let actions = overlay.get("actions");
    match actions.map(|node| (node, node.as_array())) {
        Some((node, Some([]))) => Err(vec![invalid(node, "`actions` is empty", "add an action")]),
        Some((_, Some(actions))) => Ok(actions),
        Some((node, None)) => Err(vec![invalid(
            node,
            "`actions` must be an array",
            "add a list of actions",
        )]),
        None => Err(vec![invalid(
            overlay,
            "`actions` is missing",
            "add `\"actions\": [..]`",
        )]),
    }
}

fn invalid(node: &Node, message: &str, help: &str) -> Diagnostic {
    Diagnostic::error("overlay-invalid", node.span, message).with_help(help)
}
