//! Connections, the steps from a request to its response, the access log, the admin API and the
//! console.

pub(crate) mod access_log;
pub(crate) mod admin;
pub(crate) mod connection_stream;
pub(crate) mod connections;
pub(crate) mod console;
pub(crate) mod exchange;
pub(crate) mod header_names;
pub(crate) mod operation_counts;
pub(crate) mod pipeline;
pub(crate) mod state;
