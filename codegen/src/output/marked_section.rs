//! Replaces sections of existing files, between a begin and an end marker.

use std::collections::BTreeMap;
use std::path::Path;

use super::{OutputError, tree};
use crate::render::Section;
use crate::source::slashes;

/// A file with replaced sections: path, new text, and bytes on disk.
type Placed = (String, String, Option<Vec<u8>>);

/// Inserts sections into their files.
pub(super) fn put_in_place(
    sections: &[Section],
    folder: &Path,
) -> Result<Vec<Placed>, OutputError> {
    let mut files: BTreeMap<String, (String, Vec<u8>)> = BTreeMap::new();
    for section in sections {
        let path = folder.join(&section.file);
        let problem = |message: String| OutputError::Section {
            path: slashes(&path),
            message,
        };
        if !files.contains_key(&section.file) {
            let on_disk = tree::read(folder, &section.file)?;
            let bytes = on_disk.into_bytes().ok_or_else(|| {
                problem(format!(
                    "the file is missing; create it with the lines `{}` and `{}`",
                    begin(&section.marker),
                    end(&section.marker)
                ))
            })?;
            let text = String::from_utf8(bytes.clone())
                .map_err(|_| problem("the file is not UTF-8".to_owned()))?;
            files.insert(section.file.clone(), (text, bytes));
        }
        if let Some((text, _)) = files.get_mut(&section.file) {
            *text = replaced(text, section).map_err(problem)?;
        }
    }
    let placed = files.into_iter();
    Ok(placed
        .map(|(path, (text, bytes))| (path, text, Some(bytes)))
        .collect())
}

fn begin(marker: &str) -> String {
    format!("<!-- {marker}:begin -->")
}

fn end(marker: &str) -> String {
    format!("<!-- {marker}:end -->")
}

/// Replaces the lines between the markers.
fn replaced(text: &str, section: &Section) -> Result<String, String> {
    let opening = format!("<!-- {}:begin", section.marker);
    let closing = end(&section.marker);
    let missing =
        |line: &str| format!("the line `{line}` is missing; add it where the section should be");
    let start = text
        .find(&opening)
        .ok_or_else(|| missing(&begin(&section.marker)))?;
    let rest = text.get(start..).unwrap_or_default();
    // The line of the marker can contain further text.
    let start = start + rest.find('\n').ok_or_else(|| missing(&closing))? + 1;
    let rest = text.get(start..).unwrap_or_default();
    let length = rest.find(&closing).ok_or_else(|| missing(&closing))?;
    let before = text.get(..start).unwrap_or_default();
    let after = rest.get(length..).unwrap_or_default();
    let indent: String = rest
        .get(..length)
        .unwrap_or_default()
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .to_owned();
    let indent = if indent.trim().is_empty() {
        indent
    } else {
        String::new()
    };
    let body = format!("{}\n", section.text.trim_matches('\n'));
    let body = if before.ends_with("\r\n") {
        // Keep the line endings of the file.
        body.replace('\n', "\r\n")
    } else {
        body
    };
    Ok(format!("{before}{body}{indent}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(text: &str) -> Section {
        Section {
            file: "README.md".to_owned(),
            marker: "ops".to_owned(),
            text: text.to_owned(),
        }
    }

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let text = "a\n<!-- ops:begin (made by a template) -->\nold\n<!-- ops:end -->\nb\n";
        let new = replaced(text, &section("\nnew\n\n")).unwrap();
        assert_eq!(new, text.replace("old", "new"));
        assert_eq!(replaced(&new, &section("new")).unwrap(), new);
        let (text, new) = (text.replace('\n', "\r\n"), new.replace('\n', "\r\n"));
        assert_eq!(replaced(&text, &section("new")).unwrap(), new);
    }

    #[test]
    fn missing_markers_are_reported() {
        let error = replaced("<!-- ops:begin -->\n", &section("x")).unwrap_err();
        assert!(error.contains("<!-- ops:end -->"), "{error}");
        assert!(
            replaced("", &section("x"))
                .unwrap_err()
                .contains("ops:begin")
        );
    }
}
