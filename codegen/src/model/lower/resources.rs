//! Lowers paths: handles, resources, and names of methods.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Lowerer, NamedItem};
use crate::document::{self, Handle, In, PathItem};
use crate::model::{Encoding, Imports, Operation, PlaceKind, Request, Resource, Segment};
use crate::naming::{Case, Claim, Role, Scope};

/// Handle and resource of an operation.
pub(super) struct OperationContext<'d> {
    /// The handle that binds the first parameters of the path.
    pub(super) handle: Option<&'d Handle>,
    /// Name of the resource.
    pub(super) resource: String,
}

impl OperationContext<'_> {
    /// Returns whether the handle sets the parameter.
    pub(super) fn binds(&self, parameter: &document::Parameter) -> bool {
        let binds = |handle: &Handle| handle.binds.contains(&parameter.name);
        parameter.place == In::Path && self.handle.is_some_and(binds)
    }
}

/// File names that are devices on Windows, alone or followed by a digit.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul"];
const PORTS: &[&str] = &["com", "lpt"];

impl<'a> Lowerer<'a> {
    pub(super) fn resources(&mut self) -> Vec<Resource> {
        let mut idents = Scope::default();
        // Methods must have different names within a handle only.
        let mut methods: HashMap<Option<&str>, Scope> = HashMap::new();
        let mut resources = Vec::new();
        for (item, name) in self.resource_names() {
            let handle = self.handle(&item.path);
            let context = OperationContext {
                handle,
                resource: name.clone(),
            };
            let scope = methods
                .entry(handle.map(|handle| handle.name.as_str()))
                .or_default();
            let operations: Vec<Arc<Operation>> = item
                .operations
                .iter()
                .filter_map(|operation| {
                    let ident = self.operation_ident(operation, &mut idents)?;
                    let method = self.method_ident(operation, handle, scope)?;
                    let lowered = self.operation(operation, item, &context, ident, method);
                    Some(Arc::new(lowered))
                })
                .collect();
            let place = item
                .operations
                .first()
                .map_or(item.span, |operation| operation.key);
            resources.push(Resource {
                ident: self.language.naming.ident(&name, Role::Type),
                name,
                path: item.key.clone(),
                sub_resource: item.sub_resource.clone(),
                handle: handle.map(|handle| handle.name.clone()),
                uses: Imports::union(operations.iter().map(|operation| &operation.uses)),
                operations,
                source: self.place(place),
            });
        }
        resources
    }

    /// Returns the paths with unique names, each with its name.
    fn resource_names(&mut self) -> Vec<(&'a PathItem, String)> {
        let mut names = Scope::default();
        let items = self.document.paths.iter();
        let mut claims: Vec<_> = items
            .map(|item| (item, self.resource_name(item), self.whole_name(item), None))
            .collect();
        // Assign names without alternatives first.
        for has_one in [true, false] {
            for (item, short, whole, claimed) in &mut claims {
                if (short == whole) == has_one {
                    let wanted = [short.clone(), whole.clone()];
                    *claimed = Some(names.claim(wanted, item.span));
                }
            }
        }
        let help = "two paths have the same file name: change one of them";
        let named = claims.into_iter().filter_map(|(item, _, _, claimed)| {
            // A file name from the whole path is as good as a short one.
            let claimed = claimed?.map(|claim| Claim {
                taken: None,
                ..claim
            });
            let named = NamedItem::new(&item.key, item.span, help);
            Some((item, self.claimed(claimed, named)?))
        });
        named.collect()
    }

    fn operation_ident(
        &mut self,
        operation: &document::Operation,
        scope: &mut Scope,
    ) -> Option<String> {
        let naming = &self.language.naming;
        // The names of operation types have prefixes or suffixes in most packs, so reserved words
        // do not matter.
        let plain = naming.join(naming.types, &naming.words(operation.wanted_name()));
        let plain = Some(plain).filter(|ident| !naming.keywords.contains(ident));
        let candidates = naming.candidates(operation.wanted_name(), Role::Type, None);
        let candidates = plain.into_iter().chain(candidates);
        let own_types = |ident: &str| {
            let patterns = naming.operation_types.iter();
            patterns.map(|one| one.replace("{ident}", ident)).collect()
        };
        let claimed = scope.claim_with(
            candidates.map(|ident| naming.safe_operation_type(ident)),
            own_types,
            operation.id_span,
        );
        self.claimed(claimed, operation_item(operation))
    }

    /// Returns the method name without the handle's name, or with it if another method has the
    /// short name.
    fn method_ident(
        &mut self,
        operation: &document::Operation,
        handle: Option<&Handle>,
        scope: &mut Scope,
    ) -> Option<String> {
        let naming = &self.language.naming;
        let mut words = naming.words(operation.wanted_name());
        let handle_word = handle.map(|handle| handle.name.to_lowercase());
        let at = words
            .iter()
            .position(|word| Some(word) == handle_word.as_ref());
        if let Some(at) = at.filter(|_| words.len() > 1) {
            words.remove(at);
        }
        let short = naming.safe(naming.join(naming.method, &words), Role::Method);
        let whole = naming.candidates(operation.wanted_name(), Role::Method, None);
        let further = |method: &str| {
            let patterns = naming.operation_methods.iter();
            patterns
                .map(|one| one.replace("{method}", method))
                .collect()
        };
        let candidates = std::iter::once(short).chain(whole);
        let claimed = scope.claim_with(candidates, further, operation.id_span);
        // The whole name is what `x-name` says.
        let whole = naming.ident(operation.wanted_name(), Role::Method);
        let is_whole = claimed.as_ref().is_ok_and(|claim| claim.ident == whole);
        let item = operation_item(operation);
        let item = item.chosen(item.is_chosen && !is_whole);
        self.claimed(claimed, item)
    }

    /// Returns the handle that binds most segments of a path.
    fn handle(&self, path: &str) -> Option<&'a Handle> {
        let starts = |handle: &&Handle| {
            let rest = path.strip_prefix(&bound_prefix(handle));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let candidates = self.document.handles.iter().filter(starts);
        candidates.max_by_key(|handle| handle.binds.len())
    }

    /// Returns the segments of the path after those that the handle binds.
    pub(super) fn segments(
        &self,
        item: &PathItem,
        context: &OperationContext<'_>,
        request: &Request,
    ) -> Vec<Segment> {
        let bound = context.handle.map(bound_prefix).unwrap_or_default();
        let rest = item.path.strip_prefix(&bound).unwrap_or(&item.path);
        let mut segments = Vec::new();
        for (is_parameter, text) in pieces(rest) {
            segments.push(if is_parameter {
                let mut properties = request.properties.iter();
                let property = properties.find(|property| {
                    property.place.kind == PlaceKind::Path && property.name == text
                });
                Segment::Parameter {
                    property: text.to_owned(),
                    ident: property.map_or_else(String::new, |property| property.ident.clone()),
                    encoding: property.map_or(Encoding::Text, |property| property.encoding),
                    collection: property.and_then(|property| property.place.collection),
                }
            } else {
                Segment::Literal {
                    text: text.to_owned(),
                }
            });
        }
        segments
    }

    /// Returns a file name stem: `x-name`, or the end of the path and its sub-resource.
    fn resource_name(&self, item: &PathItem) -> String {
        if let Some(name) = &item.name {
            return self.stem(&self.language.naming.words(name));
        }
        let pieces = pieces(&item.path);
        let parameter = pieces.iter().rev().find(|(is_parameter, _)| *is_parameter);
        let literal = pieces.iter().rev().find_map(|(is_parameter, text)| {
            let text = text
                .trim_matches('/')
                .rsplit('/')
                .next()
                .unwrap_or_default();
            (!is_parameter && !text.is_empty()).then_some(text)
        });
        let naming = &self.language.naming;
        let mut words = match (parameter, literal) {
            (Some((_, name)), _) => {
                let mut words = naming.words(name);
                if words.len() > 1
                    && matches!(
                        words.last().map(String::as_str),
                        Some("name" | "key" | "id")
                    )
                {
                    words.pop();
                }
                words
            }
            (None, Some(literal)) => naming.words(literal),
            (None, None) => vec!["service".to_owned()],
        };
        if let Some(sub_resource) = &item.sub_resource {
            words.extend(naming.words(sub_resource));
        }
        self.stem(&words)
    }

    /// Returns a file name stem from the whole path, if another path has the short one.
    fn whole_name(&self, item: &PathItem) -> String {
        self.stem(&self.language.naming.words(&item.key))
    }

    fn stem(&self, words: &[String]) -> String {
        let name = Case::Snake.join(words);
        let naming = &self.language.naming;
        let reserved = [&naming.keywords, &naming.reserved_resources];
        let port = name.strip_suffix(|c| matches!(c, '1'..='9'));
        let is_device =
            DEVICES.contains(&name.as_str()) || port.is_some_and(|port| PORTS.contains(&port));
        if is_device || reserved.iter().any(|list| list.contains(&name)) {
            return name + "_resource";
        }
        name
    }
}

fn operation_item(operation: &document::Operation) -> NamedItem<'_> {
    let help = "rename one of the operations with `x-name`";
    NamedItem::new(&operation.id, operation.id_span, help).chosen(operation.name.is_some())
}

/// Returns `/{a}/{b}` for a handle that binds `a` and `b`.
fn bound_prefix(handle: &Handle) -> String {
    handle
        .binds
        .iter()
        .map(|name| format!("/{{{name}}}"))
        .collect()
}

/// Splits a path at its braces. Returns for each piece whether it is a parameter, and its text.
pub(crate) fn pieces(path: &str) -> Vec<(bool, &str)> {
    let mut pieces = Vec::new();
    let mut rest = path;
    while let Some((literal, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        if !literal.is_empty() {
            pieces.push((false, literal));
        }
        pieces.push((true, name));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push((false, rest));
    }
    pieces
}
