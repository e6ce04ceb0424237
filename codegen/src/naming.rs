//! Names of a specification become identifiers: by rule, so that a new name never changes an old
//! one.

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

/// How a pack wants identifiers to look.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Naming {
    /// The case of types and operations.
    #[serde(rename = "type")]
    pub types: Case,
    /// The case of methods.
    pub method: Case,
    /// The case of properties and parameters.
    pub property: Case,
    /// Whether parameters and properties are called as they are sent, whatever the specification
    /// calls them with `x-name` or takes off with `x-header-prefix`.
    pub wire_names: bool,
    /// The case of enum values.
    pub value: Case,
    /// The case of constants.
    pub constant: Case,
    /// Words that are one word though their letters look like several, for example `ETag`.
    pub acronyms: Vec<String>,
    /// Whether acronyms stand in `pascal` and `camel` as they are listed: `BucketID`, not
    /// `BucketId`. The first word of `camel` stays small.
    pub written_acronyms: bool,
    /// Words that are no identifiers.
    pub keywords: Vec<String>,
    /// What a keyword gets to become one.
    pub keyword_suffix: String,
    /// What a name gets that would begin with a digit, or with another character that must not
    /// come first.
    pub digit_prefix: String,
    /// Names of types that the output uses for something else.
    pub reserved_types: Vec<String>,
    /// What such a name gets.
    pub reserved_types_suffix: String,
    /// What the output calls an operation's own types, `{ident}Input`, where they stand among the
    /// others: no type may be called so, and one that would be gets the word `type` at its end.
    pub operation_types: Vec<String>,
    /// Names that no operation may have where its identifier is the name of a type.
    pub reserved_operation_types: Vec<String>,
    /// Suffix of such a name.
    pub reserved_operation_types_suffix: String,
    /// What the output calls further methods of an operation, `{method}_request`, where they stand
    /// among the others: no other operation's method may be called so.
    pub operation_methods: Vec<String>,
    /// Names of methods that inputs have anyway: no parameter may be called so.
    pub reserved_methods: Vec<String>,
    /// What such a name gets.
    pub reserved_methods_suffix: String,
    /// Names that no property of an output may have.
    pub reserved_properties: Vec<String>,
    /// What such a name gets.
    pub reserved_properties_suffix: String,
    /// Names that no enum value may have.
    pub reserved_values: Vec<String>,
    /// What such a name gets.
    pub reserved_values_suffix: String,
    /// Names of methods that handles have anyway: no operation may be called so.
    pub reserved_operations: Vec<String>,
    /// What such a name gets.
    pub reserved_operations_suffix: String,
    /// Names that the file of no resource may have; such a name, and a keyword, gets `_resource`.
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

/// What an identifier is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A customized type, or an operation's own types.
    Type,
    /// A method that makes a call.
    Method,
    /// A parameter of a request.
    Parameter,
    /// A property of an answer or a type.
    Property,
    /// A value of an enum.
    Value,
    /// A constant.
    Constant,
}

impl Naming {
    /// The identifier for a name.
    pub fn ident(&self, name: &str, role: Role) -> String {
        let ident = self.cased(name, role);
        self.safe(ident, role)
    }

    /// The name in the case of its role, with symbols spelled out where nothing else is left.
    fn cased(&self, name: &str, role: Role) -> String {
        self.join(self.case(role), &self.words(name))
    }

    /// Joins words that are in lower case.
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

    /// The words of a name: never none, and together they can begin an identifier.
    ///
    /// Languages compare identifiers in a normal form (Rust in NFC, Python in NFKC), so what is
    /// equal there must be equal here, too.
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

    /// Adds the suffix if the name is reserved for something else than an operation.
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

    /// Escapes what the language or the pack keeps for itself.
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

/// Two names that no rule can tell apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Collision {
    /// The identifier that both would have.
    pub ident: String,
    /// Where the first one stands.
    pub first: Span,
}

/// The identifiers of one namespace.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    taken: HashMap<String, Span>,
}

impl Scope {
    /// Takes the first identifier that is still free.
    ///
    /// # Errors
    ///
    /// All are taken: the first candidate and who has it.
    pub(crate) fn claim<I>(&mut self, candidates: I, span: Span) -> Result<String, Collision>
    where
        I: IntoIterator<Item = String>,
    {
        self.claim_with(candidates, |_| Vec::new(), span)
    }

    /// Takes the first identifier that is still free together with others that are made of it.
    ///
    /// # Errors
    ///
    /// One of each is taken: the first that was, and who has it.
    pub(crate) fn claim_with<I>(
        &mut self,
        candidates: I,
        others: impl Fn(&str) -> Vec<String>,
        span: Span,
    ) -> Result<String, Collision>
    where
        I: IntoIterator<Item = String>,
    {
        let mut collision = None;
        for ident in candidates {
            let others = others(&ident);
            let mut all = std::iter::once(&ident).chain(&others);
            let taken = all.find_map(|one| Some((one, *self.taken.get(one)?)));
            if let Some((ident, first)) = taken {
                let ident = ident.clone();
                collision.get_or_insert(Collision { ident, first });
                continue;
            }
            self.taken.extend(others.into_iter().map(|one| (one, span)));
            self.taken.insert(ident.clone(), span);
            return Ok(ident);
        }
        Err(collision.unwrap_or(Collision {
            ident: String::new(),
            first: span,
        }))
    }
}

impl Naming {
    /// Identifiers to try for a name, in order: as it is, with a suffix, and spelled out. Most
    /// names need the first alone, so the others are made only when they are asked for.
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
