//! Mistakes in the lines of the `x-qs-` headers.

use crate::auth::explanation::date_formats;
use crate::auth::explanation::evidence::UnmatchedRequest;
use crate::auth::explanation::header_model::{Header, HeaderLines};
use crate::auth::explanation::header_values::{self, MAX_SINGLE};
use crate::auth::explanation::mistake::{Likelihood, Mistakes, quote};
use crate::auth::explanation::variants::Variants;
use crate::auth::signature::Part;

use Likelihood::{Alone, Common, Rare};

const X_QS_DATE: &str = "x-qs-date";
/// Largest number of headers without `x-qs-` that are added one at a time.
const MAX_OTHER: usize = 24;
/// Longest value of a header without `x-qs-` that is tried, in bytes.
const MAX_OTHER_VALUE: usize = 512;
/// Headers that clients do not sign even if they sign the others.
const SKIPPED: [&str; 5] = [
    "authorization",
    "connection",
    "content-length",
    "user-agent",
    "accept",
];

/// Changes a name.
type Rename = fn(&str) -> String;
type HeaderVariants<'a> = Variants<'a, HeaderLines<'a>>;

pub(super) fn add(request: &UnmatchedRequest<'_>, mistakes: &mut Mistakes<'_>) {
    let right = HeaderLines::of(request);
    let mut variants = Variants::new();
    if !right.headers.is_empty() {
        names(&right, &mut variants);
        left_out(&right, &mut variants);
    }
    other_headers(request, &mut variants);
    if !right.headers.is_empty() {
        separators(&mut variants);
        dates(&right, &mut variants);
        header_values::add(&right, &mut variants);
        order(&right, &mut variants);
    }
    variants.add_to(mistakes, Part::Headers, &right, HeaderLines::to_bytes);
    for (likelihood, text, description) in header_values::repeated(request, &right) {
        mistakes.part(likelihood, Part::Headers, text, description);
    }
}

/// Dates in other formats, of which `dates` adds more.
fn dates<'a>(right: &HeaderLines<'a>, variants: &mut HeaderVariants<'a>) {
    let date = right.headers.iter().find(|header| header.name == X_QS_DATE);
    let formats = date.map_or_else(Vec::new, |date| date_formats::usual_formats_of(&date.value));
    for (text, description) in formats {
        variants.add(Common, description, move |lines| {
            for header in &mut lines.headers {
                if header.name.eq_ignore_ascii_case(X_QS_DATE) {
                    header.value = text.clone().into_bytes().into();
                }
            }
        });
    }
}

fn left_out<'a>(right: &HeaderLines<'a>, variants: &mut HeaderVariants<'a>) {
    variants.add(
        Common,
        "the `x-qs-` headers are left out of the string to sign",
        |lines| lines.headers.clear(),
    );
    for header in right.headers.iter().take(MAX_SINGLE) {
        let description = format!(
            "the header {} is left out of the string to sign",
            quote(&header.name)
        );
        let name = header.name.clone();
        variants.add(Common, description, move |lines| lines.remove(&name));
    }
    let is_metadata = |header: &Header<'_>| header.name.starts_with("x-qs-meta-");
    variants.add(
        Rare,
        "only user metadata of the `x-qs-` headers is signed",
        move |lines| lines.headers.retain(is_metadata),
    );
    variants.add(
        Common,
        "the `x-qs-meta-` headers are left out of the string to sign",
        move |lines| lines.headers.retain(|header| !is_metadata(header)),
    );
}

/// Mistakes with headers that must not be signed.
fn other_headers<'a>(request: &UnmatchedRequest<'a>, variants: &mut HeaderVariants<'a>) {
    let names = request.headers().keys().map(|name| name.as_str());
    let all = names
        .filter(|name| !name.starts_with("x-qs-"))
        .filter_map(|name| Some((name, request.headers().get(name)?.as_bytes())))
        .filter(|(_, value)| (1..=MAX_OTHER_VALUE).contains(&value.len()))
        .take(MAX_OTHER)
        .collect::<Vec<_>>();
    let mut add = |likelihood, description: String, is_added: &dyn Fn(&str) -> bool| {
        let added = all.iter().copied().filter(|(name, _)| is_added(name));
        let added = added.collect::<Vec<_>>();
        if !added.is_empty() {
            variants.add(
                likelihood,
                description,
                move |lines: &mut HeaderLines<'a>| {
                    for (name, value) in &added {
                        lines.push(name, (*value).into());
                    }
                    lines.sort();
                },
            );
        }
    };
    for (name, _) in &all {
        let likelihood = if *name == "host" { Common } else { Rare };
        let description = format!("the header {} is among the `x-qs-` headers", quote(name));
        add(likelihood, description, &|other| other == *name);
    }
    add(
        Common,
        "all `x-` headers are signed instead of only the `x-qs-` headers".to_owned(),
        &|name| name.starts_with("x-"),
    );
    let others = "headers without `x-qs-` are signed among the `x-qs-` headers";
    let names: [&dyn Fn(&str) -> bool; 5] = [
        &|name| !SKIPPED.contains(&name),
        &|name| name != "authorization",
        &|name| ["host", "date"].contains(&name),
        &|name| ["content-type", "host"].contains(&name),
        &|name| ["content-md5", "content-type", "date"].contains(&name),
    ];
    for is_added in names {
        add(Rare, others.to_owned(), is_added);
    }
    for name in ["x-qs-date", "x-qs-content-sha256"] {
        if request.header(name).is_empty() {
            let description = format!("an empty {} is signed, but not sent", quote(name));
            variants.add(Alone, description, move |lines: &mut HeaderLines<'_>| {
                lines.push(name, b"".into());
                lines.sort();
            });
        }
    }
}

fn order<'a>(right: &HeaderLines<'a>, variants: &mut HeaderVariants<'a>) {
    variants.add(
        Common,
        "the `x-qs-` headers are in the order of the request instead of sorted by name",
        |lines| lines.headers.sort_by_key(|header| header.position),
    );
    variants.add(
        Rare,
        "the `x-qs-` headers are sorted by their whole lines instead of by name",
        |lines| {
            let line = |header: &Header<'_>| [header.name.as_bytes(), b":", &header.value].concat();
            lines.headers.sort_by_cached_key(line);
        },
    );
    variants.add(
        Rare,
        "the `x-qs-` headers are sorted by value instead of by name",
        |lines| lines.headers.sort_by(|a, b| a.value.cmp(&b.value)),
    );
    variants.add(
        Rare,
        "the `x-qs-` headers are in the reverse order as sorted by name",
        |lines| lines.headers.reverse(),
    );
    variants.add(
        Rare,
        "the `x-qs-` headers are in the reverse order as sent",
        |lines| {
            lines
                .headers
                .sort_by_key(|header| std::cmp::Reverse(header.position));
        },
    );
    if right.headers.len() == 3 {
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            for is_reversed in [false, true] {
                variants.add(
                    Rare,
                    "the `x-qs-` headers are not sorted by name",
                    move |lines| {
                        if a.max(b) < lines.headers.len() {
                            lines.headers.swap(a, b);
                        }
                        if is_reversed {
                            lines.headers.reverse();
                        }
                    },
                );
            }
        }
    }
    for is_first in [true, false] {
        variants.add(
            Rare,
            "`x-qs-date` is not sorted among the other `x-qs-` headers",
            move |lines| {
                let is_date = |header: &Header<'_>| header.name == "x-qs-date";
                lines
                    .headers
                    .sort_by_key(|header| is_date(header) != is_first);
            },
        );
    }
}

fn title(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| {
        first.to_ascii_uppercase().to_string() + letters.as_str()
    })
}

fn title_case(name: &str) -> String {
    name.split('-').map(title).collect::<Vec<_>>().join("-")
}

fn names<'a>(right: &HeaderLines<'a>, variants: &mut HeaderVariants<'a>) {
    let spellings: [(Likelihood, Rename); 5] = [
        (Common, |name| {
            title_case(name).replacen("X-Qs-", "X-QS-", 1)
        }),
        (Common, title_case),
        (Common, |name| name.to_uppercase()),
        (Rare, |name| name.replacen("x-qs-", "X-QS-", 1)),
        (Rare, title),
    ];
    for (likelihood, rename) in spellings {
        let description = format!(
            "the names of the `x-qs-` headers are not in lower case, but as in `{}`",
            rename("x-qs-meta-name")
        );
        variants.add(likelihood, description, move |lines| lines.rename(rename));
    }
    // A client may spell only some names as in the documents.
    for header in right.headers.iter().take(MAX_SINGLE) {
        let name = header.name.clone();
        let description = format!(
            "the name of the header {} is not in lower case",
            quote(&name)
        );
        variants.add(Rare, description, move |lines| {
            lines.rename(|other| match *other == *name {
                true => title_case(other).replacen("X-Qs-", "X-QS-", 1),
                false => other.to_owned(),
            });
        });
    }
    // User metadata often keeps its case, and the other names are constants.
    let of_metadata: [Rename; 2] = [title_case, |name| name.to_uppercase()];
    for rename in of_metadata {
        variants.add(
            Rare,
            "the names of user metadata are not in lower case",
            move |lines| {
                lines.rename(|name| match name.strip_prefix("x-qs-meta-") {
                    Some(rest) => format!("x-qs-meta-{}", rename(rest)),
                    None => name.to_owned(),
                });
            },
        );
    }
    variants.add(
        Rare,
        "the names of the `x-qs-` headers are signed without `x-qs-`",
        |lines| lines.rename(|name| name.trim_start_matches("x-qs-").to_owned()),
    );
    variants.add(
        Rare,
        "user metadata is signed without `x-qs-meta-`",
        |lines| lines.rename(|name| name.trim_start_matches("x-qs-meta-").to_owned()),
    );
    variants.add(
        Rare,
        "the names of the `x-qs-` headers have underscores",
        |lines| lines.rename(|name| name.replace('-', "_")),
    );
}

fn separators(variants: &mut HeaderVariants<'_>) {
    for (likelihood, colon, what) in [
        (Common, ": ", "a colon and a space"),
        (Common, "=", "an equals sign"),
        (Rare, " : ", "a colon between spaces"),
        (Rare, " ", "a space"),
        (Rare, "", "nothing"),
        (Rare, "\n", "a line feed"),
    ] {
        let description = format!(
            "the names and values of the `x-qs-` headers are joined by {what} instead of a colon"
        );
        variants.add(likelihood, description, move |lines| lines.colon = colon);
    }
    for (likelihood, separator, what) in [
        (Common, ",", "commas"),
        (Rare, ";", "semicolons"),
        (Common, "&", "`&`"),
        (Rare, "", "nothing"),
        (Rare, " ", "spaces"),
        (Rare, ", ", "commas and spaces"),
        (Rare, "\r\n", "`\\r\\n`"),
        (Rare, "\n\n", "two line feeds"),
    ] {
        let description = format!("the `x-qs-` headers are joined by {what} instead of line feeds");
        for (likelihood, end) in [(likelihood, "\n"), (Rare, separator), (Rare, "")] {
            variants.add(likelihood, description.clone(), move |lines| {
                lines.separator = separator;
                lines.end = end;
            });
        }
    }
    variants.add(
        Rare,
        "an empty line precedes the `x-qs-` headers",
        |lines| lines.start = "\n",
    );
    variants.add(
        Rare,
        "the `x-qs-` headers are signed without their names",
        |lines| {
            lines.rename(|_| String::new());
            lines.colon = "";
        },
    );
    variants.add(
        Rare,
        "the `x-qs-` headers are signed without their values",
        |lines| {
            for header in &mut lines.headers {
                header.value = b"".into();
            }
            lines.colon = "";
        },
    );
}
