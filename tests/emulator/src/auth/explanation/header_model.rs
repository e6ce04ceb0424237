//! The `x-qs-` headers as a client writes them into the string to sign.

use std::borrow::Cow;

use crate::auth::explanation::evidence::UnmatchedRequest;

/// A header in the string to sign.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Header<'a> {
    pub(super) name: Cow<'a, str>,
    /// Trimmed value.
    pub(super) value: Cow<'a, [u8]>,
    /// Position in the request.
    pub(super) position: usize,
}

/// The headers as a client writes them into the string to sign.
#[derive(Clone, Debug)]
pub(super) struct HeaderLines<'a> {
    pub(super) headers: Vec<Header<'a>>,
    pub(super) start: &'static str,
    pub(super) colon: &'static str,
    pub(super) separator: &'static str,
    pub(super) end: &'static str,
}

impl<'a> HeaderLines<'a> {
    /// Returns the lines of the `x-qs-` headers, each with its first value, sorted by name.
    pub(super) fn of(request: &UnmatchedRequest<'a>) -> Self {
        let names = request.headers().keys();
        let headers = names
            .enumerate()
            .filter(|(_, name)| name.as_str().starts_with("x-qs-"))
            .map(|(position, name)| {
                let value = request.headers().get(name);
                Header {
                    name: name.as_str().into(),
                    value: value
                        .map_or(&b""[..], |value| value.as_bytes().trim_ascii())
                        .into(),
                    position,
                }
            });
        let mut lines = Self {
            headers: headers.collect(),
            start: "",
            colon: ":",
            separator: "\n",
            end: "\n",
        };
        lines.sort();
        lines
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        if self.headers.is_empty() {
            return Vec::new();
        }
        let mut text = self.start.as_bytes().to_vec();
        for (index, header) in self.headers.iter().enumerate() {
            if index > 0 {
                text.extend_from_slice(self.separator.as_bytes());
            }
            text.extend_from_slice(header.name.as_bytes());
            text.extend_from_slice(self.colon.as_bytes());
            text.extend_from_slice(&header.value);
        }
        text.extend_from_slice(self.end.as_bytes());
        text
    }

    /// Returns the text before and after the value of a header, which is added if it is absent.
    pub(super) fn around(&self, name: &str) -> (Vec<u8>, Vec<u8>) {
        let mut before = self.clone();
        before.headers.retain(|header| *header.name < *name);
        let mut after = self.clone();
        after.headers.retain(|header| *header.name > *name);
        let start = [&before.to_bytes(), name.as_bytes(), b":"].concat();
        (start, [b"\n", after.to_bytes().as_slice()].concat())
    }

    pub(super) fn sort(&mut self) {
        let lower_case = |header: &Header<'_>| header.name.to_ascii_lowercase();
        self.headers.sort_by_cached_key(lower_case);
    }

    pub(super) fn rename(&mut self, rename: impl Fn(&str) -> String) {
        for header in &mut self.headers {
            header.name = rename(&header.name).into();
        }
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.remove(name);
        self
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.headers
            .retain(|header| !header.name.eq_ignore_ascii_case(name));
    }

    /// Adds a header at the end.
    pub(super) fn push(&mut self, name: &'a str, value: Cow<'a, [u8]>) {
        self.headers.push(Header {
            name: name.into(),
            value,
            position: usize::MAX,
        });
    }
}
