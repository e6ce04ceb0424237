//! Finds the root file of a specification in a folder.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::shown;

/// Maximum depth of folders. No specification is deeper, so the caller probably named a wrong
/// folder.
const DEPTH: usize = 8;
const FILES: usize = 5_000;
/// Maximum size in bytes of a file that is searched.
const SIZE: u64 = 64 << 20;

/// Some editors write it before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The keys that identify a root file.
#[derive(Deserialize)]
struct Head {
    swagger: Option<IgnoredAny>,
    openapi: Option<IgnoredAny>,
}

/// Returns the path itself if it is a file, or the only root file in the folder.
pub(super) fn find(path: &Path) -> Result<PathBuf, String> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let mut files = Vec::new();
    collect(path, DEPTH, &mut files)?;
    files.sort();
    let mut roots: Vec<_> = files.into_iter().filter(|file| is_root(file)).collect();
    match (roots.pop(), roots.is_empty()) {
        (Some(root), true) => Ok(root),
        (None, _) => Err(format!(
            "{}: no JSON file in this folder has `swagger` or `openapi` at its root; name the root file",
            shown(path)
        )),
        (Some(last), false) => {
            roots.push(last);
            let names: Vec<_> = roots.iter().map(|root| shown(root)).collect();
            Err(format!(
                "{}: several files can be the root file; name one of them: {}",
                shown(path),
                names.join(", ")
            ))
        }
    }
}

/// Collects all JSON files below a folder. Does not follow symbolic links, which can form cycles.
fn collect(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let fail = |error| format!("{}: {error}", shown(folder));
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let entry = entry.map_err(fail)?;
        let (kind, path) = (entry.file_type().map_err(fail)?, entry.path());
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if kind.is_dir() && !hidden && depth > 0 {
            collect(&path, depth - 1, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|end| end == "json") {
            files.push(path);
        }
        if files.len() > FILES {
            let folder = shown(folder);
            return Err(format!(
                "{folder}: more than {FILES} JSON files; name the root file"
            ));
        }
    }
    Ok(())
}

/// Returns whether a file is a root file. Invalid JSON counts as no root file here and is reported
/// when the specification is read.
fn is_root(path: &Path) -> bool {
    let head = File::open(path).ok().and_then(|file| {
        let mut reader = BufReader::new(file.take(SIZE));
        if reader.fill_buf().ok()?.starts_with(BYTE_ORDER_MARK) {
            reader.consume(BYTE_ORDER_MARK.len());
        }
        serde_json::from_reader::<_, Head>(reader).ok()
    });
    head.is_some_and(|head| head.swagger.is_some() || head.openapi.is_some())
}
