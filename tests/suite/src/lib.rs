//! Tests that cross the crates: wire, spec changes, documents
