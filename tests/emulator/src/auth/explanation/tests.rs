//! One row for each mistake.

mod lines;
mod pairs;
mod properties;
mod resource;

use std::time::{Duration, UNIX_EPOCH};

use http::Request;
use http::request::Parts as Head;

use super::*;
use crate::auth::authentication::Accounts;
use crate::auth::signature::tests::sign;
use crate::base::api_error::ApiError;
use crate::request::form::FormCredentials;
use crate::request::host::Host;
use crate::request::request_target::RequestTarget;

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
    body: &'static [u8],
}

impl Sent {
    /// Signs `signed` in the `Authorization` header.
    fn with_header(&self, signature: &str) -> (Head, Vec<u8>) {
        self.head(&self.target, Some(format!("QS ID:{signature}")))
    }

    /// Signs `signed` in the query.
    fn with_query(&self, expires: &str, signature: &str) -> (Head, Vec<u8>) {
        let separator = if self.target.contains('?') { '&' } else { '?' };
        let signature = encoding::percent_encode(signature.as_bytes(), encoding::Safe::UNRESERVED);
        let target = format!(
            "{}{separator}access_key_id=ID&expires={expires}&signature={signature}",
            self.target
        );
        self.head(&target, None)
    }

    fn head(&self, target: &str, authorization: Option<String>) -> (Head, Vec<u8>) {
        let mut request = Request::builder().method(self.method).uri(target);
        for (name, value) in &self.headers {
            request = request.header(*name, *value);
        }
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        (request.body(()).unwrap().into_parts().0, self.body.to_vec())
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
fn check((head, body): &(Head, Vec<u8>)) -> Result<(), ApiError> {
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
                zones: &zones,
                now,
                body: Some(body),
            }))
        }
        Err(error) => Err(error),
    }
}

fn message(request: &(Head, Vec<u8>)) -> String {
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
            ("host", "localhost:9000"),
            ("content-md5", MD5),
            ("content-type", "text/plain; charset=utf-8"),
            ("x-qs-meta-color", "dark red"),
            ("x-qs-date", DATE),
            ("x-qs-copy-source", "/photos/%E4%B8%AD"),
        ],
        body: b"test",
    }
}

const PUT_HEADERS: &str = "x-qs-copy-source:/photos/%E4%B8%AD\nx-qs-date:Tue, 14 Nov 2023 22:13:20 GMT\nx-qs-meta-color:dark red\n";
const PUT_RESOURCE: &str = "/photos/a%20b/~x%2By?part_number=2&upload_id=u/1 2&uploads";

fn put_text() -> String {
    format!("PUT\n{MD5}\ntext/plain; charset=utf-8\n\n{PUT_HEADERS}{PUT_RESOURCE}")
}

/// A plain `GET`.
fn get() -> Sent {
    Sent {
        method: "GET",
        target: "/photos/a%20b".to_owned(),
        headers: vec![("host", "localhost:9000"), ("date", DATE)],
        body: b"",
    }
}

fn get_text() -> String {
    format!("GET\n\n\n{DATE}\n/photos/a%20b")
}

fn in_host(target: &str) -> Sent {
    Sent {
        target: target.to_owned(),
        headers: vec![("host", "Photos.pek3a.example.com"), ("date", DATE)],
        ..get()
    }
}

#[track_caller]
fn explains(request: &(Head, Vec<u8>), expected: &str) {
    let message = message(request);
    assert!(
        message.contains(expected),
        "expected {expected:?} in: {message}"
    );
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
fn explains_wrong_digests_and_encodings() {
    let text = get_text();
    let of = |algorithm: Algorithm| {
        STANDARD.encode(algorithm.digest(SECRET.as_bytes(), text.as_bytes()))
    };
    for (algorithm, expected) in [
        (Algorithm::HmacSha1, "HMAC-SHA1"),
        (Algorithm::HmacMd5, "HMAC-MD5"),
        (Algorithm::HmacSha384, "HMAC-SHA384"),
        (Algorithm::HmacSha512, "HMAC-SHA512"),
        (Algorithm::Sha256, "SHA-256 without the secret"),
        (
            Algorithm::Sha256SecretFirst,
            "SHA-256 of the secret and the string to sign",
        ),
        (
            Algorithm::Exchanged,
            "the key and the message of HMAC-SHA256 are exchanged",
        ),
        (Algorithm::HexDigested, "hexadecimal SHA-256 digest"),
    ] {
        explains(&get().with_header(&of(algorithm)), expected);
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
    let digest = STANDARD.decode(&right).unwrap();
    let hex = crate::base::digest::hex(&digest);
    let url_safe = right.replace('+', "-").replace('/', "_");
    for (signature, expected) in [
        (hex.clone(), "hexadecimal instead of Base64"),
        (hex.to_uppercase(), "hexadecimal instead of Base64"),
        (url_safe.clone(), "URL-safe Base64"),
        (url_safe.trim_end_matches('=').to_owned(), "URL-safe Base64"),
        (
            right.trim_end_matches('=').to_owned(),
            "the padding (`=`) of the signature is missing",
        ),
        (
            STANDARD.encode(&hex),
            "the Base64 form of hexadecimal digits",
        ),
        (STANDARD.encode(&right), "encoded as Base64 twice"),
        (format!(" {right}"), "white space or quotes around it"),
        (format!("\"{right}\""), "white space or quotes around it"),
        (right.replace('=', "%3D"), "percent-encoded once too often"),
        (right.to_lowercase(), "except for upper and lower case"),
        (right[..40].to_owned(), "its end is missing"),
    ] {
        explains(&get.with_header(&signature), expected);
    }
    // HMAC-SHA1 in hexadecimal digits.
    let digest = Algorithm::HmacSha1.digest(SECRET.as_bytes(), text.as_bytes());
    let message = message(&get.with_header(&crate::base::digest::hex(&digest)));
    assert!(
        message.contains("HMAC-SHA1") && message.contains("hexadecimal"),
        "{message}"
    );
}

#[test]
fn explains_signatures_that_are_not_encoded_in_the_url() {
    let (expires, signature) = (NOW..)
        .map(|expires| (expires, format!("GET\n\n\n{expires}\n/photos/a%20b")))
        .map(|(expires, text)| (expires.to_string(), sign(SECRET, &text)))
        .find(|(_, signature)| signature.contains('+'))
        .unwrap();
    let signature = signature.replace('+', " ");
    explains(
        &get().with_query(&expires, &signature),
        "its `+` became a space",
    );
}

#[test]
fn explains_wrong_secrets() {
    let text = get_text();
    for (secret, expected) in [
        (OTHER_SECRET, "that of the account `OTHER`"),
        ("a-secret-access-key\n", "white space around it"),
        (" a-secret-access-key", "white space around it"),
        ("\"a-secret-access-key\"", "quotes around it"),
        ("", "the secret access key is empty"),
        ("ID", "the access key ID instead of the secret"),
        ("A-SECRET-ACCESS-KEY", "in upper case"),
        ("a-secret-access-ke", "the last character"),
        ("YS1zZWNyZXQtYWNjZXNzLWtleQ==", "encoded as Base64"),
    ] {
        explains(&get().with_header(&sign(secret, &text)), expected);
    }
}

#[test]
fn without_a_typical_mistake_the_message_contains_the_string_to_sign() {
    let mut sent = put();
    sent.headers
        .push(("x-qs-encryption-customer-key", "dGhlLWN1c3RvbWVyLWtleQ=="));
    let text = message(&sent.with_header(&sign(SECRET, "something else")));
    assert!(text.contains("the string to sign is \"PUT\\nCY9rzUYh03PK3k6DJie09g==\\ntext/plain; charset=utf-8\\n\\nx-qs-copy-source:"), "{text}");
    assert!(
        text.contains("x-qs-encryption-customer-key:***\\n"),
        "{text}"
    );
    assert!(!text.contains("dGhlLWN1c3RvbWVyLWtleQ"), "{text}");
    assert!(text.contains("compare line 4 first"), "{text}");
    let text = message(&get().with_header("c2ln"));
    assert!(
        text.contains("it is not the Base64 form of a digest"),
        "{text}"
    );
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
    let (mut head, body) = get().with_header("c2ln");
    for id in [SECRET, OTHER_SECRET] {
        let value = format!("QS {id}:c2ln").parse().unwrap();
        head.headers.insert("authorization", value);
        let error = check(&(head.clone(), body.clone())).unwrap_err();
        assert!(!error.message().contains(id), "{error}");
    }
}

#[test]
fn explains_unknown_access_key_ids() {
    let (mut head, body) = get().with_header("c2ln");
    for (id, expected) in [
        ("ID ", "white space"),
        (" ID", "white space"),
        ("id", "upper and lower case"),
        (SECRET, "is a secret access key"),
    ] {
        let value = format!("QS {id}:c2ln").parse().unwrap();
        head.headers.insert("authorization", value);
        let error = check(&(head.clone(), body.clone())).unwrap_err();
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
        (sign(SECRET, json), "the decoded policy is signed"),
        (
            sign(SECRET, &format!("{policy}\n")),
            "a line feed at the end",
        ),
        (sign(SECRET, &STANDARD.encode(&policy)), "Base64 once more"),
        (sign(OTHER_SECRET, &policy), "that of the account `OTHER`"),
        (
            STANDARD.encode(Algorithm::HmacSha1.digest(SECRET.as_bytes(), policy.as_bytes())),
            "HMAC-SHA1",
        ),
        (sign(SECRET, "something else"), "the field `policy` as sent"),
    ] {
        let message = explain(&signature).unwrap_err();
        assert!(
            message.contains(expected),
            "expected {expected:?} in: {message}"
        );
    }
}

#[test]
fn without_explanations_the_message_is_short() {
    let (head, _) = get().with_header(&sign(SECRET, "something else"));
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
