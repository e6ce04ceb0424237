//! Paging: the fact `x-paging`, its names looked up.

use super::Lowerer;
use crate::diagnostic::Diagnostic;
use crate::document;
use crate::model::{Name, PageLink, Paging, Property, Request, Response, Shape};
use crate::source::{Node, Span};

impl Lowerer<'_> {
    pub(super) fn paging(
        &mut self,
        operation: &document::Operation,
        request: &Request,
        response: &Response,
    ) -> Option<Paging> {
        let raw = operation.paging.as_ref()?;
        let Some(node) = raw.get("items") else {
            self.paging_problem(raw.span, "`x-paging` must name its `items`");
            return None;
        };
        let items = self.page_name(&response.properties, node, "answer")?;
        let list = response.properties.iter().find(|p| p.name == items.name)?;
        let of_item = self.item_properties(list);
        let asked = &request.properties;
        let next = self.page_links(raw.get("next"), (&response.properties, "answer"), asked);
        let last = self.page_links(raw.get("last"), (&of_item, "item"), asked);
        let mut named = |key: &str, properties: &[Property], side: &str| {
            let node = raw.get(key)?;
            self.page_name(properties, node, side)
        };
        Some(Paging {
            item_type: list.item_type.clone(),
            items,
            limit: named("limit", asked, "request"),
            more: named("more", &response.properties, "answer"),
            offset: named("offset", asked, "request"),
            total: named("total", &response.properties, "answer"),
            next,
            last,
            raw: raw.clone(),
        })
    }

    /// The fields of what stands in a list; none where it holds no objects.
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
        for (name, member) in links.and_then(Node::as_object).into_iter().flatten() {
            let from = self.page_property(from, name, member.key, side);
            let to = self.page_name(to, &member.node, "request");
            if let (Some(from), Some(to)) = (from, to) {
                found.push(PageLink { from, to });
            }
        }
        found
    }

    /// The property that a text of the fact names.
    fn page_name(&mut self, properties: &[Property], node: &Node, side: &str) -> Option<Name> {
        self.page_property(
            properties,
            node.as_str().unwrap_or_default(),
            node.span,
            side,
        )
    }

    fn page_property(
        &mut self,
        properties: &[Property],
        name: &str,
        span: Span,
        side: &str,
    ) -> Option<Name> {
        let found = properties.iter().find(|property| property.name == name);
        if found.is_none() {
            let message = format!("`x-paging` names `{name}`, which the {side} does not have");
            self.paging_problem(span, &message);
        }
        found.map(|property| Name {
            name: property.name.clone(),
            ident: property.ident.clone(),
        })
    }

    fn paging_problem(&mut self, span: Span, message: &str) {
        let help = "for example {\"items\": \"keys\", \"more\": \"has_more\", \
                    \"next\": {\"next_marker\": \"marker\"}}";
        self.problems
            .push(Diagnostic::error("paging", span, message).with_help(help));
    }
}
