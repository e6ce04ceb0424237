//! Converts names to identifiers. Of two items with the same identifier, the first in the
//! specification gets it. The other one gets a longer identifier, which is a finding (`name-taken`):
//! if the order changes, both change.

mod case;
mod symbol_names;

use std::borrow::Cow;
use std::collections::HashMap;

pub(crate) use case::{Case, words};
use schemars::JsonSchema;
use serde::Deserialize;
pub(crate) use symbol_names::variant;
use unicode_normalization::UnicodeNormalization;

use crate::source::Span;

/// How names become identifiers.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Naming {
    /// Case of types and operations.
    #[serde(rename = "type")]
    pub types: Case,
    /// Case of methods.
    pub method: Case,
    /// Case of properties and parameters.
    pub property: Case,
    /// Whether properties keep the names that are sent, regardless of `x-name` and
    /// `x-header-prefix`.
    pub wire_names: bool,
    /// Case of enum values.
    pub value: Case,
    /// Case of constants.
    pub constant: Case,
    /// Words with several capitals that count as one word, for example `ETag`.
    pub acronyms: Vec<String>,
    /// Whether `pascal` and `camel` keep the spelling of acronyms: `BucketID` instead of
    /// `BucketId`. The first word of `camel` stays in lower case.
    pub written_acronyms: bool,
    /// Words of the language that cannot be identifiers.
    pub keywords: Vec<String>,
    /// Suffix that makes a keyword an identifier.
    pub keyword_suffix: String,
    /// Prefix of names that begin with a digit, or with another character that cannot be the first.
    pub digit_prefix: String,
    /// Names of types that the output uses for something else.
    pub reserved_types: Vec<String>,
    /// Suffix of such names.
    pub reserved_types_suffix: String,
    /// Patterns of the types that the output has for each operation, such as `{ident}Input`.
    /// Another type with such a name gets the suffix `type`.
    pub operation_types: Vec<String>,
    /// Names that the types of operations must not have.
    pub reserved_operation_types: Vec<String>,
    /// Suffix of such names.
    pub reserved_operation_types_suffix: String,
    /// Patterns of further methods that the output has for each operation, such as
    /// `{method}_request`. No other method has such a name.
    pub operation_methods: Vec<String>,
    /// Names of methods that all inputs have. Parameters must not have these names.
    pub reserved_methods: Vec<String>,
    /// Suffix of such names.
    pub reserved_methods_suffix: String,
    /// Names that properties of outputs must not have.
    pub reserved_properties: Vec<String>,
    /// Suffix of such names.
    pub reserved_properties_suffix: String,
    /// Names that enum values must not have.
    pub reserved_values: Vec<String>,
    /// Suffix of such names.
    pub reserved_values_suffix: String,
    /// Names of methods that all handles have. Operations must not have these names.
    pub reserved_operations: Vec<String>,
    /// Suffix of such names.
    pub reserved_operations_suffix: String,
    /// File name stems that resources must not have. Such a name, and a keyword, gets the suffix
    /// `_resource`.
    pub reserved_resources: Vec<String>,
}

impl Default for Naming {
    fn default() -> Self {
        Self {
            types: Case::Pascal,
            method: Case::Snake,
            property: Case::Snake,
            wire_names: false,
            value: Case::Pascal,
            constant: Case::Shouty,
            acronyms: Vec::new(),
            written_acronyms: false,
            keywords: Vec::new(),
            keyword_suffix: "_".to_owned(),
            digit_prefix: "n".to_owned(),
            reserved_types: Vec::new(),
            reserved_types_suffix: "Type".to_owned(),
            operation_types: Vec::new(),
            reserved_operation_types: Vec::new(),
            reserved_operation_types_suffix: "Operation".to_owned(),
            operation_methods: Vec::new(),
            reserved_methods: Vec::new(),
            reserved_methods_suffix: "_param".to_owned(),
            reserved_properties: Vec::new(),
            reserved_properties_suffix: "_field".to_owned(),
            reserved_values: Vec::new(),
            reserved_values_suffix: "Value".to_owned(),
            reserved_operations: Vec::new(),
            reserved_operations_suffix: "_operation".to_owned(),
            reserved_resources: Vec::new(),
        }
    }
}

/// Kind of item that an identifier is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A type of the API, or a type of an operation.
    Type,
    /// A method of an operation.
    Method,
    /// A parameter of a request.
    Parameter,
    /// A property of a response or a type.
    Property,
    /// A value of an enum.
    Value,
    /// A constant.
    Constant,
}

impl Naming {
    /// Returns the identifier for a name.
    pub fn ident(&self, name: &str, role: Role) -> String {
        let ident = self.cased(name, role);
        self.safe(ident, role)
    }

    /// Converts a name to the case of its role. Spells out symbols if the name has no letters or
    /// digits.
    fn cased(&self, name: &str, role: Role) -> String {
        self.join(self.case(role), &self.words(name))
    }

    /// Joins words in lower case.
    pub(crate) fn join(&self, case: Case, words: &[String]) -> String {
        let first = match case {
            Case::Pascal => 0,
            Case::Camel => 1,
            Case::Snake | Case::Kebab | Case::Shouty => return case.join(words),
        };
        if !self.written_acronyms {
            return case.join(words);
        }
        let as_listed = |(index, word): (usize, &String)| {
            let mut listed = self.acronyms.iter();
            let listed = listed.find(|acronym| acronym.to_lowercase() == *word);
            listed.filter(|_| index >= first).unwrap_or(word).clone()
        };
        let words: Vec<String> = words.iter().enumerate().map(as_listed).collect();
        case.join(&words)
    }

    /// Splits a name into words. Returns at least one word, and the first can begin an identifier.
    ///
    /// Normalizes the name (NFKC), because languages compare identifiers in a normal form: Rust in
    /// NFC, Python in NFKC.
    pub(crate) fn words(&self, name: &str) -> Vec<String> {
        let name: &str = &match name.is_ascii() {
            true => Cow::Borrowed(name),
            false => Cow::Owned(name.nfkc().collect()),
        };
        let mut found = words(name, &self.acronyms);
        let begins_badly = |found: &[String]| {
            let first = found.first().and_then(|word| word.chars().next());
            !first.is_some_and(unicode_ident::is_xid_start)
        };
        if begins_badly(&found) {
            found = words(&symbol_names::spelled(name), &self.acronyms);
        }
        if begins_badly(&found)
            && let Some(first) = found.first_mut()
        {
            first.insert_str(0, &self.digit_prefix);
        }
        found
    }

    /// Adds the suffix if the name of an operation type is reserved.
    pub(crate) fn safe_operation_type(&self, mut ident: String) -> String {
        if self.reserved_operation_types.contains(&ident) {
            ident.push_str(&self.reserved_operation_types_suffix);
        }
        ident
    }

    fn case(&self, role: Role) -> Case {
        match role {
            Role::Type => self.types,
            Role::Method => self.method,
            Role::Parameter | Role::Property => self.property,
            Role::Value => self.value,
            Role::Constant => self.constant,
        }
    }

    /// Adds the suffix or prefix if an identifier is reserved, a keyword, or not valid.
    pub(crate) fn safe(&self, mut ident: String, role: Role) -> String {
        let (reserved, suffix) = match role {
            Role::Type => (&self.reserved_types, &self.reserved_types_suffix),
            Role::Method => (&self.reserved_operations, &self.reserved_operations_suffix),
            Role::Parameter => (&self.reserved_methods, &self.reserved_methods_suffix),
            Role::Property => (&self.reserved_properties, &self.reserved_properties_suffix),
            Role::Value => (&self.reserved_values, &self.reserved_values_suffix),
            Role::Constant => (&self.keywords, &self.keyword_suffix),
        };
        if reserved.contains(&ident) {
            ident.push_str(suffix);
        }
        if self.keywords.contains(&ident) {
            ident.push_str(&self.keyword_suffix);
        }
        ident
    }
}

/// Two names with the same identifiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collision {
    /// The common identifier.
    pub ident: String,
    /// Place of the first name.
    pub first: Span,
}

/// The identifier that an item got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The identifier.
    pub ident: String,
    /// The identifier that the item would have without another item.
    pub taken: Option<Collision>,
}

/// Identifiers of a namespace.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    taken: HashMap<String, Span>,
}

impl Scope {
    /// Takes the first free candidate.
    ///
    /// # Errors
    ///
    /// Returns the first candidate and its owner if all are taken.
    pub(crate) fn claim<I>(&mut self, candidates: I, span: Span) -> Result<Claim, Collision>
    where
        I: IntoIterator<Item = String>,
    {
        self.claim_with(candidates, |_| Vec::new(), span)
    }

    /// Takes the first candidate that is free together with the identifiers derived from it.
    ///
    /// # Errors
    ///
    /// Returns the first identifier that was taken and its owner if no candidate is free.
    pub(crate) fn claim_with<I>(
        &mut self,
        candidates: I,
        others: impl Fn(&str) -> Vec<String>,
        span: Span,
    ) -> Result<Claim, Collision>
    where
        I: IntoIterator<Item = String>,
    {
        let mut first_taken = None;
        for ident in candidates {
            let others = others(&ident);
            let mut all = std::iter::once(&ident).chain(&others);
            let taken = all.find_map(|one| Some((one, *self.taken.get(one)?)));
            if let Some((ident, first)) = taken {
                let ident = ident.clone();
                first_taken.get_or_insert(Collision { ident, first });
                continue;
            }
            self.taken.extend(others.into_iter().map(|one| (one, span)));
            self.taken.insert(ident.clone(), span);
            return Ok(Claim {
                ident,
                taken: first_taken,
            });
        }
        Err(first_taken.unwrap_or(Collision {
            ident: String::new(),
            first: span,
        }))
    }
}

impl Naming {
    /// Returns the identifiers to try for a name, in order: the name itself, with a suffix, and
    /// spelled out. Lazy, because most names need only the first.
    pub(crate) fn candidates<'n>(
        &'n self,
        name: &'n str,
        role: Role,
        suffix: Option<&'n str>,
    ) -> impl Iterator<Item = String> + use<'n> {
        let with = move |suffix: &str| {
            let mut words = self.words(name);
            words.push(suffix.to_owned());
            self.safe(self.join(self.case(role), &words), role)
        };
        std::iter::once_with(move || self.ident(name, role))
            .chain(suffix.into_iter().map(with))
            .chain(std::iter::once_with(move || {
                self.ident(&symbol_names::spelled(name), role)
            }))
            .chain(std::iter::once_with(move || with(variant(name))))
    }
}

#[cfg(test)]
mod tests;
