//! Values, errors and responses that every layer uses.

pub(crate) mod api_error;
pub(crate) mod digest;
pub(crate) mod encryption;
pub(crate) mod error;
pub(crate) mod facts;
pub(crate) mod glob;
pub(crate) mod limits;
pub(crate) mod metadata;
pub(crate) mod names;
pub(crate) mod panics;
pub(crate) mod response;
pub(crate) mod time;
pub(crate) mod web_url;
