//! Embeds the packs of this project, so that the installed program can copy them into a new folder.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let crate_folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    // The published package contains the folder `packs`. In a clone, it is a link to `../templates`,
    // or a text file on systems without links.
    let candidates = ["packs", "../templates"].map(|name| crate_folder.join(name));
    let Some(packs) = candidates.iter().find(|folder| folder.is_dir()) else {
        return Err(io::Error::other(
            "there is no folder `packs` with templates",
        ));
    };
    let mut code = String::from("&[\n");
    for pack in sorted_entries(packs)? {
        if pack.join("pack.json").is_file() {
            embed(&pack, packs, &mut code)?;
        }
    }
    code.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("packs.rs"), code)?;
    println!("cargo::rerun-if-changed={}", packs.display());
    Ok(())
}

/// Appends `(NAME, CONTENT),` for each file below the folder.
fn embed(folder: &Path, packs: &Path, code: &mut String) -> io::Result<()> {
    for path in sorted_entries(folder)? {
        if path.is_dir() {
            embed(&path, packs, code)?;
            continue;
        }
        let name = path.strip_prefix(packs).map_err(io::Error::other)?;
        let name = name.to_string_lossy().replace('\\', "/");
        let line = writeln!(code, "({name:?}, include_str!({path:?})),");
        line.map_err(io::Error::other)?;
    }
    Ok(())
}

fn sorted_entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}
