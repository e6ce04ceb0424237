//! Generates a module for each page of the API reference, so that the example programs are
//! documentation tests.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&std::env::var("CARGO_MANIFEST_DIR")?)
        .join("../../sdk/docs/en/operations")
        .canonicalize()?;
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut pages = std::fs::read_dir(&folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    pages.sort();
    let mut modules = String::new();
    for page in pages {
        let name = page.file_stem().ok_or("page without a file name")?;
        let name = name.to_string_lossy().replace('-', "_");
        writeln!(modules, "#[doc = include_str!({page:?})]\nmod {name} {{}}")?;
    }
    let out = Path::new(&std::env::var("OUT_DIR")?).join("programs.rs");
    std::fs::write(out, modules)?;
    Ok(())
}
