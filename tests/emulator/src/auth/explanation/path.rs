//! Mistakes in the path: the bucket and the key.

use crate::auth::explanation::encoding::{self, Safe, percent_encode, replace};
use crate::auth::explanation::evidence::UnmatchedRequest;
use crate::auth::explanation::mistake::{Change, Likelihood, Mistakes, quote};
use crate::auth::signature::Part;

use Likelihood::{Common, Rare};

/// Largest number of zones that are tried in the path.
const MAX_ZONES: usize = 8;

pub(super) fn add(request: &UnmatchedRequest<'_>, mistakes: &mut Mistakes<'_>) {
    bucket(request, mistakes);
    host(request, mistakes);
    key(mistakes);
    ends(mistakes);
    cuts(mistakes);
}

fn text_of(mistakes: &Mistakes<'_>, part: Part) -> String {
    String::from_utf8_lossy(mistakes.right(part)).into_owned()
}

fn bucket(request: &UnmatchedRequest<'_>, mistakes: &mut Mistakes<'_>) {
    let sent = text_of(mistakes, Part::Bucket);
    let key = text_of(mistakes, Part::Key);
    let mut add = |likelihood, text: String, description: &str| {
        mistakes.part(likelihood, Part::Bucket, text, description.to_owned());
    };
    if sent.is_empty() {
        return;
    }
    let name = sent.trim_start_matches('/');
    let is_in_host = request.host.bucket.is_some();
    add(
        Common,
        String::new(),
        match is_in_host {
            true => {
                "the bucket, which the host names, is left out of the path in the string to sign"
            }
            false => "the bucket is left out of the path in the string to sign",
        },
    );
    add(
        Common,
        format!("{sent}{sent}"),
        "the bucket is in the path twice",
    );
    add(
        Common,
        name.to_owned(),
        "the slash before the bucket is missing",
    );
    add(Common, format!("/{sent}"), "two slashes precede the bucket");
    add(Common, sent.to_lowercase(), "the bucket is in lower case");
    add(Rare, sent.to_uppercase(), "the bucket is in upper case");
    let authority = request.authority();
    if is_in_host && let Some(spelled) = authority.get(..name.len()) {
        add(
            Common,
            format!("/{spelled}"),
            "the bucket is spelled as in the host instead of in lower case",
        );
    }
    let decoded = String::from_utf8_lossy(&encoding::percent_decode(sent.as_bytes())).into_owned();
    add(
        Rare,
        decoded.clone(),
        "the bucket is decoded, instead of as sent",
    );
    add(
        Rare,
        percent_encode(sent.as_bytes(), Safe::PATH),
        "the bucket is percent-encoded",
    );
    add(
        Rare,
        format!(":{name}"),
        "a colon precedes the bucket instead of a slash",
    );
    add(Rare, format!("{name}:"), "a colon follows the bucket");
    add(Rare, format!("{sent}/"), "two slashes follow the bucket");
    // Virtual-host style without a key: the path is a slash.
    if key == "/" || key.is_empty() {
        mistakes.add(
            Common,
            Change::Parts(vec![(Part::Bucket, Vec::new()), (Part::Key, b"/".to_vec())]),
            "the bucket is left out of the path in the string to sign",
        );
    }
}

fn host(request: &UnmatchedRequest<'_>, mistakes: &mut Mistakes<'_>) {
    let sent = text_of(mistakes, Part::Bucket);
    let authority = request.authority();
    let host_name = authority
        .rsplit_once(':')
        .map_or(authority.as_str(), |(name, _)| name);
    // In virtual-host style, a client that signs the host may leave out the bucket.
    let mut buckets = vec![sent.as_str()];
    if request.host.bucket.is_some() {
        buckets.push("");
    }
    for bucket in buckets {
        let mut add = |likelihood, prefix: String, description: &str| {
            let change = Change::Parts(vec![(
                Part::Bucket,
                format!("{prefix}{bucket}").into_bytes(),
            )]);
            mistakes.add(likelihood, change, description.to_owned());
        };
        let url = "the string to sign contains the whole URL instead of the path";
        add(Common, format!("http://{authority}"), url);
        add(Rare, format!("http://{host_name}"), url);
        add(Rare, format!("https://{authority}"), url);
        add(Rare, format!("https://{host_name}"), url);
        let description = "the host is in the path in the string to sign";
        add(Common, format!("/{authority}"), description);
        add(Common, authority.clone(), description);
        add(Rare, format!("/{host_name}"), description);
        add(Rare, host_name.to_owned(), description);
        add(Rare, format!("//{authority}"), description);
        let description = "a line with the host precedes the path in the string to sign";
        add(Rare, format!("{authority}\n"), description);
        add(Rare, format!("{host_name}\n"), description);
        add(Rare, format!("host:{authority}\n"), description);
    }
    let zone = request
        .host
        .zone
        .iter()
        .chain(request.zones)
        .take(MAX_ZONES);
    for zone in zone {
        let description = format!("the zone `{zone}` is in the path in the string to sign");
        let mut add = |text: String| mistakes.part(Rare, Part::Bucket, text, description.clone());
        add(format!("/{zone}{sent}"));
        add(format!("{sent}/{zone}"));
        add(format!("{sent}.{zone}"));
    }
    // `/photos.pek3a.qingstor.com/key` for the host `photos.pek3a.qingstor.com`.
    if sent.is_empty() {
        mistakes.part(
            Rare,
            Part::Key,
            "",
            "the path is left out of the string to sign",
        );
    }
}

/// Slashes at the start and the end of the path, and its parts.
fn ends(mistakes: &mut Mistakes<'_>) {
    let key = text_of(mistakes, Part::Key);
    let mut add = |likelihood, text: &str, description: &str| {
        mistakes.part(likelihood, Part::Key, text, description.to_owned());
    };
    add(
        Common,
        "",
        "the key is left out of the path in the string to sign",
    );
    add(
        Common,
        "/",
        "the key is left out of the path in the string to sign",
    );
    add(
        Common,
        key.trim_start_matches('/'),
        "the slash before the key is missing",
    );
    add(Common, &format!("/{key}"), "two slashes precede the key");
    add(
        Common,
        &format!("{key}/"),
        "the path ends in a slash that the request does not have",
    );
    add(
        Common,
        key.trim_end_matches('/'),
        "the slash at the end of the path is missing",
    );
    while_changed(
        &key,
        |text| text.replace("//", "/"),
        |text| {
            add(Common, text, "repeated slashes in the path are joined");
        },
    );
    add(
        Rare,
        &without_dot_segments(&key),
        "`.` and `..` are resolved in the path",
    );
    add(Rare, &key.to_lowercase(), "the path is in lower case");
    add(Rare, &key.to_uppercase(), "the path is in upper case");
    if let Some((_, name)) = key.rsplit_once('/') {
        add(
            Rare,
            &format!("/{name}"),
            "only the last part of the key is signed",
        );
        add(Rare, name, "only the last part of the key is signed");
    }
    if let Some((folder, _)) = key.rsplit_once('/') {
        add(
            Rare,
            &format!("{folder}/"),
            "the last part of the key is left out",
        );
    }
}

fn while_changed(text: &str, change: impl Fn(&str) -> String, mut use_it: impl FnMut(&str)) {
    let mut text = text.to_owned();
    loop {
        let changed = change(&text);
        if changed == text {
            return use_it(&text);
        }
        text = changed;
    }
}

fn without_dot_segments(path: &str) -> String {
    let mut kept = Vec::new();
    for segment in path.split('/') {
        match segment {
            "." => {}
            ".." => {
                kept.pop();
            }
            other => kept.push(other),
        }
    }
    kept.join("/")
}

/// Mistakes in the encoding of the key.
fn key(mistakes: &mut Mistakes<'_>) {
    let sent = mistakes.right(Part::Key).to_vec();
    let decoded = encoding::percent_decode(&sent);
    let mut add = |likelihood, text: Vec<u8>, description: &str| {
        mistakes.part(likelihood, Part::Key, text, description.to_owned());
    };
    add(
        Common,
        decoded.clone(),
        "the path is decoded, instead of as in the request line",
    );
    add(
        Common,
        replace(&sent, b"%20", b"+"),
        "the path contains `+` instead of `%20` for a space",
    );
    add(
        Common,
        replace(&sent, b"+", b"%20"),
        "the path contains `%20` instead of `+`",
    );
    add(
        Common,
        replace(&sent, b"+", b" "),
        "`+` in the path is decoded as a space",
    );
    add(
        Common,
        replace(&sent, b"+", b"%2B"),
        "the path contains `%2B` instead of `+`",
    );
    add(
        Common,
        replace(&sent, b"%2B", b"+"),
        "the path contains `+` instead of `%2B`",
    );
    add(
        Rare,
        replace(&sent, b"%2B", b" "),
        "`+` in the path is decoded as a space",
    );
    add(
        Rare,
        replace(&sent, b"%20", b" "),
        "the path contains a space instead of `%20`",
    );
    add(
        Common,
        replace(&sent, b"~", b"%7E"),
        "the path contains `%7E` instead of `~`",
    );
    add(
        Common,
        replace(&sent, b"%7E", b"~"),
        "the path contains `~` instead of `%7E`",
    );
    add(
        Common,
        replace(&sent, b"%2F", b"/"),
        "the path contains `/` instead of `%2F`",
    );
    add(
        Rare,
        replace(&sent, b"%2f", b"/"),
        "the path contains `/` instead of `%2f`",
    );
    add(
        Rare,
        replace(&sent, b"*", b"%2A"),
        "the path contains `%2A` instead of `*`",
    );
    add(
        Rare,
        replace(&sent, b"%2A", b"*"),
        "the path contains `*` instead of `%2A`",
    );
    add(
        Common,
        encoding::lower_case_escapes(&sent),
        "the percent-encoding of the path has lower-case digits",
    );
    let encoded = percent_encode(&sent, Safe::PATH).into_bytes();
    add(Common, encoded, "the path is percent-encoded twice");
    let slash_encoded = |text: String| {
        [
            b"/",
            text.trim_start_matches("%2F")
                .trim_start_matches("%2f")
                .as_bytes(),
        ]
        .concat()
    };
    for (safe, likelihood, what) in [
        (
            Safe::PATH,
            Common,
            "percent-encoded except letters, digits and `-._~/`",
        ),
        (Safe::UNRESERVED, Common, "percent-encoded with its slashes"),
        (Safe::FORM_PATH, Common, "encoded with `+` for spaces"),
        (
            Safe::FORM,
            Rare,
            "encoded with `+` for spaces, and with its slashes",
        ),
        (Safe::ENCODE_URI, Rare, "encoded as by `encodeURI`"),
        (
            Safe::ENCODE_URI_COMPONENT,
            Rare,
            "encoded as by `encodeURIComponent`, with its slashes",
        ),
        (
            Safe::ENCODE_URI_COMPONENT_PATH,
            Rare,
            "encoded as by `encodeURIComponent`",
        ),
        (
            Safe::PATH_CHARACTERS,
            Rare,
            "percent-encoded except the characters that a path can contain",
        ),
        (
            Safe::ENCODED_TILDE,
            Rare,
            "percent-encoded with `%7E` for `~`",
        ),
        (
            Safe::LOWER_CASE_PATH,
            Rare,
            "percent-encoded with lower-case digits",
        ),
        (
            Safe::LOWER_CASE,
            Rare,
            "percent-encoded with lower-case digits, and with its slashes",
        ),
    ] {
        let text = percent_encode(&decoded, safe);
        let description = format!("the path is {what}, instead of as in the request line");
        add(likelihood, text.clone().into_bytes(), &description);
        add(Rare, slash_encoded(text.clone()), &description);
        // Encoded from a text that was encoded already.
        add(
            Rare,
            slash_encoded(percent_encode(&sent, safe)),
            "the path is percent-encoded twice",
        );
    }
    let twice = encoding::percent_decode(&decoded);
    add(Common, twice, "the path is decoded twice");
}

/// A URL parser cuts a key that was not encoded.
fn cuts(mistakes: &mut Mistakes<'_>) {
    let key = text_of(mistakes, Part::Key);
    for (mark, name) in [
        ("%3F", "?"),
        ("%23", "#"),
        ("%3f", "?"),
        (";", ";"),
        ("%3B", ";"),
        ("%25", "%"),
        ("%00", "\\0"),
    ] {
        if let Some((start, rest)) = key.split_once(mark) {
            let description = format!("the path ends before {} in the string to sign", quote(name));
            mistakes.part(Common, Part::Key, start, description);
            if name == "?" {
                let description = "`?` in the key starts a query in the string to sign";
                mistakes.part(Rare, Part::Key, format!("{start}?{rest}"), description);
            }
        }
    }
}
