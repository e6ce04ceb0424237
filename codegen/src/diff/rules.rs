//! The rules: what a kind of change means for those who use the rendered Rust SDK.
//!
//! They follow Rust's semantic versioning. A change is breaking if a program that used the SDK need
//! not compile any more, or compiles and does something else that nobody can see. What the SDK is
//! built to take (a further setter, a further field of a `#[non_exhaustive]` struct, a further
//! value of an open enum) is an addition, though a glob import or an extension trait of somebody's
//! could clash with it; so says Cargo of its own rules. A test compiles a program for each rule.

use serde::Serialize;

/// What a change means for who uses the SDK, from the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Programs need a change.
    Breaking,
    /// Programs compile, and can do more. A deprecation is one, too: it is a warning, and a reason
    /// to read on.
    Addition,
    /// Programs compile, and the same call sends something else, or takes another answer.
    Behaviour,
    /// Nothing but words and what the SDK does not check.
    Documentation,
}

/// The section of the changelog that a change belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Section {
    /// What is new.
    Added,
    /// What is different.
    Changed,
    /// What will go.
    Deprecated,
    /// What is gone.
    Removed,
}

/// Defines the rules: variant, id, class, section, and what it says.
macro_rules! rules {
    ($($(#[$meta:meta])* $rule:ident = $id:literal, $class:ident, $section:ident;)*) => {
        /// A kind of change. Ids are stable over releases.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Rule {
            $($(#[$meta])* $rule,)*
        }

        impl Rule {
            /// All rules, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$rule,)*];

            /// The name of the rule.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$rule => $id,)*
                }
            }

            /// What such a change means.
            #[must_use]
            pub fn class(self) -> Class {
                match self {
                    $(Self::$rule => Class::$class,)*
                }
            }

            /// Where the changelog tells of it.
            #[must_use]
            pub fn section(self) -> Section {
                match self {
                    $(Self::$rule => Section::$section,)*
                }
            }
        }
    };
}

rules! {
    /// There is a further operation.
    OperationAdded = "operation-added", Addition, Added;
    /// An operation is gone.
    OperationRemoved = "operation-removed", Breaking, Removed;
    /// The method of an operation, or its types, have other names.
    OperationRenamed = "operation-renamed", Breaking, Changed;
    /// An operation stands on another handle.
    OperationMoved = "operation-moved", Breaking, Changed;
    /// Errors and traces name an operation in another way; its identifiers are as before.
    OperationId = "operation-id", Behaviour, Changed;
    /// A method is marked as deprecated.
    OperationDeprecated = "operation-deprecated", Addition, Deprecated;
    /// A method is not deprecated any more.
    OperationUndeprecated = "operation-undeprecated", Documentation, Changed;
    /// The request goes to another path or sub-resource.
    RequestPath = "request-path", Behaviour, Changed;
    /// The request has another HTTP method.
    RequestMethod = "request-method", Behaviour, Changed;
    /// Other statuses mean success.
    SuccessStatuses = "success-statuses", Behaviour, Changed;
    /// Other statuses are documented; the SDK takes any that is no success as an error.
    ErrorStatuses = "error-statuses", Documentation, Changed;
    /// A digest of the body is sent, or is not sent any more.
    ContentMd5 = "content-md5", Behaviour, Changed;
    /// Other calls are repeated after a failure.
    Repeatable = "repeatable", Behaviour, Changed;
    /// An answer is waited for longer, or less long.
    Slow = "slow", Behaviour, Changed;
    /// A query parameter enters the signature, or does not any more.
    Signed = "signed", Behaviour, Changed;
    /// A list can be walked: `pages` and `items`.
    PagingAdded = "paging-added", Addition, Added;
    /// `pages` and `items` are gone.
    PagingRemoved = "paging-removed", Breaking, Removed;
    /// `items` gives something else.
    PagingItems = "paging-items", Breaking, Changed;
    /// The next page is asked for in another way.
    PagingRule = "paging-rule", Behaviour, Changed;
    /// An input or output lacks a trait that it had.
    TraitLost = "trait-lost", Breaking, Changed;
    /// An input or output has a further trait.
    TraitGained = "trait-gained", Addition, Added;
    /// There are other examples.
    Examples = "examples", Documentation, Changed;
    /// A method or `new` takes a further argument.
    ArgumentAdded = "argument-added", Breaking, Changed;
    /// A method or `new` takes an argument less.
    ArgumentRemoved = "argument-removed", Breaking, Removed;
    /// The arguments have another order.
    ArgumentsReordered = "arguments-reordered", Breaking, Changed;
    /// The arguments have another order and the same types: the compiler sees nothing.
    ArgumentsSwapped = "arguments-swapped", Breaking, Changed;
    /// An argument or setter takes less than before; the field is as it was.
    ArgumentNarrowed = "argument-narrowed", Breaking, Changed;
    /// An argument or setter takes more than before; the field is as it was.
    ArgumentWidened = "argument-widened", Addition, Changed;
    /// There is a further setter.
    ParameterAdded = "parameter-added", Addition, Added;
    /// A setter is gone.
    ParameterRemoved = "parameter-removed", Breaking, Removed;
    /// A setter became an argument.
    ParameterRequired = "parameter-required", Breaking, Changed;
    /// An argument became a setter.
    ParameterOptional = "parameter-optional", Breaking, Changed;
    /// A parameter has another name in Rust.
    ParameterRenamed = "parameter-renamed", Breaking, Changed;
    /// A parameter has another type.
    ParameterRetyped = "parameter-retyped", Breaking, Changed;
    /// The runtime gives what the caller gave.
    ParameterComputed = "parameter-computed", Breaking, Removed;
    /// A setter is marked as deprecated.
    ParameterDeprecated = "parameter-deprecated", Addition, Deprecated;
    /// A property is sent, or looked for, under another name; its identifier is as before.
    WireName = "wire-name", Behaviour, Changed;
    /// A property stands in another part of the message.
    Place = "place", Behaviour, Changed;
    /// A property is written in another way; its type is as before.
    Encoding = "encoding", Behaviour, Changed;
    /// There is a further field to read.
    FieldAdded = "field-added", Addition, Added;
    /// A field is gone.
    FieldRemoved = "field-removed", Breaking, Removed;
    /// A field has another name in Rust.
    FieldRenamed = "field-renamed", Breaking, Changed;
    /// A field has another type, or may be absent now, or is never absent any more.
    FieldRetyped = "field-retyped", Breaking, Changed;
    /// A field is documented as deprecated.
    FieldDeprecated = "field-deprecated", Documentation, Deprecated;
    /// A setter or field is not deprecated any more.
    Undeprecated = "undeprecated", Documentation, Changed;
    /// A default, a bound or another fact that the service checks and the SDK does not.
    Limits = "limits", Documentation, Changed;
    /// There is a further type.
    TypeAdded = "type-added", Addition, Added;
    /// A type is gone.
    TypeRemoved = "type-removed", Breaking, Removed;
    /// A type has another name in Rust.
    TypeRenamed = "type-renamed", Breaking, Changed;
    /// A struct became an enum, or an alias stands for something else.
    TypeKind = "type-kind", Breaking, Changed;
    /// A type is sent now: it has `new` and setters.
    TypeSent = "type-sent", Addition, Added;
    /// A type is only read any more: `new` and the setters are gone.
    TypeNotSent = "type-not-sent", Breaking, Removed;
    /// A type can be made from text.
    ConversionGained = "conversion-gained", Addition, Added;
    /// A type can't be made from text any more.
    ConversionLost = "conversion-lost", Breaking, Removed;
    /// There is a further constructor.
    ConstructorAdded = "constructor-added", Addition, Added;
    /// A constructor is gone.
    ConstructorRemoved = "constructor-removed", Breaking, Removed;
    /// A constructor takes other arguments.
    ConstructorArguments = "constructor-arguments", Breaking, Changed;
    /// A constructor sets something else.
    ConstructorValue = "constructor-value", Behaviour, Changed;
    /// An open enum knows a further value.
    ValueAdded = "value-added", Addition, Added;
    /// A value of an enum is gone.
    ValueRemoved = "value-removed", Breaking, Removed;
    /// A value has another name in Rust.
    ValueRenamed = "value-renamed", Breaking, Changed;
    /// A value is sent as another text.
    ValueText = "value-text", Behaviour, Changed;
    /// `ErrorCode` knows a further code.
    ErrorCodeAdded = "error-code-added", Addition, Added;
    /// A code is gone from `ErrorCode`.
    ErrorCodeRemoved = "error-code-removed", Breaking, Removed;
    /// A code has another name in Rust.
    ErrorCodeRenamed = "error-code-renamed", Breaking, Changed;
    /// A code stands for another text.
    ErrorCodeText = "error-code-text", Behaviour, Changed;
    /// Whether a call may be repeated after a code.
    ErrorCodeRetry = "error-code-retry", Behaviour, Changed;
    /// A code comes with another status.
    ErrorCodeStatus = "error-code-status", Documentation, Changed;
    /// Facts about the service that the SDK does not use: its host, its version.
    Service = "service", Documentation, Changed;
    /// An `x-` fact that this generator does not interpret; other packs may.
    Extension = "extension", Documentation, Changed;
    /// Only descriptions.
    Words = "words", Documentation, Changed;
}

impl Serialize for Rule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_look_alike() {
        let ids: HashSet<_> = Rule::ALL.iter().map(|rule| rule.id()).collect();
        assert_eq!(ids.len(), Rule::ALL.len());
        for id in ids {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(id.chars().all(fits), "{id}");
        }
    }

    /// A removal is never harmless, and nothing that is only new breaks anybody but an argument.
    #[test]
    fn sections_agree_with_classes() {
        for rule in Rule::ALL {
            match rule.section() {
                Section::Added => assert_eq!(rule.class(), Class::Addition, "{rule:?}"),
                Section::Removed => assert_eq!(rule.class(), Class::Breaking, "{rule:?}"),
                Section::Changed | Section::Deprecated => {}
            }
        }
    }
}
