//! The values of `ETag` headers: strong, weak, with and without quotes.

/// Returns the text of an ETag, without `W/` and quotes.
#[must_use]
pub fn text(etag: &str) -> &str {
    let etag = etag.trim();
    weak(etag).unwrap_or(etag).trim().trim_matches('"')
}

/// Removes `W/` and quotes from the ETag of each item, and the tag if it has no text.
#[doc(hidden)]
pub fn unquoted<T>(mut items: Vec<T>, etag: impl Fn(&mut T) -> &mut Option<String>) -> Vec<T> {
    for item in &mut items {
        unquote(etag(item));
    }
    items
}

/// Removes `W/` and quotes from an optional ETag, and the tag if it has no text.
#[inline]
pub(crate) fn unquote(etag: &mut Option<String>) {
    *etag = etag
        .take()
        .map(|etag| text(&etag).to_owned())
        .filter(|etag| !etag.is_empty());
}

/// Returns whether an ETag has a text. A tag without one counts as missing.
pub(crate) fn is_set(etag: &str) -> bool {
    !text(etag).is_empty()
}

/// Returns whether two ETags have the same text, which must not be empty. `W/` and quotes do not count,
/// nor does the case of MD5s, with or without the number of parts.
///
/// ```
/// use qingstor_sdk::entity_tag;
///
/// assert!(entity_tag::are_same("\"e1f2\"", "W/\"e1f2\""));
/// assert!(!entity_tag::are_same("\"e1f2\"", "\"E1F2\""));
/// assert!(!entity_tag::are_same("", ""));
/// ```
#[must_use]
#[inline]
pub fn are_same(one: &str, other: &str) -> bool {
    let (one, other) = (text(one), text(other));
    match is_md5(one) {
        true => one.eq_ignore_ascii_case(other),
        false => !one.is_empty() && one == other,
    }
}

/// Returns whether the text of an ETag is an MD5, or the MD5 and the number of parts of a multipart
/// upload.
#[inline]
fn is_md5(text: &str) -> bool {
    let (md5, parts) = text.split_once('-').unwrap_or((text, ""));
    md5.len() == 32
        && md5.bytes().all(|byte| byte.is_ascii_hexdigit())
        && parts.bytes().all(|byte| byte.is_ascii_digit())
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
        assert_eq!(text("\"W/a\""), "W/a");
    }

    #[test]
    fn only_md5s_are_compared_without_case() {
        const MD5: &str = "900150983cd24fb0d6963f7d28e17f72";
        let upper = MD5.to_uppercase();
        for (one, other, are_expected_same) in [
            ("W/\"a\"", " a", true),
            ("\"a\"", "\"b\"", false),
            ("AbC", "aBc", false),
            (MD5, &*format!("\"{upper}\""), true),
            (&format!("{upper}-3"), &format!("\"{MD5}-3\""), true),
            (&format!("{upper}-3"), &format!("{MD5}-4"), false),
            (&format!("{upper}-3"), MD5, false),
            (&format!("{upper}-a"), &format!("{MD5}-a"), false),
            (&upper[1..], &MD5[1..], false),
            ("", "", false),
            ("\"\"", "", false),
            ("W/\"\"", "\"\"", false),
        ] {
            assert_eq!(are_same(one, other), are_expected_same, "{one} {other}");
            assert_eq!(are_same(other, one), are_expected_same, "{other} {one}");
        }
    }
}
