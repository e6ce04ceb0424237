//! Mistakes in the lines of the `x-qs-` headers.

use crate::auth::explanation::evidence::UnmatchedRequest;
use crate::auth::explanation::mistake::{Likelihood, Mistakes, quote};
use crate::auth::signature::Part;

use Likelihood::{Alone, Common, Rare};

/// Largest number of headers that are changed one at a time.
pub(super) const MAX_SINGLE: usize = 8;

/// Changes a name.
type Rename<'a> = &'a dyn Fn(&str) -> String;
/// The name and the trimmed value of a header.
pub(super) type Header = (String, Vec<u8>);

/// Returns lines `name:value`.
pub(super) fn lines(headers: &[Header]) -> Vec<u8> {
    joined(headers, ":", "\n")
}

fn joined(headers: &[Header], colon: &str, end: &str) -> Vec<u8> {
    let lines = headers
        .iter()
        .flat_map(|(name, value)| [name.as_bytes(), colon.as_bytes(), value, end.as_bytes()]);
    lines.collect::<Vec<_>>().concat()
}

/// Returns the `x-qs-` headers, sorted by name, each with its first value.
pub(super) fn signed_headers(request: &UnmatchedRequest<'_>) -> Vec<Header> {
    let mut headers = in_sent_order(request);
    headers.sort();
    headers
}

fn in_sent_order(request: &UnmatchedRequest<'_>) -> Vec<Header> {
    let headers = request.headers();
    let names = headers
        .keys()
        .filter(|name| name.as_str().starts_with("x-qs-"));
    let value = |name| {
        headers
            .get(name)
            .map_or(Vec::new(), |value| value.as_bytes().trim_ascii().to_vec())
    };
    names
        .map(|name| (name.as_str().to_owned(), value(name)))
        .collect()
}

pub(super) fn add(request: &UnmatchedRequest<'_>, mistakes: &mut Mistakes<'_>) {
    let headers = signed_headers(request);
    if !headers.is_empty() {
        sent_headers(request, &headers, mistakes);
    }
    other_headers(request, &headers, mistakes);
}

/// Mistakes with the headers that must be signed.
fn sent_headers(request: &UnmatchedRequest<'_>, headers: &[Header], mistakes: &mut Mistakes<'_>) {
    let mut add = |likelihood, bytes: Vec<u8>, description: String| {
        mistakes.part(likelihood, Part::Headers, bytes, description);
    };
    add(
        Common,
        Vec::new(),
        "the `x-qs-` headers are left out of the string to sign".to_owned(),
    );
    for index in 0..headers.len().min(MAX_SINGLE) {
        let mut rest = headers.to_vec();
        let (name, _) = rest.remove(index);
        add(
            Common,
            lines(&rest),
            format!(
                "the header {} is left out of the string to sign",
                quote(&name)
            ),
        );
    }
    order(request, headers, &mut add);
    spelling(headers, &mut add);
    separators(headers, &mut add);
}

fn order(
    request: &UnmatchedRequest<'_>,
    headers: &[Header],
    add: &mut impl FnMut(Likelihood, Vec<u8>, String),
) {
    let sent = in_sent_order(request);
    add(
        Common,
        lines(&sent),
        "the `x-qs-` headers are in the order of the request instead of sorted by name".to_owned(),
    );
    let sorted_by = |key: fn(&Header) -> Vec<u8>| {
        let mut headers = headers.to_vec();
        headers.sort_by_key(key);
        headers
    };
    add(
        Rare,
        lines(&sorted_by(|header| lines(std::slice::from_ref(header)))),
        "the `x-qs-` headers are sorted by their whole lines instead of by name".to_owned(),
    );
    add(
        Rare,
        lines(&sorted_by(|(_, value)| value.clone())),
        "the `x-qs-` headers are sorted by value instead of by name".to_owned(),
    );
    for (mut headers, what) in [(headers.to_vec(), "sorted by name"), (sent, "sent")] {
        headers.reverse();
        add(
            Rare,
            lines(&headers),
            format!("the `x-qs-` headers are in the reverse order as {what}"),
        );
    }
    if headers.len() == 3 {
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            let mut headers = headers.to_vec();
            headers.swap(a, b);
            add(
                Rare,
                lines(&headers),
                "the `x-qs-` headers are not sorted by name".to_owned(),
            );
            headers.reverse();
            add(
                Rare,
                lines(&headers),
                "the `x-qs-` headers are not sorted by name".to_owned(),
            );
        }
    }
    let (date, mut rest) = headers
        .iter()
        .cloned()
        .partition::<Vec<_>, _>(|(name, _)| name == "x-qs-date");
    let first = [date.clone(), rest.clone()].concat();
    rest.extend(date);
    for moved in [first, rest] {
        add(
            Rare,
            lines(&moved),
            "`x-qs-date` is not sorted among the other `x-qs-` headers".to_owned(),
        );
    }
}

fn spelling(headers: &[Header], add: &mut impl FnMut(Likelihood, Vec<u8>, String)) {
    let title = |word: &str| {
        let mut letters = word.chars();
        letters.next().map_or(String::new(), |first| {
            first.to_ascii_uppercase().to_string() + letters.as_str()
        })
    };
    let title_case = |name: &str| name.split('-').map(title).collect::<Vec<_>>().join("-");
    let spellings: [(Likelihood, Rename<'_>); 5] = [
        (Common, &|name| {
            title_case(name).replacen("X-Qs-", "X-QS-", 1)
        }),
        (Common, &|name| title_case(name)),
        (Common, &|name| name.to_uppercase()),
        (Rare, &|name| name.replacen("x-qs-", "X-QS-", 1)),
        (Rare, &|name| title(name)),
    ];
    let renamed = |rename: &dyn Fn(&str) -> String| {
        let mut headers = headers.to_vec();
        headers
            .iter_mut()
            .for_each(|(name, _)| *name = rename(name));
        headers
    };
    for (likelihood, spelling) in spellings {
        let name = spelling("x-qs-meta-name");
        let description =
            format!("the names of the `x-qs-` headers are not in lower case, but as in `{name}`");
        add(likelihood, lines(&renamed(spelling)), description);
    }
    // User metadata often keeps its case, and the other names are constants.
    for likelihood_and_spelling in [&title_case as &dyn Fn(&str) -> String, &|name: &str| {
        name.to_uppercase()
    }] {
        let rename = |name: &str| match name.strip_prefix("x-qs-meta-") {
            Some(rest) => format!("x-qs-meta-{}", likelihood_and_spelling(rest)),
            None => name.to_owned(),
        };
        add(
            Rare,
            lines(&renamed(&rename)),
            "the names of user metadata are not in lower case".to_owned(),
        );
    }
    let bare = renamed(&|name| name.trim_start_matches("x-qs-").to_owned());
    add(
        Rare,
        lines(&bare),
        "the names of the `x-qs-` headers are signed without `x-qs-`".to_owned(),
    );
    let bare = renamed(&|name| name.trim_start_matches("x-qs-meta-").to_owned());
    add(
        Rare,
        lines(&bare),
        "user metadata is signed without `x-qs-meta-`".to_owned(),
    );
    let underscores = renamed(&|name| name.replace('-', "_"));
    add(
        Rare,
        lines(&underscores),
        "the names of the `x-qs-` headers have underscores".to_owned(),
    );
}

fn separators(headers: &[Header], add: &mut impl FnMut(Likelihood, Vec<u8>, String)) {
    for (likelihood, colon, what) in [
        (Common, ": ", "a colon and a space"),
        (Rare, "=", "an equals sign"),
        (Rare, " : ", "a colon between spaces"),
        (Rare, " ", "a space"),
        (Rare, "", "nothing"),
        (Rare, "\n", "a line feed"),
    ] {
        let description = format!(
            "the names and values of the `x-qs-` headers are joined by {what} instead of a colon"
        );
        add(likelihood, joined(headers, colon, "\n"), description);
    }
    for (end, what) in [
        (",", "commas"),
        (";", "semicolons"),
        ("&", "`&`"),
        ("", "nothing"),
        (" ", "spaces"),
        ("\r\n", "`\\r\\n`"),
        ("\n\n", "two line feeds"),
    ] {
        let description = format!("the `x-qs-` headers are joined by {what} instead of line feeds");
        let text = joined(headers, ":", end);
        let without_end = text.strip_suffix(end.as_bytes()).unwrap_or(&text);
        add(Common, [without_end, b"\n"].concat(), description.clone());
        add(Rare, text.clone(), description.clone());
        add(Rare, without_end.to_vec(), description);
    }
    let right = lines(headers);
    add(
        Rare,
        [b"\n", right.as_slice()].concat(),
        "an empty line precedes the `x-qs-` headers".to_owned(),
    );
    let no_names = headers
        .iter()
        .flat_map(|(_, value)| [value.as_slice(), b"\n"])
        .collect::<Vec<_>>()
        .concat();
    add(
        Rare,
        no_names,
        "the `x-qs-` headers are signed without their names".to_owned(),
    );
    let no_values = headers
        .iter()
        .flat_map(|(name, _)| [name.as_bytes(), b"\n"])
        .collect::<Vec<_>>()
        .concat();
    add(
        Rare,
        no_values,
        "the `x-qs-` headers are signed without their values".to_owned(),
    );
}

/// Mistakes with headers that must not be signed.
fn other_headers(request: &UnmatchedRequest<'_>, headers: &[Header], mistakes: &mut Mistakes<'_>) {
    let mut add_others = |likelihood, names: &[&str], description: String| {
        let mut all = headers.to_vec();
        for name in names {
            let value = match *name {
                "host" => request.authority(),
                name => request.header(name),
            };
            if !value.is_empty() {
                all.push(((*name).to_owned(), value.into_bytes()));
            }
        }
        all.sort();
        mistakes.part(likelihood, Part::Headers, lines(&all), description);
    };
    let skipped = [
        "authorization",
        "connection",
        "content-length",
        "user-agent",
        "accept",
    ];
    let all = request
        .headers()
        .keys()
        .map(|name| name.as_str())
        .filter(|name| !name.starts_with("x-qs-"));
    let all = all.take(50).collect::<Vec<_>>();
    for name in &all {
        let description = format!("the header {} is among the `x-qs-` headers", quote(name));
        add_others(
            if *name == "host" { Common } else { Rare },
            &[*name],
            description,
        );
    }
    let without = all
        .iter()
        .copied()
        .filter(|name| !skipped.contains(name))
        .collect::<Vec<_>>();
    let x = all
        .iter()
        .copied()
        .filter(|name| name.starts_with("x-"))
        .collect::<Vec<_>>();
    let unsigned = all
        .iter()
        .copied()
        .filter(|name| *name != "authorization")
        .collect::<Vec<_>>();
    add_others(
        Common,
        &x,
        "all `x-` headers are signed instead of only the `x-qs-` headers".to_owned(),
    );
    for names in [
        without,
        unsigned,
        vec!["host", "date"],
        vec!["content-type", "host"],
        vec!["content-md5", "content-type", "date"],
    ] {
        let description = "headers without `x-qs-` are signed among the `x-qs-` headers".to_owned();
        add_others(Rare, &names, description);
    }
    if headers
        .iter()
        .any(|(name, _)| name.starts_with("x-qs-meta-"))
    {
        let meta = |wanted: bool| {
            let list = headers
                .iter()
                .filter(|(name, _)| name.starts_with("x-qs-meta-") == wanted);
            lines(&list.cloned().collect::<Vec<_>>())
        };
        mistakes.part(
            Common,
            Part::Headers,
            meta(true),
            "only user metadata of the `x-qs-` headers is signed",
        );
        mistakes.part(
            Common,
            Part::Headers,
            meta(false),
            "the `x-qs-meta-` headers are left out of the string to sign",
        );
    }
    for name in ["x-qs-date", "x-qs-content-sha256"]
        .iter()
        .filter(|name| request.header(name).is_empty())
    {
        let mut all = headers.to_vec();
        all.push(((*name).to_owned(), Vec::new()));
        all.sort();
        mistakes.part(
            Alone,
            Part::Headers,
            lines(&all),
            format!("an empty {} is signed, but not sent", quote(name)),
        );
    }
}
