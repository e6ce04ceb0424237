//! Compares the service, its tags and its error codes.

use super::{Comparison, Pairing, Rule, before, code, now};
use crate::model::{ErrorCode, Model, SourceLocation};

impl Comparison<'_> {
    pub(super) fn service(&mut self) {
        let place = SourceLocation {
            file: self.new.source.clone(),
            line: 1,
        };
        let facts = |model: &Model| {
            let service = &model.service;
            (
                service.title.clone(),
                service.version.clone(),
                service.host.clone(),
                service.base_path.clone(),
                service.schemes.clone(),
            )
        };
        if facts(self.old) != facts(self.new) {
            let message = "the title, version or address of the service changed".to_owned();
            self.add_change(Rule::Service, "service", message, now(&place));
        }
        // Added and removed tags are reported with their operations.
        let (old_tags, new_tags) = (tag_names(self.old), tag_names(self.new));
        let words = |model: &Model| -> Vec<String> {
            let service = &model.service;
            let own = [
                &service.description,
                service.docs_url.as_ref().unwrap_or(&String::new()),
            ]
            .map(String::clone);
            let tags = model.sub_services.iter();
            let tags = tags.filter(|tag| {
                old_tags.contains(tag.name.as_str()) && new_tags.contains(tag.name.as_str())
            });
            own.into_iter()
                .chain(tags.map(|tag| tag.description.clone()))
                .collect()
        };
        if words(self.old) != words(self.new) {
            let message = "the description of the service changed".to_owned();
            self.add_change(Rule::Words, "service", message, now(&place));
        }
        let (old, new) = (self.old, self.new);
        self.extensions(
            "service",
            "the service",
            &old.service.ext,
            &new.service.ext,
            &place,
        );
    }

    pub(super) fn error_codes(&mut self) {
        let (old, new) = (self.old, self.new);
        let (was, is): (Vec<_>, Vec<_>) = (
            old.error_codes.iter().collect(),
            new.error_codes.iter().collect(),
        );
        let pairs = Pairing::new(&was, &is)
            .by(|one| Some(one.code.as_str()))
            .by(|one| Some(one.ident.as_str()))
            .pairs();
        for (old, new) in &pairs.both {
            self.error_code(old, new);
        }
        for one in &pairs.removed {
            let message = format!("{} was removed", display_name(one));
            let place = before(&one.source);
            self.add_change(Rule::ErrorCodeRemoved, path_of(one), message, place);
        }
        for one in &pairs.added {
            let message = format!("{} is new", display_name(one));
            let place = now(&one.source);
            self.add_change(Rule::ErrorCodeAdded, path_of(one), message, place);
        }
    }

    fn error_code(&mut self, old: &ErrorCode, new: &ErrorCode) {
        let (path, what) = (path_of(new), display_name(new));
        let mut changed = |rule, message| self.add_change(rule, &path, message, now(&new.source));
        if old.ident != new.ident {
            let message = format!("{} is now called {what}", display_name(old));
            changed(Rule::ErrorCodeRenamed, message);
        }
        if old.code != new.code {
            let message = format!(
                "{what} is now {} instead of {}",
                code(&new.code),
                code(&old.code)
            );
            changed(Rule::ErrorCodeText, message);
        }
        if old.retry.is_temporary() != new.retry.is_temporary() {
            let is = if new.retry.is_temporary() {
                "is"
            } else {
                "is not"
            };
            changed(Rule::ErrorCodeRetry, format!("{what} {is} retryable"));
        }
        if old.status != new.status
            || old.retry != new.retry && old.retry.is_temporary() == new.retry.is_temporary()
        {
            let message = format!("the documented status or advice of {what} changed");
            changed(Rule::ErrorCodeStatus, message);
        }
        self.words(
            &path,
            &what,
            &[&old.description],
            &[&new.description],
            &new.source,
        );
    }
}

fn tag_names(model: &Model) -> std::collections::HashSet<&str> {
    model
        .sub_services
        .iter()
        .map(|tag| tag.name.as_str())
        .collect()
}

fn path_of(one: &ErrorCode) -> String {
    format!("error codes > {}", one.code)
}

fn display_name(one: &ErrorCode) -> String {
    code(&format!("ErrorCode::{}", one.ident))
}
