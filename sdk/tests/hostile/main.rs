//! Servers that send invalid responses: the result is an error, never a wrong success.

#![cfg(feature = "rustls")]
#![cfg(test)]

mod codings;
mod copies;
mod error_documents;
#[cfg(feature = "folders")]
mod folders;
mod framing;
mod lists;
mod old_connections;
mod partial_content;
mod pauses;
mod server;
mod stalled_bodies;
mod trickles;
mod uploads;
