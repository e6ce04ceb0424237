//! Reads OpenAPI 3.0 and 3.1 into the same types as Swagger 2.0.
//!
//! Facts that the model cannot represent are omitted or simplified, with a note. Facts that no
//! request can represent are errors.

pub(super) mod body;
mod parameter;
mod response;
mod schema;
mod union;

use super::Reader;
use crate::source::{Node, Span};

impl Reader<'_> {
    /// Returns host, base path and schemes. The first server determines host and path; the other
    /// servers can add schemes.
    pub(super) fn servers(&mut self) -> (String, String, Vec<String>) {
        let root = self.root;
        let mut address: Option<(String, String)> = None;
        let mut span = root.span;
        let mut schemes = Vec::new();
        for server in self.items(root, "servers") {
            let Some(url) = self.server_url(server) else {
                continue;
            };
            let (scheme, host, path) = split_url(&url);
            let this = (host.to_owned(), path.trim_end_matches('/').to_owned());
            if address.is_none() {
                span = server.span;
            }
            let first = address.get_or_insert_with(|| this.clone());
            if *first != this {
                let help = "users can configure another address";
                let message = "only the first server is used, as the default";
                self.note("openapi-ignored", server.span, message, help);
            } else if let Some(scheme) = scheme
                && !schemes.contains(&scheme)
            {
                schemes.push(scheme);
            }
        }
        let (host, path) = address.unwrap_or_default();
        self.check_host(&host, span);
        let path = self.base_path(&path, span);
        (host, path, schemes)
    }

    /// Returns the URL of a server with the defaults of its variables.
    fn server_url(&mut self, server: &Node) -> Option<String> {
        self.object(server, "a server")?;
        let (mut url, span) = self.required_text(server, "url", "openapi-server")?;
        for (name, member) in self.members(server, "variables") {
            if let Some((default, _)) =
                self.required_text(&member.node, "default", "openapi-server")
            {
                url = url.replace(&format!("{{{name}}}"), &default);
            }
        }
        if url.contains(['{', '}']) {
            let message = format!("`{url}` has a variable without a default");
            let help = "add it to `variables` of the server";
            self.problem("openapi-server", span, message, help);
            return None;
        }
        Some(url)
    }

    /// Returns the ID of an operation. Derives it from method and path if it is missing.
    pub(super) fn operation_id(
        &mut self,
        node: &Node,
        path: &str,
        method: &str,
        key: Span,
    ) -> Option<(String, Span)> {
        self.left_out(node, &["callbacks", "servers"]);
        if node.get("operationId").is_some() {
            return self.required_text(node, "operationId", "operation-id-missing");
        }
        let words = path.split(|c: char| !c.is_alphanumeric());
        let words = std::iter::once(method).chain(words);
        let id: String = words.map(capitalized).collect();
        let message = format!("`{method} {path}` has no `operationId`; its ID is `{id}`");
        let help = "add one, so that the name does not change with the path";
        self.warning("operation-id-made", key, message, help);
        Some((id, key))
    }

    /// Reports keys that are known but not read.
    pub(super) fn left_out(&mut self, node: &Node, keys: &[&str]) {
        for (key, member) in node.as_object().into_iter().flatten() {
            if keys.contains(&key.as_str()) {
                let help = "nothing, unless users need it";
                let message = format!("`{key}` is omitted");
                self.note("openapi-ignored", member.key, message, help);
            }
        }
    }
}

/// Splits a URL into scheme, host and path. A relative URL has neither scheme nor host.
fn split_url(url: &str) -> (Option<String>, &str, &str) {
    let Some((scheme, rest)) = url.split_once("://") else {
        return (None, "", url);
    };
    let at = rest.find('/').unwrap_or(rest.len());
    let (host, path) = rest.split_at(at);
    (Some(scheme.to_ascii_lowercase()), host, path)
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
