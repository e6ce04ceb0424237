//! Mistakes in the secret access key, the digest, and the encoding of the signature.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_encode;
use sha1::Sha1;
use sha2::{Digest as _, Sha256};

use crate::auth::account::Account;
use crate::auth::explanation::{Mistake, RESERVED};
use crate::base::digest::hex;

/// Returns the signatures of the right string that clients send by mistake.
pub(super) fn in_signature(
    account: &Account,
    accounts: &[&Account],
    string: &[u8],
) -> Vec<Mistake> {
    let id = account.access_key_id();
    let secret = account.secret_access_key();
    let digest = hmac_sha256(secret.as_bytes(), string);
    let right = STANDARD.encode(&digest);
    let base64_of_hmac =
        |secret: &str, string: &[u8]| STANDARD.encode(hmac_sha256(secret.as_bytes(), string));
    let around = "the secret access key has white space around it";
    let mut list = Vec::new();
    for (text, signature) in [
        (
            "the string to sign has a line feed at the end",
            base64_of_hmac(secret, &[string, b"\n"].concat()),
        ),
        (around, base64_of_hmac(&format!("{secret}\n"), string)),
        (around, base64_of_hmac(&format!("{secret} "), string)),
        (around, base64_of_hmac(&format!(" {secret}"), string)),
        ("the secret access key is empty", base64_of_hmac("", string)),
        (
            "the key of HMAC is the access key ID instead of the secret access key",
            base64_of_hmac(id, string),
        ),
        (
            "the key and the message of HMAC-SHA256 are exchanged",
            STANDARD.encode(hmac_sha256(string, secret.as_bytes())),
        ),
        (
            "the signature is HMAC-SHA1 instead of HMAC-SHA256",
            STANDARD.encode(hmac::<Hmac<Sha1>>(secret.as_bytes(), string)),
        ),
        (
            "the signature is SHA-256 without the secret, instead of HMAC-SHA256",
            STANDARD.encode(Sha256::digest(string)),
        ),
        (
            "the signature is hexadecimal instead of Base64",
            hex(&digest),
        ),
        (
            "the signature is the Base64 form of hexadecimal digits instead of the digest",
            STANDARD.encode(hex(&digest)),
        ),
        (
            "the signature is URL-safe Base64 instead of standard Base64",
            URL_SAFE.encode(&digest),
        ),
        (
            "the signature is not percent-encoded in the URL, so that its `+` became a space",
            right.replace('+', " "),
        ),
        (
            "the signature is percent-encoded once too often",
            percent_encode(right.as_bytes(), RESERVED).to_string(),
        ),
        ("a line feed follows the signature", format!("{right}\n")),
    ] {
        list.push((text.to_owned(), signature.into_bytes()));
    }
    for other in accounts.iter().filter(|other| other.access_key_id() != id) {
        let text = format!(
            "the secret access key is that of the account `{}`",
            other.access_key_id()
        );
        let signature = base64_of_hmac(other.secret_access_key(), string);
        list.push((text, signature.into_bytes()));
    }
    list
}

pub(super) fn hmac_sha256(secret: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::<Hmac<Sha256>>(secret, text)
}

fn hmac<M: KeyInit + Mac>(secret: &[u8], text: &[u8]) -> Vec<u8> {
    M::new_from_slice(secret)
        .map(|mut mac| {
            Mac::update(&mut mac, text);
            mac.finalize().into_bytes().to_vec()
        })
        .unwrap_or_default()
}
