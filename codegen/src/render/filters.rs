//! Filters that escape and format text for an output language.

mod limits;
mod markdown;
mod python;
mod rust;
mod text;

use std::sync::Arc;

use tera::{Kwargs, State, Tera, TeraResult, Value};

pub(crate) use markdown::{md, md_code, md_text};
pub(crate) use python::{py_doc, py_str};
pub(crate) use rust::{rust_doc, rust_ident, rust_str};
pub(crate) use text::{comment, json};

use crate::naming::{Case, Naming, words};
use limits::{INDENT, WIDTH, check_size, most_lines, number};

/// Names of all filters of this crate.
pub(super) const NAMES: &[&str] = &[
    "snake",
    "pascal",
    "camel",
    "kebab",
    "shouty",
    "comment",
    "json",
    "md",
    "md_code",
    "md_text",
    "py_doc",
    "py_str",
    "rust_doc",
    "rust_ident",
    "rust_str",
];

/// Length of `/// `.
const MARKER: usize = 4;

/// Registers all filters of this crate.
pub(super) fn register(tera: &mut Tera, naming: &Naming) {
    for (name, case) in [
        ("snake", Case::Snake),
        ("pascal", Case::Pascal),
        ("camel", Case::Camel),
        ("kebab", Case::Kebab),
        ("shouty", Case::Shouty),
    ] {
        let naming = Arc::new(naming.clone());
        tera.register_filter(name, move |text: &str, _: Kwargs, _: &State| {
            naming.join(case, &words(text, &naming.acronyms))
        });
    }
    let acronyms = naming.acronyms.clone();
    tera.register_filter("rust_ident", move |text: &str, _: Kwargs, _: &State| {
        rust_ident(text, &acronyms)
    });
    tera.register_filter("rust_doc", |text: &str, args: Kwargs, _: &State| {
        let indent = number(&args, "rust_doc", "indent", INDENT)?.unwrap_or_default();
        check_size("rust_doc", text, most_lines(text), indent + MARKER)?;
        let inner = args.get::<bool>("inner")?.unwrap_or_default();
        TeraResult::Ok(rust_doc(text, indent, inner))
    });
    tera.register_filter("rust_str", |text: &str, _: Kwargs, _: &State| {
        rust_str(text)
    });
    tera.register_filter("md", |text: &str, _: Kwargs, _: &State| md(text));
    tera.register_filter("md_code", |text: &str, _: Kwargs, _: &State| md_code(text));
    tera.register_filter("md_text", |text: &str, _: Kwargs, _: &State| md_text(text));
    tera.register_filter("py_str", |text: &str, _: Kwargs, _: &State| py_str(text));
    tera.register_filter("py_doc", |text: &str, args: Kwargs, _: &State| {
        let indent = number(&args, "py_doc", "indent", INDENT)?.unwrap_or_default();
        let hanging = number(&args, "py_doc", "hanging", INDENT)?.unwrap_or_default();
        check_size("py_doc", text, most_lines(text), indent + hanging)?;
        TeraResult::Ok(py_doc(text, indent, hanging))
    });
    tera.register_filter("comment", |text: &str, args: Kwargs, _: &State| {
        let prefix = args.must_get::<&str>("prefix")?;
        let width = number(&args, "comment", "width", WIDTH)?;
        check_size("comment", text, most_lines(text), prefix.len() + 1)?;
        TeraResult::Ok(comment(text, prefix, width))
    });
    limits::register(tera);
    tera.register_filter("json", |value: &Value, args: Kwargs, _: &State| {
        let pretty = args.get::<bool>("pretty")?.unwrap_or_default();
        json(value, pretty).map_err(tera::Error::message)
    });
}

#[cfg(test)]
mod tests;
