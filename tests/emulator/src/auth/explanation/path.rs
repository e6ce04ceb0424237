//! Mistakes in the path: the bucket and the key.

use crate::auth::explanation::encoding::{self, Safe, percent_encode, replace};
use crate::auth::explanation::evidence::UnmatchedRequest;
use crate::auth::explanation::mistake::{Change, Likelihood, Mistakes, quote};
use crate::auth::explanation::variants::Variants;
use crate::auth::signature::Part;

use Likelihood::{Common, Rare};

const ENCODED_TWICE: &str = "the path is percent-encoded twice";
/// Largest number of zones that are tried in the path.
const MAX_ZONES: usize = 8;

pub(super) fn add(request: &UnmatchedRequest<'_>, mistakes: &mut Mistakes<'_>) {
    bucket(request, mistakes);
    host(request, mistakes);
    key(mistakes);
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
    add(Rare, format!("/{sent}"), "two slashes precede the bucket");
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
        add(Rare, authority.clone(), description);
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
    for (index, zone) in zone.enumerate() {
        let description = format!("the zone `{zone}` is in the path in the string to sign");
        let mut add = |likelihood, text: String| {
            mistakes.part(likelihood, Part::Bucket, text, description.clone());
        };
        add(
            if index == 0 { Common } else { Rare },
            format!("/{zone}{sent}"),
        );
        add(Rare, format!("{sent}/{zone}"));
        add(Rare, format!("{sent}.{zone}"));
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

/// Changes the path after the bucket.
type ChangeKey = fn(&[u8]) -> Vec<u8>;

fn key(mistakes: &mut Mistakes<'_>) {
    let right = mistakes.right(Part::Key).to_vec();
    let mut variants = Variants::new();
    variants.add(Common, ENCODED_TWICE, |key: &mut Vec<u8>| {
        if key.contains(&b'%') {
            *key = percent_encode(key, Safe::PATH).into_bytes();
        }
    });
    let mut add = |likelihood, description: &str, change: ChangeKey| {
        variants.add(
            likelihood,
            description.to_owned(),
            move |key: &mut Vec<u8>| {
                *key = change(key);
            },
        );
    };
    ends(&mut add);
    replaced(&mut add);
    encoded(&mut variants);
    variants.add_to(mistakes, Part::Key, &right, Vec::clone);
}

/// Slashes at the start and the end of the path, and its parts.
fn ends(add: &mut impl FnMut(Likelihood, &str, ChangeKey)) {
    let left_out = "the key is left out of the path in the string to sign";
    add(Common, left_out, |_| Vec::new());
    add(Common, left_out, |_| b"/".to_vec());
    add(Common, "the slash before the key is missing", |key| {
        trim_start(key, b"/").to_vec()
    });
    add(Rare, "two slashes precede the key", |key| {
        [b"/", key].concat()
    });
    add(
        Common,
        "the path ends in a slash that the request does not have",
        |key| [key, b"/"].concat(),
    );
    add(
        Common,
        "the slash at the end of the path is missing",
        |key| key.strip_suffix(b"/").unwrap_or(key).to_vec(),
    );
    add(Common, "repeated slashes in the path are joined", |key| {
        let mut key = key.to_vec();
        key.dedup_by(|a, b| *a == b'/' && *b == b'/');
        key
    });
    add(Rare, "`.` and `..` are resolved in the path", |key| {
        without_dot_segments(&String::from_utf8_lossy(key)).into_bytes()
    });
    add(Rare, "the path is in lower case", |key| {
        key.to_ascii_lowercase()
    });
    add(Rare, "the path is in upper case", |key| {
        key.to_ascii_uppercase()
    });
    let last = "only the last part of the key is signed";
    add(Rare, last, |key| match last_slash(key) {
        Some(slash) => key.get(slash..).unwrap_or_default().to_vec(),
        None => key.to_vec(),
    });
    add(Rare, last, |key| match last_slash(key) {
        Some(slash) => key.get(slash + 1..).unwrap_or_default().to_vec(),
        None => key.to_vec(),
    });
    add(
        Rare,
        "the last part of the key is left out",
        |key| match last_slash(key) {
            Some(slash) => key.get(..=slash).unwrap_or_default().to_vec(),
            None => key.to_vec(),
        },
    );
}

fn last_slash(key: &[u8]) -> Option<usize> {
    key.iter().rposition(|byte| *byte == b'/')
}

fn trim_start<'a>(text: &'a [u8], prefix: &[u8]) -> &'a [u8] {
    let mut rest = text;
    while let Some(next) = rest.strip_prefix(prefix) {
        rest = next;
    }
    rest
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

/// Mistakes in the encoding of single characters of the key.
fn replaced(add: &mut impl FnMut(Likelihood, &str, ChangeKey)) {
    let as_space = "`+` in the path is decoded as a space";
    let with_slash = "the path contains `/` instead of `%2F`";
    let replacements: [(Likelihood, &str, ChangeKey); 16] = [
        (
            Common,
            "the path is decoded, instead of as in the request line",
            encoding::percent_decode,
        ),
        (Common, "the path is decoded twice", |key| {
            encoding::percent_decode(&encoding::percent_decode(key))
        }),
        (
            Common,
            "the path contains `+` instead of `%20` for a space",
            |key| replace(key, b"%20", b"+"),
        ),
        (Common, "the path contains `%20` instead of `+`", |key| {
            replace(key, b"+", b"%20")
        }),
        (Common, as_space, |key| replace(key, b"+", b" ")),
        (Common, "the path contains `%2B` instead of `+`", |key| {
            replace(key, b"+", b"%2B")
        }),
        (Common, "the path contains `+` instead of `%2B`", |key| {
            replace(key, b"%2B", b"+")
        }),
        (Rare, as_space, |key| replace(key, b"%2B", b" ")),
        (Rare, "the path contains a space instead of `%20`", |key| {
            replace(key, b"%20", b" ")
        }),
        (Common, "the path contains `%7E` instead of `~`", |key| {
            replace(key, b"~", b"%7E")
        }),
        (Common, "the path contains `~` instead of `%7E`", |key| {
            replace(key, b"%7E", b"~")
        }),
        (Common, with_slash, |key| replace(key, b"%2F", b"/")),
        (Rare, with_slash, |key| replace(key, b"%2f", b"/")),
        (Rare, "the path contains `%2A` instead of `*`", |key| {
            replace(key, b"*", b"%2A")
        }),
        (Rare, "the path contains `*` instead of `%2A`", |key| {
            replace(key, b"%2A", b"*")
        }),
        (
            Common,
            "the percent-encoding of the path has lower-case digits",
            encoding::lower_case_escapes,
        ),
    ];
    for (likelihood, description, change) in replacements {
        add(likelihood, description, change);
    }
}

/// Mistakes in the encoding of the whole key.
fn encoded(variants: &mut Variants<'_, Vec<u8>>) {
    // A client may encode the key apart from the slash before it.
    let after_slash = |text: String| {
        let rest = trim_start(trim_start(text.as_bytes(), b"%2F"), b"%2f");
        [b"/", rest].concat()
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
        let description = format!("the path is {what}, instead of as in the request line");
        variants.add(likelihood, description.clone(), move |key| {
            *key = percent_encode(&encoding::percent_decode(key), safe).into_bytes();
        });
        variants.add(likelihood, description, move |key| {
            *key = after_slash(percent_encode(&encoding::percent_decode(key), safe));
        });
        // Encoded from a text that was encoded already.
        variants.add(Rare, ENCODED_TWICE, move |key| {
            *key = after_slash(percent_encode(key, safe));
        });
    }
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
