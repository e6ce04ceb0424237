//! Values, errors and responses that every layer uses.

pub(crate) mod api_error;
pub(crate) mod digest;
pub(crate) mod encryption;
pub(crate) mod error;
pub(crate) mod limits;
pub(crate) mod locks;
pub(crate) mod metadata;
pub(crate) mod operation_facts;
pub(crate) mod panics;
pub(crate) mod resource_names;
pub(crate) mod response;
pub(crate) mod time;
pub(crate) mod web_url;
pub(crate) mod wildcard;
