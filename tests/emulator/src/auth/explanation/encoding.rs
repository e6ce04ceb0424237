//! Encodings of text that clients use.

/// Bytes that stay as they are when the others are percent-encoded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Safe {
    bytes: &'static [u8],
    lower_case: bool,
    plus_for_space: bool,
}

impl Safe {
    /// Letters, digits and `-._~`.
    pub(super) const UNRESERVED: Self = Self::new(b"-._~");
    /// As `UNRESERVED`, and slashes.
    pub(super) const PATH: Self = Self::new(b"-._~/");
    /// As `PATH`, but with `%2a` instead of `%2A`.
    pub(super) const LOWER_CASE_PATH: Self = Self {
        lower_case: true,
        ..Self::PATH
    };
    /// As `UNRESERVED`, but with `%2a` instead of `%2A`.
    pub(super) const LOWER_CASE: Self = Self {
        lower_case: true,
        ..Self::UNRESERVED
    };
    /// As `encodeURI` of JavaScript.
    pub(super) const ENCODE_URI: Self = Self::new(b"-._~/;,?:@&=+$!*'()#");
    /// As `encodeURIComponent` of JavaScript, and slashes.
    pub(super) const ENCODE_URI_COMPONENT_PATH: Self = Self::new(b"-._~/!*'()");
    /// As `encodeURIComponent` of JavaScript.
    pub(super) const ENCODE_URI_COMPONENT: Self = Self::new(b"-._~!*'()");
    /// All characters that a path can contain.
    pub(super) const PATH_CHARACTERS: Self = Self::new(b"-._~/!$&'()*+,;=:@");
    /// As the old rules, which encode `~`.
    pub(super) const ENCODED_TILDE: Self = Self::new(b"-._/");
    /// As HTML forms.
    pub(super) const FORM: Self = Self {
        plus_for_space: true,
        ..Self::new(b"-._*")
    };
    /// As HTML forms, and slashes.
    pub(super) const FORM_PATH: Self = Self {
        plus_for_space: true,
        ..Self::new(b"-._~/")
    };

    const fn new(bytes: &'static [u8]) -> Self {
        Self {
            bytes,
            lower_case: false,
            plus_for_space: false,
        }
    }
}

/// Percent-encodes all bytes that are not safe.
pub(super) fn percent_encode(text: &[u8], safe: Safe) -> String {
    let mut out = String::with_capacity(text.len() * 3);
    for &byte in text {
        if byte.is_ascii_alphanumeric() || safe.bytes.contains(&byte) {
            out.push(char::from(byte));
        } else if byte == b' ' && safe.plus_for_space {
            out.push('+');
        } else {
            let escape = percent_encoding::percent_encode_byte(byte);
            if safe.lower_case {
                out.push_str(&escape.to_ascii_lowercase());
            } else {
                out.push_str(escape);
            }
        }
    }
    out
}

/// Percent-decodes text. Invalid escapes stay as they are.
pub(super) fn percent_decode(text: &[u8]) -> Vec<u8> {
    percent_encoding::percent_decode(text).collect()
}

/// Returns the text with lower-case hexadecimal digits in its escapes.
pub(super) fn lower_case_escapes(text: &[u8]) -> Vec<u8> {
    let mut out = text.to_vec();
    let mut index = 0;
    while let Some(rest) = out.get_mut(index..) {
        match rest {
            [b'%', high, low, ..] => {
                high.make_ascii_lowercase();
                low.make_ascii_lowercase();
                index += 3;
            }
            [] => break,
            _ => index += 1,
        }
    }
    out
}

/// Replaces all occurrences of `from`, which is not empty.
pub(super) fn replace(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(from) {
            out.extend_from_slice(to);
            rest = after;
        } else {
            out.push(first);
            rest = tail;
        }
    }
    out
}

/// Replaces runs of spaces by one space.
pub(super) fn collapse_spaces(text: &[u8]) -> Vec<u8> {
    let mut out = text.to_vec();
    out.dedup_by(|a, b| *a == b' ' && *b == b' ');
    out
}
