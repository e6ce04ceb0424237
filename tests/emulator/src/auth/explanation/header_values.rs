//! Mistakes in the values of the `x-qs-` headers.

use crate::auth::explanation::encoding::{self, Safe};
use crate::auth::explanation::evidence::UnmatchedRequest;
use crate::auth::explanation::header_lines::{Header, MAX_SINGLE, lines, signed_headers};
use crate::auth::explanation::mistake::{Likelihood, Mistakes, quote};
use crate::auth::signature::Part;

use Likelihood::{Alone, Common, Rare};

/// Largest number of spaces around a value that the search tries.
const MAX_SPACES: usize = 4;

/// Changes a value.
type ChangeValue<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;

pub(super) fn add(request: &UnmatchedRequest<'_>, mistakes: &mut Mistakes<'_>) {
    let headers = signed_headers(request);
    let mut add = |likelihood, bytes: Vec<u8>, description: String| {
        mistakes.part(likelihood, Part::Headers, bytes, description);
    };
    if !headers.is_empty() {
        values(&headers, &mut add);
        repeated(request, &headers, &mut add);
    }
}

fn values(headers: &[Header], add: &mut impl FnMut(Likelihood, Vec<u8>, String)) {
    let changed = |only: Option<usize>, change: &dyn Fn(&[u8]) -> Vec<u8>| {
        let mut headers = headers.to_vec();
        for (index, (_, value)) in headers.iter_mut().enumerate() {
            if only.is_none_or(|only| only == index) {
                *value = change(value);
            }
        }
        lines(&headers)
    };
    let utf8_of_latin1 = |value: &[u8]| {
        value
            .iter()
            .map(|byte| char::from(*byte))
            .collect::<String>()
            .into_bytes()
    };
    let latin1_of_utf8 = |value: &[u8]| {
        let text = String::from_utf8_lossy(value);
        text.chars()
            .map(|letter| u8::try_from(letter).unwrap_or(b'?'))
            .collect()
    };
    let changes: [(Likelihood, ChangeValue<'_>, &str); 12] = [
        (Common, &encoding::percent_decode, "percent-decoded"),
        (
            Common,
            &|value| encoding::percent_encode(value, Safe::PATH).into_bytes(),
            "percent-encoded",
        ),
        (
            Rare,
            &|value| encoding::percent_encode(value, Safe::UNRESERVED).into_bytes(),
            "percent-encoded",
        ),
        (
            Rare,
            &|value| encoding::percent_encode(value, Safe::FORM).into_bytes(),
            "percent-encoded with `+` for spaces",
        ),
        (
            Rare,
            &|value| encoding::percent_encode(value, Safe::ENCODE_URI).into_bytes(),
            "percent-encoded",
        ),
        (Rare, &|value| value.to_ascii_lowercase(), "in lower case"),
        (
            Rare,
            &encoding::collapse_spaces,
            "signed with single spaces between words",
        ),
        (
            Rare,
            &|value| encoding::replace(value, b" ", b""),
            "signed without spaces",
        ),
        (Rare, &utf8_of_latin1, "encoded as UTF-8 twice"),
        (Rare, &latin1_of_utf8, "encoded as Latin-1"),
        (
            Rare,
            &|value| encoding::replace(value, b"\"", b""),
            "signed without quotation marks",
        ),
        (
            Rare,
            &|value| [b"\"", value, b"\""].concat(),
            "signed in quotation marks",
        ),
    ];
    for (likelihood, change, what) in changes {
        add(
            likelihood,
            changed(None, change),
            format!("the values of the `x-qs-` headers are {what}"),
        );
        for (index, (name, _)) in headers.iter().enumerate().take(MAX_SINGLE) {
            let name = quote(name);
            add(
                likelihood,
                changed(Some(index), change),
                format!("the value of {name} is {what}"),
            );
        }
    }
    for before in 0..=MAX_SPACES {
        for after in 0..=MAX_SPACES {
            let pad = |value: &[u8]| [&spaces(before), value, &spaces(after)].concat();
            let likelihood = if before + after == 1 { Common } else { Alone };
            add(
                likelihood,
                changed(None, &pad),
                "the values of the `x-qs-` headers are signed with the spaces around them"
                    .to_owned(),
            );
            for (index, (name, _)) in headers.iter().enumerate().take(MAX_SINGLE) {
                let name = quote(name);
                let description =
                    format!("the value of {name} is signed with the spaces around it");
                add(
                    likelihood.max(Rare),
                    changed(Some(index), &pad),
                    description,
                );
            }
        }
    }
}

fn spaces(count: usize) -> Vec<u8> {
    vec![b' '; count]
}

/// Mistakes with several headers of one name, of which the first one is signed.
fn repeated(
    request: &UnmatchedRequest<'_>,
    headers: &[Header],
    add: &mut impl FnMut(Likelihood, Vec<u8>, String),
) {
    let all = |name: &str| {
        request
            .headers()
            .get_all(name)
            .iter()
            .map(|value| value.as_bytes().trim_ascii())
    };
    if headers.iter().all(|(name, _)| all(name).count() < 2) {
        return;
    }
    for (separator, what) in [
        (&b","[..], "joined by a comma"),
        (b", ", "joined by a comma and a space"),
        (b"", "joined"),
    ] {
        let joined = headers
            .iter()
            .map(|(name, _)| (name.clone(), all(name).collect::<Vec<_>>().join(separator)));
        let description = format!(
            "the values of `x-qs-` headers with the same name are {what}; only the first one is signed"
        );
        add(Common, lines(&joined.collect::<Vec<_>>()), description);
    }
    let each = headers
        .iter()
        .flat_map(|(name, _)| all(name).map(|value| (name.clone(), value.to_vec())));
    let each = each.collect::<Vec<_>>();
    let description =
        "each of several `x-qs-` headers with the same name is signed; only the first one must be";
    add(Common, lines(&each), description.to_owned());
    let last = headers.iter().map(|(name, _)| {
        (
            name.clone(),
            all(name).next_back().unwrap_or_default().to_vec(),
        )
    });
    let description =
        "the last of several `x-qs-` headers with the same name is signed instead of the first one";
    add(
        Common,
        lines(&last.collect::<Vec<_>>()),
        description.to_owned(),
    );
}
