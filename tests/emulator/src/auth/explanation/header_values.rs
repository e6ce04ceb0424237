//! Mistakes in the values of the `x-qs-` headers.

use crate::auth::explanation::encoding::{self, Safe};
use crate::auth::explanation::evidence::UnmatchedRequest;
use crate::auth::explanation::header_model::{Header, HeaderLines};
use crate::auth::explanation::mistake::{Likelihood, quote};
use crate::auth::explanation::variants::Variants;

use Likelihood::{Alone, Common, Rare};

/// Largest number of headers that are changed one at a time.
pub(super) const MAX_SINGLE: usize = 8;
/// Largest number of spaces around a value that the search tries.
const MAX_SPACES: usize = 4;

/// Changes a value.
type ChangeValue = fn(&[u8]) -> Vec<u8>;

const CHANGES: [(Likelihood, ChangeValue, &str); 12] = [
    (Common, encoding::percent_decode, "percent-decoded"),
    (
        Common,
        |value| encoding::percent_encode(value, Safe::PATH).into_bytes(),
        "percent-encoded",
    ),
    (
        Rare,
        |value| encoding::percent_encode(value, Safe::UNRESERVED).into_bytes(),
        "percent-encoded",
    ),
    (
        Rare,
        |value| encoding::percent_encode(value, Safe::FORM).into_bytes(),
        "percent-encoded with `+` for spaces",
    ),
    (
        Rare,
        |value| encoding::percent_encode(value, Safe::ENCODE_URI).into_bytes(),
        "percent-encoded",
    ),
    (Rare, |value| value.to_ascii_lowercase(), "in lower case"),
    (
        Common,
        encoding::collapse_spaces,
        "signed with single spaces between words",
    ),
    (
        Rare,
        |value| encoding::replace(value, b" ", b""),
        "signed without spaces",
    ),
    (Rare, utf8_of_latin1, "encoded as UTF-8 twice"),
    (Rare, latin1_of_utf8, "encoded as Latin-1"),
    (
        Rare,
        |value| encoding::replace(value, b"\"", b""),
        "signed without quotation marks",
    ),
    (
        Rare,
        |value| [b"\"", value, b"\""].concat(),
        "signed in quotation marks",
    ),
];

fn utf8_of_latin1(value: &[u8]) -> Vec<u8> {
    let text = value.iter().map(|byte| char::from(*byte));
    text.collect::<String>().into_bytes()
}

fn latin1_of_utf8(value: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(value);
    text.chars()
        .map(|letter| u8::try_from(letter).unwrap_or(b'?'))
        .collect()
}

pub(super) fn add<'a>(right: &HeaderLines<'a>, variants: &mut Variants<'a, HeaderLines<'a>>) {
    for (likelihood, change, what) in CHANGES {
        variants.add(
            likelihood,
            format!("the values of the `x-qs-` headers are {what}"),
            move |lines| change_values(lines, None, change),
        );
        for header in right.headers.iter().take(MAX_SINGLE) {
            // Most changes have no effect on most values.
            if change(&header.value) != *header.value {
                let name = header.name.clone();
                variants.add(
                    Rare,
                    format!("the value of {} is {what}", quote(&name)),
                    move |lines| change_values(lines, Some(&name), change),
                );
            }
        }
    }
    let pads = (1..=MAX_SPACES).flat_map(|count| [(count, 0), (0, count), (count, count)]);
    for (before, after) in pads {
        let pad = move |value: &[u8]| [&vec![b' '; before], value, &vec![b' '; after]].concat();
        let likelihood = if before + after == 1 { Common } else { Alone };
        variants.add(
            likelihood,
            "the values of the `x-qs-` headers are signed with the spaces around them",
            move |lines| change_values(lines, None, pad),
        );
        for header in right.headers.iter().take(MAX_SINGLE) {
            let name = header.name.clone();
            variants.add(
                likelihood.max(Rare),
                format!(
                    "the value of {} is signed with the spaces around it",
                    quote(&name)
                ),
                move |lines| change_values(lines, Some(&name), pad),
            );
        }
    }
}

/// Changes the values of all headers, or of one.
fn change_values(
    lines: &mut HeaderLines<'_>,
    only: Option<&str>,
    change: impl Fn(&[u8]) -> Vec<u8>,
) {
    let is_changed = |header: &&mut Header<'_>| only.is_none_or(|name| header.name == name);
    for header in lines.headers.iter_mut().filter(is_changed) {
        header.value = change(&header.value).into();
    }
}

/// Returns mistakes with several headers of one name, of which the first one is signed.
pub(super) fn repeated(
    request: &UnmatchedRequest<'_>,
    right: &HeaderLines<'_>,
) -> Vec<(Likelihood, Vec<u8>, String)> {
    let all = |name: &str| {
        let values = request.headers().get_all(name).iter();
        values.map(|value| value.as_bytes().trim_ascii())
    };
    if right
        .headers
        .iter()
        .all(|header| all(&header.name).count() < 2)
    {
        return Vec::new();
    }
    let with_values = |value: &dyn Fn(&str) -> Vec<u8>| {
        let mut lines = right.clone();
        for header in &mut lines.headers {
            header.value = value(&header.name).into();
        }
        lines.to_bytes()
    };
    let mut list = Vec::new();
    for (separator, what) in [
        (&b","[..], "joined by a comma"),
        (b", ", "joined by a comma and a space"),
        (b"", "joined"),
    ] {
        let text = with_values(&|name| all(name).collect::<Vec<_>>().join(separator));
        let description = format!(
            "the values of `x-qs-` headers with the same name are {what}; only the first one is signed"
        );
        list.push((Common, text, description));
    }
    let mut each = right.clone();
    each.headers = right
        .headers
        .iter()
        .flat_map(|header| {
            all(&header.name).map(|value| Header {
                value: value.into(),
                ..header.clone()
            })
        })
        .collect();
    let description =
        "each of several `x-qs-` headers with the same name is signed; only the first one must be";
    list.push((Common, each.to_bytes(), description.to_owned()));
    let text = with_values(&|name| all(name).next_back().unwrap_or_default().to_vec());
    let description =
        "the last of several `x-qs-` headers with the same name is signed instead of the first one";
    list.push((Common, text, description.to_owned()));
    list
}
