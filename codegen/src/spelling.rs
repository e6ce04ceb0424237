//! Recognizes misspelled words.

/// Returns whether `word` is probably a misspelling of `known`.
///
/// It is if the words differ only in case and separators, or by a few typing errors: one in words
/// of at least four letters, two in words of at least seven. A typing error is a missing,
/// additional, wrong or swapped letter. In shorter words only two swapped letters or a doubled
/// letter count, because most other words of two or three letters also differ by one letter.
pub(crate) fn is_misspelling(word: &str, known: &str) -> bool {
    if word == known {
        return false;
    }
    let plain = |text: &str| -> Vec<char> {
        let kept = text.chars().filter(|c| c.is_alphanumeric());
        kept.flat_map(char::to_lowercase).collect()
    };
    let (word, known) = (plain(word), plain(known));
    let allowed = match known.len().min(word.len()) {
        0..=3 => return word == known || is_swapped(&word, &known) || is_doubled(&word, &known),
        4..=6 => 1,
        _ => 2,
    };
    word.len().abs_diff(known.len()) <= allowed && typing_errors(&word, &known) <= allowed
}

/// Returns whether two neighboring letters are swapped.
fn is_swapped(word: &[char], known: &[char]) -> bool {
    let mut swapped = known.to_vec();
    (1..known.len()).any(|index| {
        swapped.swap(index - 1, index);
        let is_equal = swapped == word;
        swapped.swap(index - 1, index);
        is_equal
    })
}

/// Returns whether one letter is doubled.
fn is_doubled(word: &[char], known: &[char]) -> bool {
    word.len() == known.len() + 1
        && (1..word.len()).any(|index| {
            let (before, after) = word.split_at(index);
            before.last() == after.first()
                && [before, after.get(1..).unwrap_or_default()].concat() == known
        })
}

/// Returns the first known word that `word` is probably a misspelling of.
pub(crate) fn closest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    known.into_iter().find(|known| is_misspelling(word, known))
}

/// Returns the question that follows a message about an unknown word.
pub(crate) fn did_you_mean(meant: &str) -> String {
    format!("; did you mean `{meant}`?")
}

/// Computes the optimal string alignment distance. The time is quadratic, so callers compare
/// lengths first.
fn typing_errors(a: &[char], b: &[char]) -> usize {
    let mut before_last = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], index: usize| row.get(index).copied().unwrap_or(usize::MAX);
            let replaced = at(&last, j) + usize::from(x != y);
            let mut least = replaced.min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = |i: usize, j: usize| a.get(i) == Some(y) && b.get(j) == Some(x);
            if let (Some(i), Some(j)) = (i.checked_sub(1), j.checked_sub(1))
                && swapped(i, j)
            {
                least = least.min(at(&before_last, j) + 1);
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_distinguished_from_other_words() {
        for (word, known) in [
            ("requierd", "required"),
            ("Required", "required"),
            ("read_only", "readOnly"),
            ("operationID", "operationId"),
            ("parametrs", "parameters"),
            ("tpye", "type"),
            ("itmes", "items"),
            ("defualt", "default"),
            ("$rfe", "$ref"),
            ("$erf", "$ref"),
            ("ref", "$ref"),
            ("$reff", "$ref"),
            ("gte", "get"),
            ("ptu", "put"),
            ("Gett", "get"),
            ("ni", "in"),
        ] {
            assert!(is_misspelling(word, known), "{word} {known}");
        }
        for (word, known) in [
            ("required", "required"),
            ("in", "id"),
            ("got", "get"),
            ("teg", "get"),
            ("pst", "put"),
            ("gets", "get"),
            ("oneOf", "allOf"),
            ("uri", "url"),
            ("not", "name"),
            ("nullable", "required"),
            ("", "in"),
        ] {
            assert!(!is_misspelling(word, known), "{word} {known}");
        }
    }
}
