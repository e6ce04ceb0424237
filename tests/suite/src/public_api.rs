//! Public APIs as text, one line for each item, from the JSON output of rustdoc.
//!
//! The output is an unstable feature with a version. [`FORMAT`] is the one that the crate `public-api`
//! reads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Version of the JSON format that this module reads.
pub const FORMAT: u64 = 57;
/// The compiler whose rustdoc writes this format.
pub const TOOLCHAIN: &str = "1.95.0";
/// Flags of rustdoc for JSON output.
pub const FLAGS: [&str; 3] = ["-Zunstable-options", "--output-format", "json"];

/// The public API of a crate.
#[derive(Debug)]
pub struct PublicApi {
    /// A line for each public item, with its signature.
    pub lines: Vec<String>,
    /// Crates whose items the API contains, without the standard library and the crate itself.
    pub external: BTreeSet<String>,
}

/// Names of the standard library that need no path to be understood.
const SHORT: &[&str] = &[
    "alloc::borrow::Cow",
    "alloc::borrow::ToOwned",
    "alloc::boxed::Box",
    "alloc::string::String",
    "alloc::string::ToString",
    "alloc::sync::Arc",
    "alloc::vec::Vec",
    "core::clone::Clone",
    "core::cmp::Eq",
    "core::cmp::Ord",
    "core::cmp::PartialEq",
    "core::cmp::PartialOrd",
    "core::convert::AsRef",
    "core::convert::From",
    "core::convert::Into",
    "core::convert::TryFrom",
    "core::convert::TryInto",
    "core::default::Default",
    "core::error::Error",
    "core::fmt::Debug",
    "core::fmt::Display",
    "core::future::future::Future",
    "core::future::into_future::IntoFuture",
    "core::hash::Hash",
    "core::iter::traits::collect::IntoIterator",
    "core::iter::traits::iterator::Iterator",
    "core::marker::Copy",
    "core::marker::Send",
    "core::marker::Sized",
    "core::marker::Sync",
    "core::marker::Unpin",
    "core::ops::deref::Deref",
    "core::ops::function::FnMut",
    "core::ops::function::FnOnce",
    "core::ops::function::Fn",
    "core::option::Option",
    "core::pin::Pin",
    "core::result::Result",
    "core::str::traits::FromStr",
    "core::time::Duration",
    "serde_core::de::Deserialize",
    "serde_core::ser::Serialize",
    "std::path::Path",
    "std::path::PathBuf",
    "std::time::SystemTime",
];

/// Reads the JSON file of a crate. Returns `None` if rustdoc wrote it in another version of the format.
pub fn read(json: &Path) -> Option<PublicApi> {
    let document: Value = serde_json::from_slice(&std::fs::read(json).unwrap()).unwrap();
    if document["format_version"] != FORMAT {
        return None;
    }
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .include_function_parameter_names(true)
        .build()
        .unwrap();
    let entry = |id: u32| &document["index"][id.to_string()];
    let krate = entry(u32::try_from(document["root"].as_u64().unwrap()).unwrap());
    let krate = krate["name"].as_str().unwrap();

    let mut external = BTreeSet::new();
    let mut items = Vec::new();
    for item in api.items() {
        let json = entry(item.id().0);
        let parent = item.parent_id().map_or(&Value::Null, |id| entry(id.0));
        let of_trait = !parent["inner"]["impl"]["trait"].is_null();
        let is_type = !json["inner"]["assoc_type"].is_null();
        if (of_trait && !is_type) || is_omitted(&json["inner"]["impl"]) {
            continue;
        }
        let text = item.to_string();
        external.extend(crates(&text));
        let deprecated = if json["deprecation"].is_null() {
            ""
        } else {
            "#[deprecated] "
        };
        items.push(format!("{deprecated}{}", shorten(&text, krate)));
    }
    for own in ["alloc", "core", "std", krate] {
        external.remove(own);
    }
    Some(PublicApi {
        lines: grouped(items),
        external,
    })
}

/// Whether an `impl` block is not listed: blocks for methods, because their methods are listed, and auto
/// traits, unless a type does not implement `Send`, `Sync` or `Unpin`.
fn is_omitted(block: &Value) -> bool {
    if block.is_null() {
        return false;
    }
    let name = block["trait"]["path"].as_str().unwrap_or_default();
    let name = name.rsplit("::").next().unwrap();
    if block["is_synthetic"] == true {
        let negative = block["is_negative"] == true;
        return !(negative && ["Send", "Sync", "Unpin"].contains(&name));
    }
    block["trait"].is_null() || name == "StructuralPartialEq"
}

/// Returns the first segments of all paths in a line.
fn crates(line: &str) -> impl Iterator<Item = String> {
    let words = line.split(|byte: char| !(byte.is_alphanumeric() || byte == '_' || byte == ':'));
    let paths = words.filter_map(|word| word.split_once("::"));
    paths
        .filter(|(first, _)| first.starts_with(|first: char| first.is_lowercase()))
        .map(|(first, _)| first.to_owned())
}

/// Removes the name of the crate and the paths of well-known names.
fn shorten(line: &str, krate: &str) -> String {
    let mut short = line.replace(&format!("{krate}::"), "");
    if short.ends_with(krate) {
        short = short.replace(krate, "crate");
    }
    for path in SHORT {
        short = short.replace(path, path.rsplit("::").next().unwrap());
    }
    short
}

/// Joins the traits of a type that have no generics and no associated types: `impl Clone + Debug for X`.
fn grouped(items: Vec<String>) -> Vec<String> {
    let simple = |at: usize| -> Option<(&str, &str)> {
        let line = items.get(at)?.strip_prefix("impl ")?;
        let (name, of) = line.split_once(" for ")?;
        let prefix = format!("pub type {of}::");
        let next = items
            .get(at + 1)
            .is_some_and(|next| next.starts_with(&prefix));
        (!next && !line.contains(['<', '!']) && !line.contains(" where ")).then_some((name, of))
    };
    let mut traits: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut last = BTreeMap::new();
    for at in 0..items.len() {
        if let Some((name, of)) = simple(at) {
            traits.entry(of).or_default().insert(name);
            last.insert(of, at);
        }
    }
    let mut lines: Vec<String> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        match simple(at) {
            // rustdoc lists the implementation of a trait of the crate for the trait and for the type.
            Some((_, of)) if last[of] != at => {}
            Some((_, of)) => {
                let names: Vec<_> = traits[of].iter().copied().collect();
                lines.push(format!("impl {} for {of}", names.join(" + ")));
            }
            None if item.starts_with("impl") && lines.contains(item) => {}
            None => lines.push(item.clone()),
        }
    }
    lines
}

/// Returns the lines that only one of two texts contains, marked with `-` and `+`.
pub fn difference(old: &[String], new: &[String]) -> Vec<String> {
    let without = |lines: &[String], others: &[String], mark: char| -> Vec<String> {
        let others: BTreeSet<_> = others.iter().collect();
        let lines = lines.iter().filter(|line| !others.contains(line));
        lines.map(|line| format!("{mark} {line}")).collect()
    };
    [without(old, new, '-'), without(new, old, '+')].concat()
}

/// Returns a rustdoc command that accepts [`FLAGS`], although the compiler is a stable one.
pub fn rustdoc() -> Command {
    let cargo = Path::new(env!("CARGO"));
    let program = cargo.with_file_name(format!("rustdoc{}", std::env::consts::EXE_SUFFIX));
    let mut command = Command::new(program);
    command.env("RUSTC_BOOTSTRAP", "1").args(FLAGS);
    command
}

/// Reports that the compiler is not the right one for this check. Fails if the check is required.
pub fn skip() {
    let message = format!(
        "the public API was not checked: rustdoc of Rust {TOOLCHAIN} is needed; run `make public-api CARGO='cargo +{TOOLCHAIN}'`"
    );
    assert!(
        std::env::var_os("QINGSTOR_REQUIRE_PUBLIC_API").is_none(),
        "{message}"
    );
    println!("{message}");
}
