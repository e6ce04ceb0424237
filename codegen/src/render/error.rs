//! Errors in templates, with their place, the item, and advice.

use tera::ErrorKind;

use super::template_check::{Token, Unknown, component_name, nearest, tags};
use super::template_sources::TemplateSources;
use crate::diagnostic::{Finding, Note, Place, Report, Severity, one_line};
use crate::pack::{Addition, Pack};
use crate::source::slashes;
use crate::spelling::did_you_mean;

/// Reason why a pack cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template is wrong.
    #[error("{0}")]
    Template(Report),
    /// The output of a template cannot be written.
    #[error("error[output-path]: {}", one_line(.0))]
    Output(String),
}

impl RenderError {
    /// Converts an error of Tera to a finding. `rendering` is the rendered template with the
    /// name of its item.
    pub(super) fn template(
        error: &tera::Error,
        texts: &TemplateSources<'_>,
        rendering: Option<(&str, Option<&str>)>,
    ) -> Self {
        if let ErrorKind::Msg(message) = error.kind() {
            let findings = undefined(message, texts);
            if !findings.is_empty() {
                return Self::Template(Report { findings });
            }
        }
        if let ErrorKind::SyntaxError(report) = error.kind()
            && let Some(finding) = unbalanced(report.filename(), texts)
        {
            return Self::Template(Report {
                findings: vec![finding],
            });
        }
        if let ErrorKind::MissingParent { current, parent } = error.kind() {
            let place = use_place(current, parent, texts);
            let what = format!("template `{parent}`");
            return Self::Template(Report {
                findings: vec![unknown(&what, place, texts)],
            });
        }
        let is_rendering = matches!(error.kind(), ErrorKind::RenderingError(_));
        let (message, place) = match error.kind() {
            ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
                let span = report.span();
                let width = span.end_col.saturating_sub(span.start_col).max(1);
                let place = texts.place(
                    report.filename(),
                    span.start_line,
                    span.start_col + 1,
                    width,
                );
                let message = unclosed(report.message(), texts.original(report.filename()));
                (
                    message.unwrap_or_else(|| with_guess(report.message())),
                    Some(place),
                )
            }
            // The error has no place, so name the rendered file.
            other => {
                let place = rendering.map(|(name, _)| texts.place(name, 1, 1, 1));
                (other.to_string(), place)
            }
        };
        let message = match std::error::Error::source(error) {
            Some(cause) => format!("{message}: {cause}"),
            None => message,
        };
        let rule = if is_rendering || rendering.is_some() {
            "template-render"
        } else {
            "template-invalid"
        };
        let help = advice(rule, &message, place.as_ref());
        let message = match rendering.and_then(|(_, label)| label) {
            Some(label) => format!("{message} (rendering for {label})"),
            None => message,
        };
        Self::Template(Report {
            findings: vec![finding(rule, message, place, &help)],
        })
    }

    /// Creates an error for undefined names.
    pub(super) fn unknown(unknown: &[Unknown], texts: &TemplateSources<'_>) -> Self {
        let findings = unknown.iter().map(|one| {
            let place = texts.place_of_byte(&one.template, one.at, one.name.chars().count());
            finding("template-name", one.message.clone(), Some(place), one.help)
        });
        Self::Template(Report {
            findings: findings.collect(),
        })
    }

    /// Creates an error for a chain of templates that is too long.
    pub(super) fn deep(name: &str, depth: usize, texts: &TemplateSources<'_>) -> Self {
        let message = format!("more than {depth} levels of templates include or extend this one");
        let place = texts.place(name, 1, 1, 1);
        let help = "use fewer levels";
        Self::Template(Report {
            findings: vec![finding("template-invalid", message, Some(place), help)],
        })
    }

    /// Creates an error for templates that include or extend each other in a cycle. The first and
    /// the last template are the same.
    pub(super) fn circle(way: &[&str], texts: &TemplateSources<'_>) -> Self {
        let first = way.first().copied().unwrap_or_default();
        let next = way.get(1).copied().unwrap_or_default();
        let place = use_place(first, next, texts);
        let message = format!("`{first}` includes or extends itself: {}", way.join(" -> "));
        let help = "remove one of the references, or use a component that ends";
        Self::Template(Report {
            findings: vec![finding("template-invalid", message, Some(place), help)],
        })
    }

    /// Creates an error for an option that an overriding folder adds and no template reads.
    pub(super) fn unread_option(addition: &Addition, pack: &Pack) -> Self {
        let option = addition.pointer.join("/");
        let key = addition.pointer.last().map(String::as_str);
        let key = key.unwrap_or_default();
        let siblings = addition.siblings.iter().map(String::as_str);
        let meant = nearest(key, siblings.clone());
        let meant = meant.map_or_else(String::new, did_you_mean);
        let there = match addition.siblings.as_slice() {
            [] => String::new(),
            _ => format!(" (there are: {})", siblings.collect::<Vec<_>>().join(", ")),
        };
        let message = format!("no template reads the option `{option}`{meant}{there}");
        let pointer = addition.pointer.iter().map(String::as_str);
        let pointer: Vec<&str> = std::iter::once("options").chain(pointer).collect();
        let place = pack.place(&pointer, 0, 1);
        let help = "correct the name, or read the option as `pack.NAME` in a template";
        Self::Template(Report {
            findings: vec![finding("option-unread", message, place, help)],
        })
    }

    /// Creates an error for a template of an overriding folder that nothing uses.
    pub(super) fn unused(name: &str, meant: Option<&str>, own: &[&str], pack: &Pack) -> Self {
        let file = pack.templates.get(name);
        let file = file.map_or_else(String::new, |file| slashes(&file.folder.join(name)));
        let meant = meant.map(did_you_mean).unwrap_or_default();
        let message = format!(
            "{file} does not replace a template, and no template uses it{meant} (the pack has: {})",
            own.join(", ")
        );
        let help = "rename it to the path of a template in the pack, or include it in a template";
        Self::Template(Report {
            findings: vec![finding("template-unused", message, None, help)],
        })
    }
}

/// Creates a warning about an option that no template reads.
pub(super) fn unread_option(option: &str, pack: &Pack) -> Finding {
    let place = pack.place(&["options", option], 0, 1);
    let message = format!("no template reads the option `{option}`");
    let help = "correct its name, or remove it";
    Finding {
        severity: Severity::Warning,
        ..finding("option-unread", message, place, help)
    }
}

fn finding(rule: &'static str, message: String, place: Option<Place>, help: &str) -> Finding {
    Finding {
        severity: Severity::Error,
        rule,
        message,
        place,
        notes: Vec::new(),
        help: Some(help.to_owned()),
    }
}

/// Returns advice about an error of Tera.
fn advice(rule: &str, message: &str, place: Option<&Place>) -> String {
    if rule == "template-invalid" {
        return "the syntax of templates is described at https://keats.github.io/tera/".to_owned();
    }
    let is_thrown = place.is_some_and(|place| {
        let rest: String = place
            .text
            .chars()
            .skip(place.column.saturating_sub(1))
            .collect();
        rest.starts_with("throw")
    });
    if is_thrown {
        return "the template refuses this specification: change one of them".to_owned();
    }
    if let Some(rest) = message.strip_prefix("Missing keyword argument `") {
        let name = rest.split('`').next().unwrap_or_default();
        return match name {
            "prefix" => "add it, for example `comment(prefix=\"#\")`".to_owned(),
            _ => format!("add it: `{name}=...`"),
        };
    }
    if message.starts_with("Cannot divide by 0") {
        return "test the divisor before, for example with `{% if n != 0 %}`".to_owned();
    }
    let model = "`codegen dump --file SPEC -t PACK` shows the model";
    if message.contains("undefined") || message.contains("not defined") {
        return format!("{model}; test an optional value with `is defined` or `default`");
    }
    model.to_owned()
}

/// Returns the place where a template includes or extends another one.
fn use_place(template: &str, used: &str, texts: &TemplateSources<'_>) -> Place {
    let tags = tags(texts.original(template)).into_iter();
    let at = tags.filter_map(|tag| {
        let word = tag.words.get(1)?;
        let is_use = matches!(tag.name(0), Some("include" | "extends"));
        (is_use && word.token == Token::Text(used)).then_some(word.at)
    });
    let at = at.min().unwrap_or_default();
    texts.place_of_byte(template, at, used.chars().count() + 2)
}

/// Finds the block that is not closed. Tera only reports an unknown tag or an unexpected end.
fn unbalanced(name: &str, texts: &TemplateSources<'_>) -> Option<Finding> {
    let found = super::template_check::unbalanced(texts.original(name))?;
    let place = |at: usize, shown: &str| texts.place_of_byte(name, at, shown.chars().count());
    let first_word = |text: &str| text.split(' ').next().unwrap_or_default().to_owned();
    let word = found.message.split('`').nth(1).map(first_word);
    let shown = place(found.at, &word.unwrap_or_default());
    let note = found.open.map(|(open, at)| Note {
        place: place(at, &first_word(&open)),
        label: format!("`{open}` is not closed"),
    });
    let message = match &note {
        Some(note) => format!(
            "{}: {} since line {}",
            found.message, note.label, note.place.line
        ),
        None => found.message,
    };
    let help = "close each block within its outer block";
    let mut finding = finding("template-invalid", message, Some(shown), help);
    finding.notes.extend(note);
    Some(finding)
}

/// Names the tag that is not closed if a template ends within it.
fn unclosed(message: &str, text: &str) -> Option<String> {
    if message != "Unexpected end of input" {
        return None;
    }
    let (_, open, close) = [("{{", "}}"), ("{%", "%}")]
        .into_iter()
        .filter_map(|(open, close)| Some((text.rfind(open)?, open, close)))
        .max()?;
    Some(format!(
        "the template ends, but its last `{open}` has no `{close}`"
    ))
}

/// Adds the name that was probably meant to Tera's list of known names. The list is parsed from
/// Tera's message; the tests of strict rendering fail if its format changes.
fn with_guess(message: &str) -> String {
    let guess = || {
        let name = message.split('`').nth(1)?;
        let (_, known) = message.split_once(" Available ")?;
        let (_, known) = known.split_once(": ")?;
        nearest(name, known.split(", "))
    };
    match guess() {
        Some(meant) => format!("{message}; did you mean `{meant}`?"),
        None => message.to_owned(),
    }
}

/// Splits Tera's message about undefined filters, functions and tests. Each of them is a line
/// `error: Unknown filter `x``, followed by a line with its place.
fn undefined(message: &str, texts: &TemplateSources<'_>) -> Vec<Finding> {
    let reports = message.split("error: Unknown ").skip(1);
    let finding = |report: &str| {
        let mut lines = report.lines();
        let what = lines.next()?.trim();
        let mut place = lines.next()?.trim().strip_prefix("--> ")?.rsplitn(3, ':');
        let column = place.next()?.parse().ok()?;
        let line = place.next()?.parse().ok()?;
        let width = report.matches('^').count().max(1);
        let place = texts.place(place.next()?, line, column, width);
        Some(unknown(what, place, texts))
    };
    reports.filter_map(finding).collect()
}

/// Creates a finding about an unknown name, for example `` filter `x` ``.
fn unknown(what: &str, place: Place, texts: &TemplateSources<'_>) -> Finding {
    let (kind, name) = what.split_once(" `").unwrap_or((what, ""));
    let available = available_names(kind, texts);
    let meant = nearest(
        name.trim_end_matches('`'),
        available.iter().map(String::as_str),
    );
    let meant = meant.map(did_you_mean).unwrap_or_default();
    let help = match kind {
        "filter" => format!(
            "available in addition to Tera's filters: {}",
            available.join(", ")
        ),
        "component" if available.is_empty() => "the pack has no components".to_owned(),
        "component" | "template" => format!("the pack has the {kind}s {}", available.join(", ")),
        _ => format!("only Tera's {kind}s are available"),
    };
    let message = format!("unknown {what}{meant}");
    finding("template-invalid", message, Some(place), &help)
}

/// Returns the names of a kind that templates of the pack can use.
fn available_names(kind: &str, texts: &TemplateSources<'_>) -> Vec<String> {
    match kind {
        "filter" => {
            let names = super::filters::NAMES.iter();
            names.map(|name| (*name).to_owned()).collect()
        }
        "component" => {
            let texts = texts.all().into_values();
            let tags = texts.flat_map(tags);
            tags.filter(|tag| tag.is_statement && tag.name(0) == Some("component"))
                .map(|tag| component_name(&tag, 1))
                .collect()
        }
        "template" => texts.pack.templates.keys().cloned().collect(),
        _ => Vec::new(),
    }
}
