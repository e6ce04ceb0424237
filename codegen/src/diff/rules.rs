//! Kinds of changes, and their effect on programs that use the rendered Rust SDK.
//!
//! The classes follow Semantic Versioning for Rust. A change is breaking if a program that used the
//! SDK may no longer compile, or silently behaves differently. A new setter, a new field of a
//! `#[non_exhaustive]` struct, or a new value of an open enum is an addition, although it can clash
//! with a glob import or an extension trait; Cargo's rules say the same. A test compiles a program
//! for each rule.

use serde::Serialize;

/// Effect of a change on programs, from the most to the least severe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Programs must be changed.
    Breaking,
    /// Programs compile, and there is a new capability. Includes deprecations, which only cause a
    /// warning.
    Addition,
    /// Programs compile, but the same call sends something else or handles responses differently.
    Behavior,
    /// Only documentation changes, or facts that the SDK does not check.
    Documentation,
}

/// Section of the changelog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Section {
    /// New capabilities.
    Added,
    /// Changes.
    Changed,
    /// Deprecations.
    Deprecated,
    /// Removals.
    Removed,
}

/// Defines the rules: variant, ID, class, section, and description.
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

            /// Returns the ID.
            #[must_use]
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$rule => $id,)*
                }
            }

            /// Returns the effect on programs.
            #[must_use]
            pub fn class(self) -> Class {
                match self {
                    $(Self::$rule => Class::$class,)*
                }
            }

            /// Returns the section of the changelog.
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
    /// An operation was added.
    OperationAdded = "operation-added", Addition, Added;
    /// An operation was removed.
    OperationRemoved = "operation-removed", Breaking, Removed;
    /// The method of an operation or its types were renamed.
    OperationRenamed = "operation-renamed", Breaking, Changed;
    /// An operation moved to another handle.
    OperationMoved = "operation-moved", Breaking, Changed;
    /// The ID of an operation in errors and traces changed; its identifiers did not.
    OperationId = "operation-id", Behavior, Changed;
    /// A method was deprecated.
    OperationDeprecated = "operation-deprecated", Addition, Deprecated;
    /// A method is no longer deprecated.
    OperationUndeprecated = "operation-undeprecated", Documentation, Changed;
    /// The request has another path or sub-resource.
    RequestPath = "request-path", Behavior, Changed;
    /// The request has another HTTP method.
    RequestMethod = "request-method", Behavior, Changed;
    /// Other statuses mean success.
    SuccessStatuses = "success-statuses", Behavior, Changed;
    /// Other error statuses are documented. The SDK treats every status that is not a success as an
    /// error.
    ErrorStatuses = "error-statuses", Documentation, Changed;
    /// A digest of the body is now sent, or no longer sent.
    ContentMd5 = "content-md5", Behavior, Changed;
    /// The rules for retrying the operation changed.
    Repeatable = "repeatable", Behavior, Changed;
    /// The time that the client waits for a response changed.
    Slow = "slow", Behavior, Changed;
    /// A query parameter now enters the signature, or no longer does.
    Signed = "signed", Behavior, Changed;
    /// The operation now has `pages` and `items`.
    PagingAdded = "paging-added", Addition, Added;
    /// The operation no longer has `pages` and `items`.
    PagingRemoved = "paging-removed", Breaking, Removed;
    /// `items` yields another type.
    PagingItems = "paging-items", Breaking, Changed;
    /// The request for the next page changed.
    PagingRule = "paging-rule", Behavior, Changed;
    /// An input or output no longer implements a trait.
    TraitLost = "trait-lost", Breaking, Changed;
    /// An input or output implements a new trait.
    TraitGained = "trait-gained", Addition, Added;
    /// The examples changed.
    Examples = "examples", Documentation, Changed;
    /// A method or `new` has a new argument.
    ArgumentAdded = "argument-added", Breaking, Changed;
    /// A method or `new` lost an argument.
    ArgumentRemoved = "argument-removed", Breaking, Removed;
    /// The order of arguments changed.
    ArgumentsReordered = "arguments-reordered", Breaking, Changed;
    /// The order of arguments of the same types changed, which the compiler does not notice.
    ArgumentsSwapped = "arguments-swapped", Breaking, Changed;
    /// An argument or setter accepts fewer types; the field did not change.
    ArgumentNarrowed = "argument-narrowed", Breaking, Changed;
    /// An argument or setter accepts more types; the field did not change.
    ArgumentWidened = "argument-widened", Addition, Changed;
    /// A setter was added.
    ParameterAdded = "parameter-added", Addition, Added;
    /// A setter was removed.
    ParameterRemoved = "parameter-removed", Breaking, Removed;
    /// A setter became an argument.
    ParameterRequired = "parameter-required", Breaking, Changed;
    /// An argument became a setter.
    ParameterOptional = "parameter-optional", Breaking, Changed;
    /// A parameter was renamed in Rust.
    ParameterRenamed = "parameter-renamed", Breaking, Changed;
    /// The type of a parameter changed.
    ParameterRetyped = "parameter-retyped", Breaking, Changed;
    /// The runtime now sets a property that callers set before.
    ParameterComputed = "parameter-computed", Breaking, Removed;
    /// A setter was deprecated.
    ParameterDeprecated = "parameter-deprecated", Addition, Deprecated;
    /// The name of a property on the wire changed; its identifier did not.
    WireName = "wire-name", Behavior, Changed;
    /// A property moved to another part of the message.
    Place = "place", Behavior, Changed;
    /// The encoding of a property changed; its type did not.
    Encoding = "encoding", Behavior, Changed;
    /// A field was added.
    FieldAdded = "field-added", Addition, Added;
    /// A field was removed.
    FieldRemoved = "field-removed", Breaking, Removed;
    /// A field was renamed in Rust.
    FieldRenamed = "field-renamed", Breaking, Changed;
    /// The type of a field changed, or a field became optional or required.
    FieldRetyped = "field-retyped", Breaking, Changed;
    /// The documentation of a field now says that it is deprecated.
    FieldDeprecated = "field-deprecated", Documentation, Deprecated;
    /// A setter or field is no longer deprecated.
    Undeprecated = "undeprecated", Documentation, Changed;
    /// A default, a limit, or another fact changed that the service checks and the SDK does not.
    Limits = "limits", Documentation, Changed;
    /// A type was added.
    TypeAdded = "type-added", Addition, Added;
    /// A type was removed.
    TypeRemoved = "type-removed", Breaking, Removed;
    /// A type was renamed in Rust.
    TypeRenamed = "type-renamed", Breaking, Changed;
    /// The kind of a type changed, for example from struct to enum, or an alias has another target.
    TypeKind = "type-kind", Breaking, Changed;
    /// Requests now contain a type, so it has `new` and setters.
    TypeSent = "type-sent", Addition, Added;
    /// Requests no longer contain a type, so it has no `new` and no setters.
    TypeNotSent = "type-not-sent", Breaking, Removed;
    /// A type can now be created from text.
    ConversionGained = "conversion-gained", Addition, Added;
    /// A type can no longer be created from text.
    ConversionLost = "conversion-lost", Breaking, Removed;
    /// A constructor was added.
    ConstructorAdded = "constructor-added", Addition, Added;
    /// A constructor was removed.
    ConstructorRemoved = "constructor-removed", Breaking, Removed;
    /// The arguments of a constructor changed.
    ConstructorArguments = "constructor-arguments", Breaking, Changed;
    /// A constructor sets another value.
    ConstructorValue = "constructor-value", Behavior, Changed;
    /// An open enum has a new value.
    ValueAdded = "value-added", Addition, Added;
    /// A value of an enum was removed.
    ValueRemoved = "value-removed", Breaking, Removed;
    /// A value of an enum was renamed in Rust.
    ValueRenamed = "value-renamed", Breaking, Changed;
    /// The text of a value on the wire changed.
    ValueText = "value-text", Behavior, Changed;
    /// `ErrorCode` has a new code.
    ErrorCodeAdded = "error-code-added", Addition, Added;
    /// `ErrorCode` no longer has a code.
    ErrorCodeRemoved = "error-code-removed", Breaking, Removed;
    /// A code was renamed in Rust.
    ErrorCodeRenamed = "error-code-renamed", Breaking, Changed;
    /// The text of a code changed.
    ErrorCodeText = "error-code-text", Behavior, Changed;
    /// Whether a request is retried after an error code changed.
    ErrorCodeRetry = "error-code-retry", Behavior, Changed;
    /// The status of an error code changed.
    ErrorCodeStatus = "error-code-status", Documentation, Changed;
    /// Facts about the service changed that the SDK does not use, such as its version.
    Service = "service", Documentation, Changed;
    /// An `x-` key changed that the generator does not interpret. Packs can read it.
    Extension = "extension", Documentation, Changed;
    /// Only descriptions changed.
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
    fn ids_are_unique_and_match_their_variants() {
        let ids: HashSet<_> = Rule::ALL.iter().map(|rule| rule.id()).collect();
        assert_eq!(ids.len(), Rule::ALL.len());
        for id in ids {
            let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(id.chars().all(fits), "{id}");
        }
    }

    /// Removals are never harmless, and additions other than arguments do not break programs.
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
