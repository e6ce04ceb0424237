//! One row for each mistake.

mod properties;
mod string_to_sign;

use std::time::{Duration, UNIX_EPOCH};

use http::Request;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use super::*;
use crate::auth::authentication::Accounts;
use crate::auth::signature::tests::sign;
use crate::base::api_error::ApiError;
use crate::base::digest::hex;
use crate::request::form::FormCredentials;

const NOW: u64 = 1_700_000_000;
const SECRET: &str = "a-secret-access-key";
const OTHER_SECRET: &str = "another-secret-access-key";
const DATE: &str = "Tue, 14 Nov 2023 22:13:20 GMT";
const MD5: &str = "CY9rzUYh03PK3k6DJie09g==";

/// A request whose signature has a mistake.
#[derive(Clone, Debug)]
struct Sent {
    method: &'static str,
    target: String,
    headers: Vec<(&'static str, &'static str)>,
}

impl Sent {
    /// Returns the request with a signature in the `Authorization` header.
    fn with_header(&self, signature: &str) -> Head {
        self.head(&self.target, Some(format!("QS ID:{signature}")))
    }

    /// Returns the request with a signature in the query.
    fn with_query(&self, expires: &str, signature: &str) -> Head {
        let separator = if self.target.contains('?') { '&' } else { '?' };
        let signature = utf8_percent_encode(signature, NON_ALPHANUMERIC);
        let target = format!(
            "{}{separator}access_key_id=ID&expires={expires}&signature={signature}",
            self.target
        );
        self.head(&target, None)
    }

    fn head(&self, target: &str, authorization: Option<String>) -> Head {
        let mut request = Request::builder().method(self.method).uri(target);
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        request.body(()).unwrap().into_parts().0
    }
}

fn accounts() -> Accounts {
    Accounts::new([
        Account::new("ID", SECRET),
        Account::new("OTHER", OTHER_SECRET),
    ])
    .explaining(true)
}

/// Authenticates a request, and explains its signature if it does not match.
fn check(head: &Head) -> Result<(), ApiError> {
    let zones = ["pek3a".to_owned(), "sh1a".to_owned()];
    let authority = head
        .headers
        .get("host")
        .map_or("", |host| host.to_str().unwrap());
    let host = Host::parse(authority, &zones);
    let target = RequestTarget::parse(&head.method, &head.uri, host.bucket.as_deref())?;
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    match accounts().authenticate(head, &target, &host, now) {
        Ok(_) => Ok(()),
        Err(error) if error.code() == "signature_not_matched" => {
            Err(accounts().explain(&UnmatchedRequest {
                head,
                target: &target,
                host: &host,
            }))
        }
        Err(error) => Err(error),
    }
}

fn message(request: &Head) -> String {
    let error = check(request).unwrap_err();
    assert_eq!(error.code(), "signature_not_matched");
    let message = error.message().to_owned();
    assert!(
        !message.contains(SECRET) && !message.contains(OTHER_SECRET),
        "{message}"
    );
    message
}

/// A `PUT` with every kind of header and parameter.
fn put() -> Sent {
    Sent {
        method: "PUT",
        target: "/photos/a%20b/~x%2By?uploads&part_number=2&prefix=q&upload_id=u%2F1+2".to_owned(),
        headers: vec![
            ("host", "pek3a.example.com"),
            ("content-md5", MD5),
            ("content-type", "text/plain; charset=utf-8"),
            ("x-qs-meta-color-b", "dark red"),
            ("x-qs-meta-color", "blue"),
            ("x-qs-date", DATE),
            ("x-qs-copy-source", "/photos/%E4%B8%AD"),
        ],
    }
}

const PUT_HEADERS: &str = "x-qs-copy-source:/photos/%E4%B8%AD\nx-qs-date:Tue, 14 Nov 2023 22:13:20 GMT\nx-qs-meta-color:blue\nx-qs-meta-color-b:dark red\n";
const PUT_PATH: &str = "/photos/a%20b/~x%2By";
const PUT_QUERY: &str = "?part_number=2&upload_id=u/1 2&uploads";

fn put_text() -> String {
    format!("PUT\n{MD5}\ntext/plain; charset=utf-8\n\n{PUT_HEADERS}{PUT_PATH}{PUT_QUERY}")
}

/// A plain `GET`.
fn get() -> Sent {
    Sent {
        method: "GET",
        target: "/photos/a%20b".to_owned(),
        headers: vec![("host", "localhost:9000"), ("date", DATE)],
    }
}

fn get_text() -> String {
    format!("GET\n\n\n{DATE}\n/photos/a%20b")
}

/// Asserts the complete explanation.
#[track_caller]
fn explains(request: &Head, expected: &str) {
    let expected = format!("{NOT_MATCHED}; it matches if {expected}");
    assert_eq!(message(request), expected);
}

#[test]
fn right_signatures_are_accepted() {
    for (sent, text) in [(put(), put_text()), (get(), get_text())] {
        check(&sent.with_header(&sign(SECRET, &text))).unwrap();
    }
    let text = format!("GET\n\n\n{}\n/photos/a%20b", NOW + 60);
    check(&get().with_query(&(NOW + 60).to_string(), &sign(SECRET, &text))).unwrap();
}

#[test]
fn explains_mistakes_with_the_other_form_of_the_path_of_a_bucket() {
    let sent = Sent {
        target: "/photos".to_owned(),
        ..get()
    };
    let text = format!("GET\n\n\n{DATE}\n/photos/");
    explains(
        &sent.with_header(&sign(OTHER_SECRET, &text)),
        "the secret access key is that of the account `OTHER`",
    );
}

#[test]
fn explains_wrong_secrets() {
    let around = "the secret access key has white space around it";
    for (secret, expected) in [
        (
            OTHER_SECRET,
            "the secret access key is that of the account `OTHER`",
        ),
        ("a-secret-access-key\n", around),
        ("a-secret-access-key ", around),
        (" a-secret-access-key", around),
        ("", "the secret access key is empty"),
        (
            "ID",
            "the key of HMAC is the access key ID instead of the secret access key",
        ),
    ] {
        explains(&get().with_header(&sign(secret, &get_text())), expected);
    }
}

#[test]
fn explains_wrong_digests() {
    let text = get_text();
    let hmac_sha1 = {
        use hmac::{Hmac, KeyInit, Mac};
        let mut mac = Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
        Mac::update(&mut mac, text.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    };
    for (signature, expected) in [
        (
            hmac_sha1,
            "the signature is HMAC-SHA1 instead of HMAC-SHA256",
        ),
        (
            STANDARD.encode(Sha256::digest(&text)),
            "the signature is SHA-256 without the secret, instead of HMAC-SHA256",
        ),
        (
            sign(&text, SECRET),
            "the key and the message of HMAC-SHA256 are exchanged",
        ),
    ] {
        explains(&get().with_header(&signature), expected);
    }
}

#[test]
fn explains_wrong_encodings() {
    // A key whose signature contains both characters that differ in URL-safe Base64.
    let (text, target) = (0..)
        .map(|number| format!("/photos/{number}"))
        .map(|target| (format!("GET\n\n\n{DATE}\n{target}"), target))
        .find(|(text, _)| {
            ['+', '/']
                .iter()
                .all(|mark| sign(SECRET, text).contains(*mark))
        })
        .unwrap();
    let get = Sent { target, ..get() };
    let right = sign(SECRET, &text);
    let hex = hex(&STANDARD.decode(&right).unwrap());
    let encoded = right.replace('+', "%2B").replace('/', "%2F");
    for (signature, expected) in [
        (
            hex.clone(),
            "the signature is hexadecimal instead of Base64",
        ),
        (
            STANDARD.encode(&hex),
            "the signature is the Base64 form of hexadecimal digits instead of the digest",
        ),
        (
            right.replace('+', "-").replace('/', "_"),
            "the signature is URL-safe Base64 instead of standard Base64",
        ),
        (
            encoded.replace('=', "%3D"),
            "the signature is percent-encoded once too often",
        ),
    ] {
        explains(&get.with_header(&signature), expected);
    }
}

#[test]
fn explains_wrong_encodings_in_signed_urls() {
    let (expires, right) = (NOW..)
        .map(|expires| (expires, format!("GET\n\n\n{expires}\n/photos/a%20b")))
        .map(|(expires, text)| (expires.to_string(), sign(SECRET, &text)))
        .find(|(_, signature)| signature.contains('+'))
        .unwrap();
    for (signature, expected) in [
        (
            right.replace('+', " "),
            "the signature is not percent-encoded in the URL, so that its `+` became a space",
        ),
        (format!("{right}\n"), "a line feed follows the signature"),
    ] {
        explains(&get().with_query(&expires, &signature), expected);
    }
}

#[test]
fn without_a_typical_mistake_the_message_contains_the_string_to_sign() {
    let mut sent = put();
    sent.headers
        .push(("x-qs-encryption-customer-key", "dGhlLWN1c3RvbWVyLWtleQ=="));
    let text = message(&sent.with_header(&sign(SECRET, "something else")));
    assert!(text.starts_with("the signature does not match the request, and no single typical mistake leads to it; the string to sign is \"PUT\\nCY9rzUYh03PK3k6DJie09g==\\ntext/plain; charset=utf-8\\n\\nx-qs-copy-source:"), "{text}");
    assert!(
        text.contains("x-qs-encryption-customer-key:***\\n"),
        "{text}"
    );
    assert!(!text.contains("dGhlLWN1c3RvbWVyLWtleQ"), "{text}");
    assert!(text.contains("compare line 4 first"), "{text}");
    let text = message(&get().with_header("c2ln"));
    assert!(text.contains("it is not Base64 of 32 bytes"), "{text}");
}

#[test]
fn a_long_string_is_cut_at_a_character() {
    let mut sent = get();
    let long = "a".repeat(MAX_COMPARED).leak();
    sent.headers.push(("content-type", long));
    let text = message(&sent.with_header(&sign(SECRET, "something else")));
    assert!(text.contains("a... (49 more bytes)"), "{text}");
    let text = shown(&[], "\u{4e2d}".repeat(MAX_SHOWN).as_bytes());
    assert!(text.ends_with("\u{4e2d}... (8193 more bytes)"), "{text}");
}

#[test]
fn explanations_do_not_contain_secrets_that_a_client_sends() {
    for header in ["content-type", "x-qs-meta-a"] {
        for secret in [SECRET, OTHER_SECRET] {
            let mut sent = get();
            sent.headers.push((header, secret));
            let text = message(&sent.with_header(&sign(SECRET, "something else")));
            assert!(text.contains("***"), "{text}");
        }
    }
    let mut head = get().with_header("c2ln");
    for id in [SECRET, OTHER_SECRET] {
        let value = format!("QS {id}:c2ln").parse().unwrap();
        head.headers.insert("authorization", value);
        let error = check(&head).unwrap_err();
        assert!(!error.message().contains(id), "{error}");
    }
}

#[test]
fn secrets_are_removed_before_a_string_is_cut_and_escaped() {
    let account = Account::new("ID", "a \"quoted\" secret");
    let accounts = [&account];
    assert_eq!(
        shown(&accounts, b"PUT\na \"quoted\" secret\n"),
        "PUT\\n***\\n"
    );
    let long = format!("{}a \"quoted\" secret", "x".repeat(MAX_SHOWN - 2));
    assert!(shown(&accounts, long.as_bytes()).contains("x**... (1 more bytes)"));
}

#[test]
fn explains_unknown_access_key_ids() {
    let mut head = get().with_header("c2ln");
    for (id, expected) in [
        ("ID ", "white space"),
        (" ID", "white space"),
        ("id", "upper and lower case"),
        (SECRET, "is a secret access key"),
    ] {
        let value = format!("QS {id}:c2ln").parse().unwrap();
        head.headers.insert("authorization", value);
        let error = check(&head).unwrap_err();
        assert_eq!(error.code(), "invalid_access_key_id");
        assert!(error.message().contains(expected), "{error}");
    }
}

#[test]
fn explains_signatures_of_forms() {
    let json = r#"{"key": "a", "content-type": "image/png"}"#;
    let policy = STANDARD.encode(json);
    let explain = |signature: &str| {
        let credentials = FormCredentials {
            access_key_id: "ID",
            policy: &policy,
            signature,
        };
        accounts()
            .authenticate_form(&credentials)
            .map(|_| ())
            .map_err(|error| error.message().to_owned())
    };
    assert_eq!(explain(&sign(SECRET, &policy)), Ok(()));
    for (signature, expected) in [
        (
            sign(SECRET, json),
            "the decoded policy is signed instead of its Base64 form",
        ),
        (
            sign(SECRET, &STANDARD.encode(&policy)),
            "the policy is encoded as Base64 once more before it is signed",
        ),
        (
            sign(SECRET, &format!("{policy}\n")),
            "the string to sign has a line feed at the end",
        ),
        (
            sign(OTHER_SECRET, &policy),
            "the secret access key is that of the account `OTHER`",
        ),
    ] {
        let message = explain(&signature).unwrap_err();
        assert_eq!(message, format!("{NOT_MATCHED}; it matches if {expected}"));
    }
    let message = explain(&sign(SECRET, "something else")).unwrap_err();
    assert!(
        message.contains("the string to sign is the field `policy` as sent, \"eyJ"),
        "{message}"
    );
}

#[test]
fn equality_needs_the_same_length() {
    assert!(equals(b"ab", b"ab"));
    for other in [&b"ac"[..], b"a", b"abc", b""] {
        assert!(!equals(b"ab", other));
    }
}

#[test]
fn without_explanations_the_message_is_short() {
    let head = get().with_header(&sign(SECRET, "something else"));
    let host = Host::parse("", &[]);
    let target = RequestTarget::parse(&head.method, &head.uri, None).unwrap();
    let now = UNIX_EPOCH + Duration::from_secs(NOW);
    let error = accounts()
        .explaining(false)
        .authenticate(&head, &target, &host, now)
        .unwrap_err();
    assert_eq!(error.message(), NOT_MATCHED);
    let credentials = FormCredentials {
        access_key_id: "ID",
        policy: "e30=",
        signature: "c2ln",
    };
    let error = accounts()
        .explaining(false)
        .authenticate_form(&credentials)
        .unwrap_err();
    assert_eq!(error.message(), NOT_MATCHED);
}
