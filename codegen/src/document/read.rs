//! Reads the typed specification from the bundled tree.

mod openapi;
mod operation;
mod root;
mod schema;

use std::collections::HashMap;

use indexmap::IndexMap;

use super::types::Extensions;
use super::{Dialect, Document};
use crate::diagnostic::Diagnostic;
use crate::source::{Node, Object, Span};
use crate::spelling::did_you_mean;

/// Reads the document, with warnings and notes. Returns all errors if there are any.
pub(super) fn read(
    root: &Node,
    dialect: Dialect,
) -> Result<(Document, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut reader = Reader {
        root,
        dialect,
        problems: Vec::new(),
        notes: Vec::new(),
        shared: 0,
        objects: HashMap::new(),
    };
    let document = reader.document();
    match document {
        Some(document) if reader.problems.is_empty() => Ok((document, reader.notes)),
        _ => Err(reader.problems),
    }
}

/// Maximum number of values that are read through references. Only big parameters that many
/// operations share reach it.
const MAX_SHARED: usize = 1_000_000;

/// Reads typed values and collects errors.
struct Reader<'a> {
    root: &'a Node,
    dialect: Dialect,
    problems: Vec<Diagnostic>,
    /// Warnings and notes.
    notes: Vec<Diagnostic>,
    /// Number of values that were read through references.
    shared: usize,
    /// For each shared schema of OpenAPI that was looked up, whether it is an object.
    objects: HashMap<&'a str, bool>,
}

impl<'a> Reader<'a> {
    fn problem(&mut self, rule: &'static str, span: Span, message: impl Into<String>, help: &str) {
        self.problems
            .push(Diagnostic::error(rule, span, message).with_help(help));
    }

    fn warning(&mut self, rule: &'static str, span: Span, message: impl Into<String>, help: &str) {
        self.notes
            .push(Diagnostic::warning(rule, span, message).with_help(help));
    }

    fn note(&mut self, rule: &'static str, span: Span, message: impl Into<String>, help: &str) {
        self.notes
            .push(Diagnostic::note(rule, span, message).with_help(help));
    }

    /// Counts values that are read through a reference. Returns `None` above the limit, which is
    /// reported once.
    fn count_shared(&mut self, size: usize, span: Span) -> Option<()> {
        let had_room = self.shared <= MAX_SHARED;
        if had_room {
            self.shared += size;
        }
        if self.shared <= MAX_SHARED {
            return Some(());
        }
        if had_room {
            let message =
                format!("the shared parts of operations expand to more than {MAX_SHARED} values");
            let help = "reduce the parts that many operations refer to";
            self.problem("model-size", span, message, help);
        }
        None
    }

    fn wrong_type(&mut self, node: &Node, what: &str, wanted: &str) {
        let message = format!("{what} must be {wanted}, this is {}", node.kind());
        self.problem("wrong-type", node.span, message, "correct the value");
    }

    fn object<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n Object> {
        let object = node.as_object();
        if object.is_none() {
            self.wrong_type(node, what, "an object");
        }
        object
    }

    /// Returns the members of the object at a key, or nothing if the key is missing.
    fn members<'n>(
        &mut self,
        node: &'n Node,
        key: &str,
    ) -> impl Iterator<Item = (&'n String, &'n crate::source::Member)> + use<'n> {
        let found = node.get(key);
        let object = found.and_then(|node| self.object(node, &format!("`{key}`")));
        object.into_iter().flatten()
    }

    /// Returns the items of the list at a key, or nothing if the key is missing.
    fn items<'n>(&mut self, node: &'n Node, key: &str) -> &'n [Node] {
        match node.get(key) {
            None => &[],
            Some(found) => found.as_array().unwrap_or_else(|| {
                self.wrong_type(found, &format!("`{key}`"), "an array");
                &[]
            }),
        }
    }

    fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        let found = node.get(key)?;
        let text = found.as_str();
        if text.is_none() {
            self.wrong_type(found, &format!("`{key}`"), "a string");
        }
        text.map(str::to_owned)
    }

    /// Returns the name at a key. It must not be empty, and contain only characters that stay in
    /// identifiers or separate their words.
    fn name(&mut self, node: &Node, key: &str) -> Option<String> {
        let name = self.text(node, key)?;
        if name.is_empty() {
            let span = node.get(key).map_or(node.span, |node| node.span);
            let message = format!("`{key}` is empty");
            self.problem("name-empty", span, message, "add a name, or remove the key");
            return None;
        }
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ');
        if let Some(other) = name.chars().find(|c| !is_part(*c)) {
            let span = node.get(key).map_or(node.span, |node| node.span);
            let message = format!("`{key}` contains `{other}`, which no identifier can contain");
            let help = "use letters, digits, `_` and `-`";
            self.problem("name-text", span, message, help);
            return None;
        }
        Some(name)
    }

    fn text_or_empty(&mut self, node: &Node, key: &str) -> String {
        self.text(node, key).unwrap_or_default()
    }

    /// Returns a required string that is not empty.
    fn required_text(
        &mut self,
        node: &Node,
        key: &str,
        rule: &'static str,
    ) -> Option<(String, Span)> {
        let Some(found) = node.get(key) else {
            let message = format!("`{key}` is missing");
            self.problem(rule, node.span, message, &format!("add `\"{key}\"`"));
            return None;
        };
        match found.as_str() {
            Some("") => {
                let message = format!("`{key}` is empty");
                self.problem(rule, found.span, message, "add a value");
                None
            }
            Some(text) => Some((text.to_owned(), found.span)),
            None => {
                self.wrong_type(found, &format!("`{key}`"), "a string");
                None
            }
        }
    }

    fn flag(&mut self, node: &Node, key: &str) -> bool {
        let Some(found) = node.get(key) else {
            return false;
        };
        found.as_bool().unwrap_or_else(|| {
            self.wrong_type(found, &format!("`{key}`"), "true or false");
            false
        })
    }

    /// Returns the strings at a key with their places.
    fn texts(&mut self, node: &Node, key: &str) -> Vec<(String, Span)> {
        let mut texts = Vec::new();
        for item in self.items(node, key) {
            match item.as_str() {
                Some(text) => texts.push((text.to_owned(), item.span)),
                None => self.wrong_type(item, &format!("each entry of `{key}`"), "a string"),
            }
        }
        texts
    }

    fn plain_texts(&mut self, node: &Node, key: &str) -> Vec<String> {
        let texts = self.texts(node, key);
        texts.into_iter().map(|(text, _)| text).collect()
    }

    fn docs_url(&mut self, node: &Node) -> Option<String> {
        let docs = node.get("externalDocs")?;
        self.object(docs, "`externalDocs`")?;
        let url = self.text(docs, "url")?;
        if !is_web_url(&url) {
            let span = docs.get("url").map_or(docs.span, |node| node.span);
            let help = "begin it with `https://`, and percent-encode other characters";
            self.problem("docs-url", span, "this is not the URL of a web page", help);
        }
        Some(url)
    }

    /// Follows references to shared values until the value itself is reached.
    fn resolve(&mut self, node: &'a Node) -> Option<&'a Node> {
        let mut node = node;
        let mut seen = Vec::new();
        while let Some(reference) = node.get("$ref") {
            let text = reference.as_str().unwrap_or_default();
            // References to files are resolved before overlays apply.
            let Some(pointer) = text.strip_prefix('#') else {
                let message = format!("`{text}` does not refer to the specification");
                let help = "write `#/..`, because overlays cannot refer to other files";
                self.problem("ref-invalid", reference.span, message, help);
                return None;
            };
            let Some(found) = self.root.pointer(pointer) else {
                let meant = self.root.intended_key(pointer).map(did_you_mean);
                let message = format!(
                    "the specification has no value at `{pointer}`{}",
                    meant.unwrap_or_default()
                );
                let help = "correct the reference, or add its target";
                self.problem("ref-missing", reference.span, message, help);
                return None;
            };
            if seen.contains(&reference.span) {
                let help = "replace one of the references in the cycle by its target";
                let message = "this reference refers to itself";
                self.problem("ref-circular", reference.span, message, help);
                return None;
            }
            if seen.is_empty() {
                self.count_shared(found.size(), reference.span)?;
            }
            seen.push(reference.span);
            node = found;
        }
        Some(node)
    }
}

/// Returns whether a text is a URL with `http` or `https`. It has only characters that URLs contain
/// unescaped, so outputs can use it as the target of a link.
fn is_web_url(url: &str) -> bool {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"));
    let is_sent =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?#[]%".contains(&byte);
    rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_sent))
}

/// Returns the `x-` keys that the generator does not interpret.
fn extensions(node: &Node, interpreted: &[&str]) -> Extensions {
    let members = node.as_object().into_iter().flatten();
    members
        .filter(|(key, _)| key.starts_with("x-") && !interpreted.contains(&key.as_str()))
        .map(|(key, member)| (key.clone(), member.node.clone()))
        .collect::<IndexMap<_, _>>()
}
