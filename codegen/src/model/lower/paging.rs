//! Lowers `x-paging`, and resolves the names in it.

use super::Lowerer;
use crate::diagnostic::Diagnostic;
use crate::document;
use crate::model::{Name, PageLink, Paging, Property, Request, Response, Shape};
use crate::source::{Node, Span};

const FLAG: &str = "a flag";
const NUMBER: &str = "an integer";

/// Advice about wrong names.
const EXAMPLE: &str = "for example {\"items\": \"keys\", \"more\": \"has_more\", \
                       \"next\": {\"next_marker\": \"marker\"}}";

impl Lowerer<'_> {
    pub(super) fn paging(
        &mut self,
        operation: &document::Operation,
        request: &Request,
        response: &Response,
    ) -> Option<Paging> {
        let raw = operation.paging.as_ref()?;
        let Some(node) = raw.get("items") else {
            self.paging_problem(raw.span, "`x-paging` must name its `items`", EXAMPLE);
            return None;
        };
        let list = self.page_text(&response.properties, node, "response")?;
        if !matches!(list.shape, Shape::List { .. } | Shape::Free) {
            self.mistyped(node.span, list, "a list");
        }
        let of_item = self.item_properties(list);
        let asked = &request.properties;
        let next = self.page_links(raw.get("next"), (&response.properties, "response"), asked);
        let last = self.page_links(raw.get("last"), (&of_item, "item"), asked);
        let mut named = |key: &str, wanted: &str, properties: &[Property], side: &str| {
            let node = raw.get(key)?;
            let found = self.page_text(properties, node, side)?;
            let fits = match wanted {
                FLAG => matches!(found.shape, Shape::Bool),
                _ => matches!(found.shape, Shape::Int { .. }),
            };
            if !fits {
                self.mistyped(node.span, found, wanted);
            } else if key == "offset" {
                self.settable(node.span, found);
            }
            Some(name(found))
        };
        let limit = named("limit", NUMBER, asked, "request");
        let more = named("more", FLAG, &response.properties, "response");
        let offset = named("offset", NUMBER, asked, "request");
        let total = named("total", NUMBER, &response.properties, "response");
        let has_rule =
            !next.is_empty() || !last.is_empty() || (offset.is_some() && total.is_some());
        Some(Paging {
            complete: list.item_type.is_some() && has_rule,
            item_type: list.item_type.clone(),
            items: name(list),
            limit,
            more,
            offset,
            total,
            next,
            last,
            raw: raw.clone(),
        })
    }

    /// Returns the properties of list items. Returns nothing if the items are not objects.
    fn item_properties(&self, list: &Property) -> Vec<Property> {
        let Shape::List { item } = &list.shape else {
            return Vec::new();
        };
        let Shape::Named { name, .. } = &**item else {
            return Vec::new();
        };
        let item = self.types.get(name);
        item.map_or_else(Vec::new, |item| item.properties.clone())
    }

    fn page_links(
        &mut self,
        links: Option<&Node>,
        (from, side): (&[Property], &str),
        to: &[Property],
    ) -> Vec<PageLink> {
        let mut found = Vec::new();
        for (field, member) in links.and_then(Node::as_object).into_iter().flatten() {
            let from = self.page_property(from, field, member.key, side);
            let to = self.page_text(to, &member.node, "request");
            if let (Some(from), Some(to)) = (from, to) {
                self.followable(member.node.span, from, to);
                found.push(PageLink {
                    from: name(from),
                    to: name(to),
                });
            }
        }
        found
    }

    /// Finds the property that a string in `x-paging` names.
    fn page_text<'p>(
        &mut self,
        properties: &'p [Property],
        node: &Node,
        side: &str,
    ) -> Option<&'p Property> {
        let name = node.as_str().unwrap_or_default();
        self.page_property(properties, name, node.span, side)
    }

    fn page_property<'p>(
        &mut self,
        properties: &'p [Property],
        name: &str,
        span: Span,
        side: &str,
    ) -> Option<&'p Property> {
        let found = properties.iter().find(|property| property.name == name);
        if found.is_none() {
            let message = format!("`x-paging` names `{name}`, which the {side} does not have");
            self.paging_problem(span, &message, EXAMPLE);
        }
        found
    }

    /// Checks that a response property has the type of the request parameter that it sets.
    fn followable(&mut self, span: Span, from: &Property, to: &Property) {
        if !matches!(from.shape, Shape::Text | Shape::Int { .. }) {
            self.mistyped(span, from, "text or an integer");
        } else if from.shape != to.shape {
            let message = format!(
                "`x-paging` copies `{}` of type `{}` to `{}` of type `{}`",
                from.name, from.type_name, to.name, to.type_name
            );
            let help = format!("give `{}` and `{}` the same type", from.name, to.name);
            self.paging_problem(span, &message, &help);
        } else {
            self.settable(span, to);
        }
    }

    /// Checks that a parameter is optional, because the request for the first page omits it.
    fn settable(&mut self, span: Span, parameter: &Property) {
        if parameter.required {
            let message = format!("`x-paging` sets `{}`, which is required", parameter.name);
            let help = format!(
                "make `{}` optional, or name another parameter",
                parameter.name
            );
            self.paging_problem(span, &message, &help);
        }
    }

    fn mistyped(&mut self, span: Span, found: &Property, wanted: &str) {
        let message = format!(
            "`x-paging` names `{}`, which is `{}`, not {wanted}",
            found.name, found.type_name
        );
        let help = format!("make `{}` {wanted}, or correct the name", found.name);
        self.paging_problem(span, &message, &help);
    }

    fn paging_problem(&mut self, span: Span, message: &str, help: &str) {
        self.problems
            .push(Diagnostic::error("paging", span, message).with_help(help));
    }
}

fn name(property: &Property) -> Name {
    Name {
        name: property.name.clone(),
        ident: property.ident.clone(),
    }
}
