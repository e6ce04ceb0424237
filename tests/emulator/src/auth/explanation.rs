//! Explanations of wrong signatures.
//!
//! The emulator signs the request with each typical mistake, and compares the result with the
//! signature of the client. The result is a text. It has no influence on whether a request is
//! accepted.

mod signature_mistakes;
mod string_mistakes;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts as Head;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

use crate::auth::account::Account;
use crate::auth::signature::{SIGNATURE_LENGTH, StringParts};
use crate::request::host::Host;
use crate::request::request_target::RequestTarget;

/// Longest string to sign whose typical mistakes are compared, in bytes.
const MAX_COMPARED: usize = 4 << 10;
/// Longest string to sign in a message, in bytes.
const MAX_SHOWN: usize = 4 << 10;
/// Shortest secret that is removed from messages. A shorter one occurs in any text by chance.
const MIN_SECRET: usize = 4;
/// Headers whose values are secret.
const SECRET_HEADERS: [&str; 2] = [
    "x-qs-encryption-customer-key:",
    "x-qs-copy-source-encryption-customer-key:",
];

const NOT_MATCHED: &str = "the signature does not match the request";

/// What completes "the signature matches if", and the string or the signature with the mistake.
type Mistake = (String, Vec<u8>);

/// All characters except letters, digits and `-._~`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A request whose signature does not match.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnmatchedRequest<'a> {
    pub(crate) head: &'a Head,
    pub(crate) target: &'a RequestTarget,
    pub(crate) host: &'a Host,
}

/// The credentials of a request, and the accounts.
#[derive(Clone, Copy)]
pub(super) struct Signer<'a> {
    pub(super) account: &'a Account,
    pub(super) accounts: &'a [&'a Account],
    pub(super) signature: &'a str,
}

/// Explains a wrong signature in the `Authorization` header or in the query. `accepted` contains the
/// forms of the string to sign that the emulator accepts, the usual one first.
pub(super) fn explain_request(
    signer: Signer<'_>,
    request: &UnmatchedRequest<'_>,
    expires: Option<&str>,
    accepted: &[StringParts],
) -> String {
    let Some(usual) = accepted.first() else {
        return NOT_MATCHED.to_owned();
    };
    let found = accepted.iter().find_map(|right| {
        signer.find(&right.to_bytes(), || {
            string_mistakes::in_request(request, expires, right)
        })
    });
    let shown = shown(signer.accounts, &usual.to_bytes());
    signer.message(found, |start| {
        format!(
            "{start}; the string to sign is \"{shown}\"; {}",
            advice(request, expires)
        )
    })
}

/// Explains a wrong signature of a form, which covers the policy as sent.
pub(super) fn explain_form(signer: Signer<'_>, policy: &str) -> String {
    let found = signer.find(policy.as_bytes(), || string_mistakes::in_policy(policy));
    let shown = shown(signer.accounts, policy.as_bytes());
    signer.message(found, |start| {
        format!("{start}; the string to sign is the field `policy` as sent, \"{shown}\"")
    })
}

impl Signer<'_> {
    /// Returns the mistake that leads to the signature of the client.
    fn find(&self, right: &[u8], in_string: impl FnOnce() -> Vec<Mistake>) -> Option<String> {
        if right.len() > MAX_COMPARED {
            return None;
        }
        let secret = self.account.secret_access_key().as_bytes();
        let of_string = in_string().into_iter().map(|(text, signed)| {
            let signature = STANDARD.encode(signature_mistakes::hmac_sha256(secret, &signed));
            (text, signature.into_bytes())
        });
        of_string
            .chain(signature_mistakes::in_signature(
                self.account,
                self.accounts,
                right,
            ))
            .find(|(_, signature)| equals(signature, self.signature.as_bytes()))
            .map(|(text, _)| text)
    }

    /// Returns a message that names the mistake, or `details` of a message without one.
    fn message(&self, found: Option<String>, details: impl FnOnce(&str) -> String) -> String {
        let message = match found {
            Some(mistake) => format!("{NOT_MATCHED}; it matches if {mistake}"),
            None => details(&format!(
                "{NOT_MATCHED}, and no single typical mistake leads to it{}",
                self.form()
            )),
        };
        redact(self.accounts, message)
    }

    /// Returns a note if the signature does not have the form of one.
    fn form(&self) -> &'static str {
        match STANDARD.decode(self.signature) {
            Ok(digest) if digest.len() == SIGNATURE_LENGTH => "",
            _ => ", and it is not Base64 of 32 bytes (44 characters)",
        }
    }
}

/// Compares signatures in constant time.
fn equals(a: &[u8], b: &[u8]) -> bool {
    let difference = a
        .iter()
        .zip(b)
        .fold(0, |difference, (a, b)| difference | (a ^ b));
    a.len() == b.len() && std::hint::black_box(difference) == 0
}

/// Removes the secrets of all accounts, which a client may have sent by mistake.
pub(super) fn redact(accounts: &[&Account], message: String) -> String {
    let secrets = accounts.iter().map(|account| account.secret_access_key());
    secrets
        .filter(|secret| secret.len() >= MIN_SECRET)
        .fold(message, |message, secret| {
            if message.contains(secret) {
                message.replace(secret, "***")
            } else {
                message
            }
        })
}

/// Returns a string to sign as it can be shown: without secrets and the keys of customers, cut, and
/// escaped.
pub(super) fn shown(accounts: &[&Account], text: &[u8]) -> String {
    // Before the text is cut and escaped, which would change a secret.
    let text = redact(accounts, String::from_utf8_lossy(text).into_owned());
    let lines = text.split('\n').map(|line| {
        let secret = SECRET_HEADERS.iter().find(|name| line.starts_with(**name));
        secret.map_or_else(|| line.to_owned(), |name| format!("{name}***"))
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    let end = text
        .char_indices()
        .map(|(index, character)| index + character.len_utf8())
        .take_while(|end| *end <= MAX_SHOWN)
        .last();
    let (start, rest) = text
        .split_at_checked(end.unwrap_or(0))
        .unwrap_or((&text, ""));
    let start = start.escape_debug();
    if rest.is_empty() {
        start.to_string()
    } else {
        format!("{start}... ({} more bytes)", rest.len())
    }
}

/// Names the line of the string to sign that is wrong most often in such a request.
fn advice(request: &UnmatchedRequest<'_>, expires: Option<&str>) -> &'static str {
    let headers = &request.head.headers;
    let has = |name: &str| headers.contains_key(name);
    if expires.is_some() && has("content-type") {
        "compare line 3 first: the client sends a `Content-Type` that a signed URL must cover"
    } else if has("x-qs-date") {
        "compare line 4 first: it is empty, because the request has `x-qs-date`"
    } else if has("content-type") {
        "compare line 3 first: `Content-Type` as sent, which the HTTP library may have changed"
    } else if headers
        .keys()
        .any(|name| name.as_str().starts_with("x-qs-"))
    {
        "compare line 5 first: the `x-qs-` headers, sorted by name"
    } else if request.target.path.contains(['%', '+']) {
        "compare the last line first: the path is signed exactly as in the request line"
    } else if expires.is_some() {
        "compare line 4 first: it is `expires` as sent"
    } else {
        "compare line 4 first: it is `Date` as sent; if all lines agree, the secret access key differs"
    }
}
