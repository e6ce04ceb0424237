//! Work outside of requests: lifecycle rules, notifications, downloads from other sites.

pub(crate) mod lifecycle;
pub(crate) mod notifications;
pub(crate) mod origin;
