//! The signed parameters as a client writes them into the string to sign.

use std::borrow::Cow;

use crate::auth::explanation::variants::Variants;
use crate::generated::operations::SIGNED_PARAMETERS;

/// Parameters of signed URLs, which are never signed.
const CREDENTIALS: [&str; 3] = ["access_key_id", "expires", "signature"];

/// A parameter in the string to sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameter<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) value: Cow<'a, str>,
    /// Value as sent.
    pub(super) raw_value: &'a str,
    /// Position in the request.
    pub(super) position: usize,
}

impl Parameter<'_> {
    pub(super) fn is_signed(&self) -> bool {
        SIGNED_PARAMETERS.contains(&&*self.name)
    }

    pub(super) fn is_credential(&self) -> bool {
        CREDENTIALS.contains(&&*self.name)
    }
}

/// The parameters as a client writes them into the string to sign.
#[derive(Clone, Debug)]
pub(super) struct Parameters<'a> {
    pub(super) list: Vec<Parameter<'a>>,
    pub(super) start: &'static str,
    pub(super) equals: &'static str,
    pub(super) separator: &'static str,
    pub(super) end: &'static str,
    /// Whether an equals sign follows a name without a value.
    pub(super) has_empty_values: bool,
}

impl<'a> Parameters<'a> {
    pub(super) fn new(list: Vec<Parameter<'a>>) -> Self {
        Self {
            list,
            start: "?",
            equals: "=",
            separator: "&",
            end: "",
            has_empty_values: false,
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        if self.list.is_empty() {
            return Vec::new();
        }
        let mut text = self.start.to_owned();
        for (index, parameter) in self.list.iter().enumerate() {
            if index > 0 {
                text.push_str(self.separator);
            }
            text.push_str(&parameter.name);
            if self.has_empty_values || !parameter.value.is_empty() {
                text.push_str(self.equals);
                text.push_str(&parameter.value);
            }
        }
        text.push_str(self.end);
        text.into_bytes()
    }

    pub(super) fn sort(&mut self) {
        self.list.sort_by(|a, b| a.name.cmp(&b.name));
    }

    pub(super) fn add(&mut self, parameters: &[Parameter<'a>]) {
        self.list.extend_from_slice(parameters);
    }
}

pub(super) type ParameterVariants<'a> = Variants<'a, Parameters<'a>>;
