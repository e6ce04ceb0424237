//! Mistakes in the first three lines: method, `Content-MD5`, `Content-Type`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha2::{Digest, Sha256};

use crate::auth::explanation::evidence::UnmatchedRequest;
use crate::auth::explanation::mistake::{Change, Likelihood, Mistakes, line, quote};
use crate::auth::signature::Part;
use crate::base::digest::hex;

use Likelihood::{Alone, Common, Rare};

const METHODS: [&str; 7] = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS", "PATCH"];

/// Longest body that is tried as a part of the string to sign, in bytes.
const MAX_SIGNED_BODY: usize = 1 << 10;

/// Content types that HTTP libraries add.
const CONTENT_TYPES: [(&str, Likelihood); 24] = [
    ("application/octet-stream", Common),
    ("application/json", Common),
    ("application/x-www-form-urlencoded", Rare),
    ("text/plain", Rare),
    ("text/plain; charset=utf-8", Rare),
    ("text/plain; charset=UTF-8", Rare),
    ("text/plain;charset=UTF-8", Rare),
    ("application/json; charset=utf-8", Rare),
    ("application/json;charset=UTF-8", Rare),
    ("application/json; charset=UTF-8", Rare),
    ("binary/octet-stream", Rare),
    ("application/x-directory", Rare),
    ("application/xml", Rare),
    ("text/xml", Rare),
    ("text/html", Rare),
    ("text/html; charset=utf-8", Rare),
    ("text/css", Alone),
    ("text/javascript", Alone),
    ("application/javascript", Alone),
    ("image/jpeg", Rare),
    ("image/png", Rare),
    ("image/gif", Alone),
    ("video/mp4", Alone),
    ("application/pdf", Alone),
];

pub(super) fn add(request: &UnmatchedRequest<'_>, mistakes: &mut Mistakes<'_>) {
    method(request.head.method.as_str(), mistakes);
    content_md5(request, mistakes);
    content_type(request, mistakes);
    body(request, mistakes);
    let (md5, kind) = (
        request.header("content-md5"),
        request.header("content-type"),
    );
    let swapped = vec![
        (Part::ContentMd5, line(&kind)),
        (Part::ContentType, line(&md5)),
    ];
    mistakes.add(
        Common,
        Change::Parts(swapped),
        "`Content-MD5` and `Content-Type` are exchanged",
    );
    let parts = |bytes: &[u8]| {
        Change::Parts(vec![
            (Part::ContentMd5, bytes.to_vec()),
            (Part::ContentType, bytes.to_vec()),
        ])
    };
    mistakes.add(
        Common,
        parts(b""),
        "the lines of `Content-MD5` and `Content-Type` are left out",
    );
    mistakes.add(
        Rare,
        parts(b"\n"),
        "`Content-MD5` and `Content-Type` are left out",
    );
    let named = [
        (Part::ContentMd5, "Content-MD5", md5),
        (Part::ContentType, "Content-Type", kind),
        (Part::Date, "Date", date_line(mistakes)),
    ];
    for (separator, description) in [
        (
            ":",
            "the lines contain the names of the headers, such as `Content-Type:value`",
        ),
        (
            ": ",
            "the lines contain the names of the headers, such as `Content-Type: value`",
        ),
    ] {
        for lower in [false, true] {
            let changes = named.iter().map(|(part, name, value)| {
                let name = if lower {
                    name.to_lowercase()
                } else {
                    (*name).to_owned()
                };
                (*part, line(format!("{name}{separator}{value}")))
            });
            mistakes.add(Rare, Change::Parts(changes.collect()), description);
        }
    }
}

fn date_line(mistakes: &Mistakes<'_>) -> String {
    String::from_utf8_lossy(mistakes.right(Part::Date).trim_ascii_end()).into_owned()
}

fn method(sent: &str, mistakes: &mut Mistakes<'_>) {
    let part = Part::Method;
    let lower = sent.to_lowercase();
    mistakes.part(Common, part, line(&lower), "the method is in lower case");
    mistakes.part(
        Common,
        part,
        line(sent.to_uppercase()),
        "the method is in upper case, but not in the request line",
    );
    let title = lower.get(..1).map_or(String::new(), str::to_uppercase)
        + lower.get(1..).unwrap_or_default();
    mistakes.part(
        Rare,
        part,
        line(title),
        "the method has only its first letter in upper case",
    );
    for method in METHODS {
        let likelihood = match (sent, method) {
            ("HEAD", "GET") | ("POST", "PUT") | ("GET", "HEAD") | ("PUT", "POST") => Common,
            _ => Rare,
        };
        mistakes.part(
            likelihood,
            part,
            line(method),
            format!("the method is `{method}` instead of {}", quote(sent)),
        );
        mistakes.part(
            Alone,
            part,
            line(method.to_lowercase()),
            format!(
                "the method is `{}` instead of {}",
                method.to_lowercase(),
                quote(sent)
            ),
        );
    }
    mistakes.part(Rare, part, "\n", "the line of the method is empty");
    mistakes.part(Common, part, "", "the line of the method is left out");
    mistakes.part(
        Rare,
        part,
        format!("{sent} "),
        "a space follows the method instead of a line feed",
    );
}

fn content_md5(request: &UnmatchedRequest<'_>, mistakes: &mut Mistakes<'_>) {
    let part = Part::ContentMd5;
    let sent = request.header("content-md5");
    if sent.is_empty() {
        mistakes.part(
            Common,
            part,
            "",
            "the line of `Content-MD5` is left out; it must be empty if the header is absent",
        );
    } else {
        mistakes.part(
            Common,
            part,
            "\n",
            "`Content-MD5` is left out of the string to sign",
        );
        mistakes.part(Common, part, "", "the line of `Content-MD5` is left out");
        if let Ok(digest) = STANDARD.decode(&sent) {
            mistakes.part(
                Rare,
                part,
                line(hex(&digest)),
                "`Content-MD5` is hexadecimal instead of Base64",
            );
            mistakes.part(
                Rare,
                part,
                line(STANDARD.encode(hex(&digest))),
                "`Content-MD5` is the Base64 form of hexadecimal digits",
            );
        }
        mistakes.part(
            Rare,
            part,
            line(sent.to_lowercase()),
            "`Content-MD5` is in lower case",
        );
        mistakes.part(
            Rare,
            part,
            line(sent.trim_end_matches('=')),
            "`Content-MD5` is signed without its padding",
        );
        mistakes.part(
            Rare,
            part,
            line(format!("\"{sent}\"")),
            "`Content-MD5` is signed in quotes",
        );
    }
    let suffix = match sent.is_empty() {
        true => "is signed as `Content-MD5`, but the header is not sent",
        false => "is signed as `Content-MD5` instead of the header",
    };
    let mut add = |likelihood, digest: &str, what: &str| {
        mistakes.part(likelihood, part, line(digest), format!("{what} {suffix}"));
    };
    if let Some(body) = request.body {
        let digest = Md5::digest(body);
        add(
            Common,
            &STANDARD.encode(digest),
            "the MD5 digest of the body",
        );
        add(
            Rare,
            &hex(&digest),
            "the hexadecimal MD5 digest of the body",
        );
        add(
            Rare,
            &STANDARD.encode(hex(&digest)),
            "the Base64 form of the hexadecimal MD5 digest of the body",
        );
        let digest = Sha256::digest(body);
        add(
            Rare,
            &hex(&digest),
            "the hexadecimal SHA-256 digest of the body",
        );
        add(
            Rare,
            &STANDARD.encode(digest),
            "the SHA-256 digest of the body",
        );
        if body.len() <= MAX_SIGNED_BODY {
            add(Rare, &String::from_utf8_lossy(body), "the body");
        }
        add(Rare, &body.len().to_string(), "the length of the body");
    }
    add(
        Rare,
        "1B2M2Y8AsgTpgAmY7PhCfg==",
        "the MD5 digest of an empty body",
    );
    add(
        Rare,
        "d41d8cd98f00b204e9800998ecf8427e",
        "the hexadecimal MD5 digest of an empty body",
    );
    add(Rare, "UNSIGNED-PAYLOAD", "`UNSIGNED-PAYLOAD`");
    for name in ["null", "undefined", "None", "nil", "-", "Content-MD5"] {
        add(Alone, name, &format!("`{name}`"));
    }
}

/// The body is not signed.
fn body(request: &UnmatchedRequest<'_>, mistakes: &mut Mistakes<'_>) {
    let Some(body) = request.body.filter(|body| !body.is_empty()) else {
        return;
    };
    let query = mistakes.right(Part::Query);
    let digest = hex(&Sha256::digest(body));
    let texts = [
        ("\n", digest.as_bytes(), "the SHA-256 digest of the body"),
        ("\n", body, "the body"),
        ("", body, "the body"),
    ];
    let count = if body.len() <= MAX_SIGNED_BODY { 3 } else { 1 };
    for (separator, added, what) in texts.into_iter().take(count) {
        let text = [query, separator.as_bytes(), added].concat();
        let description = format!("{what} follows the resource in the string to sign");
        mistakes.part(Rare, Part::Query, text, description);
    }
}

fn content_type(request: &UnmatchedRequest<'_>, mistakes: &mut Mistakes<'_>) {
    let part = Part::ContentType;
    let sent = request.header("content-type");
    if sent.is_empty() {
        mistakes.part(
            Common,
            part,
            "",
            "the line of `Content-Type` is left out; it must be empty if the header is absent",
        );
    } else {
        mistakes.part(
            Common,
            part,
            "\n",
            "`Content-Type` is left out of the string to sign; the HTTP library may have added it",
        );
        mistakes.part(Common, part, "", "the line of `Content-Type` is left out");
        let media_type = sent.split(';').next().unwrap_or_default().trim_end();
        mistakes.part(
            Common,
            part,
            line(media_type),
            "`Content-Type` is signed without its parameters",
        );
        for charset in [
            "; charset=utf-8",
            "; charset=UTF-8",
            ";charset=utf-8",
            ";charset=UTF-8",
        ] {
            let likelihood = if charset.starts_with("; ") {
                Common
            } else {
                Rare
            };
            mistakes.part(
                likelihood,
                part,
                line(format!("{media_type}{charset}")),
                format!("`Content-Type` is signed with `{charset}`"),
            );
        }
        mistakes.part(
            Rare,
            part,
            line(sent.to_lowercase()),
            "`Content-Type` is in lower case",
        );
        mistakes.part(
            Rare,
            part,
            line(sent.to_uppercase()),
            "`Content-Type` is in upper case",
        );
        mistakes.part(
            Rare,
            part,
            line(sent.replace("; ", ";")),
            "`Content-Type` is signed without the space after the semicolon",
        );
        mistakes.part(
            Rare,
            part,
            line(sent.replace("; ", ";").replace(';', "; ")),
            "`Content-Type` is signed with a space after the semicolon",
        );
        let lower = sent.to_lowercase();
        mistakes.part(
            Rare,
            part,
            line(lower.split(';').next().unwrap_or_default().trim_end()),
            "`Content-Type` is signed in lower case and without its parameters",
        );
    }
    for (value, likelihood) in CONTENT_TYPES {
        let description = match sent.is_empty() {
            true => format!("`Content-Type` is `{value}`, but the header is not sent"),
            false => format!("`Content-Type` is `{value}` instead of the value that is sent"),
        };
        mistakes.part(likelihood, part, line(value), description);
    }
    for name in [
        "null",
        "undefined",
        "None",
        "nil",
        "-",
        "*/*",
        "Content-Type",
    ] {
        mistakes.part(
            Alone,
            part,
            line(name),
            format!("`{name}` is signed as `Content-Type`"),
        );
    }
    let accept = request.header("accept");
    if !accept.is_empty() {
        mistakes.part(
            Alone,
            part,
            line(accept),
            "`Accept` is signed instead of `Content-Type`",
        );
    }
}
