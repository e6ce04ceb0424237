//! Checks of the repository: generated files are up to date and small, duplicate lists agree, and the
//! SDK has few dependencies.

#![cfg(test)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use qingstor_suite::repository::{OVERLAY, PACKS, SPEC, UNCOMMITTED, generator, read, root};
use serde_json::Value;

/// Does the same as `make check`, so that `cargo test` also finds stale files. Paths in generated files are
/// relative to the current directory, so this test changes to the repository root.
#[test]
fn generated_files_are_up_to_date() {
    std::env::set_current_dir(root()).unwrap();
    for (pack, folder, overlays) in PACKS {
        let pack = format!("templates/{pack}");
        let generator = qingstor_codegen::Generator::new()
            .spec(SPEC)
            .overlay(OVERLAY);
        let stale = overlays
            .iter()
            .fold(generator, qingstor_codegen::Generator::overlay)
            .pack(&pack)
            .out_dir(folder)
            .check()
            .unwrap_or_else(|error| panic!("{pack}: {error}"));
        let report: String = stale.iter().map(ToString::to_string).collect();
        assert!(
            stale.is_empty(),
            "{report}\nrun `make generate` and commit the result"
        );
    }
}

/// Every pack is rendered by `make generate`, or has its own `make` target, and is in the list of this
/// crate.
#[test]
fn every_pack_is_listed() {
    let folders = std::fs::read_dir(root().join("templates")).unwrap();
    let packs: BTreeSet<_> = folders
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().join("pack.json").exists())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    let known = PACKS.iter().map(|(pack, ..)| pack).chain(UNCOMMITTED);
    let known: BTreeSet<_> = known.map(|pack| (*pack).to_owned()).collect();
    assert_eq!(packs, known);
    let makefile = read("Makefile").replace("\\\n", " ");
    for pack in UNCOMMITTED {
        let task = format!("\n{pack}: ## ");
        assert!(makefile.contains(&task), "no make target {pack}");
    }
    let listed = makefile
        .lines()
        .find_map(|line| line.strip_prefix("PACKS := "))
        .unwrap();
    let listed: Vec<_> = listed.split_whitespace().map(str::to_owned).collect();
    let known: Vec<_> = PACKS
        .iter()
        .map(|(pack, folder, more)| [&[*pack, *folder], *more].concat().join("="))
        .collect();
    assert_eq!(listed, known);
}

#[test]
fn generated_code_per_operation_is_short() {
    const MOST: usize = 125;
    let operations = operations();
    let generated = root().join("sdk/src/generated");
    let folders = [generated.join("facts"), generated];
    let files = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let mut sizes: Vec<_> = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (text.lines().count(), path)
        })
        .collect();
    sizes.sort();
    let lines: usize = sizes.iter().map(|(lines, _)| lines).sum();
    assert!(
        lines <= MOST * operations,
        "{lines} generated lines for {operations} operations: {sizes:#?}"
    );
}

#[test]
fn the_architecture_names_places_that_exist() {
    let text = read("ARCHITECTURE.md");
    let (_, table) = text.split_once("## To change X, look in Y").unwrap();
    let roots = ["specs/", "templates/", "codegen/", "sdk/", "tests/"];
    let places: Vec<_> = table
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|code| roots.iter().any(|root| code.starts_with(root)))
        .collect();
    assert!(places.len() > 20, "{places:?}");
    for place in places {
        assert!(root().join(place).exists(), "{place}");
    }

    // The table says "`Type::function` in `file`".
    let mut items = 0;
    for line in table.lines() {
        let parts: Vec<_> = line.split('`').collect();
        for part in parts.windows(3) {
            let &[item, " in ", file] = part else {
                continue;
            };
            let name = item.rsplit("::").next().unwrap();
            if file.ends_with(".rs") {
                let function = format!("fn {name}(");
                assert!(read(file).contains(&function), "no {function} in {file}");
                items += 1;
            }
        }
    }
    assert!(items > 2, "{items}");
}

/// Both READMEs state the number of operations.
#[test]
fn the_readmes_state_the_number_of_operations() {
    let operations = operations();
    for (path, text) in [
        ("README.md", format!("All {operations} operations")),
        ("README.zh-CN.md", format!("全部 {operations} 个操作")),
    ] {
        assert!(read(path).contains(&text), "{path}: {text}");
    }
}

fn operations() -> usize {
    let model = generator().model().unwrap();
    model.resources.iter().map(|one| one.operations.len()).sum()
}

/// The names reserved in the pack are the names of the runtime's methods, which generated setters and
/// operations cannot use.
#[test]
fn reserved_names_match_the_methods_of_the_runtime() {
    let pack: Value = serde_json::from_str(&read("templates/rust/pack.json")).unwrap();
    let reserved = |list: &str| -> BTreeSet<String> {
        let names = pack["naming"][list].as_array().unwrap().iter();
        names
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    };
    let sources = sources(&root().join("sdk/src"));
    let mut names = methods(&sources, |block| block.contains(" Call<"));
    // Methods of the traits that a call implements.
    names.extend(["clone", "into_future", "wait"].map(str::to_owned));
    assert_eq!(reserved("reserved_methods"), names);

    let mut names = methods(&sources, |block| {
        ["impl QingStor {", "impl Bucket {"].contains(&block)
    });
    names.insert("clone".to_owned());
    assert_eq!(reserved("reserved_operations"), names);
}

/// The packs that document and call the SDK must use the naming rules of the SDK.
#[test]
fn the_reference_and_the_command_line_use_the_naming_rules_of_the_sdk() {
    let parts = |pack: &str| {
        let pack: Value =
            serde_json::from_str(&read(format!("templates/{pack}/pack.json"))).unwrap();
        let keys = |part: &str| pack[part].as_object().unwrap().clone();
        (keys("naming"), keys("computed"))
    };
    let sdk = parts("rust");
    for pack in ["reference", "cli"] {
        let (naming, computed) = parts(pack);
        assert_eq!(naming, sdk.0, "`naming` of {pack}");
        assert_eq!(computed, sdk.1, "`computed` of {pack}");
    }
}

/// Returns the texts of the hand-written Rust files in a folder.
fn sources(folder: &Path) -> Vec<String> {
    let mut sources = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("generated") {
            sources.extend(self::sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push(read(path));
        }
    }
    sources
}

/// Returns the names of all functions in some inherent `impl` blocks, as formatted by rustfmt. A method
/// with any visibility collides with a generated one.
fn methods(sources: &[String], is_searched: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for source in sources {
        let mut lines = source.lines();
        while let Some(line) = lines.next() {
            let block = line.trim_start();
            let is_inherent = block.starts_with("impl") && !block.contains(" for ");
            if !is_inherent || !block.ends_with(" {") || !is_searched(block) {
                continue;
            }
            let indent = &line[..line.len() - block.len()];
            let end = format!("{indent}}}");
            for line in lines.by_ref().take_while(|line| **line != end) {
                let item = line
                    .strip_prefix(indent)
                    .and_then(|line| line.strip_prefix("    "));
                // A line of a body has more indentation.
                let Some(signature) = item.filter(|item| item.starts_with(char::is_alphabetic))
                else {
                    continue;
                };
                if let Some((_, name)) = format!(" {signature}").split_once(" fn ") {
                    let end = name.find(['(', '<']).unwrap();
                    names.insert(name[..end].to_owned());
                }
            }
        }
    }
    names
}

/// `reqwest` with `ring` has 84 crates. aws-lc and OpenSSL need further build tools.
#[test]
fn the_sdk_has_few_dependencies() {
    assert_dependencies(
        &["--package", "qingstor-sdk"],
        80,
        &["aws-lc-sys", "openssl-sys", "native-tls"],
    );
}

/// Every test that starts the emulator in its process compiles them.
#[test]
fn the_emulator_without_its_program_has_few_dependencies() {
    assert_dependencies(
        &["--package", "qingstor-emulator", "--no-default-features"],
        125,
        &["clap", "image", "reqwest", "tracing-subscriber"],
    );
}

/// Fails if a package depends on more than `most` crates, or on an unwanted one.
fn assert_dependencies(package: &[&str], most: usize, unwanted: &[&str]) {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked"])
        .args(package)
        .args(["--edges", "normal,build", "--prefix", "none", "--no-dedupe"])
        .args(["--format", "{p}", "--target", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let text = String::from_utf8(output.stdout).unwrap();
    // Each line has a name and a version. A path or `(proc-macro)` can follow.
    let crates: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.split_once(" v"))
        .map(|(name, rest)| (name, rest.split(' ').next()))
        .collect();
    assert!(crates.iter().any(|(name, _)| *name == "ring"), "{text}");
    for unwanted in unwanted {
        assert!(
            crates.iter().all(|(name, _)| name != unwanted),
            "{unwanted}"
        );
    }
    assert!(crates.len() <= most, "{} crates: {crates:#?}", crates.len());
}
