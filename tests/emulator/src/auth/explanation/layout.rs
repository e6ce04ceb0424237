//! Layouts of the string to sign: line ends, order, encoding of the whole string.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::auth::explanation::encoding::{self, Safe};
use crate::auth::signature::Part;

/// How the parts make a string.
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
    /// Writes the string.
    pub(super) fn write(self, parts: &[&[u8]; 8], out: &mut Vec<u8>) {
        let mut write = |parts: &[&[u8]]| parts.iter().for_each(|part| out.extend_from_slice(part));
        match self {
            Self::Prefix(text) => {
                write(&[text.as_bytes()]);
                write(parts);
            }
            Self::Suffix(text) => {
                write(parts);
                write(&[text.as_bytes()]);
            }
            Self::Quoted(text) => {
                write(&[text.as_bytes()]);
                write(parts);
                write(&[text.as_bytes()]);
            }
            Self::BeforeResource(text) => {
                write(&parts[..5]);
                write(&[text.as_bytes()]);
                write(&parts[5..]);
            }
            Self::JoinedResource => {
                write(&parts[..5]);
                if out.last() == Some(&b'\n') {
                    out.pop();
                }
                parts[5..]
                    .iter()
                    .for_each(|part| out.extend_from_slice(part));
            }
            Self::Order(order) => {
                for part in order {
                    write(&[parts.get(part as usize).copied().unwrap_or_default()]);
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
