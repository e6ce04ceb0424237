//! Mistakes in the values of the signed parameters, and with the whole query.

use std::borrow::Cow;

use crate::auth::explanation::encoding::{self, Safe, percent_encode};
use crate::auth::explanation::evidence::UnmatchedRequest;
use crate::auth::explanation::mistake::{Likelihood, Mistakes};
use crate::auth::explanation::parameter_model::{ParameterVariants, Parameters};
use crate::auth::signature::Part;

use Likelihood::{Alone, Common, Rare};

/// Longest query that is tried as a whole, in bytes.
const MAX_QUERY: usize = 2 << 10;

/// Changes a value.
type ChangeValue = fn(&str) -> String;

fn decode(value: &str) -> String {
    String::from_utf8_lossy(&encoding::percent_decode(value.as_bytes())).into_owned()
}

pub(super) fn add(variants: &mut ParameterVariants<'_>) {
    variants.add(
        Common,
        "`+` in the value of a parameter is not decoded as a space",
        |parameters| {
            for parameter in &mut parameters.list {
                parameter.value = decode(parameter.raw_value).into();
            }
        },
    );
    // The emulator accepts this form.
    variants.add(Common, "", |parameters| {
        for parameter in &mut parameters.list {
            parameter.value = parameter.raw_value.into();
        }
    });
    for (safe, likelihood, what) in [
        (Safe::UNRESERVED, Common, "percent-encoded"),
        (Safe::PATH, Common, "percent-encoded except slashes"),
        (Safe::FORM, Rare, "encoded with `+` for spaces"),
        (
            Safe::ENCODE_URI_COMPONENT,
            Rare,
            "encoded as by `encodeURIComponent`",
        ),
        (Safe::ENCODE_URI, Rare, "encoded as by `encodeURI`"),
        (
            Safe::LOWER_CASE,
            Rare,
            "percent-encoded with lower-case digits",
        ),
        (
            Safe::FORM_PATH,
            Rare,
            "encoded with `+` for spaces, except slashes",
        ),
    ] {
        let description = format!(
            "the values of the signed parameters are {what}; they must be decoded, or as sent"
        );
        variants.add(likelihood, description, move |parameters| {
            change_values(parameters, |value| percent_encode(value.as_bytes(), safe));
        });
    }
    let twice = "the values of the signed parameters are decoded twice";
    variants.add(Common, twice, |parameters| {
        change_values(parameters, decode)
    });
    variants.add(Rare, twice, |parameters| {
        change_values(parameters, |value| decode(&value.replace('+', " ")));
    });
    variants.add(
        Common,
        "the values of the signed parameters are percent-encoded twice",
        |parameters| {
            for parameter in &mut parameters.list {
                let raw = parameter.raw_value.as_bytes();
                parameter.value = percent_encode(raw, Safe::UNRESERVED).into();
            }
        },
    );
    let changes: [(&str, ChangeValue); 4] = [
        (
            "the values of the signed parameters are in lower case",
            str::to_lowercase,
        ),
        ("the values of the signed parameters are trimmed", |value| {
            value.trim().to_owned()
        }),
        (
            "the spaces in the values of the signed parameters are missing",
            |value| value.replace(' ', ""),
        ),
        (
            "the quotation marks in the values of the signed parameters are missing",
            |value| value.replace('"', ""),
        ),
    ];
    for (description, change) in changes {
        variants.add(Rare, description, move |parameters| {
            change_values(parameters, change);
        });
    }
}

fn change_values(parameters: &mut Parameters<'_>, change: impl Fn(&str) -> String) {
    for parameter in &mut parameters.list {
        parameter.value = Cow::Owned(change(&parameter.value));
    }
}

/// Adds mistakes with the query as sent, and with all signed parameters as one text.
pub(super) fn add_whole_query(
    request: &UnmatchedRequest<'_>,
    right: &Parameters<'_>,
    mistakes: &mut Mistakes<'_>,
) {
    let query = request.raw_query();
    if !query.is_empty() && query.len() <= MAX_QUERY {
        let description = "the whole query as sent is in the string to sign";
        mistakes.part(Common, Part::Query, format!("?{query}"), description);
        let before_signature = query
            .split('&')
            .filter(|pair| !pair.starts_with("signature="))
            .collect::<Vec<_>>();
        let text = format!("?{}", before_signature.join("&"));
        mistakes.part(Rare, Part::Query, text, description);
    }
    if !right.list.is_empty() {
        let text = right.to_bytes();
        let text = text.strip_prefix(b"?").unwrap_or(&text);
        mistakes.part(
            Alone,
            Part::Query,
            format!("?{}", percent_encode(text, Safe::UNRESERVED)),
            "the signed parameters are percent-encoded as a whole",
        );
    }
}
