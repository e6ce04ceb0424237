//! The examples in the READMEs of the repository, run as doc tests.

#[doc = include_str!("../../../README.md")]
struct English;

#[doc = include_str!("../../../README.zh-CN.md")]
struct Chinese;
