//! The emulator over real sockets.

#![cfg(test)]

mod admin;
mod append;
mod auth;
mod binary;
mod buckets;
mod client;
mod connections;
mod console;
mod crash;
mod crash_worker;
mod damage;
mod encryption;
mod faults;
mod fetch;
#[cfg(target_os = "linux")]
mod full_disk;
mod hard_keys;
mod hostile;
mod hostile_bytes;
mod hostile_requests;
#[cfg(feature = "image")]
mod images;
#[cfg(not(feature = "image"))]
mod images_disabled;
mod lifecycle;
#[cfg(target_os = "linux")]
mod memory;
mod mirror;
mod multipart;
mod notifications;
mod objects;
mod origin;
mod other_languages;
mod outside_clients;
mod persistence;
mod policy;
mod program;
mod settings;
mod settings_refused;
mod transfers;
mod versions;
mod zones;
