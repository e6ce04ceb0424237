//! Explanations of wrong signatures.
//!
//! The search changes the emulator's own string to sign by one typical mistake, or by two that
//! change different parts, and compares the digest with the signature of the client. The result is
//! a text. It has no influence on whether a request is accepted.

mod date_formats;
mod dates;
mod digest;
mod encoding;
mod evidence;
mod header_lines;
mod header_model;
mod header_values;
mod key_text;
mod layout;
mod lines;
mod mistake;
mod parameter_model;
mod parameter_values;
mod parameters;
mod path;
mod search;
mod secrets;
#[cfg(test)]
mod tests;
mod variants;
mod wrong_digests;
mod wrong_layouts;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::auth::account::Account;
use crate::auth::signature::{Part, StringParts};
use digest::{Algorithm, Claim};
pub(crate) use evidence::UnmatchedRequest;
use mistake::{Change, Likelihood, Mistakes};
use search::{Finding, Search};
use secrets::WrongSecret;

/// Longest string to sign that is searched, in bytes.
const MAX_SEARCHED: usize = 4 << 10;
/// Longest string to sign in a message, in bytes.
const MAX_SHOWN: usize = 4 << 10;
/// Shortest secret that is removed from messages. A shorter one occurs in any text by chance.
const MIN_SECRET: usize = 4;
/// Shortest part of a right signature that counts as a cut signature. A shorter one could be
/// guessed.
const MIN_CUT: usize = 24;
/// Headers whose values are secret.
const SECRET_HEADERS: [&str; 2] = [
    "x-qs-encryption-customer-key:",
    "x-qs-copy-source-encryption-customer-key:",
];

const NOT_MATCHED: &str = "the signature does not match the request";

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
    let Some(right) = accepted.first() else {
        return NOT_MATCHED.to_owned();
    };
    let claims = Claim::of(signer.signature);
    let wrong_secrets = signer.wrong_secrets();
    let mut mistakes = Mistakes::new(right);
    if right.iter().map(Vec::len).sum::<usize>() <= MAX_SEARCHED {
        for variant in accepted {
            let [.., key, query] = variant;
            let parts = vec![(Part::Key, key.clone()), (Part::Query, query.clone())];
            mistakes.add(Likelihood::Common, Change::Parts(parts), "");
        }
        lines::add(request, &mut mistakes);
        dates::add(request, expires, &mut mistakes);
        header_lines::add(request, &mut mistakes);
        path::add(request, &mut mistakes);
        key_text::add(&mut mistakes);
        parameters::add(request, &mut mistakes);
        wrong_layouts::add(&mut mistakes);
        wrong_digests::add(&mut mistakes, &claims);
        add_secrets(&mut mistakes, &wrong_secrets);
    }
    let mistakes = mistakes.into_sorted();
    let explanation = match signer.search(right, &claims, &wrong_secrets).run(&mistakes) {
        Some(finding) => describe(&finding),
        None => {
            let text = right.concat();
            match signer.damage(&text) {
                Some(damage) => format!("{NOT_MATCHED}; {damage}"),
                None => format!(
                    "{NOT_MATCHED}, and no typical mistake leads to it{}; the string to sign is \
                     \"{}\"; {}",
                    signer.form(&claims),
                    shown(&text),
                    advice(request, expires)
                ),
            }
        }
    };
    signer.redact(explanation)
}

/// Explains a wrong signature of a form, which covers the policy as sent.
pub(super) fn explain_form(signer: Signer<'_>, policy: &str) -> String {
    let mut right = StringParts::default();
    if let Some(last) = right.last_mut() {
        *last = policy.as_bytes().to_vec();
    }
    let claims = Claim::of(signer.signature);
    let wrong_secrets = signer.wrong_secrets();
    let mut mistakes = Mistakes::new(&right);
    let mut add = |text: &[u8], description: &'static str| {
        mistakes.part(Likelihood::Common, Part::Query, text, description);
    };
    let decoded = STANDARD.decode(policy).unwrap_or_default();
    add(
        &decoded,
        "the decoded policy is signed instead of its Base64 form",
    );
    add(
        decoded.trim_ascii(),
        "the decoded policy is signed instead of its Base64 form",
    );
    if let Ok(value) = serde_json::from_slice::<serde_json::Value>(&decoded) {
        let compact = value.to_string();
        add(
            compact.as_bytes(),
            "the policy is signed as compact JSON instead of its Base64 form",
        );
        add(
            STANDARD.encode(&compact).as_bytes(),
            "the Base64 form of the policy as compact JSON is signed",
        );
        let spaced = compact.replace("\":", "\": ").replace(",\"", ", \"");
        add(
            spaced.as_bytes(),
            "the policy is signed as JSON with spaces instead of its Base64 form",
        );
        add(
            STANDARD.encode(&spaced).as_bytes(),
            "the Base64 form of the policy as JSON with spaces is signed",
        );
    }
    add(b"", "the policy is empty");
    add(
        STANDARD.encode(policy).as_bytes(),
        "the policy is encoded as Base64 once more before it is signed",
    );
    add(
        policy.trim_end_matches('=').as_bytes(),
        "the padding (`=`) of the policy is missing",
    );
    let url_safe = policy.replace('+', "-").replace('/', "_");
    add(
        url_safe.as_bytes(),
        "the policy is signed as URL-safe Base64",
    );
    add(
        url_safe.trim_end_matches('=').as_bytes(),
        "the policy is signed as URL-safe Base64 without padding",
    );
    let unwrapped = policy.split_whitespace().collect::<String>();
    add(
        unwrapped.as_bytes(),
        "the white space in the policy is missing",
    );
    let encoded = encoding::percent_encode(policy.as_bytes(), encoding::Safe::UNRESERVED);
    add(
        encoded.as_bytes(),
        "the policy is percent-encoded before it is signed",
    );
    for end in ["\n", "\r\n"] {
        let wrapped = policy
            .as_bytes()
            .chunks(76)
            .collect::<Vec<_>>()
            .join(end.as_bytes());
        add(&wrapped, "the Base64 form of the policy has line feeds");
        add(
            &[&wrapped, end.as_bytes()].concat(),
            "the Base64 form of the policy has line feeds",
        );
    }
    for (before, after, description) in [
        ("policy=", "", "`policy=` precedes the policy"),
        ("POST\n\n\n\n", "", "the policy is signed like a request"),
        ("POST\n", "", "a line with the method precedes the policy"),
        ("\"", "\"", "the policy is signed in quotation marks"),
    ] {
        add(format!("{before}{policy}{after}").as_bytes(), description);
    }
    wrong_layouts::add(&mut mistakes);
    wrong_digests::add(&mut mistakes, &claims);
    add_secrets(&mut mistakes, &wrong_secrets);
    let mistakes = mistakes.into_sorted();
    let explanation = match signer
        .search(&right, &claims, &wrong_secrets)
        .run(&mistakes)
    {
        Some(finding) => describe(&finding),
        None => {
            let damage = signer.damage(policy.as_bytes());
            damage.map_or_else(
                || {
                    format!(
                        "{NOT_MATCHED}, and no typical mistake leads to it{}; the string to sign is \
                         the field `policy` as sent, \"{}\"",
                        signer.form(&claims),
                        shown(policy.as_bytes())
                    )
                },
                |damage| format!("{NOT_MATCHED}; {damage}"),
            )
        }
    };
    signer.redact(explanation)
}

fn add_secrets(mistakes: &mut Mistakes<'_>, wrong_secrets: &[WrongSecret]) {
    for (index, wrong) in wrong_secrets.iter().enumerate() {
        let change = Change::Secret(index + 1);
        mistakes.add(wrong.likelihood, change, wrong.description.clone());
    }
}

impl<'a> Signer<'a> {
    fn wrong_secrets(&self) -> Vec<WrongSecret> {
        let id = self.account.access_key_id();
        let others = self
            .accounts
            .iter()
            .copied()
            .filter(|other| other.access_key_id() != id);
        secrets::wrong_secrets(self.account, others)
    }

    fn search<'b>(
        &self,
        right: &'b StringParts,
        claims: &'b [Claim],
        wrong_secrets: &'b [WrongSecret],
    ) -> Search<'b>
    where
        'a: 'b,
    {
        let secret = self.account.secret_access_key().as_bytes();
        let wrong = wrong_secrets.iter().map(|wrong| wrong.secret.as_slice());
        Search::new(right, claims, std::iter::once(secret).chain(wrong))
    }

    /// Returns how a right signature was damaged, so that it cannot be decoded.
    fn damage(&self, text: &[u8]) -> Option<&'static str> {
        let secret = self.account.secret_access_key().as_bytes();
        let right = STANDARD.encode(Algorithm::HmacSha256.digest(secret, text));
        let sent = self.signature.trim();
        let is_cut = sent.len() >= MIN_CUT && sent.len() < right.len();
        if sent.eq_ignore_ascii_case(&right) {
            Some("it is right except for upper and lower case, which Base64 distinguishes")
        } else if is_cut && right.starts_with(sent) {
            Some("it is right, but its end is missing")
        } else if is_cut && right.ends_with(sent) {
            Some("it is right, but its start is missing")
        } else if sent.contains(&right) {
            Some("it contains the right signature, and other text")
        } else {
            None
        }
    }

    /// Returns a note if the signature does not have the form of one.
    fn form(&self, claims: &[Claim]) -> &'static str {
        match claims.first() {
            None => ", because it is not the Base64 form of a digest",
            Some(claim) if !claim.descriptions.is_empty() => {
                ", and it is not Base64 of 32 bytes (44 characters)"
            }
            Some(claim) if claim.digest.len() != Algorithm::HmacSha256.length() => {
                ", and it does not have 32 bytes as HMAC-SHA256"
            }
            Some(_) => "",
        }
    }

    fn redact(&self, message: String) -> String {
        redact(self.accounts, message)
    }
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

fn describe(finding: &Finding<'_>) -> String {
    let described = finding
        .mistakes
        .iter()
        .filter(|mistake| !mistake.description.is_empty());
    let claimed = finding.claim.descriptions.iter();
    let causes = described
        .clone()
        .map(|mistake| mistake.description.to_string())
        .chain(claimed.map(|text| (*text).to_owned()))
        .collect::<Vec<_>>();
    let mut message = format!("{NOT_MATCHED}; it matches if ");
    message.push_str(&causes.join(", and if "));
    for rule in described.filter_map(|mistake| rule(&mistake.change)) {
        if !message.contains(rule) {
            message.push_str("; ");
            message.push_str(rule);
        }
    }
    message
}

/// Returns the rule that a mistake breaks.
fn rule(change: &Change) -> Option<&'static str> {
    let Change::Parts(parts) = change else {
        return None;
    };
    Some(match parts.first()?.0 {
        Part::Method => "the first line is the method as in the request line",
        Part::ContentMd5 => "the second line is `Content-MD5` as sent, or empty",
        Part::ContentType => "the third line is `Content-Type` as sent, or empty",
        Part::Date => {
            "the fourth line is `Date` as sent, empty if `x-qs-date` is sent, or `expires` in a \
             signed URL"
        }
        Part::Headers => {
            "each `x-qs-` header is a line `name:value`, with the name in lower case, sorted by name"
        }
        Part::Bucket => {
            "the resource is the path as sent, after a slash and the bucket of the host"
        }
        Part::Key => "the path is signed exactly as in the request line",
        Part::Query => {
            "only sub-resources and `response-*` are signed, sorted by name, joined by `&` after a \
             `?`"
        }
    })
}

/// Returns a string to sign as it can be shown: escaped, cut, and without the keys of customers.
pub(super) fn shown(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let lines = text.split('\n').map(|line| {
        let secret = SECRET_HEADERS.iter().find(|name| line.starts_with(**name));
        secret.map_or_else(|| line.to_owned(), |name| format!("{name}***"))
    });
    let text = lines.collect::<Vec<_>>().join("\n");
    let start = text
        .char_indices()
        .map(|(index, character)| index + character.len_utf8())
        .take_while(|end| *end <= MAX_SHOWN)
        .last();
    let (start, rest) = text
        .split_at_checked(start.unwrap_or(0))
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
    let has = |name: &str| request.headers().contains_key(name);
    if expires.is_some() && has("content-type") {
        "compare line 3 first: the client sends a `Content-Type` that a signed URL must cover"
    } else if has("x-qs-date") {
        "compare line 4 first: it is empty, because the request has `x-qs-date`"
    } else if has("content-type") {
        "compare line 3 first: `Content-Type` as sent, which the HTTP library may have changed"
    } else if request
        .headers()
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
