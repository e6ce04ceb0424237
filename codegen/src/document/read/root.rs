//! Reads the root object and the paths.

use std::collections::HashMap;

use indexmap::IndexMap;

use super::{Reader, extensions};
use crate::diagnostic::Diagnostic;
use crate::document::Dialect;
use crate::document::types::{Allow, Definition, Document, ErrorCode, Handle, PathItem, Retry};
use crate::source::{Member, Node, Span};

/// Facts of the root that the generator interprets.
const FACTS: &[&str] = &[
    "x-handles",
    "x-header-prefix",
    "x-error-codes",
    "x-lint-allow",
];

impl<'a> Reader<'a> {
    pub(super) fn document(&mut self) -> Option<Document> {
        let root = self.root;
        self.object(root, "a specification")?;
        let empty = Node {
            value: crate::source::Value::Object(IndexMap::new()),
            span: root.span,
        };
        let info = root.get("info").unwrap_or(&empty);
        self.object(info, "`info`")?;
        let Some(paths) = root.get("paths") else {
            let help = "add `\"paths\"` with the operations";
            self.problem("paths-missing", root.span, "`paths` is missing", help);
            return None;
        };
        let paths = self.object(paths, "`paths`")?;
        let (host, base_path, schemes) = self.address();
        self.check_security();
        // Packs read this fact directly.
        self.text(root, "x-language");
        let document = Document {
            span: root.span,
            title: self.text_or_empty(info, "title"),
            version: self.text_or_empty(info, "version"),
            description: self.text_or_empty(info, "description"),
            docs_url: self.docs_url(root),
            host,
            base_path,
            schemes,
            tags: self.tags(),
            handles: self.handles(),
            header_prefix: root.get("x-header-prefix").and_then(|node| {
                let prefix = self.text(root, "x-header-prefix")?;
                Some((prefix, node.span))
            }),
            error_codes: self.error_codes(),
            definitions: self.definitions(),
            lint_allow: self.lint_allow(),
            open_required: self.dialect != Dialect::Swagger2,
            paths: paths
                .iter()
                .filter(|(key, _)| !key.starts_with("x-"))
                .filter_map(|(key, member)| self.path_item(key, member))
                .collect(),
            ext: extensions(root, FACTS),
        };
        Some(document)
    }

    /// Reports security schemes.
    fn check_security(&mut self) {
        let root = self.root;
        let components = root.get("components");
        let schemes = root
            .get("securityDefinitions")
            .or_else(|| components?.get("securitySchemes"))
            .or_else(|| root.get("security"));
        if let Some(schemes) = schemes {
            let message =
                "security schemes are not read, so the output does not send what they require";
            let help = "accept this with `x-lint-allow` if the runtime of the pack authenticates \
                        requests; otherwise, describe the header or query parameter as a parameter";
            self.note("security-ignored", schemes.span, message, help);
        }
    }

    /// Returns host, base path and schemes.
    fn address(&mut self) -> (String, String, Vec<String>) {
        let root = self.root;
        if self.dialect != Dialect::Swagger2 {
            return self.servers();
        }
        let base_path = self.text(root, "basePath").unwrap_or_default();
        let span = root.get("basePath").map_or(root.span, |node| node.span);
        let host = self.text_or_empty(root, "host");
        let host_span = root.get("host").map_or(root.span, |node| node.span);
        self.check_host(&host, host_span);
        (
            host,
            self.base_path(&base_path, span),
            self.plain_texts(root, "schemes"),
        )
    }

    /// Reports a host with a character that neither a name nor an IP address with a port has.
    pub(super) fn check_host(&mut self, host: &str, span: Span) {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        if !host.bytes().all(is_part) {
            let message = format!("`{host}` is not a host");
            let help = "write a name or an IP address, with the port if needed, such as \
                        `api.example.com`";
            self.problem("host-text", span, message, help);
        }
    }

    /// Returns the base path without a trailing slash, unless it is `/`. The base path is sent
    /// unchanged.
    pub(super) fn base_path(&mut self, text: &str, span: Span) -> String {
        let path = text.trim_end_matches('/');
        if path.is_empty() {
            return "/".to_owned();
        }
        if !path.starts_with('/') {
            let message = format!("the base path `{text}` must begin with `/`");
            self.problem("path-slash", span, message, "add the slash");
        }
        let sent =
            |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&byte);
        if !path.bytes().all(sent) || path.split('/').any(|step| matches!(step, "." | "..")) {
            let message = format!("the base path `{text}` is not valid in a URL");
            let help = "percent-encode it, without `.`, `..`, `?` and `#`";
            self.problem("path-text", span, message, help);
        }
        path.to_owned()
    }

    fn lint_allow(&mut self) -> Vec<Allow> {
        let root = self.root;
        let mut entries = Vec::new();
        for node in self.items(root, "x-lint-allow") {
            let rule = self.required_text(node, "rule", "lint-allow");
            let at = self.required_text(node, "at", "lint-allow");
            let reason = self.required_text(node, "reason", "lint-allow");
            if let (Some(rule), Some(at), Some((reason, _))) = (rule, at, reason) {
                entries.push(Allow {
                    span: node.span,
                    rule,
                    at,
                    reason,
                });
            }
        }
        entries
    }

    fn tags(&mut self) -> IndexMap<String, String> {
        let mut tags = IndexMap::new();
        let root = self.root;
        for tag in self.items(root, "tags") {
            let Some((name, span)) = self.required_text(tag, "name", "tag-name") else {
                continue;
            };
            let description = self.text_or_empty(tag, "description");
            if tags.contains_key(&name) {
                let message = format!("duplicate tag `{name}`");
                self.problem("tag-duplicate", span, message, "remove one of them");
            }
            tags.insert(name, description);
        }
        tags
    }

    fn handles(&mut self) -> Vec<Handle> {
        let root = self.root;
        let mut handles = Vec::new();
        for node in self.items(root, "x-handles") {
            let Some((name, span)) = self.required_text(node, "name", "handle-name") else {
                continue;
            };
            let binds = self.plain_texts(node, "binds");
            handles.push(Handle { name, span, binds });
        }
        handles
    }

    fn error_codes(&mut self) -> Vec<ErrorCode> {
        let root = self.root;
        let mut codes = Vec::new();
        let mut spans = HashMap::new();
        for node in self.items(root, "x-error-codes") {
            let Some((code, span)) = self.required_text(node, "code", "error-code") else {
                continue;
            };
            if let Some(first) = spans.insert(code.clone(), span) {
                let message = format!("duplicate code `{code}`");
                self.problems.push(
                    Diagnostic::error("error-code", span, message)
                        .with_note(first, "the first one")
                        .with_help("remove one of them"),
                );
                continue;
            }
            let status = node
                .get("status")
                .filter(|status| !matches!(status.value, crate::source::Value::Null));
            codes.push(ErrorCode {
                code,
                span,
                status: status.and_then(|status| self.status_number(status)),
                description: self.text_or_empty(node, "description"),
                retry: self.retry(node),
            });
        }
        codes
    }

    fn status_number(&mut self, node: &Node) -> Option<u16> {
        let status = node.as_i64().and_then(|status| u16::try_from(status).ok());
        if status.is_none() {
            self.wrong_type(node, "`status`", "an HTTP status");
        }
        status
    }

    fn retry(&mut self, node: &Node) -> Retry {
        match self.text(node, "retry").as_deref() {
            None | Some("no") => Retry::No,
            Some("yes") => Retry::Yes,
            Some("later") => Retry::Later,
            Some("if_idempotent") => Retry::IfIdempotent,
            Some("once") => Retry::Once,
            Some("special") => Retry::Special,
            Some(other) => {
                let span = node.get("retry").map_or(node.span, |retry| retry.span);
                let message = format!("unknown value `{other}` of `retry`");
                let help = "use yes, later, if_idempotent, once, no or special";
                self.problem("error-code", span, message, help);
                Retry::No
            }
        }
    }

    fn definitions(&mut self) -> IndexMap<String, Definition> {
        let root = self.root;
        let mut definitions = IndexMap::new();
        let holder = match self.dialect {
            Dialect::Swagger2 => Some((root, "definitions")),
            _ => root.get("components").map(|node| (node, "schemas")),
        };
        let Some((holder, key)) = holder else {
            return definitions;
        };
        for (name, member) in self.members(holder, key) {
            if let Some(schema) = self.schema(&member.node) {
                let key = member.key;
                definitions.insert(name.clone(), Definition { key, schema });
            }
        }
        definitions
    }

    fn path_item(&mut self, key: &str, member: &'a Member) -> Option<PathItem> {
        if !key.starts_with('/') {
            let message = format!("the path `{key}` must begin with `/`");
            self.problem("path-slash", member.key, message, "add the slash");
        }
        self.object(&member.node, "a path")?;
        let (path, sub_resource) = match key.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (key, None),
        };
        let shared = self.parameters(&member.node);
        if self.dialect != Dialect::Swagger2 {
            self.left_out(&member.node, &["servers", "trace"]);
        }
        let operations = member
            .node
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| is_method(key))
            .filter_map(|(method, member)| self.operation((key, method), member, &shared))
            .collect();
        Some(PathItem {
            key: key.to_owned(),
            span: member.key,
            path: path.to_owned(),
            sub_resource,
            name: self.name(&member.node, "x-name"),
            signed: member.node.get("x-signed").is_none() || self.flag(&member.node, "x-signed"),
            operations,
        })
    }
}

fn is_method(key: &str) -> bool {
    matches!(
        key,
        "get" | "put" | "post" | "delete" | "options" | "head" | "patch"
    )
}
