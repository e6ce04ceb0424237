//! Digests and encodings of signatures.

use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, Engine};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

use crate::auth::explanation::encoding;
use crate::base::digest::hex;

/// Length of the right digest, in bytes.
const SHA256_LENGTH: usize = 32;

/// How a client makes a digest of the string to sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Algorithm {
    HmacSha256,
    HmacSha1,
    HmacMd5,
    HmacSha224,
    HmacSha384,
    HmacSha512,
    /// HMAC-SHA512, cut to 32 bytes.
    HmacSha512Cut,
    /// HMAC-SHA256 whose key and message are exchanged.
    Exchanged,
    /// HMAC-SHA256 of the SHA-256 digest.
    Digested,
    /// HMAC-SHA256 of the hexadecimal SHA-256 digest.
    HexDigested,
    /// SHA-256 of the HMAC-SHA256.
    DigestOfHmac,
    Sha256,
    Sha256SecretFirst,
    Sha256SecretLast,
    Sha1,
    Sha1SecretFirst,
    Md5,
    Md5SecretFirst,
    Sha512,
}

impl Algorithm {
    /// Returns the length of the digest, in bytes.
    pub(super) fn length(self) -> usize {
        match self {
            Self::HmacMd5 | Self::Md5 | Self::Md5SecretFirst => 16,
            Self::HmacSha1 | Self::Sha1 | Self::Sha1SecretFirst => 20,
            Self::HmacSha224 => 28,
            Self::HmacSha384 => 48,
            Self::HmacSha512 | Self::Sha512 => 64,
            _ => SHA256_LENGTH,
        }
    }

    /// Returns the digest of a text.
    pub(super) fn digest(self, secret: &[u8], text: &[u8]) -> Vec<u8> {
        match self {
            Self::HmacSha256 => hmac::<Hmac<Sha256>>(secret, text),
            Self::HmacSha1 => hmac::<Hmac<Sha1>>(secret, text),
            Self::HmacMd5 => hmac::<Hmac<Md5>>(secret, text),
            Self::HmacSha224 => hmac::<Hmac<Sha224>>(secret, text),
            Self::HmacSha384 => hmac::<Hmac<Sha384>>(secret, text),
            Self::HmacSha512 => hmac::<Hmac<Sha512>>(secret, text),
            Self::HmacSha512Cut => {
                let mut digest = hmac::<Hmac<Sha512>>(secret, text);
                digest.truncate(SHA256_LENGTH);
                digest
            }
            Self::Exchanged => hmac::<Hmac<Sha256>>(text, secret),
            Self::Digested => hmac::<Hmac<Sha256>>(secret, &Sha256::digest(text)),
            Self::HexDigested => {
                hmac::<Hmac<Sha256>>(secret, hex(&Sha256::digest(text)).as_bytes())
            }
            Self::DigestOfHmac => Sha256::digest(hmac::<Hmac<Sha256>>(secret, text)).to_vec(),
            Self::Sha256 => Sha256::digest(text).to_vec(),
            Self::Sha256SecretFirst => Sha256::digest([secret, text].concat()).to_vec(),
            Self::Sha256SecretLast => Sha256::digest([text, secret].concat()).to_vec(),
            Self::Sha1 => Sha1::digest(text).to_vec(),
            Self::Sha1SecretFirst => Sha1::digest([secret, text].concat()).to_vec(),
            Self::Md5 => Md5::digest(text).to_vec(),
            Self::Md5SecretFirst => Md5::digest([secret, text].concat()).to_vec(),
            Self::Sha512 => Sha512::digest(text).to_vec(),
        }
    }
}

fn hmac<M: KeyInit + Mac>(secret: &[u8], text: &[u8]) -> Vec<u8> {
    M::new_from_slice(secret)
        .map(|mut mac| {
            Mac::update(&mut mac, text);
            mac.finalize().into_bytes().to_vec()
        })
        .unwrap_or_default()
}

/// A digest that the signature of a client may encode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) digest: Vec<u8>,
    /// Mistakes of the encoding. Empty for a right encoding.
    pub(super) descriptions: Vec<&'static str>,
}

impl Claim {
    /// Returns all digests that a signature may encode, the right encoding first.
    pub(super) fn of(signature: &str) -> Vec<Self> {
        let mut claims = Vec::<Self>::new();
        for (text, text_mistake) in spellings(signature) {
            for (digest, encoding_mistake) in decodings(&text) {
                let is_digest = matches!(digest.len(), 16 | 20 | 28 | 32 | 48 | 64);
                if is_digest && claims.iter().all(|claim| claim.digest != digest) {
                    let descriptions = [text_mistake, encoding_mistake];
                    claims.push(Self {
                        digest,
                        descriptions: descriptions.into_iter().flatten().collect(),
                    });
                }
            }
        }
        claims
    }
}

type Spelling<T> = (T, Option<&'static str>);

/// Returns the signature as sent, and as it was before typical damages.
fn spellings(signature: &str) -> Vec<Spelling<String>> {
    let is_around = |character: char| character.is_whitespace() || "\"'<>`,;".contains(character);
    let decoded =
        || String::from_utf8_lossy(&encoding::percent_decode(signature.as_bytes())).into_owned();
    vec![
        (signature.to_owned(), None),
        (
            signature.trim_matches(is_around).to_owned(),
            Some("the signature has white space or quotes around it"),
        ),
        (
            signature.replace(' ', "+"),
            Some("the signature is not percent-encoded in the URL, so that its `+` became a space"),
        ),
        (
            signature.split_whitespace().collect(),
            Some("the signature contains white space"),
        ),
        (
            decoded(),
            Some("the signature is percent-encoded once too often"),
        ),
        (
            String::from_utf8_lossy(&encoding::percent_decode(decoded().as_bytes())).into_owned(),
            Some("the signature is percent-encoded twice too often"),
        ),
        (
            signature.chars().rev().collect(),
            Some("the signature is reversed"),
        ),
    ]
}

/// Returns the digests that a text encodes.
fn decodings(text: &str) -> Vec<Spelling<Vec<u8>>> {
    let base64 = |text: &[u8]| {
        decode(
            &alphabet::STANDARD,
            DecodePaddingMode::RequireCanonical,
            text,
        )
    };
    let mut found = Vec::new();
    let mut add =
        |digest: Option<Vec<u8>>, mistake| found.extend(digest.map(|digest| (digest, mistake)));
    let right = base64(text.as_bytes());
    add(right.clone(), None);
    add(
        unhex(text.as_bytes()),
        Some("the signature is hexadecimal instead of Base64"),
    );
    let indifferent = DecodePaddingMode::Indifferent;
    add(
        decode(
            &alphabet::STANDARD,
            DecodePaddingMode::RequireNone,
            text.as_bytes(),
        ),
        Some("the padding (`=`) of the signature is missing"),
    );
    add(
        decode(&alphabet::URL_SAFE, indifferent, text.as_bytes()),
        Some("the signature is URL-safe Base64 instead of standard Base64"),
    );
    if let Some(inner) = right.or_else(|| decode(&alphabet::STANDARD, indifferent, text.as_bytes()))
    {
        add(
            unhex(&inner),
            Some("the signature is the Base64 form of hexadecimal digits instead of the digest"),
        );
        add(
            decode(&alphabet::STANDARD, indifferent, &inner),
            Some("the signature is encoded as Base64 twice"),
        );
    }
    add(
        unhex(text.as_bytes()).and_then(|inner| base64(&inner)),
        Some("the Base64 form of the signature is encoded as hexadecimal digits"),
    );
    found
}

fn decode(
    alphabet: &alphabet::Alphabet,
    padding: DecodePaddingMode,
    text: &[u8],
) -> Option<Vec<u8>> {
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(padding);
    GeneralPurpose::new(alphabet, config).decode(text).ok()
}

fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let text = text.strip_prefix(b"0x").unwrap_or(text);
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    if !text.len().is_multiple_of(2) {
        return None;
    }
    text.chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}
