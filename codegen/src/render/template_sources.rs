//! Texts of templates, and conversion of places from Tera's text to the original text.

use std::collections::BTreeMap;

use super::run_limits::LimitedTemplate;
use super::template_check;
use crate::diagnostic::Place;
use crate::pack::Pack;
use crate::source::slashes;

/// Texts of a pack by their name in Tera.
pub(super) struct TemplateSources<'p> {
    pub(super) pack: &'p Pack,
    /// Paths and conditions in `pack.json`.
    rules: BTreeMap<String, RuleText>,
    /// Texts with inserted filters, as passed to Tera.
    pub(super) limited: BTreeMap<String, LimitedTemplate>,
}

/// A path or condition in `pack.json`.
struct RuleText {
    text: String,
    /// Pointer in `pack.json`.
    pointer: [String; 3],
}

/// Text that turns a condition into a template.
const IF: &str = "{% if ";

impl<'p> TemplateSources<'p> {
    pub(super) fn new(pack: &'p Pack) -> Self {
        let mut rules = BTreeMap::new();
        for (index, rule) in pack.manifest.files.iter().enumerate() {
            let pointer = |key: &str| ["files".to_owned(), index.to_string(), key.to_owned()];
            if let Some(to) = &rule.to {
                let (text, pointer) = (to.clone(), pointer("to"));
                rules.insert(to_name(index), RuleText { text, pointer });
            }
            if let Some(when) = &rule.when {
                let (text, pointer) = (format!("{IF}{when} %}}yes{{% endif %}}"), pointer("when"));
                rules.insert(when_name(index), RuleText { text, pointer });
            }
        }
        let mut texts = Self {
            pack,
            rules,
            limited: BTreeMap::new(),
        };
        let all = texts.all();
        texts.limited = all
            .iter()
            .map(|(name, text)| ((*name).to_owned(), LimitedTemplate::new(text)))
            .collect();
        texts
    }

    /// Returns all original texts.
    pub(super) fn all(&self) -> BTreeMap<&str, &str> {
        let templates = self.pack.templates.iter();
        let templates = templates.map(|(name, template)| (name.as_str(), template.text.as_str()));
        let rules = self
            .rules
            .iter()
            .map(|(name, rule)| (name.as_str(), rule.text.as_str()));
        templates.chain(rules).collect()
    }

    /// Returns the templates that are rendered directly.
    pub(super) fn entries(&self) -> Vec<template_check::Entry<'_>> {
        let rules = self.pack.manifest.files.iter().enumerate();
        rules
            .flat_map(|(index, rule)| {
                let texts = [to_name(index), when_name(index)];
                let texts = texts
                    .into_iter()
                    .filter_map(|name| self.rules.get_key_value(&name));
                let names = texts.map(|(name, _)| name.as_str());
                let names = names.chain([rule.template.as_str()]);
                names
                    .map(|template| template_check::Entry {
                        template,
                        each: rule.each,
                    })
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}

impl TemplateSources<'_> {
    /// Returns the original text.
    pub(super) fn original(&self, name: &str) -> &str {
        let template = self.pack.templates.get(name);
        let template = template.map(|template| template.text.as_str());
        let rule = || self.rules.get(name).map(|rule| rule.text.as_str());
        template.or_else(rule).unwrap_or_default()
    }

    /// Converts a place in Tera's text.
    pub(super) fn place(&self, name: &str, line: usize, column: usize, width: usize) -> Place {
        let limited = self.limited.get(name);
        let column = limited.map_or(column, |limited| {
            limited.column(self.original(name), line, column)
        });
        self.place_of_author(name, line, column, width)
    }

    /// Converts a byte offset in the original text.
    pub(super) fn place_of_byte(&self, name: &str, at: usize, width: usize) -> Place {
        let before = self.original(name).get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        self.place_of_author(name, line, column, width)
    }

    fn place_of_author(&self, name: &str, line: usize, column: usize, width: usize) -> Place {
        if let Some(rule) = self.rules.get(name) {
            let is_condition = rule.text.starts_with(IF) && name.ends_with("/when");
            let skipped = if is_condition { IF.len() } else { 0 };
            let column = column.saturating_sub(skipped).max(1);
            let pointer: Vec<&str> = rule.pointer.iter().map(String::as_str).collect();
            if let Some(place) = self.pack.place(&pointer, column, width) {
                return place;
            }
        }
        let folder = self
            .pack
            .templates
            .get(name)
            .map(|template| &template.folder);
        let text = self.original(name).lines().nth(line.saturating_sub(1));
        Place {
            file: slashes(&folder.unwrap_or(&self.pack.folder).join(name)),
            line,
            column,
            pointer: None,
            text: text.unwrap_or_default().to_owned(),
            skipped: 0,
            width,
        }
    }
}

/// Returns the template name for the path of a file rule.
pub(super) fn to_name(index: usize) -> String {
    format!("pack.json#/files/{index}/to")
}

/// Returns the template name for the condition of a file rule.
pub(super) fn when_name(index: usize) -> String {
    format!("pack.json#/files/{index}/when")
}
