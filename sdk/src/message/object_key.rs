//! [`check`]: the rules for object keys.

use crate::base::error::{Error, Result};

/// Longest key of an object, in bytes of UTF-8.
const MAX_BYTES: usize = 1023;

/// Where a request contains an object key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyPlace {
    /// In the path of the URL, as in most requests.
    Path,
    /// In a form field. The request creates the object.
    Form,
    /// In a header or a JSON body. The object already exists: it is copied, moved or deleted.
    Existing,
}

/// Checks an object key before the request is sent. `name` is the name of the argument.
///
/// | key | path | form | existing object |
/// | --- | --- | --- | --- |
/// | empty | refused | refused | refused |
/// | longer than 1,023 bytes, or a leading `/` | refused | refused | accepted |
/// | with a segment `.` or `..` | refused | accepted | accepted |
/// | anything else, control characters and `%2e%2e` included | accepted | accepted | accepted |
///
/// The API allows 1 to 1,023 bytes and no leading `/`. Other clients may have stored objects with
/// other keys. For existing objects, the service decides, so that every object can be copied, moved
/// and deleted.
///
/// HTTP libraries resolve `.` and `..` segments of a path, so such a request would reach another
/// object.
///
/// # Errors
///
/// Returns [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the key is refused.
pub(crate) fn check(name: &str, key: &str, place: KeyPlace) -> Result<()> {
    let refuse = |why: &str| {
        Err(Error::invalid_input(format!(
            "{name} {}: {why}",
            ShortKey(key)
        )))
    };
    if key.is_empty() {
        return refuse("an object key must not be empty");
    }
    if place == KeyPlace::Existing {
        return Ok(());
    }
    if key.len() > MAX_BYTES {
        let length = key.len();
        return refuse(&format!(
            "an object key has at most {MAX_BYTES} bytes, this one has {length}"
        ));
    }
    if key.starts_with('/') {
        return refuse("an object key must not start with `/`");
    }
    if place == KeyPlace::Path && has_dot_segment(key) {
        return refuse(
            "HTTP libraries resolve the segments `.` and `..`, so the request would reach another \
             object; a batch deletion deletes such an object, and a move renames it",
        );
    }
    Ok(())
}

/// Checks a path parameter that is not an object key.
///
/// # Errors
///
/// Returns [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) if the value is empty or has
/// a segment `.` or `..`, because the request would have another path.
pub(crate) fn check_path_parameter(name: &str, value: &str) -> Result<()> {
    let refuse = |why: &str| {
        Err(Error::invalid_input(format!(
            "{name} {}: {why}",
            ShortKey(value)
        )))
    };
    if value.is_empty() {
        return refuse("the value must not be empty: the request would have another path");
    }
    if has_dot_segment(value) {
        return refuse(
            "HTTP libraries resolve the segments `.` and `..`, so the request would have another path",
        );
    }
    Ok(())
}

fn has_dot_segment(path: &str) -> bool {
    // Segments are only compared if one starts with a dot.
    let bytes = path.as_bytes();
    let dotted = bytes.starts_with(b".") || bytes.windows(2).any(|pair| pair == b"/.");
    dotted
        && path
            .split('/')
            .any(|segment| segment == "." || segment == "..")
}

/// Displays the first characters of a key in quotes, escaped.
struct ShortKey<'a>(&'a str);

impl std::fmt::Display for ShortKey<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 80;
        match self.0.char_indices().nth(SHOWN) {
            Some((end, _)) => write!(f, "{:?}..", self.0.get(..end).unwrap_or_default()),
            None => write!(f, "{:?}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::ErrorKind;

    /// Asserts whether a key is accepted in a path, in a form, and as an existing object.
    #[track_caller]
    fn accepted(key: &str, expected: [bool; 3]) {
        let places = [KeyPlace::Path, KeyPlace::Form, KeyPlace::Existing];
        for (place, expected) in places.into_iter().zip(expected) {
            let result = check("key", key, place);
            assert_eq!(result.is_ok(), expected, "{place:?} {:.20?}", key);
            if let Err(error) = result {
                assert_eq!(error.kind(), ErrorKind::InvalidInput);
                assert!(error.to_string().starts_with("key \""), "{error}");
            }
        }
    }

    #[test]
    fn rules_depend_on_the_place_of_the_key() {
        accepted("", [false, false, false]);
        for key in ["/", "/a", "//"] {
            accepted(key, [false, false, true]);
        }
        for key in [
            ".", "..", "./a", "../a", "a/.", "a/..", "a/./b", "a/../b", "a//..//b",
        ] {
            accepted(key, [false, true, true]);
        }
        for key in [
            "a//b", "a/", "a///", "...", ".a", "a.", "a/.b", "a/..b", "a/...", "%2e%2e", "%2F",
            "a/%2e/b", "\0", "\r\n", "\u{7f}", " ", "?", "#", "\\", "中文",
        ] {
            accepted(key, [true, true, true]);
        }
    }

    #[test]
    fn a_key_has_at_most_1023_bytes() {
        accepted(&"k".repeat(1023), [true, true, true]);
        accepted(&"k".repeat(1024), [false, false, true]);
        accepted(&"键".repeat(341), [true, true, true]);
        accepted(&"键".repeat(342), [false, false, true]);
    }

    #[test]
    fn a_long_key_is_shortened_in_the_message() {
        let error = check("key", &"键".repeat(5000), KeyPlace::Path).unwrap_err();
        let text = error.to_string();
        assert!(text.len() < 500, "{text}");
        assert!(text.contains("15000"), "{text}");
    }

    #[test]
    fn other_path_parameters_must_not_change_the_path() {
        for value in ["", ".", "..", "a/../b"] {
            assert!(check_path_parameter("id", value).is_err(), "{value:?}");
        }
        for value in ["/a", "a.b", "7"] {
            check_path_parameter("id", value).unwrap();
        }
    }
}
