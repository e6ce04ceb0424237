//! Unusual object keys, for tests of encoding and signing.

use std::fmt::Write as _;

/// Valid keys. Each addresses a different object.
pub const UNUSUAL_KEYS: &[&str] = &[
    "plain",
    "a b",
    " ",
    " leading and trailing ",
    "a+b",
    "a%2Fb",
    "a/b",
    "a%252Fb",
    "%",
    "100%",
    "a?b",
    "a?acl",
    "?uploads",
    "a#b",
    "a//b",
    "a///",
    "folder/",
    "a;b",
    "a&b=c",
    "=",
    "'single' \"double\"",
    "back\\slash",
    "<>{}[]|^`",
    "!@#$%^&*()_+{}|:<>?",
    "~-._",
    "a:b@c",
    "%2e%2e/%2E",
    "...",
    ".hidden",
    "中文/测试.txt",
    "한국어 파일",
    "日本語\u{3000}ファイル",
    "مرحبا",
    "\u{202e}right to left",
    "e\u{301}",
    "\u{e9}",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    "\u{1f44d}\u{1f3fd}",
    "\u{feff}byte order mark",
    "tab\there",
    "line\nfeed\r",
    "nul\0and\u{1f}",
    "\u{7f}",
    "CON",
    "*",
    KEY_OF_1023_BYTES,
];

/// A key of the maximum length.
pub const KEY_OF_1023_BYTES: &str = match std::str::from_utf8(&[b'k'; 1023]) {
    Ok(key) => key,
    Err(_) => "",
};

/// Keys that cannot appear in the path of a request, because URL libraries would resolve them to
/// another object.
pub const DOT_SEGMENT_KEYS: &[&str] = &[
    ".", "..", "../a", "./a", "a/..", "a/.", "a/../b", "a/./b", "a//../b",
];

/// Percent-encodes a path: all bytes except slashes and the unreserved characters of RFC 3986.
pub fn encode(key: &str) -> String {
    key.bytes().fold(String::new(), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            path.push(char::from(byte));
        } else {
            write!(path, "%{byte:02X}").unwrap();
        }
        path
    })
}
