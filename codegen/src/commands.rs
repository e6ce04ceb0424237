//! Subcommands, one file each.

pub(crate) mod check;
pub(crate) mod diff;
pub(crate) mod dump;
pub(crate) mod generate;
pub(crate) mod input;
pub(crate) mod lint;
pub(crate) mod new_pack;
pub(crate) mod streams;
pub(crate) mod test_pack;
pub(crate) mod watch;
