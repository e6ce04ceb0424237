//! Parts of a request: host, target, route, body, conditions, range, form fields.

pub(crate) mod conditions;
pub(crate) mod form;
pub(crate) mod host;
pub(crate) mod range;
pub(crate) mod request_body;
pub(crate) mod request_target;
pub(crate) mod route;
