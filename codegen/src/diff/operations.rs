//! Compares operations: methods, inputs, outputs and behavior.

use std::collections::BTreeSet;

use super::properties::Holder;
use super::rust_api::{input_is_clone, output_traits, walked};
use super::{Comparison, Pairing, Pairs, Rule, Types, before, code, codes, now};
use crate::document::nameless;
use crate::model::{Name, Operation, PageLink, PlaceKind, Property, Repeatable, Shape};

/// Pairs operations by ID, then by Rust name, then by HTTP method and path.
pub(super) fn pair<'a>(old: &[&'a Operation], new: &[&'a Operation]) -> Pairs<'a, Operation> {
    Pairing::new(old, new)
        .by(|operation| Some(operation.id.as_str()))
        .by(|operation| Some(operation.ident.as_str()))
        .by(|operation| Some((operation.http_method.as_str(), nameless(&operation.path))))
        .pairs()
}

/// Returns the request properties that the caller sets.
pub(super) fn caller_properties(operation: &Operation) -> Vec<&Property> {
    let properties = operation.request.properties.iter();
    properties.filter(|property| !property.computed).collect()
}

fn path_of(operation: &Operation) -> String {
    format!(
        "{} {} {}",
        operation.http_method, operation.path, operation.id
    )
}

impl<'a> Comparison<'a> {
    pub(super) fn operations(&mut self, operations: &Pairs<'a, Operation>) {
        for (old, new) in &operations.both {
            self.operation(old, new);
        }
        for old in &operations.removed {
            let message = format!("{} was removed", self.method(old));
            self.add_change(
                Rule::OperationRemoved,
                path_of(old),
                message,
                before(&old.source),
            );
        }
        for new in &operations.added {
            let summary = [&new.summary, &new.id];
            let summary = summary.into_iter().find(|text| !text.is_empty());
            let summary = summary.map_or("", |text| text.trim_end_matches('.'));
            let message = format!("{} is new: {summary}", self.method(new));
            self.add_change(
                Rule::OperationAdded,
                path_of(new),
                message,
                now(&new.source),
            );
        }
    }

    fn operation(&mut self, old: &'a Operation, new: &'a Operation) {
        self.names(old, new);
        self.target(old, new);
        self.behavior(old, new);
        self.request(old, new);
        self.response(old, new);
        self.paging(old, new);
        let method = self.method(new);
        let path = path_of(new);
        self.words(&path, &method, &texts(old), &texts(new), &new.source);
        if old.tag != new.tag {
            let tag = |tag: &Option<String>| tag.as_deref().map_or("none".to_owned(), code);
            let (is, was) = (tag(&new.tag), tag(&old.tag));
            let message = format!("{method} now has the tag {is} instead of {was}");
            self.add_change(Rule::Words, &path, message, now(&new.source));
        }
        self.extensions(&path, &method, &old.ext, &new.ext, &new.source);
        let same = old.examples.len() == new.examples.len();
        let mut examples = old.examples.iter().zip(&new.examples);
        if !same || examples.any(|(old, new)| !old.same_json(new)) {
            let message = format!("the examples of {method} changed");
            self.add_change(Rule::Examples, &path, message, now(&new.source));
        }
    }

    fn names(&mut self, old: &Operation, new: &Operation) {
        let (path, place) = (path_of(new), now(&new.source));
        let method = self.method(new);
        let types = |operation: &Operation| {
            let ident = &operation.ident;
            codes(&[format!("{ident}Input"), format!("{ident}Output")])
        };
        let renamed_types = (old.ident != new.ident)
            .then(|| format!("{} are now called {}", types(old), types(new)));
        let with_types = |message: String| match &renamed_types {
            Some(types) => format!("{message}; {types}"),
            None => message,
        };
        if old.handle != new.handle {
            let message = format!(
                "{} moved to {}, as {method}",
                self.method(old),
                code(new.handle.as_deref().unwrap_or(self.client))
            );
            self.add_change(
                Rule::OperationMoved,
                &path,
                with_types(message),
                place.clone(),
            );
        } else if old.method_ident != new.method_ident {
            let message = format!("{} is now called {method}", self.method(old));
            self.add_change(
                Rule::OperationRenamed,
                &path,
                with_types(message),
                place.clone(),
            );
        } else if let Some(message) = &renamed_types {
            self.add_change(
                Rule::OperationRenamed,
                &path,
                message.clone(),
                place.clone(),
            );
        }
        if old.id != new.id && old.ident == new.ident {
            let message = format!(
                "{method} is now called {} in errors and traces instead of {}",
                code(&new.id),
                code(&old.id)
            );
            self.add_change(Rule::OperationId, &path, message, place.clone());
        }
        match (old.deprecated, new.deprecated) {
            (false, true) => {
                let message = format!("{method} is deprecated");
                self.add_change(Rule::OperationDeprecated, &path, message, place);
            }
            (true, false) => {
                let message = format!("{method} is no longer deprecated");
                self.add_change(Rule::OperationUndeprecated, &path, message, place);
            }
            _ => {}
        }
    }

    /// Compares the path, the sub-resource and the HTTP method.
    fn target(&mut self, old: &'a Operation, new: &'a Operation) {
        let (path, method) = (path_of(new), self.method(new));
        if nameless(&old.path) != nameless(&new.path) {
            let message = format!(
                "{method} is now sent to {} instead of {}",
                code(&new.path),
                code(&old.path)
            );
            self.add_change(Rule::RequestPath, &path, message, now(&new.source));
        }
        if old.http_method != new.http_method {
            let message = format!(
                "{method} is now a {} instead of a {}",
                new.http_method, old.http_method
            );
            self.add_change(Rule::RequestMethod, &path, message, now(&new.source));
        }
        self.signed(old, new);
    }

    /// Compares the query parameters that enter the signature. Skips parameters that only one side
    /// sends, because another change reports them.
    fn signed(&mut self, old: &Operation, new: &Operation) {
        let (path, method) = (path_of(new), self.method(new));
        for name in queries(old).intersection(&queries(new)) {
            let signs = |names: &[String]| names.iter().any(|signed| signed == name);
            let is = match (
                signs(&self.old.signed_parameters),
                signs(&self.new.signed_parameters),
            ) {
                (false, true) => "is now signed",
                (true, false) => "is no longer signed",
                _ => continue,
            };
            let message = format!("{} of {method} {is}", code(name));
            let path = format!("{path} > request > {name}");
            self.add_change(Rule::Signed, path, message, now(&new.source));
        }
    }

    fn behavior(&mut self, old: &Operation, new: &Operation) {
        self.statuses(old, new);
        let method = self.method(new);
        let mut changed = |rule, message: String| {
            self.add_change(rule, path_of(new), message, now(&new.source));
        };
        if old.content_md5_required != new.content_md5_required {
            let sends = if new.content_md5_required {
                "now sends the MD5 of the body"
            } else {
                "no longer sends the MD5 of the body by default"
            };
            changed(Rule::ContentMd5, format!("{method} {sends}"));
        }
        if old.repeatable != new.repeatable {
            let message = format!(
                "retries of {method}: now {}, previously {}",
                repeated(&new.repeatable),
                repeated(&old.repeatable)
            );
            changed(Rule::Repeatable, message);
        }
        if old.slow != new.slow {
            let waits = if new.slow { "longer" } else { "less long" };
            changed(
                Rule::Slow,
                format!("{method} waits {waits} for the response"),
            );
        }
        if old.request.body.content_type != new.request.body.content_type {
            let name = |operation: &Operation| {
                let own = operation.request.body.content_type.as_deref();
                own.map_or_else(|| "none".to_owned(), code)
            };
            let message = format!(
                "the media type of the body of {method} is now {} instead of {}",
                name(new),
                name(old)
            );
            changed(Rule::Limits, message);
        }
    }

    fn statuses(&mut self, old: &Operation, new: &Operation) {
        let method = self.method(new);
        let (was, is) = (successes(old), successes(new));
        let message = match (listed(is.difference(&was)), listed(was.difference(&is))) {
            (Some(further), None) => Some(format!("now also succeeds with {further}")),
            (None, Some(gone)) => Some(format!("no longer succeeds with {gone}")),
            (Some(is), Some(was)) => Some(format!("now succeeds with {is} instead of {was}")),
            (None, None) => None,
        };
        if let Some(message) = message {
            let message = format!("{method} {message}");
            let place = now(&new.source);
            self.add_change(Rule::SuccessStatuses, path_of(new), message, place);
        }
        if failures(old) != failures(new) {
            let message = format!("the documented failures of {method} changed");
            let place = now(&new.source);
            self.add_change(Rule::ErrorStatuses, path_of(new), message, place);
        }
    }

    fn request(&mut self, old: &'a Operation, new: &'a Operation) {
        let input = code(&format!("{}Input", new.ident));
        let path = format!("{} > request", path_of(new));
        let method = self.method(new);
        let computed = new.request.properties.iter();
        let holder = Holder {
            path: path.clone(),
            function: method.clone(),
            setters: method,
            owner: input.clone(),
            computed: computed.filter(|property| property.computed).collect(),
            sent: true,
            is_response: false,
        };
        self.properties(&holder, &caller_properties(old), &caller_properties(new));
        let clone = [input_is_clone(old), input_is_clone(new)];
        self.traits(
            &path,
            &input,
            &clone.map(|is| if is { &["Clone"][..] } else { &[] }),
            new,
        );
    }

    fn response(&mut self, old: &'a Operation, new: &'a Operation) {
        let output = code(&format!("{}Output", new.ident));
        let path = format!("{} > response", path_of(new));
        let holder = Holder {
            path: path.clone(),
            function: String::new(),
            setters: String::new(),
            owner: output.clone(),
            computed: Vec::new(),
            sent: false,
            is_response: true,
        };
        let (before, after) = (&old.response.properties, &new.response.properties);
        let (before, after): (Vec<_>, Vec<_>) = (before.iter().collect(), after.iter().collect());
        self.properties(&holder, &before, &after);
        self.traits(
            &path,
            &output,
            &[output_traits(old), output_traits(new)],
            new,
        );
    }

    fn traits(&mut self, path: &str, what: &str, traits: &[&[&str]; 2], at: &Operation) {
        let [old, new] = traits;
        let lost: Vec<_> = old.iter().filter(|one| !new.contains(one)).collect();
        let gained: Vec<_> = new.iter().filter(|one| !old.contains(one)).collect();
        if !lost.is_empty() {
            let message = format!("{what} is no longer {}", codes(&lost));
            self.add_change(Rule::TraitLost, path, message, now(&at.source));
        }
        if !gained.is_empty() {
            let message = format!("{what} is now {}", codes(&gained));
            self.add_change(Rule::TraitGained, path, message, now(&at.source));
        }
    }

    fn paging(&mut self, old: &'a Operation, new: &'a Operation) {
        let method = self.method(new);
        let (rule, message) = match (walked(old), walked(new)) {
            (None, None) => return,
            (None, Some(_)) => {
                let message = format!("{method} now has `pages` and `items`");
                (Rule::PagingAdded, message)
            }
            (Some(_), None) => {
                let message = format!("{method} no longer has `pages` and `items`");
                (Rule::PagingRemoved, message)
            }
            (Some(was), Some(is)) => {
                let (was, is) = (item(&self.old_types, was), item(&self.new_types, is));
                if was != is {
                    let (is, was) = (code(&is), code(&was));
                    let message = format!("the items of {method} are now {is} instead of {was}");
                    (Rule::PagingItems, message)
                } else if links(old) != links(new) {
                    let message = format!("{method} requests the next page differently");
                    (Rule::PagingRule, message)
                } else {
                    return;
                }
            }
        };
        let path = format!("{} > paging", path_of(new));
        self.add_change(rule, path, message, now(&new.source));
    }
}

/// Returns the names of all query parameters of an operation.
fn queries(operation: &Operation) -> BTreeSet<&str> {
    let query = operation.sub_resource.iter();
    let markers = query.flat_map(|query| query.split('&'));
    let markers = markers.map(|marker| marker.split('=').next().unwrap_or_default());
    let all = operation.request.properties.iter();
    let queries = all.filter(|property| property.place.kind == PlaceKind::Query);
    let queries = queries.map(|property| property.name.as_str());
    markers.chain(queries).collect()
}

fn successes(operation: &Operation) -> BTreeSet<u16> {
    operation.response.success.iter().copied().collect()
}

fn failures(operation: &Operation) -> BTreeSet<Option<u16>> {
    let statuses = operation.response.statuses.iter();
    let failures = statuses.filter(|status| !status.success);
    failures.map(|status| status.status).collect()
}

/// Joins statuses for a sentence. Returns `None` if there are none.
fn listed<'s>(statuses: impl Iterator<Item = &'s u16>) -> Option<String> {
    let texts: Vec<_> = statuses.map(u16::to_string).collect();
    (!texts.is_empty()).then(|| texts.join(" and "))
}

/// Returns the type of the items of a list.
fn item(types: &Types<'_>, list: &Property) -> String {
    match &list.shape {
        Shape::List { item } => types.of(item),
        other => types.of(other),
    }
}

/// The properties that lead from page to page.
type Links<'a> = (&'a str, [Option<&'a Name>; 3], [&'a [PageLink]; 2]);

/// Returns the facts that `pages` and `items` depend on. The page size is not one of them, because
/// the caller chooses it.
fn links(operation: &Operation) -> Option<Links<'_>> {
    let paging = operation.paging.as_ref()?;
    let names = [&paging.more, &paging.offset, &paging.total].map(Option::as_ref);
    Some((&paging.items.name, names, [&paging.next, &paging.last]))
}

fn repeated(repeatable: &Repeatable) -> String {
    match repeatable {
        Repeatable::Always => "always".to_owned(),
        Repeatable::Never => "never".to_owned(),
        Repeatable::UnlessHeader { header } => format!("unless {} is set", code(header)),
    }
}

/// Returns all documentation of an operation.
fn texts(operation: &Operation) -> Vec<&str> {
    let mut texts = vec![
        operation.summary.as_str(),
        &operation.description,
        operation.docs_url.as_deref().unwrap_or_default(),
        &operation.request.body.description,
        &operation.response.body.description,
    ];
    let statuses = operation.response.statuses.iter();
    let successes = statuses.filter(|status| status.success);
    texts.extend(successes.map(|status| status.description.as_str()));
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_path_parameters_are_ignored() {
        assert_eq!(nameless("/{a}/{b}?c={d}"), "/{}/{}?c={}");
        assert_eq!(nameless("/a}/{b"), "/a}/{");
    }
}
