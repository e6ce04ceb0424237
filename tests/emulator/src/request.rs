//! Parts of a request: host, target, route, body, conditions, range, form fields.

pub(crate) mod body;
pub(crate) mod conditions;
pub(crate) mod form;
pub(crate) mod host;
pub(crate) mod range;
pub(crate) mod route;
pub(crate) mod target;
