//! Work outside of requests: lifecycle rules, notifications, downloads from other sites.

pub(crate) mod download;
pub(crate) mod lifecycle_schedule;
pub(crate) mod notifications;
