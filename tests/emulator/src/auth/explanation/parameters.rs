//! Mistakes in the signed parameters of the query.

use crate::auth::explanation::encoding::{self, Safe, percent_encode};
use crate::auth::explanation::evidence::UnmatchedRequest;
use crate::auth::explanation::mistake::{Change, Likelihood, Mistakes, quote};
use crate::auth::signature::Part;
use crate::generated::operations::SIGNED_PARAMETERS;

use Likelihood::{Alone, Common, Rare};

/// Largest number of parameters that are changed one at a time.
const MAX_SINGLE: usize = 10;
/// Parameters of signed URLs, which are never signed.
const CREDENTIALS: [&str; 3] = ["access_key_id", "expires", "signature"];

/// The name and the value of a parameter, decoded or as sent.
type Pair = (String, String);

/// Returns `?a=1&b`.
fn render(pairs: &[Pair]) -> String {
    joined(pairs, "?", "=", "&")
}

fn joined(pairs: &[Pair], start: &str, equals: &str, end: &str) -> String {
    let pairs = pairs.iter().map(|(name, value)| match value.is_empty() {
        true => name.clone(),
        false => format!("{name}{equals}{value}"),
    });
    let text = pairs.collect::<Vec<_>>().join(end);
    if text.is_empty() {
        text
    } else {
        format!("{start}{text}")
    }
}

fn is_signed(pair: &Pair) -> bool {
    SIGNED_PARAMETERS.contains(&pair.0.as_str())
}

fn is_credential(pair: &Pair) -> bool {
    CREDENTIALS.contains(&pair.0.as_str())
}

fn sorted(mut pairs: Vec<Pair>) -> Vec<Pair> {
    pairs.sort_by(|a, b| a.0.cmp(&b.0));
    pairs
}

pub(super) fn add(request: &UnmatchedRequest<'_>, mistakes: &mut Mistakes<'_>) {
    let parameters = request.target.query.parameters();
    let all = parameters
        .iter()
        .map(|parameter| (parameter.name.clone(), parameter.value.clone()))
        .collect::<Vec<_>>();
    let raw = parameters
        .iter()
        .map(|parameter| (parameter.name.clone(), parameter.raw_value.clone()))
        .collect::<Vec<_>>();
    let signed = sorted(all.iter().filter(|pair| is_signed(pair)).cloned().collect());
    let mut add = |likelihood, text: String, description: String| {
        mistakes.part(likelihood, Part::Query, text, description);
    };
    if !signed.is_empty() {
        left_out(&signed, &mut add);
        spelling(&signed, &raw, &mut add);
    }
    order(&all, &mut add);
    order(&raw, &mut add);
    unsigned(request, &all, &raw, &mut add);
    add(
        Common,
        "?".to_owned(),
        "the string to sign has a `?` without parameters".to_owned(),
    );
    for name in SIGNED_PARAMETERS
        .iter()
        .filter(|name| signed.iter().all(|(sent, _)| sent != *name))
    {
        let added = sorted([signed.clone(), vec![((*name).to_owned(), String::new())]].concat());
        let description = format!("the parameter `{name}` is signed, but not sent");
        add(Rare, render(&added), description);
    }
    let query = request.raw_query();
    if !query.is_empty() && !signed.is_empty() {
        // The path is signed without the bucket and the key by clients that sign the query alone.
        let changes = vec![(Part::Bucket, Vec::new()), (Part::Key, Vec::new())];
        mistakes.add(
            Rare,
            Change::Parts(changes),
            "the path is left out of the string to sign",
        );
    }
}

fn left_out(signed: &[Pair], add: &mut impl FnMut(Likelihood, String, String)) {
    add(
        Common,
        String::new(),
        "the signed parameters are left out of the string to sign".to_owned(),
    );
    for (index, (name, _)) in signed.iter().enumerate().take(MAX_SINGLE) {
        let mut rest = signed.to_vec();
        rest.remove(index);
        let description = format!(
            "the parameter {} is left out of the string to sign",
            quote(name)
        );
        add(Common, render(&rest), description);
        let description = format!(
            "the value of the parameter {} is left out of the string to sign",
            quote(name)
        );
        let mut rest = signed.to_vec();
        if let Some((_, value)) = rest.get_mut(index) {
            value.clear();
        }
        add(Rare, render(&rest), description);
        let description = format!("only the parameter {} is signed", quote(name));
        let only = signed.get(index..=index).unwrap_or_default();
        add(Rare, render(only), description);
    }
    let versions = ["version_id", "versioning", "versions", "retention"];
    let known = signed
        .iter()
        .filter(|(name, _)| !versions.contains(&name.as_str()));
    add(
        Common,
        render(&known.cloned().collect::<Vec<_>>()),
        "the parameters of versions are left out of the string to sign".to_owned(),
    );
    let flags = signed
        .iter()
        .filter(|(_, value)| value.is_empty())
        .cloned()
        .collect::<Vec<_>>();
    let valued = signed
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .cloned()
        .collect::<Vec<_>>();
    add(
        Common,
        render(&flags),
        "the parameters with a value are left out of the string to sign".to_owned(),
    );
    add(
        Common,
        render(&valued),
        "the parameters without a value are left out of the string to sign".to_owned(),
    );
    let response = signed
        .iter()
        .filter(|(name, _)| !name.starts_with("response-"));
    add(
        Common,
        render(&response.cloned().collect::<Vec<_>>()),
        "the `response-*` parameters are left out of the string to sign".to_owned(),
    );
}

fn order(all: &[Pair], add: &mut impl FnMut(Likelihood, String, String)) {
    let signed = all
        .iter()
        .filter(|pair| is_signed(pair))
        .cloned()
        .collect::<Vec<_>>();
    let unsorted =
        "the signed parameters are in the order of the request instead of sorted by name";
    add(Common, render(&signed), unsorted.to_owned());
    let mut reversed = signed.clone();
    reversed.reverse();
    add(
        Rare,
        render(&reversed),
        "the signed parameters are not sorted by name".to_owned(),
    );
    let mut descending = sorted(signed.clone());
    descending.reverse();
    add(
        Rare,
        render(&descending),
        "the signed parameters are sorted in descending order".to_owned(),
    );
    let mut by_value = signed.clone();
    by_value.sort_by(|a, b| a.1.cmp(&b.1));
    add(
        Rare,
        render(&by_value),
        "the signed parameters are sorted by value instead of by name".to_owned(),
    );
    let (flags, valued) = signed
        .into_iter()
        .partition::<Vec<_>, _>(|(_, value)| value.is_empty());
    let flags_first = [sorted(flags.clone()), sorted(valued.clone())].concat();
    let flags_last = [sorted(valued), sorted(flags)].concat();
    for pairs in [flags_first, flags_last] {
        add(
            Rare,
            render(&pairs),
            "parameters with and without a value are not sorted together".to_owned(),
        );
    }
}

fn unsigned(
    request: &UnmatchedRequest<'_>,
    all: &[Pair],
    raw: &[Pair],
    add: &mut impl FnMut(Likelihood, String, String),
) {
    let included = "parameters that are not signed are in the string to sign";
    for pairs in [all, raw] {
        let without_credentials = pairs
            .iter()
            .filter(|pair| !is_credential(pair))
            .cloned()
            .collect::<Vec<_>>();
        let without_signature = pairs
            .iter()
            .filter(|pair| pair.0 != "signature")
            .cloned()
            .collect::<Vec<_>>();
        for (likelihood, pairs) in [
            (Common, without_credentials),
            (Common, without_signature),
            (Rare, pairs.to_vec()),
        ] {
            add(likelihood, render(&pairs), included.to_owned());
            add(
                likelihood,
                render(&sorted(pairs.clone())),
                included.to_owned(),
            );
            let with_equals = pairs
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect::<Vec<_>>();
            add(
                Rare,
                format!("?{}", with_equals.join("&")),
                included.to_owned(),
            );
        }
        let signed = pairs
            .iter()
            .filter(|pair| is_signed(pair))
            .cloned()
            .collect::<Vec<_>>();
        for pair in pairs
            .iter()
            .filter(|pair| !is_signed(pair))
            .take(MAX_SINGLE)
        {
            let description = format!(
                "the parameter {}, which is not signed, is in the string to sign",
                quote(&pair.0)
            );
            let added = [signed.clone(), vec![pair.clone()]].concat();
            let first = [vec![pair.clone()], signed.clone()].concat();
            add(Common, render(&sorted(added.clone())), description.clone());
            add(Rare, render(&added), description.clone());
            add(Rare, render(&first), description);
        }
    }
    let query = request.raw_query();
    if !query.is_empty() {
        let description = "the whole query as sent is in the string to sign";
        add(Common, format!("?{query}"), description.to_owned());
        let before_signature = query
            .split('&')
            .filter(|pair| !pair.starts_with("signature="))
            .collect::<Vec<_>>();
        add(
            Rare,
            format!("?{}", before_signature.join("&")),
            description.to_owned(),
        );
    }
}

fn spelling(signed: &[Pair], raw: &[Pair], add: &mut impl FnMut(Likelihood, String, String)) {
    let raw_signed = sorted(raw.iter().filter(|pair| is_signed(pair)).cloned().collect());
    let text = render(signed);
    let without_mark = text.trim_start_matches('?');
    let with_equals = signed
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>();
    add(
        Common,
        format!("?{}", with_equals.join("&")),
        "a parameter without a value is signed with an equals sign".to_owned(),
    );
    add(
        Common,
        without_mark.to_owned(),
        "the `?` before the signed parameters is missing".to_owned(),
    );
    add(
        Common,
        format!("&{without_mark}"),
        "`&` instead of `?` precedes the signed parameters".to_owned(),
    );
    add(
        Rare,
        format!("/{text}"),
        "a slash precedes the `?` of the signed parameters".to_owned(),
    );
    add(
        Rare,
        format!("\n{without_mark}"),
        "the signed parameters are on a line of their own".to_owned(),
    );
    add(
        Rare,
        format!("\n{text}"),
        "the signed parameters are on a line of their own".to_owned(),
    );
    add(
        Rare,
        format!("{text}&"),
        "`&` follows the signed parameters".to_owned(),
    );
    for end in [";", ",", "", "&amp;", "\n", "?", " "] {
        let description = format!("the signed parameters are joined by {end:?} instead of `&`");
        add(Rare, joined(signed, "?", "=", end), description);
    }
    let colons = "names and values of the signed parameters are joined by a colon";
    add(Rare, joined(signed, "\n", ":", "\n"), colons.to_owned());
    add(Rare, joined(signed, "?", ":", "&"), colons.to_owned());
    let mapped = |change: &dyn Fn(&str) -> String| {
        let pairs = signed
            .iter()
            .map(|(name, value)| (name.clone(), change(value)));
        render(&pairs.collect::<Vec<_>>())
    };
    let decode = |value: &str| {
        String::from_utf8_lossy(&encoding::percent_decode(value.as_bytes())).into_owned()
    };
    let raw_decoded = raw_signed
        .iter()
        .map(|(name, value)| (name.clone(), decode(value)))
        .collect::<Vec<_>>();
    add(
        Common,
        render(&raw_decoded),
        "`+` in the value of a parameter is not decoded as a space".to_owned(),
    );
    for (safe, likelihood, what) in [
        (Safe::UNRESERVED, Common, "percent-encoded"),
        (Safe::PATH, Common, "percent-encoded except slashes"),
        (Safe::FORM, Common, "encoded with `+` for spaces"),
        (
            Safe::ENCODE_URI_COMPONENT,
            Common,
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
        add(
            likelihood,
            mapped(&|value| percent_encode(value.as_bytes(), safe)),
            description,
        );
    }
    add(
        Common,
        mapped(&decode),
        "the values of the signed parameters are decoded twice".to_owned(),
    );
    add(
        Rare,
        mapped(&|value| decode(&value.replace('+', " "))),
        "the values of the signed parameters are decoded twice".to_owned(),
    );
    let twice = raw_signed.iter().map(|(name, value)| {
        (
            name.clone(),
            percent_encode(value.as_bytes(), Safe::UNRESERVED),
        )
    });
    add(
        Common,
        render(&twice.collect::<Vec<_>>()),
        "the values of the signed parameters are percent-encoded twice".to_owned(),
    );
    add(
        Rare,
        mapped(&str::to_lowercase),
        "the values of the signed parameters are in lower case".to_owned(),
    );
    add(
        Rare,
        mapped(&|value| value.trim().to_owned()),
        "the values of the signed parameters are trimmed".to_owned(),
    );
    add(
        Rare,
        mapped(&|value| value.replace(' ', "")),
        "the spaces in the values of the signed parameters are missing".to_owned(),
    );
    add(
        Rare,
        mapped(&|value| value.replace('"', "")),
        "the quotation marks in the values of the signed parameters are missing".to_owned(),
    );
    add(
        Rare,
        mapped(&|value| format!("\"{value}\"")),
        "the values of the signed parameters are in quotation marks".to_owned(),
    );
    add(
        Common,
        mapped(&|_| String::new()),
        "the values of the signed parameters are left out".to_owned(),
    );
    let renamed = |change: fn(&str) -> String| {
        let pairs = signed
            .iter()
            .map(|(name, value)| (change(name), value.clone()));
        render(&pairs.collect::<Vec<_>>())
    };
    add(
        Rare,
        renamed(str::to_uppercase),
        "the names of the signed parameters are in upper case".to_owned(),
    );
    add(
        Rare,
        renamed(|name| name.replace('_', "-")),
        "the names of the signed parameters have hyphens".to_owned(),
    );
    add(
        Rare,
        renamed(|name| {
            let words = name
                .split('_')
                .enumerate()
                .map(|(index, word)| match index {
                    0 => word.to_owned(),
                    _ => {
                        word.get(..1).unwrap_or_default().to_uppercase()
                            + word.get(1..).unwrap_or_default()
                    }
                });
            words.collect()
        }),
        "the names of the signed parameters are in camel case".to_owned(),
    );
    let mut unique = signed.to_vec();
    unique.dedup_by(|a, b| a.0 == b.0);
    add(
        Common,
        render(&unique),
        "only the first of several parameters with the same name is signed".to_owned(),
    );
    let mut last = signed.to_vec();
    last.reverse();
    last.dedup_by(|a, b| a.0 == b.0);
    last.reverse();
    add(
        Common,
        render(&last),
        "only the last of several parameters with the same name is signed".to_owned(),
    );
    add(
        Alone,
        format!(
            "?{}",
            percent_encode(without_mark.as_bytes(), Safe::UNRESERVED)
        ),
        "the signed parameters are percent-encoded as a whole".to_owned(),
    );
}
