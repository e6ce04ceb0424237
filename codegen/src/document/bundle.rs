//! Bundles the files of a specification into one tree. In the tree, `$ref`s only refer to shared
//! definitions, parameters and responses of the root document.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;

use super::Dialect;
use super::grammar::shared::{SHARED, shared_prefix, shared_schemas};
use super::grammar::{Kind, child, item};
use super::schema_ids::{SchemaIds, collect_schema_ids};
use crate::diagnostic::Diagnostic;
use crate::source::{
    FileId, Member, Node, Object, Sources, Value, decode_reference, escape_token, has_scheme,
    join_reference, percent_decode, unescape_token,
};

/// A place in a file that a reference resolves to.
type Target = (FileId, String);

/// Reads the root document and the files that it refers to, and returns the bundled tree.
pub(crate) fn bundle(
    path: &Path,
    sources: &mut Sources,
) -> Result<(Node, Dialect), Vec<Diagnostic>> {
    let (root_file, root) = sources.load(path)?;
    let dialect = Dialect::of(&root).map_err(|problem| vec![*problem])?;
    let mut bundler = Bundler {
        dialect,
        identified: SchemaIds::new(),
        size: 0,
        sources,
        root_file,
        root: Rc::clone(&root),
        definitions: HashMap::new(),
        hoisted: Vec::new(),
        open: HashSet::new(),
        problems: Vec::new(),
    };
    bundler.name_definitions();
    if dialect == Dialect::OpenApi31 {
        collect_schema_ids(&root, &mut bundler.identified);
    }
    let mut bundled = bundler.walk(&root, root_file, Kind::Root);
    bundler.fill_hoisted();
    bundler.add_hoisted(&mut bundled);
    if bundler.problems.is_empty() {
        Ok((bundled, dialect))
    } else {
        Err(bundler.problems)
    }
}

/// Maximum length of a chain of references, which keeps the recursion within the stack.
const MAX_CHAIN: usize = 32;

/// Maximum number of values in the bundle. Only many references to one big value reach it.
const MAX_SIZE: usize = 4_000_000;

struct Bundler<'a> {
    dialect: Dialect,
    /// Pointers of schemas by `$id` and `$anchor`, which only OpenAPI 3.1 has.
    identified: SchemaIds,
    /// Number of values that replaced references.
    size: usize,
    sources: &'a mut Sources,
    root_file: FileId,
    root: Rc<Node>,
    /// Root definitions that are a `$ref` to another file, by the target.
    definitions: HashMap<Target, String>,
    /// Schemas of other files without a definition in the root. They become definitions. Added one
    /// after the other instead of recursively, because chains of them can be long.
    hoisted: Vec<(String, Target, Member)>,
    /// References that are being resolved, to detect cycles.
    open: HashSet<Target>,
    problems: Vec<Diagnostic>,
}

impl Bundler<'_> {
    /// Collects the root definitions that are a `$ref` to another file.
    fn name_definitions(&mut self) {
        let root = Rc::clone(&self.root);
        let definitions = root.pointer(shared_schemas(self.dialect));
        let definitions = definitions.and_then(Node::as_object);
        for (name, member) in definitions.into_iter().flatten() {
            let Some(reference) = member.node.get("$ref") else {
                continue;
            };
            if let Some(target) = self.target(reference, self.root_file)
                && target.0 != self.root_file
            {
                self.definitions.entry(target).or_insert(name.clone());
            }
        }
    }

    fn walk(&mut self, node: &Node, file: FileId, kind: Kind) -> Node {
        if kind == Kind::Opaque {
            return node.clone();
        }
        let value = match &node.value {
            Value::Object(object) => {
                if let Some(reference) = object.get("$ref").filter(|_| may_refer(kind)) {
                    return self.follow(node, &reference.node, file, kind);
                }
                Value::Object(self.walk_object(object, file, kind))
            }
            Value::Array(items) => {
                let kind = item(kind);
                Value::Array(
                    items
                        .iter()
                        .map(|item| self.walk(item, file, kind))
                        .collect(),
                )
            }
            other => other.clone(),
        };
        Node {
            value,
            span: node.span,
        }
    }

    fn walk_object(&mut self, object: &Object, file: FileId, kind: Kind) -> Object {
        object
            .iter()
            .map(|(key, member)| {
                let kind = child(self.dialect, kind, key).unwrap_or(Kind::Opaque);
                let node = self.walk(&member.node, file, kind);
                let key_span = member.key;
                (
                    key.clone(),
                    Member {
                        key: key_span,
                        node,
                    },
                )
            })
            .collect()
    }

    /// Replaces a `$ref` object by its target, or by a reference to a shared value of the root.
    fn follow(&mut self, node: &Node, reference: &Node, file: FileId, kind: Kind) -> Node {
        let Some(target) = self.target(reference, file) else {
            return node.clone();
        };
        if target.0 == self.root_file && self.is_shared(&target.1) {
            self.check_shared(reference, &target.1, kind);
            return local_reference(node, reference, format!("#{}", target.1));
        }
        // A root definition that is a `$ref` to another file is replaced by its target. All other
        // references refer to the definition.
        let is_definition = self.is_own_definition(&target, reference);
        if kind == Kind::Schema && !is_definition {
            let name = self.hoist(&target, reference);
            let name = escape_token(&name);
            let schemas = shared_schemas(self.dialect);
            return local_reference(node, reference, format!("#{schemas}/{name}"));
        }
        self.inline(node, &target, reference, kind)
    }

    fn inline(&mut self, node: &Node, target: &Target, reference: &Node, kind: Kind) -> Node {
        if !self.open.insert(target.clone()) {
            self.problems.push(
                Diagnostic::error(
                    "ref-circular",
                    reference.span,
                    "this reference refers to itself",
                )
                .with_help("replace one of the references in the cycle by its target"),
            );
            return node.clone();
        }
        if self.open.len() > MAX_CHAIN {
            self.problems.push(
                Diagnostic::error(
                    "ref-depth",
                    reference.span,
                    "this chain of references is too long",
                )
                .with_help("refer to the target directly"),
            );
            self.open.remove(target);
            return node.clone();
        }
        let found = self.lookup(target, reference);
        let node = match found {
            Some((tree, pointer)) => match tree.pointer(&pointer) {
                Some(found) if self.has_room(found, reference) => self.walk(found, target.0, kind),
                Some(_) => node.clone(),
                None => node.clone(),
            },
            None => node.clone(),
        };
        self.open.remove(target);
        node
    }

    /// Returns whether the bundle may grow by the target of a reference. Reports the limit once.
    fn has_room(&mut self, found: &Node, reference: &Node) -> bool {
        let had_room = self.size <= MAX_SIZE;
        if had_room {
            self.size += found.size();
        }
        let has_room = self.size <= MAX_SIZE;
        if had_room && !has_room {
            let message = format!("references expand to more than {MAX_SIZE} values");
            self.problems.push(
                Diagnostic::error("ref-size", reference.span, message)
                    .with_help("move the repeated parts to the definitions"),
            );
        }
        has_room
    }

    /// Returns the file and the pointer of a target, if it exists.
    fn lookup(&mut self, target: &Target, reference: &Node) -> Option<(Rc<Node>, String)> {
        let path = self.sources.file(target.0).path.clone();
        let tree = match self.sources.load(&path) {
            Ok((_, tree)) => tree,
            Err(problems) => {
                self.problems.extend(problems);
                return None;
            }
        };
        if tree.pointer(&target.1).is_none() {
            self.problems.push(missing(
                reference,
                &self.sources.file(target.0).name,
                &target.1,
            ));
            return None;
        }
        Some((tree, target.1.clone()))
    }

    /// Resolves the target of a `$ref`. In a part of a Swagger specification, `#/..` refers to the
    /// root document, or to the part if only the part has the target. In OpenAPI, the order is
    /// reversed.
    fn target(&mut self, reference: &Node, file: FileId) -> Option<Target> {
        let Some(text) = reference.as_str() else {
            self.problems.push(
                Diagnostic::error(
                    "ref-invalid",
                    reference.span,
                    format!("`$ref` must be a string, this is {}", reference.kind()),
                )
                .with_help("write it as `\"#/definitions/name\"` or `\"./file.json#/pointer\"`"),
            );
            return None;
        };
        let (path, pointer) = text.split_once('#').unwrap_or((text, ""));
        let pointer = String::from_utf8_lossy(&percent_decode(pointer)).into_owned();
        if let Some(target) = self.identified(path, &pointer) {
            return Some((self.root_file, target));
        }
        if is_remote(path) || (!pointer.is_empty() && !pointer.starts_with('/')) {
            self.problems.push(
                Diagnostic::error(
                    "ref-invalid",
                    reference.span,
                    format!("`{text}` is not a reference to a local file"),
                )
                .with_help("use a relative path and a JSON pointer: `./file.json#/pointer`"),
            );
            return None;
        }
        if path.is_empty() {
            let own = file != self.root_file
                && match self.dialect {
                    Dialect::Swagger2 => self.root.pointer(&pointer).is_none(),
                    _ => self.has(file, &pointer),
                };
            let owner = if own { file } else { self.root_file };
            return Some((owner, pointer));
        }
        let path = match decode_reference(path) {
            Ok(path) => join_reference(&self.sources.file(file).path, &path),
            Err(why) => {
                let message = format!("`{text}` is not a reference to a file: {why}");
                self.problems.push(
                    Diagnostic::error("ref-invalid", reference.span, message)
                        .with_help("use a relative path with `/`, and `%20` for a space"),
                );
                return None;
            }
        };
        if !self.sources.may_refer_to(&path) {
            let message = format!("`{text}` is outside the folder of the specification");
            self.problems.push(
                Diagnostic::error("ref-outside", reference.span, message).with_help(
                    "move the file below the folder of the root file, or name a folder that \
                     contains both with `--spec-root`",
                ),
            );
            return None;
        }
        match self.sources.load_part(&path, reference.span) {
            Ok((file, _)) => Some((file, pointer)),
            Err(problems) => {
                self.problems.extend(problems);
                None
            }
        }
    }

    /// Returns whether a loaded file has a value at a pointer.
    fn has(&mut self, file: FileId, pointer: &str) -> bool {
        let path = self.sources.file(file).path.clone();
        let tree = self.sources.load(&path);
        tree.is_ok_and(|(_, tree)| tree.pointer(pointer).is_some())
    }

    /// Returns whether a pointer refers to a shared value, which stays a reference.
    fn is_shared(&self, pointer: &str) -> bool {
        let maps = SHARED
            .iter()
            .filter_map(|kind| shared_prefix(self.dialect, *kind));
        let mut names = maps.filter_map(|map| pointer.strip_prefix(map));
        names.any(|name| !name.is_empty() && !name.contains('/'))
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

    fn check_shared(&mut self, reference: &Node, pointer: &str, kind: Kind) {
        let wanted = shared_prefix(self.dialect, kind);
        let wanted = wanted.unwrap_or("/paths/");
        if !pointer.starts_with(wanted) {
            self.problems.push(
                Diagnostic::error(
                    "ref-invalid",
                    reference.span,
                    format!("`#{pointer}` is not allowed here: expected `#{wanted}..`"),
                )
                .with_help("refer to a definition of the right kind"),
            );
        } else if self.root.pointer(pointer).is_none() {
            let root = self.sources.file(self.root_file).name.clone();
            self.problems.push(missing(reference, &root, pointer));
        }
    }

    /// Returns whether a reference is itself the root definition of its target.
    fn is_own_definition(&self, target: &Target, reference: &Node) -> bool {
        self.definitions.get(target).is_some_and(|name| {
            self.root
                .pointer(shared_schemas(self.dialect))
                .and_then(|definitions| definitions.get(name)?.get("$ref"))
                .is_some_and(|own| own.span == reference.span)
        })
    }

    /// Adds a schema of another file to the definitions, and returns its name.
    fn hoist(&mut self, target: &Target, reference: &Node) -> String {
        if let Some(name) = self.definitions.get(target) {
            return name.clone();
        }
        let name = self.hoisted_name(target);
        let definitions = self.root.pointer(shared_schemas(self.dialect));
        let definitions = definitions.and_then(Node::as_object);
        let taken = definitions.and_then(|definitions| Some(definitions.get(&name)?.key));
        let taken = taken.or_else(|| {
            let same = self.hoisted.iter().find(|(other, _, _)| *other == name);
            same.map(|(_, _, member)| member.key)
        });
        if let Some(span) = taken {
            self.problems.push(
                Diagnostic::error(
                    "ref-name-taken",
                    reference.span,
                    format!(
                        "this schema would get the name `{name}`, which another definition has"
                    ),
                )
                .with_note(span, "the other definition")
                .with_help("add it to `definitions` of the root with another name"),
            );
        }
        self.definitions.insert(target.clone(), name.clone());
        let member = Member {
            key: reference.span,
            node: reference.clone(),
        };
        self.hoisted.push((name.clone(), target.clone(), member));
        name
    }

    /// Returns the name of a schema that becomes a definition: in Swagger, the last part of its
    /// pointer; in OpenAPI, all names in the pointer, because references can lead into a
    /// definition.
    fn hoisted_name(&self, target: &Target) -> String {
        let words = target.1.split('/').skip(1);
        let words = words.map(|word| unescape_token(word).into_owned());
        let keywords = [
            "components",
            "schemas",
            "definitions",
            "properties",
            "$defs",
        ];
        let name = match self.dialect {
            Dialect::Swagger2 => words.last().unwrap_or_default(),
            _ => {
                let names = words.filter(|word| !keywords.contains(&word.as_str()));
                names.collect::<Vec<_>>().join("_")
            }
        };
        if !name.is_empty() {
            return name;
        }
        let stem = self.sources.file(target.0).path.file_stem();
        let stem = stem.map(|stem| stem.to_string_lossy().into_owned());
        stem.unwrap_or_default()
    }

    fn fill_hoisted(&mut self) {
        let mut next = 0;
        while let Some((_, target, member)) = self.hoisted.get(next) {
            let (target, reference) = (target.clone(), member.node.clone());
            let node = self.inline(&reference, &target, &reference, Kind::Schema);
            if let Some((_, _, member)) = self.hoisted.get_mut(next) {
                member.node = node;
            }
            next += 1;
        }
    }

    fn add_hoisted(&mut self, bundled: &mut Node) {
        if self.hoisted.is_empty() {
            return;
        }
        let mut node = bundled;
        for key in shared_schemas(self.dialect).split('/').skip(1) {
            let span = node.span;
            let Value::Object(object) = &mut node.value else {
                return;
            };
            let empty = || Member {
                key: span,
                node: Node {
                    value: Value::Object(Object::new()),
                    span,
                },
            };
            node = &mut object.entry(key.to_owned()).or_insert_with(empty).node;
        }
        if let Value::Object(definitions) = &mut node.value {
            let hoisted = self.hoisted.drain(..);
            definitions.extend(hoisted.map(|(name, _, member)| (name, member)));
        }
    }
}

/// Returns whether an object of this kind can be a reference.
fn may_refer(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::PathItem
            | Kind::Parameter
            | Kind::Response
            | Kind::RequestBody
            | Kind::HeaderObject
            | Kind::Schema
    )
}

fn is_remote(path: &str) -> bool {
    has_scheme(path) || path.starts_with('/')
}

/// Points a reference at the root document, and keeps its other members, such as a description or
/// facts of an overlay.
fn local_reference(node: &Node, reference: &Node, text: String) -> Node {
    let mut node = node.clone();
    if let Value::Object(object) = &mut node.value
        && let Some(member) = object.get_mut("$ref")
    {
        member.node = Node {
            value: Value::String(text),
            span: reference.span,
        };
    }
    node
}

fn missing(reference: &Node, file: &str, pointer: &str) -> Diagnostic {
    Diagnostic::error(
        "ref-missing",
        reference.span,
        format!("{file} has no value at `{pointer}`"),
    )
    .with_help("correct the reference, or add its target")
}
