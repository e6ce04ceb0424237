//! Bundles the files of a specification into one tree. In the tree, `$ref`s only refer to shared
//! definitions, parameters and responses of the root document.

mod references;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::rc::Rc;

use super::Dialect;
use super::grammar::shared::shared_schemas;
use super::grammar::{Kind, child, is_map, item};
use super::schema_ids::{SchemaIds, collect_schema_ids};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Member, Node, Object, Sources, Value, escape_token, unescape_token};
use references::{References, Target};

/// Reads the root document and the files that it refers to, and returns the bundled tree.
pub(crate) fn bundle(
    path: &Path,
    sources: &mut Sources,
) -> Result<(Node, Dialect), Vec<Diagnostic>> {
    let (root_file, root) = sources.load(path)?;
    sources.check_root()?;
    let dialect = Dialect::of(&root).map_err(|problem| vec![*problem])?;
    let mut identified = SchemaIds::new();
    if dialect == Dialect::OpenApi31 {
        collect_schema_ids(&root, &mut identified);
    }
    let mut bundler = Bundler {
        dialect,
        references: References {
            dialect,
            identified,
            sources,
            root_file,
            root: Rc::clone(&root),
        },
        size: 0,
        definitions: HashMap::new(),
        hoisted: Vec::new(),
        open: HashSet::new(),
        problems: Vec::new(),
    };
    bundler.name_definitions(&root);
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
    references: References<'a>,
    /// Number of values that replaced references.
    size: usize,
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
    fn name_definitions(&mut self, root: &Node) {
        let definitions = root.pointer(shared_schemas(self.dialect));
        let definitions = definitions.and_then(Node::as_object);
        for (name, member) in definitions.into_iter().flatten() {
            let Some(reference) = member.node.get("$ref") else {
                continue;
            };
            let root_file = self.references.root_file;
            match self.references.target(reference, root_file, Kind::Schema) {
                Ok(target) if target.0 == root_file => {}
                Ok(target) => {
                    self.definitions.entry(target).or_insert(name.clone());
                }
                Err(problems) => self.problems.extend(problems),
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
                self.check_reference(object, kind);
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

    /// Reports a `$ref` in an object that cannot be a reference. Those of operations are reported
    /// when operations are read.
    fn check_reference(&mut self, object: &Object, kind: Kind) {
        if kind == Kind::Operation {
            return;
        }
        let reference = object.get("$ref").map(|member| &member.node);
        // A map can have a member that is called `$ref`. Such a member is an object.
        let Some(reference) = reference.filter(|reference| reference.as_str().is_some()) else {
            return;
        };
        let help = if is_map(kind) || kind == Kind::ParameterList {
            "refer to each of its members"
        } else {
            "replace the reference by its target"
        };
        let message = "this object cannot be a reference";
        let problem = Diagnostic::error("ref-invalid", reference.span, message);
        self.problems.push(problem.with_help(help));
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
        let target = match self.references.target(reference, file, kind) {
            Ok(target) => target,
            Err(problems) => {
                self.problems.extend(problems);
                return node.clone();
            }
        };
        if self.references.is_shared(&target) {
            let checked = self.references.check_shared(reference, &target.1, kind);
            self.problems.extend(checked.err());
            return local_reference(node, reference, format!("#{}", target.1));
        }
        // A root definition that is a `$ref` to another file is replaced by its target. All other
        // references refer to the definition.
        let is_definition = self.is_own_definition(&target, reference);
        if kind == Kind::Schema && !is_definition {
            if let Err(problems) = self.references.tree(&target, reference) {
                self.problems.extend(problems);
                return node.clone();
            }
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
        let bundled = match self.references.tree(target, reference) {
            Ok(tree) => match tree.pointer(&target.1) {
                Some(found) if self.has_room(found, reference) => self.walk(found, target.0, kind),
                _ => node.clone(),
            },
            Err(problems) => {
                self.problems.extend(problems);
                node.clone()
            }
        };
        self.open.remove(target);
        bundled
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

    /// Returns whether a reference is itself the root definition of its target.
    fn is_own_definition(&self, target: &Target, reference: &Node) -> bool {
        self.definitions.get(target).is_some_and(|name| {
            let root = &self.references.root;
            root.pointer(shared_schemas(self.dialect))
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
        let definitions = self.references.root.pointer(shared_schemas(self.dialect));
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
        self.references.file_stem(target.0)
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
