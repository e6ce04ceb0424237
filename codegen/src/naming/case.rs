//! Letter cases of identifiers, and words in names.

use schemars::JsonSchema;
use serde::Deserialize;
use unicode_ident::is_xid_continue;

/// A letter case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Case {
    /// `put_bucket_acl`
    Snake,
    /// `PutBucketAcl`
    Pascal,
    /// `putBucketAcl`
    Camel,
    /// `put-bucket-acl`
    Kebab,
    /// `PUT_BUCKET_ACL`
    Shouty,
}

impl Case {
    /// Joins words in lower case.
    pub fn join(self, words: &[String]) -> String {
        match self {
            Self::Snake => words.join("_"),
            Self::Kebab => words.join("-"),
            Self::Shouty => words.join("_").to_uppercase(),
            Self::Pascal => words.iter().map(|word| capitalized(word)).collect(),
            Self::Camel => {
                let mut words = words.iter();
                let first = words.next().cloned().unwrap_or_default();
                first + &words.map(|word| capitalized(word)).collect::<String>()
            }
        }
    }
}

fn capitalized(word: &str) -> String {
    let mut chars = word.chars();
    match chars.next() {
        // The upper case of some characters has two letters: `ß` becomes `SS`.
        Some(first) if first.is_ascii() => first.to_ascii_uppercase().to_string() + chars.as_str(),
        Some(first) => first.to_uppercase().collect::<String>() + chars.as_str(),
        None => String::new(),
    }
}

/// Splits a name into words in lower case.
///
/// A word ends before a capital after a small letter, before the last of several capitals if a
/// small letter follows, and at any character that identifiers cannot contain. Acronyms are words
/// wherever they occur in their exact spelling.
pub(crate) fn words(name: &str, acronyms: &[String]) -> Vec<String> {
    let chars: Vec<char> = name.chars().collect();
    let mut words = Vec::new();
    let mut word = String::new();
    let mut at = 0;
    while let Some(&c) = chars.get(at) {
        let rest = chars.get(at..).unwrap_or_default();
        if starts_word(&chars, at) {
            flush(&mut words, &mut word);
            if let Some(length) = acronym(rest, acronyms) {
                let whole: String = rest.iter().take(length).collect();
                words.push(whole.to_lowercase());
                at += length;
                continue;
            }
        }
        if is_part(c) {
            word.extend(c.to_lowercase());
        } else {
            flush(&mut words, &mut word);
            if !c.is_ascii() {
                words.push(format!("u{:x}", u32::from(c)));
            }
        }
        at += 1;
    }
    flush(&mut words, &mut word);
    words
}

fn flush(words: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

fn is_part(c: char) -> bool {
    c != '_' && is_xid_continue(c)
}

fn starts_word(chars: &[char], at: usize) -> bool {
    let is = |at: Option<usize>, test: fn(char) -> bool| {
        at.and_then(|at| chars.get(at)).is_some_and(|c| test(*c))
    };
    let previous = at.checked_sub(1);
    if !is(previous, is_part) {
        return true;
    }
    if !is(Some(at), char::is_uppercase) {
        return false;
    }
    let after_small = is(previous, |c| c.is_lowercase() || c.is_ascii_digit());
    after_small || (is(previous, char::is_uppercase) && is(Some(at + 1), char::is_lowercase))
}

/// Returns the length of the longest acronym at the start, if a word ends after it.
fn acronym(rest: &[char], acronyms: &[String]) -> Option<usize> {
    acronyms
        .iter()
        .filter(|acronym| {
            let length = acronym.chars().count();
            length > 0
                && rest.iter().take(length).copied().eq(acronym.chars())
                && !rest
                    .get(length)
                    .is_some_and(|next| next.is_lowercase() || next.is_ascii_digit())
        })
        .map(|acronym| acronym.chars().count())
        .max()
}
