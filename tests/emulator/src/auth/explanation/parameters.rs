//! Mistakes in the signed parameters of the query.

use crate::auth::explanation::evidence::UnmatchedRequest;
use crate::auth::explanation::mistake::{Change, Likelihood, Mistakes, quote};
use crate::auth::explanation::parameter_model::{Parameter, ParameterVariants, Parameters};
use crate::auth::explanation::parameter_values;
use crate::auth::explanation::variants::Variants;
use crate::auth::signature::Part;
use crate::generated::operations::SIGNED_PARAMETERS;

use Likelihood::{Common, Rare};

/// Largest number of parameters that are changed one at a time.
const MAX_SINGLE: usize = 8;
/// Longest query whose unsigned parameters are tried, in bytes.
const MAX_QUERY: usize = 2 << 10;
/// Changes a name.
type Rename = fn(&str) -> String;
/// Whether a client signs a parameter.
type IsSigned = fn(&Parameter<'_>) -> bool;

pub(super) fn add(request: &UnmatchedRequest<'_>, mistakes: &mut Mistakes<'_>) {
    let parameters = request.target.query.parameters().iter().enumerate();
    let (signed, unsigned) = parameters
        .map(|(position, parameter)| Parameter {
            name: parameter.name.as_str().into(),
            value: parameter.value.as_str().into(),
            raw_value: &parameter.raw_value,
            position,
        })
        .partition::<Vec<_>, _>(Parameter::is_signed);
    let mut right = Parameters::new(signed);
    right.sort();
    let query = request.raw_query();
    let mut variants = Variants::new();
    if !right.list.is_empty() {
        separators(&mut variants);
        left_out(&right, &mut variants);
    }
    if query.len() <= MAX_QUERY {
        added(&right, unsigned, &mut variants);
    }
    if !right.list.is_empty() {
        parameter_values::add(&mut variants);
        order(&mut variants);
        names(&mut variants);
    }
    variants.add_to(mistakes, Part::Query, &right, Parameters::to_bytes);
    parameter_values::add_whole_query(request, &right, mistakes);
    mistakes.part(
        Common,
        Part::Query,
        "?",
        "the string to sign has a `?` without parameters",
    );
    if !right.list.is_empty() {
        let changes = vec![(Part::Bucket, Vec::new()), (Part::Key, Vec::new())];
        mistakes.add(
            Rare,
            Change::Parts(changes),
            "the path is left out of the string to sign",
        );
    }
}

fn left_out<'a>(right: &Parameters<'a>, variants: &mut ParameterVariants<'a>) {
    variants.add(
        Common,
        "the signed parameters are left out of the string to sign",
        |parameters| parameters.list.clear(),
    );
    for parameter in right.list.iter().take(MAX_SINGLE) {
        let (name, position) = (quote(&parameter.name), parameter.position);
        variants.add(
            Common,
            format!("the parameter {name} is left out of the string to sign"),
            move |parameters| parameters.list.retain(|other| other.position != position),
        );
        variants.add(
            Rare,
            format!("the value of the parameter {name} is left out of the string to sign"),
            move |parameters| {
                for other in &mut parameters.list {
                    if other.position == position {
                        other.value = "".into();
                    }
                }
            },
        );
        variants.add(
            Rare,
            format!("only the parameter {name} is signed"),
            move |parameters| parameters.list.retain(|other| other.position == position),
        );
    }
    let groups: [(&str, IsSigned); 4] = [
        ("the parameters of versions are", |parameter| {
            !["version_id", "versioning", "versions", "retention"].contains(&&*parameter.name)
        }),
        ("the parameters with a value are", |parameter| {
            parameter.value.is_empty()
        }),
        ("the parameters without a value are", |parameter| {
            !parameter.value.is_empty()
        }),
        ("the `response-*` parameters are", |parameter| {
            !parameter.name.starts_with("response-")
        }),
    ];
    for (what, is_kept) in groups {
        let likelihood = if what.contains("response") {
            Common
        } else {
            Rare
        };
        variants.add(
            likelihood,
            format!("{what} left out of the string to sign"),
            move |parameters| parameters.list.retain(is_kept),
        );
    }
}

/// Mistakes with parameters that must not be signed.
fn added<'a>(
    right: &Parameters<'a>,
    unsigned: Vec<Parameter<'a>>,
    variants: &mut ParameterVariants<'a>,
) {
    let described = "parameters that are not signed are in the string to sign";
    let not_credentials = unsigned
        .iter()
        .filter(|parameter| !parameter.is_credential())
        .cloned()
        .collect::<Vec<_>>();
    let not_signature = unsigned
        .iter()
        .filter(|parameter| parameter.name != "signature")
        .cloned()
        .collect::<Vec<_>>();
    for parameter in unsigned.iter().take(MAX_SINGLE) {
        let name = quote(&parameter.name);
        let description =
            format!("the parameter {name}, which is not signed, is in the string to sign");
        for (likelihood, is_first, is_sorted) in [
            (Common, false, true),
            (Rare, false, false),
            (Rare, true, false),
        ] {
            let parameter = parameter.clone();
            variants.add(likelihood, description.clone(), move |parameters| {
                let place = if is_first { 0 } else { parameters.list.len() };
                parameters.list.insert(place, parameter.clone());
                if is_sorted {
                    parameters.sort();
                }
            });
        }
    }
    for (likelihood, added) in [
        (Common, not_credentials),
        (Common, not_signature),
        (Rare, unsigned),
    ] {
        variants.add(likelihood, described, move |parameters| {
            parameters.add(&added);
            parameters.sort();
        });
    }
    for &name in SIGNED_PARAMETERS {
        if right.list.iter().all(|parameter| parameter.name != name) {
            variants.add(
                Rare,
                format!("the parameter `{name}` is signed, but not sent"),
                move |parameters| {
                    let position = usize::MAX;
                    let (value, raw_value) = ("".into(), "");
                    let name = name.into();
                    parameters.add(&[Parameter {
                        name,
                        value,
                        raw_value,
                        position,
                    }]);
                    parameters.sort();
                },
            );
        }
    }
}

fn order(variants: &mut ParameterVariants<'_>) {
    variants.add(
        Common,
        "only the first of several parameters with the same name is signed",
        |parameters| parameters.list.dedup_by(|a, b| a.name == b.name),
    );
    variants.add(
        Common,
        "only the last of several parameters with the same name is signed",
        |parameters| {
            parameters.list.reverse();
            parameters.list.dedup_by(|a, b| a.name == b.name);
            parameters.list.reverse();
        },
    );
    variants.add(
        Common,
        "the signed parameters are in the order of the request instead of sorted by name",
        |parameters| parameters.list.sort_by_key(|parameter| parameter.position),
    );
    variants.add(
        Rare,
        "the signed parameters are in the reverse order of the request",
        |parameters| {
            let position = |parameter: &Parameter<'_>| std::cmp::Reverse(parameter.position);
            parameters.list.sort_by_key(position);
        },
    );
    variants.add(
        Rare,
        "the signed parameters are sorted in descending order",
        |parameters| parameters.list.reverse(),
    );
    variants.add(
        Rare,
        "the signed parameters are sorted by value instead of by name",
        |parameters| parameters.list.sort_by(|a, b| a.value.cmp(&b.value)),
    );
    for has_values_first in [true, false] {
        variants.add(
            Rare,
            "parameters with and without a value are not sorted together",
            move |parameters| {
                let is_last =
                    |parameter: &Parameter<'_>| parameter.value.is_empty() == has_values_first;
                parameters.list.sort_by_key(is_last);
            },
        );
    }
}

fn camel_case(name: &str) -> String {
    let words = name.split('_').enumerate();
    let words = words.map(
        |(index, word)| match (index, word.get(..1), word.get(1..)) {
            (1.., Some(first), Some(rest)) => first.to_uppercase() + rest,
            _ => word.to_owned(),
        },
    );
    words.collect()
}

fn names(variants: &mut ParameterVariants<'_>) {
    let spellings: [(&str, Rename); 3] = [
        ("are in upper case", str::to_uppercase),
        ("have hyphens", |name| name.replace('_', "-")),
        ("are in camel case", camel_case),
    ];
    for (what, rename) in spellings {
        variants.add(
            Rare,
            format!("the names of the signed parameters {what}"),
            move |parameters| {
                for parameter in &mut parameters.list {
                    parameter.name = rename(&parameter.name).into();
                }
            },
        );
    }
}

fn separators(variants: &mut ParameterVariants<'_>) {
    variants.add(
        Common,
        "a parameter without a value is signed with an equals sign",
        |parameters| parameters.has_empty_values = true,
    );
    for (likelihood, start, description) in [
        (
            Common,
            "",
            "the `?` before the signed parameters is missing",
        ),
        (
            Rare,
            "&",
            "`&` instead of `?` precedes the signed parameters",
        ),
        (
            Rare,
            "/?",
            "a slash precedes the `?` of the signed parameters",
        ),
        (
            Rare,
            "\n",
            "the signed parameters are on a line of their own",
        ),
        (
            Rare,
            "\n?",
            "the signed parameters are on a line of their own",
        ),
    ] {
        variants.add(likelihood, description, move |parameters| {
            parameters.start = start;
        });
    }
    variants.add(Rare, "`&` follows the signed parameters", |parameters| {
        parameters.end = "&";
    });
    for separator in [";", ",", "", "&amp;", "\n", "?", " "] {
        let description =
            format!("the signed parameters are joined by {separator:?} instead of `&`");
        variants.add(Rare, description, move |parameters| {
            parameters.separator = separator;
        });
    }
    let colons = "names and values of the signed parameters are joined by a colon";
    for (start, separator) in [("\n", "\n"), ("?", "&")] {
        variants.add(Rare, colons, move |parameters| {
            parameters.start = start;
            parameters.equals = ":";
            parameters.separator = separator;
        });
    }
}
