//! Resolves references to places in the files of a specification.

use std::rc::Rc;

use super::super::Dialect;
use super::super::grammar::Kind;
use super::super::grammar::shared::{SHARED, shared_prefix};
use super::super::schema_ids::SchemaIds;
use crate::diagnostic::Diagnostic;
use crate::source::{
    FileId, Node, Sources, decode_reference, has_scheme, join_reference, percent_decode,
};
use crate::spelling::did_you_mean;

/// A place in a file that a reference resolves to.
pub(super) type Target = (FileId, String);

/// The files of a specification, and what their references can refer to.
pub(super) struct References<'a> {
    pub(super) dialect: Dialect,
    /// Pointers of schemas by `$id` and `$anchor`, which only OpenAPI 3.1 has.
    pub(super) identified: SchemaIds,
    pub(super) sources: &'a mut Sources,
    pub(super) root_file: FileId,
    pub(super) root: Rc<Node>,
}

impl References<'_> {
    /// Resolves the target of a `$ref`. In a part of a Swagger specification, `#/..` refers to the
    /// root document, or to the part if only the part has the target. In OpenAPI, the order is
    /// reversed. `kind` is the kind of the value in whose place the reference is.
    ///
    /// # Errors
    ///
    /// Returns an error if the reference is invalid, or if its file cannot be read. Does not check
    /// that the file has the target.
    pub(super) fn target(
        &mut self,
        reference: &Node,
        file: FileId,
        kind: Kind,
    ) -> Result<Target, Vec<Diagnostic>> {
        let invalid = |message: String, help: &str| {
            let problem = Diagnostic::error("ref-invalid", reference.span, message);
            Err(vec![problem.with_help(help)])
        };
        let Some(text) = reference.as_str() else {
            return invalid(
                format!("`$ref` must be a string, this is {}", reference.kind()),
                "write it as `\"#/definitions/name\"` or `\"./file.json#/pointer\"`",
            );
        };
        let (path, pointer) = text.split_once('#').unwrap_or((text, ""));
        let pointer = String::from_utf8_lossy(&percent_decode(pointer)).into_owned();
        if let Some(target) = self.identified(path, &pointer) {
            return Ok((self.root_file, target));
        }
        if is_remote(path) || (!pointer.is_empty() && !pointer.starts_with('/')) {
            let meant = self
                .intended_reference(text, kind)
                .map(|meant| did_you_mean(&meant));
            return invalid(
                format!(
                    "`{text}` is not a reference to a local file{}",
                    meant.unwrap_or_default()
                ),
                "use a relative path and a JSON pointer: `./file.json#/pointer`",
            );
        }
        if path.is_empty() {
            let root_has = self.root.pointer(&pointer).is_some();
            // If no document has the target, it is missing in the first one.
            let own = file != self.root_file
                && match self.dialect {
                    Dialect::Swagger2 => !root_has && self.has(file, &pointer),
                    _ => !root_has || self.has(file, &pointer),
                };
            let owner = if own { file } else { self.root_file };
            return Ok((owner, pointer));
        }
        let path = match decode_reference(path) {
            Ok(path) => join_reference(&self.sources.file(file).path, &path),
            Err(why) => {
                return invalid(
                    format!("`{text}` is not a reference to a file: {why}"),
                    "use a relative path with `/`, and `%20` for a space",
                );
            }
        };
        if !path.exists()
            && let Some(meant) = self.intended_reference(text, kind)
        {
            return invalid(
                format!("there is no file `{text}`{}", did_you_mean(&meant)),
                "references within the specification begin with `#/`",
            );
        }
        let (file, _) = self.sources.load_part(&path, reference)?;
        Ok((file, pointer))
    }

    /// Returns the document of a target.
    ///
    /// # Errors
    ///
    /// Returns an error if the document does not have the target.
    pub(super) fn tree(
        &mut self,
        target: &Target,
        reference: &Node,
    ) -> Result<Rc<Node>, Vec<Diagnostic>> {
        let path = self.sources.file(target.0).path.clone();
        let (_, tree) = self.sources.load(&path)?;
        match tree.pointer(&target.1) {
            Some(_) => Ok(tree),
            None => Err(vec![self.missing(reference, target, &tree)]),
        }
    }

    /// Returns the reference to a value of the root document that was probably meant by one without
    /// `#/`, or by the name of a shared value. A shared value of another kind is not allowed there.
    fn intended_reference(&self, text: &str, kind: Kind) -> Option<String> {
        let rest = text.trim_start_matches(['#', '/']);
        let shared = shared_prefix(self.dialect, kind);
        let is_allowed = |pointer: &str| {
            shared.is_some_and(|prefix| pointer.starts_with(prefix))
                || !self.is_shared(&(self.root_file, pointer.to_owned()))
        };
        let path = rest.contains('/').then(|| format!("/{rest}"));
        let named = shared.map(|prefix| format!("{prefix}{rest}"));
        let found = path
            .into_iter()
            .chain(named)
            .find(|pointer| is_allowed(pointer) && self.root.pointer(pointer).is_some());
        found
            .filter(|_| !rest.is_empty())
            .map(|pointer| format!("#{pointer}"))
    }

    /// Returns whether a loaded file has a value at a pointer.
    fn has(&mut self, file: FileId, pointer: &str) -> bool {
        let path = self.sources.file(file).path.clone();
        let tree = self.sources.load(&path);
        tree.is_ok_and(|(_, tree)| tree.pointer(pointer).is_some())
    }

    /// Returns whether a target is a shared value, so that references to it stay references.
    pub(super) fn is_shared(&self, (file, pointer): &Target) -> bool {
        let maps = SHARED
            .iter()
            .filter_map(|kind| shared_prefix(self.dialect, *kind));
        let mut names = maps.filter_map(|map| pointer.strip_prefix(map));
        *file == self.root_file && names.any(|name| !name.is_empty() && !name.contains('/'))
    }

    /// Returns the pointer of the root schema with an `$id` or `$anchor`.
    fn identified(&self, path: &str, fragment: &str) -> Option<String> {
        if fragment.is_empty() || !fragment.starts_with('/') {
            let known = self.identified.get(&(path.to_owned(), fragment.to_owned()));
            return known.cloned();
        }
        let known = self.identified.get(&(path.to_owned(), String::new()))?;
        Some(format!("{known}{fragment}"))
    }

    /// Checks that a shared value exists and has the right kind.
    pub(super) fn check_shared(
        &self,
        reference: &Node,
        pointer: &str,
        kind: Kind,
    ) -> Result<(), Diagnostic> {
        let wanted = shared_prefix(self.dialect, kind);
        let wanted = wanted.unwrap_or("/paths/");
        if !pointer.starts_with(wanted) {
            let message = format!("`#{pointer}` is not allowed here: expected `#{wanted}..`");
            return Err(Diagnostic::error("ref-invalid", reference.span, message)
                .with_help("refer to a definition of the right kind"));
        }
        match self.root.pointer(pointer) {
            Some(_) => Ok(()),
            None => {
                let target = (self.root_file, pointer.to_owned());
                Err(self.missing(reference, &target, &self.root))
            }
        }
    }

    /// Returns the name of a file without its folder and extension.
    pub(super) fn file_stem(&self, file: FileId) -> String {
        let stem = self.sources.file(file).path.file_stem();
        let stem = stem.map(|stem| stem.to_string_lossy().into_owned());
        stem.unwrap_or_default()
    }

    fn missing(&self, reference: &Node, (file, pointer): &Target, tree: &Node) -> Diagnostic {
        let meant = tree.intended_key(pointer).map(did_you_mean);
        let message = format!(
            "{} has no value at `{pointer}`{}",
            self.sources.file(*file).name,
            meant.unwrap_or_default()
        );
        Diagnostic::error("ref-missing", reference.span, message)
            .with_help("correct the reference, or add its target")
    }
}

fn is_remote(path: &str) -> bool {
    has_scheme(path) || path.starts_with('/')
}
