//! Secrets that clients use by mistake.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::auth::account::Account;
use crate::auth::explanation::encoding::{self, Safe};
use crate::auth::explanation::mistake::Likelihood;

use Likelihood::{Alone, Common, Rare};

/// Largest number of other accounts whose secrets are tried.
const MAX_ACCOUNTS: usize = 128;
/// Largest number of other accounts whose secrets are tried together with another mistake.
const MAX_PAIRED_ACCOUNTS: usize = 4;

/// A secret that a client may have used.
#[derive(Clone)]
pub(super) struct WrongSecret {
    pub(super) secret: Vec<u8>,
    pub(super) likelihood: Likelihood,
    /// Completes "the signature matches if". Does not contain the secret.
    pub(super) description: String,
}

/// Returns wrong secrets for the requests of an account.
pub(super) fn wrong_secrets<'a>(
    account: &Account,
    others: impl Iterator<Item = &'a Account>,
) -> Vec<WrongSecret> {
    let secret = account.secret_access_key();
    let mut list = Vec::<WrongSecret>::new();
    let mut add = |likelihood, bytes: &[u8], description: &str| {
        let is_known = bytes == secret.as_bytes() || list.iter().any(|known| known.secret == bytes);
        if !is_known {
            list.push(WrongSecret {
                secret: bytes.to_vec(),
                likelihood,
                description: description.to_owned(),
            });
        }
    };
    for (index, other) in others.take(MAX_ACCOUNTS).enumerate() {
        let likelihood = match index < MAX_PAIRED_ACCOUNTS {
            true => Common,
            false => Alone,
        };
        let description = format!(
            "the secret access key is that of the account `{}`",
            other.access_key_id()
        );
        add(
            likelihood,
            other.secret_access_key().as_bytes(),
            &description,
        );
    }
    let around = "the secret access key has white space around it";
    for (prefix, suffix) in [
        ("", "\n"),
        ("", " "),
        (" ", ""),
        ("", "\r\n"),
        ("", "\r"),
        (" ", " "),
        ("", "\t"),
        ("\t", ""),
        ("\u{feff}", ""),
        ("", "\0"),
        ("\n", ""),
    ] {
        let likelihood = match (prefix, suffix) {
            ("", "\n" | " ") | (" ", "") => Common,
            _ => Rare,
        };
        add(
            likelihood,
            format!("{prefix}{secret}{suffix}").as_bytes(),
            around,
        );
    }
    add(
        Common,
        secret.trim().as_bytes(),
        "the secret access key lacks the white space around it",
    );
    for quote in ["\"", "'"] {
        add(
            Rare,
            format!("{quote}{secret}{quote}").as_bytes(),
            "the secret access key has quotes around it",
        );
    }
    add(Rare, b"", "the secret access key is empty");
    add(
        Rare,
        account.access_key_id().as_bytes(),
        "the key of HMAC is the access key ID instead of the secret access key",
    );
    if let Ok(decoded) = STANDARD.decode(secret) {
        add(
            Common,
            &decoded,
            "the secret access key is decoded as Base64",
        );
    }
    add(
        Rare,
        STANDARD.encode(secret).as_bytes(),
        "the secret access key is encoded as Base64",
    );
    add(
        Rare,
        format!("{}:{secret}", account.access_key_id()).as_bytes(),
        "the key of HMAC contains the access key ID",
    );
    add(
        Rare,
        format!("{}{secret}", account.access_key_id()).as_bytes(),
        "the key of HMAC contains the access key ID",
    );
    add(
        Rare,
        format!("QS{secret}").as_bytes(),
        "`QS` precedes the secret access key",
    );
    add(
        Rare,
        format!("AWS4{secret}").as_bytes(),
        "`AWS4` precedes the secret access key",
    );
    add(
        Rare,
        secret.to_lowercase().as_bytes(),
        "the secret access key is in lower case",
    );
    add(
        Rare,
        secret.to_uppercase().as_bytes(),
        "the secret access key is in upper case",
    );
    let encoded = encoding::percent_encode(secret.as_bytes(), Safe::UNRESERVED);
    add(
        Rare,
        encoded.as_bytes(),
        "the secret access key is percent-encoded",
    );
    add(
        Rare,
        &encoding::percent_decode(secret.as_bytes()),
        "the secret access key is percent-decoded",
    );
    let utf16 = secret
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect::<Vec<_>>();
    add(Rare, &utf16, "the secret access key is encoded as UTF-16");
    let reversed = secret.chars().rev().collect::<String>();
    add(
        Rare,
        reversed.as_bytes(),
        "the secret access key is reversed",
    );
    let mut characters = secret.chars();
    if characters.next_back().is_some() {
        add(
            Rare,
            characters.as_str().as_bytes(),
            "the last character of the secret access key is missing",
        );
    }
    let mut characters = secret.chars();
    if characters.next().is_some() {
        add(
            Rare,
            characters.as_str().as_bytes(),
            "the first character of the secret access key is missing",
        );
    }
    add(
        Rare,
        format!("{secret}&").as_bytes(),
        "`&` follows the secret access key",
    );
    for name in ["null", "undefined", "None", "secret"] {
        add(
            Alone,
            name.as_bytes(),
            &format!("the secret access key is `{name}`"),
        );
    }
    list
}
