//! Limits of filter arguments and results, so that templates cannot exhaust memory.

use std::ops::RangeInclusive;

use tera::{Error, Kwargs, State, StringInput, Tera, TeraResult, Value};

use super::super::run_limits::MOST_BYTES;

/// Allowed indentation of filters.
pub(super) const INDENT: RangeInclusive<usize> = 0..=1_000;
/// Allowed line width of filters.
pub(super) const WIDTH: RangeInclusive<usize> = 1..=10_000;

/// Returns the value of a number argument, if it is given.
///
/// # Errors
///
/// Returns an error if the value is not an integer in the range.
pub(super) fn number(
    args: &Kwargs,
    filter: &str,
    name: &str,
    range: RangeInclusive<usize>,
) -> TeraResult<Option<usize>> {
    let Some(value) = args.get::<&Value>(name)? else {
        return Ok(None);
    };
    let number = args.get::<usize>(name).ok().flatten();
    if let Some(number) = number.filter(|number| range.contains(number)) {
        return Ok(Some(number));
    }
    let found = match value.is_number() {
        true => value.to_string(),
        false => value.name().to_owned(),
    };
    let (from, to) = range.into_inner();
    Err(Error::message(format!(
        "`{filter}`: `{name}` must be an integer from {from} to {to}, not {found}"
    )))
}

/// Returns an error if a result is too large: the text, and `count` pieces of `bytes` bytes.
pub(super) fn check_size(filter: &str, text: &str, count: usize, bytes: usize) -> TeraResult<()> {
    if count.saturating_mul(bytes).saturating_add(text.len()) <= MOST_BYTES {
        return Ok(());
    }
    Err(Error::message(format!(
        "`{filter}`: the result can exceed {} MiB",
        MOST_BYTES >> 20
    )))
}

/// Returns the maximum number of lines that a text can be wrapped to.
pub(super) fn most_lines(text: &str) -> usize {
    text.matches(char::is_whitespace).count() + 1
}

/// Replaces filters of Tera whose results can be much larger than their input.
pub(super) fn register(tera: &mut Tera) {
    tera.register_filter("indent", indent);
    tera.register_filter("replace", replace);
}

/// Indents lines like Tera's filter: by default neither the first line nor blank lines.
fn indent(text: &str, args: Kwargs, _: &State) -> TeraResult<String> {
    let width = number(&args, "indent", "width", INDENT)?.unwrap_or(4);
    let indentation = args.get::<&str>("indentation")?.unwrap_or(" ");
    if indentation.chars().count() != 1 {
        let message = "`indent`: `indentation` must be one character";
        return Err(Error::message(message));
    }
    let first = args.get::<bool>("first")?.unwrap_or_default();
    let blank = args.get::<bool>("blank")?.unwrap_or_default();
    let count = text.lines().count();
    check_size("indent", text, count, width * indentation.len())?;
    let margin = indentation.repeat(width);
    let lines = text.lines().enumerate().map(|(index, line)| {
        let is_indented = if index == 0 {
            first
        } else {
            blank || !line.is_empty()
        };
        match is_indented {
            true => format!("{margin}{line}"),
            false => line.to_owned(),
        }
    });
    let mut indented = lines.collect::<Vec<_>>().join("\n");
    if text.ends_with('\n') {
        indented.push('\n');
    }
    Ok(indented)
}

/// Replaces all occurrences of a text, like Tera's filter.
fn replace(text: &str, args: Kwargs, _: &State) -> TeraResult<String> {
    let from = args.must_get::<&str>("from")?;
    let to = args.must_get::<StringInput<'_>>("to")?;
    check_size(
        "replace",
        text,
        text.matches(from).count(),
        to.as_str().len(),
    )?;
    Ok(text.replace(from, to.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::naming::Naming;

    fn rendered(template: &str, text: &str) -> Result<String, String> {
        let mut tera = Tera::new();
        super::super::register(&mut tera, &Naming::default());
        tera.add_raw_template("t", template).unwrap();
        let mut context = tera::Context::new();
        context.insert("text", text);
        let rendered = tera.render("t", &context);
        rendered.map_err(|error| format!("{error} {error:?}"))
    }

    #[test]
    fn numbers_out_of_range_are_refused_with_filter_argument_and_range() {
        for (filter, argument, from, to) in [
            ("rust_doc", "indent", 0, 1_000),
            ("py_doc", "indent", 0, 1_000),
            ("py_doc", "hanging", 0, 1_000),
            ("comment", "width", 1, 10_000),
            ("indent", "width", 0, 1_000),
        ] {
            let call = |value: &str| {
                let template = format!("{{{{ text | {filter}(prefix='#', {argument}={value}) }}}}");
                rendered(&template, "one\ntwo")
            };
            for value in [from, to] {
                call(&value.to_string()).unwrap();
            }
            for value in [
                "-1",
                &(to + 1).to_string(),
                "3000000000",
                "9223372036854775807",
                "-9223372036854775807",
                "4.5",
                "100000000000000000000.0",
                "'4'",
                "true",
            ] {
                let Err(error) = call(value) else {
                    panic!("{filter}({argument}={value}) is taken");
                };
                let expected = format!(
                    "`{filter}`: `{argument}` must be an integer from {from} to {to}, not "
                );
                assert!(
                    value == "1e30" || error.contains(&expected),
                    "{value}: {error}"
                );
            }
        }
    }

    #[test]
    fn too_large_results_are_refused() {
        let lines = "a\n".repeat(100_000);
        for call in [
            "rust_doc(indent=1000)",
            "py_doc(indent=500, hanging=500)",
            "comment(prefix=text)",
            "indent(width=1000)",
            "replace(from='a', to=text)",
            "replace(from='', to=text)",
        ] {
            let error = rendered(&format!("{{{{ text | {call} }}}}"), &lines).unwrap_err();
            assert!(error.contains("the result can exceed 64 MiB"), "{error}");
        }
    }

    #[test]
    fn replaced_filters_behave_like_those_of_tera() {
        for (call, expected) in [
            ("indent", "a\n\n    b\n"),
            ("indent(width=2, first=true, blank=true)", "  a\n  \n  b\n"),
            ("indent(width=1, indentation='>')", "a\n\n>b\n"),
            ("replace(from='\n\n', to='-')", "a-b\n"),
        ] {
            let template = format!("{{{{ text | {call} }}}}");
            assert_eq!(rendered(&template, "a\n\nb\n").unwrap(), expected, "{call}");
        }
        let error = rendered("{{ text | indent(indentation='ab') }}", "a").unwrap_err();
        assert!(
            error.contains("`indentation` must be one character"),
            "{error}"
        );
    }
}
