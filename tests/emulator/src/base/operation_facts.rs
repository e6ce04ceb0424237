//! Types of the facts that are rendered from the API specification.

/// Kind of resource that an address names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Service,
    Bucket,
    Object,
}

/// Facts of an operation in the API specification.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OperationFacts {
    pub(crate) id: &'static str,
    pub(crate) method: &'static str,
    pub(crate) level: Level,
    /// Query parameter whose presence selects the operation.
    pub(crate) sub_resource: Option<&'static str>,
    pub(crate) query: &'static [ParameterFacts],
    pub(crate) headers: &'static [ParameterFacts],
    /// Status codes of success, the usual one first.
    pub(crate) success: &'static [u16],
}

/// A query parameter or a header of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParameterFacts {
    pub(crate) name: &'static str,
    pub(crate) required: bool,
    pub(crate) kind: ParameterType,
}

/// Valid values of a parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ParameterType {
    Text,
    /// An HTTP date. It is not checked here, because HTTP ignores conditions with an invalid date.
    Time,
    /// Smallest and largest valid value.
    Integer(i64, i64),
    #[allow(
        dead_code,
        reason = "the specification does not have a boolean parameter today"
    )]
    Boolean,
    OneOf(&'static [&'static str]),
}

impl ParameterFacts {
    pub(crate) const fn required(name: &'static str, kind: ParameterType) -> Self {
        Self {
            name,
            required: true,
            kind,
        }
    }

    pub(crate) const fn optional(name: &'static str, kind: ParameterType) -> Self {
        Self {
            name,
            required: false,
            kind,
        }
    }
}
