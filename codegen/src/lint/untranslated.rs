//! Rule for texts that an overlay for another language does not translate.

use super::warn;
use crate::diagnostic::Diagnostic;
use crate::document::Loaded;
use crate::document::grammar::{Kind, child, item};
use crate::source::{FileId, Node, Value};

/// Reports descriptions that are not from the overlay that sets `x-language`.
///
/// Does nothing if the specification itself sets `x-language`.
pub(super) fn check(loaded: &Loaded, found: &mut Vec<Diagnostic>) {
    let Some(language) = loaded.bundled.get("x-language") else {
        return;
    };
    let overlay = language.span.file;
    if overlay == loaded.bundled.span.file {
        return;
    }
    let name = language.as_str().unwrap_or_default();
    let mut texts = Vec::new();
    visit(&loaded.bundled, Kind::Root, loaded, overlay, &mut texts);
    for text in texts {
        let message = format!("this text has no translation (`x-language` is `{name}`)");
        let help = "add it to the overlay that sets `x-language`";
        found.push(warn("text-untranslated", text.span, message, help));
    }
}

fn visit<'n>(
    node: &'n Node,
    kind: Kind,
    loaded: &Loaded,
    overlay: FileId,
    found: &mut Vec<&'n Node>,
) {
    match &node.value {
        Value::Object(object) => {
            for (key, member) in object {
                let text = &member.node;
                match child(loaded.dialect, kind, key) {
                    Some(Kind::Opaque) if is_text(kind, key) => {
                        let is_empty = text.as_str().is_none_or(|text| text.trim().is_empty());
                        if !is_empty && text.span.file != overlay {
                            found.push(text);
                        }
                    }
                    Some(Kind::Opaque) | None => {}
                    // Responses for failures are documented by their error codes.
                    Some(Kind::Response) if !key.starts_with('2') => {}
                    Some(kind) => visit(text, kind, loaded, overlay, found),
                }
            }
        }
        Value::Array(items) => {
            let kind = item(kind);
            let items = items.iter().filter(|_| kind != Kind::Opaque);
            items.for_each(|item| visit(item, kind, loaded, overlay, found));
        }
        _ => {}
    }
}

fn is_text(kind: Kind, key: &str) -> bool {
    match kind {
        Kind::Operation | Kind::PathItem => matches!(key, "description" | "summary"),
        Kind::Parameter | Kind::Header | Kind::HeaderObject | Kind::Schema => {
            matches!(key, "description" | "x-type-description")
        }
        Kind::Response | Kind::RequestBody => key == "description",
        _ => false,
    }
}
