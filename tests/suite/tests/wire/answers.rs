//! Answers that are no JSON and no success.
