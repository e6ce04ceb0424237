//! Code for Unix has a counterpart for Windows in the same file, or is listed with the reason why it
//! needs none.

use std::path::Path;

use qingstor_suite::repository::{read, root};

/// Files whose code for Unix has no counterpart.
const UNIX_ONLY: &[(&str, &str)] = &[
    (
        "codegen/src/output/formatter_process.rs",
        "Windows has no process groups; the process itself is killed there",
    ),
    (
        "codegen/src/output/write.rs",
        "permissions of a replaced file; Windows inherits them from the folder",
    ),
    (
        "sdk/src/managed/folders/temporary_file.rs",
        "temporary files for the owner only; on Windows, the folder for them belongs to the user",
    ),
    (
        "tests/emulator/src/store/blobs.rs",
        "syncs a folder, which Windows cannot open as a file",
    ),
];

#[test]
fn code_for_unix_has_a_counterpart() {
    let folders = [
        "codegen/src",
        "sdk/src",
        "sdk/cli/src",
        "sdk/md5/src",
        "sdk/object_store/src",
        "tests/emulator/src",
    ];
    let mut unix_only = Vec::new();
    let mut checked = 0;
    for folder in folders {
        for file in sources(&root().join(folder)) {
            let path = file.strip_prefix(root()).unwrap().to_str().unwrap();
            let path = path.replace('\\', "/");
            let text = read(&path);
            // Unit tests may be for one system.
            let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
            let contains = |words: &[&str]| words.iter().any(|word| code.contains(word));
            if !contains(&["cfg(unix)", "cfg!(unix)", "os::unix"]) || path.contains("/tests") {
                continue;
            }
            checked += 1;
            if !contains(&["cfg(not(unix))", "cfg(windows)", "cfg_attr(not(unix)"]) {
                unix_only.push(path);
            }
        }
    }
    assert!(checked >= 8, "{checked}");
    unix_only.sort();
    let listed: Vec<_> = UNIX_ONLY.iter().map(|(path, _)| *path).collect();
    assert_eq!(unix_only, listed);
    assert!(UNIX_ONLY.iter().all(|(_, reason)| reason.len() > 20));
}

/// Modules of test programs for Unix have a `cfg` where they are declared.
#[test]
fn tests_for_unix_are_limited_to_it() {
    let folders = [
        "codegen/tests",
        "sdk/tests",
        "sdk/cli/tests",
        "sdk/object_store/tests",
        "tests/emulator/tests",
        "tests/suite/tests",
    ];
    let mut checked = 0;
    let mut unlimited = Vec::new();
    for file in folders
        .iter()
        .flat_map(|folder| sources(&root().join(folder)))
    {
        let path = file.strip_prefix(root()).unwrap().to_str().unwrap();
        let text = read(path);
        let module = format!("\nmod {};", file.file_stem().unwrap().to_str().unwrap());
        let main = file.with_file_name("main.rs");
        let is_limited = text.contains("#![cfg(unix)]")
            || std::fs::read_to_string(main).is_ok_and(|main| {
                main.split_once(&module)
                    .is_some_and(|(before, _)| is_unix_only(before.lines().last().unwrap()))
            });
        let mut item_is_limited = false;
        let mut previous = "";
        for line in text.lines() {
            // An attribute belongs to the item that follows it; `}` ends the item.
            item_is_limited |= is_unix_only(line.trim());
            if ["os::unix::", "Command::new(\"kill\")"]
                .iter()
                .any(|word| line.contains(word) && !line.contains("[\""))
            {
                checked += 1;
                if !is_limited && !item_is_limited {
                    unlimited.push(format!("{path}: {previous} {line}"));
                }
            }
            item_is_limited &= line != "}";
            previous = line;
        }
    }
    assert!(checked >= 30, "{checked}");
    assert!(unlimited.is_empty(), "{unlimited:#?}");
}

fn is_unix_only(attribute: &str) -> bool {
    attribute.starts_with("#[cfg(")
        && !attribute.contains("not(")
        && ["unix", "target_os = \"linux\""]
            .iter()
            .any(|system| attribute.contains(system))
}

fn sources(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}
