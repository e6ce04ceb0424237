//! Walks through the tags of templates with the names that are defined at each.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::lexer::{Tag, Token};
use super::tag_syntax::{KEYWORDS, asked_names, bound_names, component_name, is_component};
use super::types::{Schemas, Type};
use super::{Parameters, Unknown, nearest};

/// Maximum depth of included templates. No pack reaches it, and Tera refuses cycles.
const DEPTH: usize = 50;

type Names<'s> = HashMap<String, Type<'s>>;

/// A walk through the templates.
pub(super) struct Scan<'s, 'a> {
    schemas: &'s Schemas,
    all: &'a HashMap<&'a str, Vec<Tag<'a>>>,
    parameters: &'a mut Parameters<'s>,
    unknown: &'a mut BTreeSet<Unknown>,
    /// Names by scope, innermost last.
    scopes: Vec<Names<'s>>,
    /// Names that are set anywhere in the template, because the next iteration of a loop sees names
    /// that are set after their use.
    set_somewhere: HashSet<String>,
    template: &'a str,
}

impl<'s, 'a> Scan<'s, 'a> {
    pub(super) fn new(
        schemas: &'s Schemas,
        all: &'a HashMap<&'a str, Vec<Tag<'a>>>,
        parameters: &'a mut Parameters<'s>,
        unknown: &'a mut BTreeSet<Unknown>,
    ) -> Self {
        Self {
            schemas,
            all,
            parameters,
            unknown,
            scopes: Vec::new(),
            set_somewhere: HashSet::new(),
            template: "",
        }
    }

    /// Checks a template that is rendered directly, with all templates that it includes or extends.
    pub(super) fn entry(&mut self, template: &'a str, names: Names<'s>) {
        self.scopes = vec![names];
        self.collect_set(template, 0);
        self.whole(template, 0);
    }

    /// Checks the components of a template.
    pub(super) fn components(&mut self, template: &'a str) {
        self.template = template;
        let mut inside = false;
        for tag in self.all.get(template).into_iter().flatten() {
            match tag.name(0) {
                Some("component") if tag.is_statement => {
                    inside = true;
                    self.scopes = vec![self.component_names(tag)];
                    self.set_somewhere.clear();
                    self.collect_set(template, 0);
                }
                Some("endcomponent") if tag.is_statement => inside = false,
                _ if inside => self.tag(tag, 0),
                _ => {}
            }
        }
    }

    /// Collects the names that are set, and those that loops define for blocks that another
    /// template overrides.
    fn collect_set(&mut self, template: &str, depth: usize) {
        for tag in self.all.get(template).into_iter().flatten() {
            self.set_somewhere.extend(asked_names(tag));
            if !tag.is_statement {
                continue;
            }
            match (tag.name(0), tag.name(1), tag.words.get(1)) {
                (Some("set" | "set_global"), Some(name), _) => {
                    self.set_somewhere.insert(name.to_owned());
                }
                (Some("include"), _, Some(word)) if depth < DEPTH => {
                    if let Token::Text(other) = word.token {
                        self.collect_set(other, depth + 1);
                    }
                }
                (Some("extends"), _, Some(word)) if depth < DEPTH => {
                    if let Token::Text(other) = word.token {
                        self.collect_loops(other);
                        self.collect_set(other, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    fn collect_loops(&mut self, template: &str) {
        for tag in self.all.get(template).into_iter().flatten() {
            if tag.is_statement && tag.name(0) == Some("for") {
                let names = tag.words.iter().map_while(|word| match word.token {
                    Token::Name("in") => None,
                    Token::Name(name) => Some(name.to_owned()),
                    _ => Some(String::new()),
                });
                self.set_somewhere.extend(names);
            }
        }
    }

    fn whole(&mut self, template: &'a str, depth: usize) {
        let before = std::mem::replace(&mut self.template, template);
        let scopes = self.scopes.len();
        let mut component = false;
        for tag in self.all.get(template).into_iter().flatten() {
            match tag.name(0) {
                Some("component") if tag.is_statement => component = true,
                Some("endcomponent") if tag.is_statement => component = false,
                _ if !component => self.tag(tag, depth),
                _ => {}
            }
        }
        self.scopes.truncate(scopes);
        self.template = before;
    }

    fn tag(&mut self, tag: &Tag<'a>, depth: usize) {
        let first = tag.name(0).filter(|_| tag.is_statement);
        match first {
            Some("for") => self.begin_loop(tag),
            Some("endfor") => drop(self.scopes.pop()),
            Some("set" | "set_global") => self.set(tag, first == Some("set_global")),
            Some("include" | "extends") => {
                if let Some(Token::Text(other)) = tag.words.get(1).map(|word| word.token)
                    && let Some((other, _)) = self.all.get_key_value(other)
                    && depth < DEPTH
                {
                    self.whole(other, depth + 1);
                }
            }
            Some("if" | "elif") => self.expression(tag, 1),
            // The names of blocks and the like are not variables.
            Some("filter") => self.expression(tag, 2),
            Some(
                "block" | "endblock" | "endset" | "endif" | "endfilter" | "else" | "break"
                | "continue",
            ) => {}
            _ => self.expression(tag, 0),
        }
    }

    fn begin_loop(&mut self, tag: &Tag<'a>) {
        let at = tag
            .words
            .iter()
            .position(|word| word.token == Token::Name("in"));
        let at = at.unwrap_or(tag.words.len());
        self.expression(tag, at + 1);
        let of = self.whole_type(tag, at + 1);
        let mut names = Names::new();
        match (tag.name(1), tag.name(3).filter(|_| at == 4)) {
            (Some(key), Some(value)) => {
                names.insert(key.to_owned(), Type::any());
                names.insert(value.to_owned(), Type::any());
            }
            (Some(item), None) => drop(names.insert(item.to_owned(), self.schemas.items(&of))),
            _ => {}
        }
        self.scopes.push(names);
    }

    fn set(&mut self, tag: &Tag<'a>, global: bool) {
        let Some(name) = tag.name(1) else {
            return;
        };
        let is_block = tag
            .words
            .get(2)
            .is_none_or(|word| word.token != Token::Mark("="));
        let mut held = Type::any();
        if is_block {
            self.expression(tag, 2);
        } else {
            self.expression(tag, 3);
            if !global {
                held = self.filtered_type(tag, 3);
            }
        }
        let scope = if global {
            self.scopes.first_mut()
        } else {
            self.scopes.last_mut()
        };
        if let Some(scope) = scope {
            // A name that is set in several places can have any of these types.
            if scope.contains_key(name) {
                held = Type::any();
            }
            scope.insert(name.to_owned(), held);
        }
    }

    /// Returns the names that a component sees: its parameters, with the types of the arguments.
    fn component_names(&self, tag: &Tag<'a>) -> Names<'s> {
        let component = component_name(tag, 1);
        let mut names = Names::new();
        let mut depth = 0_usize;
        let mut free = false;
        for (index, word) in tag.words.iter().enumerate() {
            let begins = |offset: usize| {
                tag.words
                    .get(index.wrapping_sub(offset))
                    .map(|word| word.token)
            };
            match word.token {
                Token::Mark("(" | "[" | "{") => depth += 1,
                Token::Mark(")" | "]" | "}") => depth = depth.saturating_sub(1),
                Token::Mark("@" | "...") if depth == 1 => free = true,
                Token::Mark(",") => free = false,
                Token::Name(name)
                    if depth == 1
                        && matches!(begins(1), Some(Token::Mark("(" | "," | "@" | "..."))) =>
                {
                    let key = (component.clone(), name.to_owned());
                    let given = self.parameters.get(&key).cloned();
                    let has_default = matches!(
                        tag.words.get(index + 1).map(|word| word.token),
                        Some(Token::Mark("=" | ":"))
                    );
                    // A parameter without arguments, or with a default, can have any type.
                    let held = given.filter(|_| !free && !has_default);
                    names.insert(name.to_owned(), held.unwrap_or_else(Type::any));
                }
                _ => {}
            }
        }
        names
    }

    /// Checks all names in an expression.
    fn expression(&mut self, tag: &Tag<'a>, from: usize) {
        self.bind_items(tag, from);
        let mut at = from;
        while at < tag.words.len() {
            at = self.word(tag, at);
        }
        self.calls(tag, from);
        self.scopes.pop();
    }

    /// Begins a scope with the names that list comprehensions bind, and the types of their items.
    fn bind_items(&mut self, tag: &Tag<'a>, from: usize) {
        let bound = bound_names(tag, from);
        // A name that is also defined elsewhere can have any type, because the scope is the tag.
        let is_new = |(_, name): &&(usize, &str)| {
            let same = bound.iter().filter(|(_, other)| other == name);
            same.count() == 1 && self.type_of(name).is_none()
        };
        let new: Vec<_> = bound.iter().filter(is_new).collect();
        let names = bound
            .iter()
            .map(|(_, name)| ((*name).to_owned(), Type::any()));
        self.scopes.push(names.collect());
        for (at, name) in new {
            if tag.name(at + 2) == Some("in") {
                let held = self.iterated_type(tag, at + 3);
                let held = self.schemas.items(&held);
                if let Some(names) = self.scopes.last_mut() {
                    names.insert((*name).to_owned(), held);
                }
            }
        }
    }

    /// Returns the type of the list that a comprehension iterates over, if it is a path.
    fn iterated_type(&mut self, tag: &Tag<'a>, from: usize) -> Type<'s> {
        let Some(held) = tag.name(from).and_then(|name| self.type_of(name)) else {
            return Type::any();
        };
        let (end, held) = self.path(tag, from + 1, held, false);
        match tag.words.get(end).map(|word| word.token) {
            Some(Token::Name("if") | Token::Mark("]")) => held,
            _ => Type::any(),
        }
    }

    /// Returns the type of `[x for x in list if ..]`, which is the type of the list.
    fn filtered_type(&mut self, tag: &Tag<'a>, from: usize) -> Type<'s> {
        let token = |at: usize| tag.words.get(at).map(|word| word.token);
        let brackets = (from..tag.words.len()).filter(|at| token(*at) == Some(Token::Mark("[")));
        let is_whole = brackets.count() == 1
            && token(from) == Some(Token::Mark("["))
            && tag.words.last().map(|word| word.token) == Some(Token::Mark("]"));
        let is_filter = tag.name(from + 1).is_some()
            && tag.name(from + 1) == tag.name(from + 3)
            && tag.name(from + 2) == Some("for")
            && tag.name(from + 4) == Some("in");
        if is_whole && is_filter {
            self.iterated_type(tag, from + 5)
        } else {
            Type::any()
        }
    }

    /// Checks the name at an index, if it is a variable. Returns the index of the next token.
    fn word(&mut self, tag: &Tag<'a>, at: usize) -> usize {
        let token = |at: usize| tag.words.get(at).map(|word| word.token);
        let Some(Token::Name(name)) = token(at) else {
            return at + 1;
        };
        let previous = at.checked_sub(1).and_then(token);
        let is_label = matches!(
            previous,
            Some(Token::Mark("|" | "." | "?." | "</") | Token::Name("is"))
        ) || (previous == Some(Token::Name("not"))
            && at >= 2
            && token(at - 2) == Some(Token::Name("is")))
            || is_component(tag, at)
            || matches!(token(at + 1), Some(Token::Mark("(" | "=" | ":")));
        if is_label || KEYWORDS.contains(&name) {
            return at + 1;
        }
        let Some(held) = self.type_of(name) else {
            self.report(
                tag,
                at,
                name,
                &format!("`{name}` is not defined here"),
                &self.visible(),
            );
            return at + 1;
        };
        let (end, held) = self.path(tag, at + 1, held, true);
        self.comparison(tag, end, &held);
        end
    }

    /// Checks a word that is compared with a value for which the model has only certain words.
    fn comparison(&mut self, tag: &Tag<'a>, at: usize, held: &Type<'s>) {
        let token = |at: usize| tag.words.get(at).map(|word| word.token);
        if let (Some(Token::Mark("==" | "!=")), Some(Token::Text(word))) =
            (token(at), token(at + 1))
            && let Some(words) = held.words()
            && !words.iter().any(|known| known == word)
        {
            let what = at.checked_sub(1).and_then(|at| tag.name(at));
            let message = format!("`{}` is never `{word}`", what.unwrap_or("this"));
            self.report(tag, at + 1, word, &message, &words);
        }
    }

    /// Follows the fields after a name. Returns the index after them, and the type of the last one.
    fn path(
        &mut self,
        tag: &Tag<'a>,
        mut at: usize,
        mut held: Type<'s>,
        reports_unknown: bool,
    ) -> (usize, Type<'s>) {
        let token = |at: usize| tag.words.get(at).map(|word| word.token);
        loop {
            let (field, next) = match (token(at), token(at + 1), token(at + 2)) {
                (Some(Token::Mark("." | "?.")), Some(Token::Name(field)), _) => (field, at + 2),
                (
                    Some(Token::Mark("[" | "?[")),
                    Some(Token::Text(field)),
                    Some(Token::Mark("]")),
                ) => (field, at + 3),
                (Some(Token::Mark("[")), Some(Token::Number), Some(Token::Mark("]"))) => {
                    held = self.schemas.items(&held);
                    at += 3;
                    continue;
                }
                // The contents of brackets are checked as part of the expression.
                (Some(Token::Mark("[" | "?[")), ..) => return (at, Type::any()),
                _ => return (at, held),
            };
            held = match self.schemas.field(&held, field) {
                Ok(held) => held,
                Err(no_field) => {
                    if reports_unknown {
                        let message = format!("{} has no field `{field}`", no_field.of);
                        self.report(tag, at + 1, field, &message, &no_field.fields);
                    }
                    return (next, Type::any());
                }
            };
            at = next;
        }
    }

    /// Returns the type of an expression that consists of a single path.
    fn whole_type(&mut self, tag: &Tag<'a>, from: usize) -> Type<'s> {
        let Some(held) = tag.name(from).and_then(|name| self.type_of(name)) else {
            return Type::any();
        };
        let (end, held) = self.path(tag, from + 1, held, false);
        let rest = tag.words.get(end..).unwrap_or_default();
        let same_items = |words: &[super::Word<'_>]| match words {
            [] => true,
            [pipe, filter] => {
                pipe.token == Token::Mark("|")
                    && matches!(filter.token, Token::Name("reverse" | "sort" | "unique"))
            }
            _ => false,
        };
        if same_items(rest) { held } else { Type::any() }
    }

    /// Records the types of the arguments of components.
    fn calls(&mut self, tag: &Tag<'a>, from: usize) {
        let token = |at: usize| tag.words.get(at).map(|word| word.token);
        for start in from..tag.words.len() {
            if !is_component(tag, start) {
                continue;
            }
            let component = component_name(tag, start);
            let mut depth = 0_usize;
            for at in start + 1..tag.words.len() {
                let held = match (token(at), token(at + 1)) {
                    (Some(Token::Mark("/>" | ">")), _) if depth == 0 => break,
                    (Some(Token::Mark("{" | "(" | "[")), _) => {
                        depth += 1;
                        continue;
                    }
                    (Some(Token::Mark("}" | ")" | "]")), _) => {
                        depth = depth.saturating_sub(1);
                        continue;
                    }
                    (Some(Token::Name(_)), Some(Token::Mark("="))) if depth == 0 => {
                        self.argument(tag, at + 2)
                    }
                    // `<field p />` is short for `<field p={p} />`.
                    (Some(Token::Name(name)), _) if depth == 0 => {
                        self.type_of(name).unwrap_or_else(Type::any)
                    }
                    _ => continue,
                };
                let key = (
                    component.clone(),
                    tag.name(at).unwrap_or_default().to_owned(),
                );
                self.parameters.entry(key).or_default().join(held);
            }
        }
    }

    /// Returns the type of `{...}`, if it contains a single path.
    fn argument(&mut self, tag: &Tag<'a>, at: usize) -> Type<'s> {
        let token = |at: usize| tag.words.get(at).map(|word| word.token);
        let (Some(Token::Mark("{")), Some(Token::Name(name))) = (token(at), token(at + 1)) else {
            return Type::any();
        };
        let Some(held) = self.type_of(name) else {
            return Type::any();
        };
        let (end, held) = self.path(tag, at + 2, held, false);
        if token(end) == Some(Token::Mark("}")) {
            held
        } else {
            Type::any()
        }
    }

    fn type_of(&self, name: &str) -> Option<Type<'s>> {
        let scoped = self.scopes.iter().rev().find_map(|names| names.get(name));
        let set = || self.set_somewhere.contains(name).then(Type::any);
        scoped.cloned().or_else(set)
    }

    fn visible(&self) -> Vec<String> {
        let scopes = self.scopes.iter();
        let mut names: Vec<String> = scopes.flat_map(|names| names.keys().cloned()).collect();
        names.sort();
        names.dedup();
        names
    }

    fn report(&mut self, tag: &Tag<'a>, at: usize, name: &str, what: &str, known: &[String]) {
        let meant = nearest(name, known.iter().map(String::as_str));
        let meant = meant
            .map(|meant| format!("; did you mean `{meant}`?"))
            .unwrap_or_default();
        let known = match known {
            [] => String::new(),
            known => format!(" (there are: {})", known.join(", ")),
        };
        self.unknown.insert(Unknown {
            template: self.template.to_owned(),
            at: tag.words.get(at).map_or(tag.end, |word| word.at),
            name: name.to_owned(),
            message: format!("{what}{meant}{known}"),
            help: "`codegen dump --schema` describes every field of the model",
        });
    }
}
