//! The emulator over real sockets.

#![cfg(test)]

mod admin;
mod append;
mod auth;
#[cfg(all(unix, feature = "cli"))]
mod binary;
mod buckets;
mod client;
mod connections;
mod console;
#[cfg(all(unix, feature = "cli"))]
mod crash;
#[cfg(all(unix, feature = "cli"))]
mod crash_worker;
mod damage;
mod encryption;
mod faults;
mod fetch;
#[cfg(all(target_os = "linux", feature = "cli"))]
mod full_disk;
mod hard_keys;
mod hostile;
mod hostile_bytes;
mod hostile_requests;
#[cfg(all(target_os = "linux", feature = "cli"))]
mod https;
#[cfg(feature = "image")]
mod images;
#[cfg(not(feature = "image"))]
mod images_disabled;
mod lifecycle;
#[cfg(all(target_os = "linux", feature = "cli"))]
mod memory;
mod mirror;
mod multipart;
mod notifications;
mod objects;
mod origin;
#[cfg(feature = "cli")]
mod other_languages;
mod outside_clients;
mod persistence;
mod policy;
#[cfg(all(unix, feature = "cli"))]
mod program;
mod settings;
mod settings_refused;
mod transfers;
mod versions;
mod zones;
