//! Mistakes in the characters of the key.

use encoding_rs::{GBK, WINDOWS_1252};
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};

use crate::auth::explanation::encoding::{self, Safe, percent_encode};
use crate::auth::explanation::mistake::{Likelihood, Mistakes};
use crate::auth::signature::Part;

use Likelihood::{Alone, Common, Rare};

/// Longest key whose characters are changed, in bytes.
const MAX_LENGTH: usize = 512;

pub(super) fn add(mistakes: &mut Mistakes<'_>) {
    let decoded = encoding::percent_decode(mistakes.right(Part::Key));
    let Ok(text) = std::str::from_utf8(&decoded) else {
        return;
    };
    if text.len() > MAX_LENGTH {
        return;
    }
    let mut add = |likelihood, text: Vec<u8>, description: &str| {
        mistakes.part(likelihood, Part::Key, text, description.to_owned());
    };
    let mut both = |likelihood, bytes: &[u8], description: &str| {
        add(
            likelihood,
            percent_encode(bytes, Safe::PATH).into_bytes(),
            description,
        );
        add(Rare, bytes.to_vec(), description);
    };
    let composed = ComposingNormalizer::new_nfc().normalize(text).into_owned();
    let decomposed = DecomposingNormalizer::new_nfd()
        .normalize(text)
        .into_owned();
    let compatible = ComposingNormalizer::new_nfkc().normalize(text).into_owned();
    both(
        Common,
        composed.as_bytes(),
        "the key is in Unicode normalization form C, but not in the request",
    );
    both(
        Common,
        decomposed.as_bytes(),
        "the key is in Unicode normalization form D, but not in the request",
    );
    both(
        Rare,
        compatible.as_bytes(),
        "the key is in Unicode normalization form KC, but not in the request",
    );
    both(
        Rare,
        text.trim().as_bytes(),
        "the white space around the key is missing",
    );
    both(
        Rare,
        text.to_lowercase().as_bytes(),
        "the key is in lower case",
    );
    both(
        Rare,
        text.to_uppercase().as_bytes(),
        "the key is in upper case",
    );
    if !text.is_ascii() {
        both(
            Rare,
            &GBK.encode(text).0,
            "the key is encoded as GBK instead of UTF-8",
        );
        both(
            Rare,
            &WINDOWS_1252.encode(text).0,
            "the key is encoded as Latin-1 instead of UTF-8",
        );
        let twice = text.bytes().map(char::from).collect::<String>();
        both(Rare, twice.as_bytes(), "the key is encoded as UTF-8 twice");
        let escaped = text.chars().map(|letter| match letter.is_ascii() {
            true => letter.to_string(),
            false => letter.escape_unicode().to_string().replace(['{', '}'], ""),
        });
        both(
            Alone,
            escaped.collect::<String>().as_bytes(),
            "the key contains `\\u` escapes",
        );
        let questions = text.replace(|letter: char| !letter.is_ascii(), "?");
        both(
            Rare,
            questions.as_bytes(),
            "the key contains `?` instead of characters that are not ASCII",
        );
    }
    let html = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;");
    both(Rare, html.as_bytes(), "the key contains HTML escapes");
    both(
        Rare,
        text.replace('\\', "/").as_bytes(),
        "backslashes in the key are slashes",
    );
    both(
        Rare,
        text.replace(' ', "").as_bytes(),
        "the spaces in the key are missing",
    );
    both(
        Rare,
        text.replace(' ', "_").as_bytes(),
        "the spaces in the key are underscores",
    );
}
