//! Mistakes in the string to sign.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{DATE, HOST};
use percent_encoding::{AsciiSet, percent_decode, percent_encode};

use crate::auth::explanation::{Mistake, RESERVED, UnmatchedRequest};
use crate::auth::signature::StringParts;
use crate::base::digest::hex;
use crate::generated::operations::SIGNED_PARAMETERS;

/// As `RESERVED`, except slashes.
const RESERVED_IN_PATH: &AsciiSet = &RESERVED.remove(b'/');
/// Parameters of a signed URL that belong to the signature.
const CREDENTIALS: [&str; 3] = ["access_key_id", "expires", "signature"];

/// The string to sign, with one mistake each.
struct Mistakes<'a> {
    right: &'a StringParts,
    list: Vec<Mistake>,
}

impl Mistakes<'_> {
    /// Adds a mistake that changes the parts of the string.
    fn add(&mut self, text: impl Into<String>, change: impl FnOnce(&mut StringParts)) {
        let mut parts = self.right.clone();
        change(&mut parts);
        self.list.push((text.into(), parts.to_bytes()));
    }

    /// Adds a mistake that changes the whole string.
    fn add_whole(&mut self, text: &str, string: impl Into<Vec<u8>>) {
        self.list.push((text.to_owned(), string.into()));
    }
}

/// Returns the strings that clients sign by mistake.
pub(super) fn in_request(
    request: &UnmatchedRequest<'_>,
    expires: Option<&str>,
    right: &StringParts,
) -> Vec<Mistake> {
    let mut list = Mistakes {
        right,
        list: Vec::new(),
    };
    in_lines(request, expires, &mut list);
    in_headers(request, &mut list);
    in_path(request, &mut list);
    in_parameters(request, &mut list);
    in_layout(&mut list);
    list.list
}

fn in_lines(request: &UnmatchedRequest<'_>, expires: Option<&str>, list: &mut Mistakes<'_>) {
    let header = |name: &str| {
        let value = request.head.headers.get(name);
        value.map_or(&b""[..], |value| value.as_bytes())
    };
    let x_qs_date = [b"x-qs-date:", header("x-qs-date"), b"\n"].concat();
    list.add("the method is in lower case", |parts| {
        parts.method.make_ascii_lowercase();
    });
    list.add("`Content-MD5` is left out of the string to sign", |parts| {
        parts.content_md5 = line(b"")
    });
    list.add("`Content-MD5` is hexadecimal", |parts| {
        let digest = STANDARD.decode(header("content-md5")).unwrap_or_default();
        parts.content_md5 = line(hex(&digest).as_bytes());
    });
    list.add(
        "`Content-Type` is left out of the string to sign; the HTTP library may have added it",
        |parts| parts.content_type = line(b""),
    );
    list.add("`Content-Type` is signed without its parameters", |parts| {
        let end = parts.content_type.iter().position(|byte| *byte == b';');
        let name = end.and_then(|end| parts.content_type.get(..end));
        parts.content_type = line(name.unwrap_or_default().trim_ascii());
    });
    for media_type in ["application/json", "application/octet-stream"] {
        let text = format!(
            "`Content-Type` is `{media_type}`; the HTTP library may have removed or changed it"
        );
        list.add(text, |parts| {
            parts.content_type = line(media_type.as_bytes());
        });
    }
    list.add("the line of the date is empty", |parts| {
        parts.date = line(b"");
    });
    list.add(
        "the line of the date contains `x-qs-date` instead of being empty",
        |parts| parts.date = line(header("x-qs-date")),
    );
    let text = match expires {
        Some(_) => "the line of the date contains `Date` instead of `expires`",
        None => "the line of the date contains `Date` instead of being empty",
    };
    list.add(text, |parts| parts.date = line(header(DATE.as_str())));
    list.add(
        "`x-qs-date` is signed in the line of `Date` instead of among the `x-qs-` headers",
        |parts| {
            parts.date = line(header("x-qs-date"));
            parts.headers = replace(&parts.headers, &x_qs_date, b"");
        },
    );
}

fn in_headers(request: &UnmatchedRequest<'_>, list: &mut Mistakes<'_>) {
    // As sent, which is the order of the map.
    let names = request.head.headers.keys();
    let sent = names
        .map(|name| name.as_str())
        .filter(|name| name.starts_with("x-qs-"))
        .map(|name| {
            let value = request.head.headers.get(name);
            let value = value.map_or(&b""[..], |value| value.as_bytes().trim_ascii());
            (name, value)
        })
        .collect::<Vec<_>>();
    let mut sorted = sent.clone();
    sorted.sort_unstable();
    let write = |headers: &[(&str, &[u8])], rename: fn(&str) -> String, colon: &str| {
        let lines = headers.iter().map(|(name, value)| {
            [rename(name).as_bytes(), colon.as_bytes(), value, b"\n"].concat()
        });
        lines.collect::<Vec<_>>().concat()
    };
    list.add(
        "the `x-qs-` headers are left out of the string to sign",
        |parts| parts.headers.clear(),
    );
    for (name, value) in &sorted {
        list.add(
            format!("the header `{name}` is left out of the string to sign"),
            |parts| {
                let line = [name.as_bytes(), b":", value, b"\n"].concat();
                parts.headers = replace(&parts.headers, &line, b"");
            },
        );
    }
    list.add(
        "the `x-qs-` headers are in the order of the request instead of sorted by name",
        |parts| parts.headers = write(&sent, str::to_owned, ":"),
    );
    for rename in [title_case, acronym_case] {
        list.add(
            "the names of the `x-qs-` headers are not in lower case",
            |parts| parts.headers = write(&sorted, rename, ":"),
        );
    }
    list.add(
        "a space follows the colon in the lines of the `x-qs-` headers",
        |parts| parts.headers = write(&sorted, str::to_owned, ": "),
    );
    list.add("the line feed before the resource is missing", |parts| {
        parts.headers.pop();
    });
}

/// Returns a name as in `X-Qs-Date`.
fn title_case(name: &str) -> String {
    let mut is_start = true;
    let letters = name.chars().map(|letter| {
        let upper = is_start;
        is_start = letter == '-';
        match upper {
            true => letter.to_ascii_uppercase(),
            false => letter,
        }
    });
    letters.collect()
}

/// Returns a name as in `X-QS-Date`.
fn acronym_case(name: &str) -> String {
    title_case(name).replacen("X-Qs-", "X-QS-", 1)
}

fn in_path(request: &UnmatchedRequest<'_>, list: &mut Mistakes<'_>) {
    let right = list.right;
    let decoded = percent_decode(&right.key).collect::<Vec<_>>();
    list.add(
        "the path is decoded, instead of as in the request line",
        |parts| parts.key.clone_from(&decoded),
    );
    list.add("the path is percent-encoded twice", |parts| {
        parts.key = replace(&parts.key, b"%", b"%25");
    });
    list.add("the path contains `+` instead of `%20`", |parts| {
        parts.key = replace(&parts.key, b"%20", b"+");
    });
    list.add(
        "the path is percent-encoded except letters, digits and `-._~/`, instead of as in the \
         request line",
        |parts| {
            parts.key = percent_encode(&decoded, RESERVED_IN_PATH)
                .to_string()
                .into_bytes();
        },
    );
    list.add("the slashes in the key are percent-encoded", |parts| {
        let key = decoded.strip_prefix(b"/").unwrap_or(&decoded);
        let slash = if key.len() < decoded.len() { "/" } else { "" };
        parts.key = format!("{slash}{}", percent_encode(key, RESERVED)).into_bytes();
    });
    list.add(
        "the path ends in a slash that the request does not have",
        |parts| parts.key.push(b'/'),
    );
    list.add("the slash at the end of the path is missing", |parts| {
        parts.key.pop_if(|last| *last == b'/');
    });
    list.add("the bucket is left out of the resource", |parts| {
        parts.bucket.clear();
        if parts.key.is_empty() {
            parts.key.push(b'/');
        }
    });
    list.add("the bucket is in the resource twice", |parts| {
        parts.bucket = parts.bucket.repeat(2);
    });
    let host = match request.head.uri.authority() {
        Some(authority) => authority.as_str().as_bytes(),
        None => {
            let host = request.head.headers.get(HOST);
            host.map_or(&b""[..], |host| host.as_bytes())
        }
    };
    // In virtual-host style, a client that signs the host may leave out the bucket.
    for bucket in [&right.bucket[..], b""] {
        list.add(
            "the resource contains the host; it is the path as sent, after the bucket of the host",
            |parts| parts.bucket = [b"/", host, bucket].concat(),
        );
        list.add(
            "the resource is the whole URL instead of the path",
            |parts| {
                parts.bucket = [b"http://", host, bucket].concat();
            },
        );
    }
}

fn in_parameters(request: &UnmatchedRequest<'_>, list: &mut Mistakes<'_>) {
    let sent = request.target.query.parameters().iter();
    let all = sent
        .map(|parameter| (parameter.name.as_str(), parameter.value.as_str()))
        .filter(|(name, _)| !CREDENTIALS.contains(name))
        .collect::<Vec<_>>();
    let mut signed = all.clone();
    signed.retain(|(name, _)| SIGNED_PARAMETERS.contains(name));
    let mut sorted = signed.clone();
    sorted.sort_by_key(|(name, _)| *name);
    list.add(
        "the signed parameters are left out of the string to sign",
        |parts| parts.query.clear(),
    );
    for (left_out, _) in &sorted {
        list.add(
            format!("the parameter `{left_out}` is left out of the string to sign"),
            |parts| {
                let mut parameters = sorted.clone();
                parameters.retain(|(name, _)| name != left_out);
                parts.query = query(&parameters, "");
            },
        );
    }
    list.add(
        "the signed parameters are in the order of the request instead of sorted by name",
        |parts| parts.query = query(&signed, ""),
    );
    list.add(
        "all parameters are signed instead of only sub-resources and `response-*`",
        |parts| {
            let mut parameters = all.clone();
            parameters.sort_by_key(|(name, _)| *name);
            parts.query = query(&parameters, "");
        },
    );
    list.add(
        "a parameter without a value is signed with an equals sign",
        |parts| parts.query = query(&sorted, "="),
    );
    list.add(
        "the values of the signed parameters are percent-encoded",
        |parts| {
            let encoded = sorted.iter().map(|(name, value)| {
                (
                    *name,
                    percent_encode(value.as_bytes(), RESERVED).to_string(),
                )
            });
            parts.query = query(&encoded.collect::<Vec<_>>(), "");
        },
    );
}

/// Returns the parameters as a client writes them, with `empty` after a name without a value.
fn query(parameters: &[(&str, impl AsRef<str>)], empty: &str) -> Vec<u8> {
    let written = parameters
        .iter()
        .map(|(name, value)| match value.as_ref() {
            "" => format!("{name}{empty}"),
            value => format!("{name}={value}"),
        })
        .collect::<Vec<_>>();
    match written.is_empty() {
        true => Vec::new(),
        false => format!("?{}", written.join("&")).into_bytes(),
    }
}

fn in_layout(list: &mut Mistakes<'_>) {
    let StringParts {
        method,
        content_md5,
        content_type,
        date,
        headers,
        bucket,
        key,
        query,
    } = list.right;
    let resource = [&bucket[..], key, query].concat();
    let right = list.right.to_bytes();
    let filled = [method, content_md5, content_type, date]
        .into_iter()
        .filter(|line| *line != b"\n")
        .map(Vec::as_slice)
        .chain([&headers[..], &resource])
        .collect::<Vec<_>>()
        .concat();
    let types_first = [
        &method[..],
        content_type,
        content_md5,
        date,
        headers,
        &resource,
    ]
    .concat();
    for (text, string) in [
        ("empty lines are left out of the string to sign", filled),
        (
            "`Content-Type` precedes `Content-MD5` in the string to sign",
            types_first,
        ),
        (
            "the lines of the string to sign end in `\\r\\n`",
            replace(&right, b"\n", b"\r\n"),
        ),
        (
            "the string to sign contains a backslash and an `n` instead of each line feed",
            replace(&right, b"\n", b"\\n"),
        ),
    ] {
        list.add_whole(text, string);
    }
}

/// Returns the strings that clients sign instead of the policy of a form.
pub(super) fn in_policy(policy: &str) -> Vec<Mistake> {
    let decoded = STANDARD.decode(policy).unwrap_or_default();
    [
        (
            "the decoded policy is signed instead of its Base64 form",
            decoded,
        ),
        (
            "the policy is encoded as Base64 once more before it is signed",
            STANDARD.encode(policy).into_bytes(),
        ),
    ]
    .map(|(text, string)| (text.to_owned(), string))
    .into()
}

fn line(text: &[u8]) -> Vec<u8> {
    [text, b"\n"].concat()
}

/// Replaces all occurrences of `from`.
fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(from).filter(|_| !from.is_empty()) {
            out.extend_from_slice(to);
            rest = after;
        } else {
            out.push(first);
            rest = tail;
        }
    }
    out
}
