//! [`TransferBudget`]: the requests and the memory that all managed transfers of a client share.

mod adaptive_limit;
mod memory;
mod requests;
