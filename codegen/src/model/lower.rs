//! Lowers a typed specification to the model.

mod finish;
mod merge;
mod narrow;
mod objects;
mod operations;
mod order;
mod paging;
mod properties;
mod resources;
mod shapes;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use indexmap::IndexMap;

use crate::diagnostic::Diagnostic;
use crate::document::{self, Document, Schema};
use crate::model::{
    CustomizedType, ErrorCode, Imports, MODEL_VERSION, Model, Operation, Place, Service,
    SourceLocation, SubService,
};
use crate::naming::{Claim, Collision, Role, Scope};
use crate::source::{Sources, Span};
use crate::target_language::TargetLanguage;

pub(super) fn lower(
    document: &Document,
    language: &TargetLanguage,
    sources: &Sources,
    root: &str,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Model, Vec<Diagnostic>> {
    let mut lowerer = Lowerer {
        document,
        language,
        sources,
        problems: Vec::new(),
        renamed: Vec::new(),
        type_scope: Scope::default(),
        definitions: HashMap::new(),
        types: IndexMap::new(),
        inline: HashMap::new(),
        descriptions: HashMap::new(),
        scalars: HashMap::new(),
        merged: 0,
        made: 0,
        pending: HashMap::new(),
        used: [Vec::new(), Vec::new()],
    };
    let model = lowerer.model(root);
    warnings.append(&mut lowerer.renamed);
    if lowerer.problems.is_empty() {
        Ok(model)
    } else {
        Err(lowerer.problems)
    }
}

/// Maximum number of properties and values of a model. Only nested `allOf`s reach it.
const MAX_MADE: usize = 200_000;

/// Maximum number of object parts, counted each time they are visited.
const MAX_MERGED: usize = 1_000_000;

/// Whether a type is sent or received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Direction {
    Request = 0,
    Response = 1,
}

struct Lowerer<'a> {
    document: &'a Document,
    language: &'a TargetLanguage,
    sources: &'a Sources,
    problems: Vec<Diagnostic>,
    /// Warnings about items that did not get their own identifiers.
    renamed: Vec<Diagnostic>,
    type_scope: Scope,
    /// Identifier and kind of each definition.
    definitions: HashMap<&'a str, (String, crate::model::TypeKind)>,
    /// All types by name, in order of first appearance.
    types: IndexMap<String, CustomizedType>,
    /// Schemas of inline types, by name.
    inline: HashMap<String, &'a document::Schema>,
    /// `x-type-description` of inline types, by name.
    descriptions: HashMap<String, (String, Span)>,
    /// Constructors, which are created after all types are known.
    pending: HashMap<String, &'a [document::Constructor]>,
    /// For each definition that was looked up, the scalar that it is an alias of.
    scalars: HashMap<&'a str, Option<&'a document::Schema>>,
    /// Number of object parts that were visited.
    merged: usize,
    /// Number of properties and values that were created.
    made: usize,
    /// Names of types in requests, and of types in responses.
    used: [Vec<String>; 2],
}

/// Context that gives an inline type its name.
#[derive(Debug, Clone, Copy)]
struct NameContext<'n> {
    /// Name of the type or operation around it.
    parent: &'n str,
    /// Name of the field.
    field: &'n str,
    /// Direction in the operation; `None` within a type.
    direction: Option<Direction>,
}

/// An item that gets an identifier.
#[derive(Debug, Clone, Copy)]
struct NamedItem<'n> {
    name: &'n str,
    span: Span,
    /// Advice if another item has the identifier.
    help: &'n str,
    /// Whether the author chose the identifier, for example with `x-name`.
    is_chosen: bool,
}

impl<'n> NamedItem<'n> {
    fn new(name: &'n str, span: Span, help: &'n str) -> Self {
        Self {
            name,
            span,
            help,
            is_chosen: false,
        }
    }

    fn chosen(self, is_chosen: bool) -> Self {
        Self { is_chosen, ..self }
    }
}

/// Specification of one property.
struct PropertySource<'a, 'n> {
    name: &'n str,
    span: Span,
    schema: &'a Schema,
    required: bool,
    place: Place,
    role: Role,
}

impl<'a> Lowerer<'a> {
    fn model(&mut self, root: &str) -> Model {
        self.refuse_unknown_handles();
        self.name_definitions();
        self.lower_definitions();
        let mut resources = self.resources();
        // Must run before the operations are shared.
        order::set_neighbors(&mut resources);
        let types = self.finish_types();
        let type_index = finish::set_types(&mut resources, &types);
        let operations = || resources.iter().flat_map(|resource| &resource.operations);
        let service = self.service(operations());
        let sub_services = self.sub_services(operations());
        let uses = Imports::union(operations().map(|operation| &operation.uses));
        let error_codes = self.error_codes();
        let types_use = Imports::union(types.iter().map(|one| &one.uses));
        Model {
            model_version: MODEL_VERSION,
            source: root.to_owned(),
            service,
            sub_services,
            signed_parameters: signed_parameters(self.document),
            error_codes,
            types,
            type_index,
            resources,
            uses,
            types_use,
        }
    }

    /// Reports handles that the pack has no code for.
    fn refuse_unknown_handles(&mut self) {
        let Some(known) = &self.language.handles else {
            return;
        };
        for handle in &self.document.handles {
            if !known.contains(&handle.name) {
                let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                let message = format!("the pack has no code for the handle `{}`", handle.name);
                let help = format!(
                    "it has code for {}; write the code, then add the handle to `handles` of pack.json",
                    if known.is_empty() {
                        "none".to_owned()
                    } else {
                        known.join(", ")
                    }
                );
                self.problems.push(
                    Diagnostic::error("handle-unknown", handle.span, message).with_help(help),
                );
            }
        }
    }

    fn service<'o>(&self, operations: impl Iterator<Item = &'o Arc<Operation>>) -> Service {
        let document = self.document;
        let operations = operations.filter(|operation| operation.handle.is_none());
        let operations: Vec<_> = operations.cloned().collect();
        Service {
            name: document.title.clone(),
            ident: self.language.naming.ident(&document.title, Role::Type),
            title: document.title.clone(),
            version: document.version.clone(),
            summary: first_line(&document.description),
            description: document.description.clone(),
            docs_url: document.docs_url.clone(),
            host: document.host.clone(),
            base_path: document.base_path.clone(),
            schemes: document.schemes.clone(),
            uses: Imports::union(operations.iter().map(|operation| &operation.uses)),
            operations,
            ext: document.ext.clone(),
        }
    }

    fn sub_services<'o>(
        &self,
        operations: impl Iterator<Item = &'o Arc<Operation>>,
    ) -> Vec<SubService> {
        let mut by_tag: IndexMap<&str, Vec<Arc<Operation>>> = IndexMap::new();
        for operation in operations {
            if let Some(tag) = &operation.tag {
                by_tag.entry(tag).or_default().push(operation.clone());
            }
        }
        by_tag
            .into_iter()
            .map(|(tag, operations)| SubService {
                name: tag.to_owned(),
                ident: self.language.naming.ident(tag, Role::Type),
                description: self.document.tags.get(tag).cloned().unwrap_or_default(),
                handle: self.shared_handle(tag, &operations),
                uses: Imports::union(operations.iter().map(|operation| &operation.uses)),
                operations,
            })
            .collect()
    }

    /// Returns the handle with the name of the tag, or the one that all operations of the tag have.
    fn shared_handle(&self, tag: &str, operations: &[Arc<Operation>]) -> Option<String> {
        if let Some(handle) = self
            .document
            .handles
            .iter()
            .find(|handle| handle.name == tag)
        {
            return Some(handle.name.clone());
        }
        let first = operations.first()?.handle.clone();
        let shared = operations.iter().all(|operation| operation.handle == first);
        first.filter(|_| shared)
    }

    fn error_codes(&mut self) -> Vec<ErrorCode> {
        let mut scope = Scope::default();
        let mut codes = Vec::new();
        for code in &self.document.error_codes {
            let candidates = self
                .language
                .naming
                .candidates(&code.code, Role::Value, None);
            let claimed = scope.claim(candidates, code.span);
            let item = NamedItem::new(&code.code, code.span, "change one of them");
            let Some(ident) = self.claimed(claimed, item) else {
                continue;
            };
            codes.push(ErrorCode {
                code: code.code.clone(),
                ident,
                status: code.status,
                description: code.description.clone(),
                retry: code.retry,
                source: self.place(code.span),
            });
        }
        codes
    }

    /// Returns the identifier. Reports if another item has the one that the item would have alone:
    /// an error if there is no other identifier, or if the author chose it.
    fn claimed(
        &mut self,
        claimed: Result<Claim, Collision>,
        item: NamedItem<'_>,
    ) -> Option<String> {
        let NamedItem {
            name, span, help, ..
        } = item;
        let (collision, ident) = match claimed {
            Ok(Claim { ident, taken: None }) => return Some(ident),
            Ok(Claim {
                ident,
                taken: Some(taken),
            }) => (taken, Some(ident).filter(|_| !item.is_chosen)),
            Err(collision) => (collision, None),
        };
        let taken = &collision.ident;
        let found = match &ident {
            Some(ident) => {
                let message = format!(
                    "`{name}` is called `{ident}`, because another item is called `{taken}`"
                );
                Diagnostic::warning("name-taken", span, message)
            }
            None => {
                let message = format!("the identifier `{taken}` of `{name}` is already taken");
                Diagnostic::error("name-collision", span, message)
            }
        };
        let found = found
            .with_note(collision.first, "taken here")
            .with_help(help);
        match ident {
            Some(_) => self.renamed.push(found),
            None => self.problems.push(found),
        }
        ident
    }

    /// Counts a property or value. Reports the limit once.
    fn has_room(&mut self, span: Span) -> bool {
        self.made += 1;
        if self.made == MAX_MADE + 1 {
            let message =
                format!("the model would have more than {MAX_MADE} properties and values");
            self.problems.push(
                Diagnostic::error("model-size", span, message)
                    .with_help("use fewer nested `allOf`s"),
            );
        }
        self.made <= MAX_MADE
    }

    /// Counts a part of an object. Reports the limit once.
    fn may_visit_part(&mut self, span: Span) -> bool {
        self.merged += 1;
        if self.merged == MAX_MERGED + 1 {
            let message = format!("the objects have more than {MAX_MERGED} parts in total");
            self.problems.push(
                Diagnostic::error("model-size", span, message)
                    .with_help("use fewer nested `allOf`s"),
            );
        }
        self.merged <= MAX_MERGED
    }

    fn place(&self, span: Span) -> SourceLocation {
        SourceLocation {
            file: self.sources.file(span.file).portable.clone(),
            line: self.sources.location(span).line,
        }
    }
}

/// Returns the signed sub-resources and query parameters.
fn signed_parameters(document: &Document) -> Vec<String> {
    let mut names = BTreeSet::new();
    for item in &document.paths {
        let markers = item
            .sub_resource
            .iter()
            .filter(|_| item.signed)
            .flat_map(|query| query.split('&'));
        names.extend(
            markers
                .map(marker_name)
                .filter(|name| !name.is_empty())
                .map(str::to_owned),
        );
        let parameters = item
            .operations
            .iter()
            .flat_map(|operation| &operation.parameters);
        let signed = parameters.filter(|parameter| parameter.schema.facts.signed);
        names.extend(signed.map(|parameter| parameter.name.clone()));
    }
    names.into_iter().collect()
}

/// Returns the name in `name=value`.
fn marker_name(marker: &str) -> &str {
    marker.split_once('=').map_or(marker, |(name, _)| name)
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}
