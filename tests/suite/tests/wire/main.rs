//! Every operation over a real socket: the request byte for byte, with an independently computed
//! signature, and the handling of the possible responses.

#![cfg(test)]

mod bucket;
mod case;
mod every_operation;
mod form;
mod keys;
mod multipart;
mod object;
mod requests;
mod responses;
mod service;
mod settings;
