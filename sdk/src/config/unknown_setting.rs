//! [`UnknownSetting`]: a key in a configuration file that is not a setting.

use super::settings::SETTINGS;

/// A key in a configuration file that is not a setting, so that it is ignored: a setting of another
/// program, or a spelling mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownSetting {
    /// The key.
    pub key: String,
    /// Line of the key in the file, starting at 1.
    pub line: usize,
    /// The setting with a similar name, which the key probably means.
    pub similar: Option<&'static str>,
}

impl UnknownSetting {
    pub(super) fn new(key: String, line: usize) -> Self {
        let similar = similar_setting(&key);
        Self { key, line, similar }
    }
}

/// Returns the setting with the most similar name, if the difference can be a mistake.
fn similar_setting(key: &str) -> Option<&'static str> {
    /// Length of the part of a name in which one character can be wrong.
    const CHARACTERS_PER_MISTAKE: usize = 4;
    let key = normalized(key);
    let names = SETTINGS.iter().map(|(name, _)| {
        let known = normalized(name);
        let most = known.len() / CHARACTERS_PER_MISTAKE;
        // The distance of names is at least the difference of their lengths.
        let distance = match known.len().abs_diff(key.len()) <= most {
            true => distance(&key, &known),
            false => usize::MAX,
        };
        (distance, most, *name)
    });
    let likely = names.filter(|(distance, most, _)| distance <= most);
    likely.min().map(|(_, _, name)| name)
}

/// Returns the letters and digits of a name: `accessKeyId` and `access-key-id` mean `access_key_id`.
fn normalized(name: &str) -> Vec<char> {
    let characters = name.chars().filter(|c| c.is_alphanumeric());
    characters.map(|c| c.to_ascii_lowercase()).collect()
}

/// Returns the number of characters to insert, delete or replace in `a` to get `b`.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, left) in a.iter().enumerate() {
        let mut next = vec![index + 1];
        for ((right, costs), last) in b.iter().zip(row.windows(2)).zip(1..) {
            let [diagonal, above] = *costs else { continue };
            let before = next.get(last - 1).copied().unwrap_or(above);
            let replaced = diagonal + usize::from(left != right);
            next.push(replaced.min(above + 1).min(before + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_have_a_suggestion_and_other_programs_settings_have_none() {
        for (key, similar) in [
            ("acces_key_id", Some("access_key_id")),
            ("accessKeyId", Some("access_key_id")),
            ("qy_access_key_id", Some("access_key_id")),
            ("secret_access_keyy", Some("secret_access_key")),
            ("endpont", Some("endpoint")),
            ("Host", Some("host")),
            ("hosts", Some("host")),
            (
                "enable-virtual-host-style",
                Some("enable_virtual_host_style"),
            ),
            ("zone", None),
            ("log_level", None),
            ("connection_retries", None),
            ("disable_uri_cleaning", None),
            ("", None),
        ] {
            assert_eq!(
                UnknownSetting::new(key.to_owned(), 1).similar,
                similar,
                "{key}"
            );
        }
        assert_eq!(similar_setting(&"a".repeat(1 << 20)), None);
    }

    #[test]
    fn distances_count_single_changes() {
        for (a, b, expected) in [
            ("", "", 0),
            ("abc", "", 3),
            ("abc", "axcd", 2),
            ("b", "abc", 2),
        ] {
            let [a, b] = [a, b].map(normalized);
            assert_eq!(distance(&a, &b), expected);
            assert_eq!(distance(&b, &a), expected);
        }
    }
}
