//! The values of `ETag` headers: strong, weak, with and without quotes.

/// Returns the text of an ETag, without `W/` and quotes.
#[must_use]
pub fn text(etag: &str) -> &str {
    let etag = etag.trim();
    weak(etag).unwrap_or(etag).trim().trim_matches('"')
}

/// Returns whether an ETag has a text. A tag without one counts as missing.
pub(crate) fn is_set(etag: &str) -> bool {
    !text(etag).is_empty()
}

/// Returns whether two ETags have the same text. Those that are MD5s may differ in case.
#[must_use]
pub fn are_same(one: &str, other: &str) -> bool {
    text(one).eq_ignore_ascii_case(text(other))
}

/// Returns whether equal ETags mean equal bytes: the tag has a text and is not weak. Only
/// such tags are used to combine ranges and in conditions.
///
/// ```
/// use qingstor_sdk::entity_tag;
///
/// assert!(entity_tag::is_strong("\"e1f2\""));
/// assert!(!entity_tag::is_strong("W/\"e1f2\""));
/// assert_eq!(entity_tag::text("W/\"e1f2\""), "e1f2");
/// ```
#[must_use]
pub fn is_strong(etag: &str) -> bool {
    weak(etag.trim()).is_none() && is_set(etag)
}

/// Returns the tag after `W/`. The standard requires upper case, but proxies also write `w/`.
fn weak(etag: &str) -> Option<&str> {
    etag.strip_prefix("W/").or_else(|| etag.strip_prefix("w/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strong_tag_has_a_text_and_is_not_weak() {
        for (etag, is_expected_set, is_expected_strong) in [
            ("\"a\"", true, true),
            (" \"a\" ", true, true),
            ("a", true, true),
            ("\"W/a\"", true, true),
            ("W/\"a\"", true, false),
            ("w/\"a\"", true, false),
            ("W/a", true, false),
            ("W/\"\"", false, false),
            ("W/", false, false),
            ("\"\"", false, false),
            ("\"", false, false),
            ("  ", false, false),
            ("", false, false),
        ] {
            assert_eq!(is_set(etag), is_expected_set, "{etag}");
            assert_eq!(is_strong(etag), is_expected_strong, "{etag}");
        }
        assert_eq!(text("W/\"a\""), "a");
        assert!(are_same("W/\"a\"", " A"));
        assert!(!are_same("\"a\"", "\"b\""));
        assert_eq!(text("\"W/a\""), "W/a");
    }
}
