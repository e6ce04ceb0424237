//! Layouts of the string to sign: line ends, order, encoding of the whole string.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::auth::explanation::encoding::{self, Safe};
use crate::auth::signature::Part;

/// Number of pieces of a string: its parts, what precedes the resource, and what follows all parts.
pub(super) const PIECES: usize = 10;
/// Index of the piece between the headers and the resource, which is empty in the right string.
const BEFORE_RESOURCE: usize = 5;
/// Index of the last piece, which is empty in the right string.
const END: usize = 9;

impl Part {
    /// Returns the index of the piece of this part.
    pub(super) fn piece(self) -> usize {
        let index = self as usize;
        if index < BEFORE_RESOURCE {
            index
        } else {
            index + 1
        }
    }
}

/// How the pieces make a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Layout {
    /// One after the other.
    Right,
    /// With another line end.
    LineEnd(&'static str),
    /// With text at the end.
    Suffix(&'static str),
    /// With text at the start.
    Prefix(&'static str),
    /// With text before and after it.
    Quoted(&'static str),
    /// With text between the headers and the resource.
    BeforeResource(&'static str),
    /// Without the last line feed before the resource.
    JoinedResource,
    /// In another order.
    Order([Part; 8]),
    LowerCase,
    UpperCase,
    PercentEncoded,
    Base64,
    Utf16,
    /// With line ends of one line feed and without empty lines.
    NoEmptyLines,
}

impl Layout {
    /// Returns the index and the text of the only piece that the layout changes, if there is one.
    pub(super) fn piece(self) -> Option<(usize, &'static str)> {
        match self {
            Self::Suffix(text) => Some((END, text)),
            Self::BeforeResource(text) => Some((BEFORE_RESOURCE, text)),
            _ => None,
        }
    }

    /// Writes the string.
    pub(super) fn write(self, parts: &[&[u8]; PIECES], out: &mut Vec<u8>) {
        let mut write = |parts: &[&[u8]]| parts.iter().for_each(|part| out.extend_from_slice(part));
        match self {
            Self::Prefix(text) => {
                write(&[text.as_bytes()]);
                write(parts);
            }
            Self::Quoted(text) => {
                write(&[text.as_bytes()]);
                write(parts);
                write(&[text.as_bytes()]);
            }
            Self::JoinedResource => {
                let (lines, resource) = parts.split_at(BEFORE_RESOURCE);
                write(lines);
                if out.last() == Some(&b'\n') {
                    out.pop();
                }
                resource.iter().for_each(|part| out.extend_from_slice(part));
            }
            Self::Order(order) => {
                for part in order {
                    write(&[parts.get(part.piece()).copied().unwrap_or_default()]);
                }
                // The resource does not end with a line feed.
                if out.last() == Some(&b'\n') {
                    out.pop();
                }
            }
            _ => {
                write(parts);
                if let Some(changed) = self.encode(out) {
                    *out = changed;
                }
            }
        }
    }

    fn encode(self, text: &[u8]) -> Option<Vec<u8>> {
        Some(match self {
            Self::LineEnd(end) => encoding::replace(text, b"\n", end.as_bytes()),
            Self::LowerCase => text.to_ascii_lowercase(),
            Self::UpperCase => text.to_ascii_uppercase(),
            Self::PercentEncoded => encoding::percent_encode(text, Safe::UNRESERVED).into_bytes(),
            Self::Base64 => STANDARD.encode(text).into_bytes(),
            Self::Utf16 => String::from_utf8_lossy(text)
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect(),
            Self::NoEmptyLines => {
                let lines = text.split(|byte| *byte == b'\n');
                let filled = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>();
                filled.join(&b"\n"[..])
            }
            _ => return None,
        })
    }
}
