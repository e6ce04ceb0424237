//! Mistakes in the algorithm of the signature.

use std::collections::BTreeSet;

use crate::auth::explanation::digest::{Algorithm, Claim};
use crate::auth::explanation::mistake::{Change, Likelihood, Mistakes};

/// Wrong algorithms, and what completes "the signature matches if".
const WRONG: [(Algorithm, Likelihood, &str); 18] = {
    use Likelihood::{Common, Rare};
    [
        (
            Algorithm::HmacSha1,
            Common,
            "the signature is HMAC-SHA1 instead of HMAC-SHA256",
        ),
        (
            Algorithm::Sha256,
            Common,
            "the signature is SHA-256 without the secret, instead of HMAC-SHA256",
        ),
        (
            Algorithm::Exchanged,
            Rare,
            "the key and the message of HMAC-SHA256 are exchanged",
        ),
        (
            Algorithm::Sha256SecretFirst,
            Rare,
            "the signature is SHA-256 of the secret and the string to sign, instead of HMAC-SHA256",
        ),
        (
            Algorithm::Sha256SecretLast,
            Rare,
            "the signature is SHA-256 of the string to sign and the secret, instead of HMAC-SHA256",
        ),
        (
            Algorithm::Digested,
            Rare,
            "HMAC-SHA256 is computed of the SHA-256 digest of the string to sign",
        ),
        (
            Algorithm::HexDigested,
            Rare,
            "HMAC-SHA256 is computed of the hexadecimal SHA-256 digest of the string to sign",
        ),
        (
            Algorithm::DigestOfHmac,
            Rare,
            "the signature is the SHA-256 digest of the HMAC-SHA256",
        ),
        (
            Algorithm::HmacSha512Cut,
            Rare,
            "the signature is 32 bytes of HMAC-SHA512",
        ),
        (
            Algorithm::HmacMd5,
            Common,
            "the signature is HMAC-MD5 instead of HMAC-SHA256",
        ),
        (
            Algorithm::HmacSha512,
            Common,
            "the signature is HMAC-SHA512 instead of HMAC-SHA256",
        ),
        (
            Algorithm::HmacSha384,
            Common,
            "the signature is HMAC-SHA384 instead of HMAC-SHA256",
        ),
        (
            Algorithm::HmacSha224,
            Common,
            "the signature is HMAC-SHA224 instead of HMAC-SHA256",
        ),
        (
            Algorithm::Sha1,
            Rare,
            "the signature is SHA-1 without the secret, instead of HMAC-SHA256",
        ),
        (
            Algorithm::Sha1SecretFirst,
            Rare,
            "the signature is SHA-1 of the secret and the string to sign, instead of HMAC-SHA256",
        ),
        (
            Algorithm::Md5,
            Rare,
            "the signature is MD5 without the secret, instead of HMAC-SHA256",
        ),
        (
            Algorithm::Md5SecretFirst,
            Rare,
            "the signature is MD5 of the secret and the string to sign, instead of HMAC-SHA256",
        ),
        (
            Algorithm::Sha512,
            Rare,
            "the signature is SHA-512 without the secret, instead of HMAC-SHA256",
        ),
    ]
};

/// Adds the wrong algorithms whose digests have the length of a claim.
pub(super) fn add(mistakes: &mut Mistakes<'_>, claims: &[Claim]) {
    let lengths = claims
        .iter()
        .map(|claim| claim.digest.len())
        .collect::<BTreeSet<_>>();
    for (algorithm, likelihood, description) in WRONG {
        if lengths.contains(&algorithm.length()) {
            mistakes.add(likelihood, Change::Algorithm(algorithm), description);
        }
    }
}
