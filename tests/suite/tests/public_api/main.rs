//! The public API of each library is a text in the repository, so that a change of it is a change that is
//! reviewed. `make public-api` runs these tests, because rustdoc has to document each crate once more.

#![cfg(test)]
#![cfg(unix)]

mod listing;

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use qingstor_suite::public_api::{self, FLAGS, difference};
use qingstor_suite::repository::{read, root};

/// A library: its package, its folder, and the crates whose items its API may contain.
struct Library {
    package: &'static str,
    folder: &'static str,
    external: &'static [&'static str],
}

const LIBRARIES: &[Library] = &[
    Library {
        package: "qingstor-codegen",
        folder: "codegen",
        // `serde_json` and `indexmap` are in the model, `schemars` describes it.
        external: &["indexmap", "schemars", "serde_core", "serde_json"],
    },
    Library {
        package: "qingstor-md5",
        folder: "sdk/md5",
        external: &["bytes"],
    },
    Library {
        package: "qingstor-emulator",
        folder: "tests/emulator",
        external: &["serde_core"],
    },
    Library {
        package: "qingstor-sdk",
        folder: "sdk",
        // `reqwest` with the feature `reqwest-client` only.
        external: &[
            "bytes",
            "futures_core",
            "http",
            "http_body",
            "reqwest",
            "serde_core",
            "tokio",
        ],
    },
    Library {
        package: "qingstor-object-store",
        folder: "sdk/object_store",
        external: &["object_store", "qingstor_sdk"],
    },
];

#[test]
#[ignore = "run by `make public-api`"]
fn the_public_api_is_the_text_in_the_repository() {
    let update = std::env::var_os("QINGSTOR_UPDATE_PUBLIC_API").is_some();
    let folder = document();
    let mut differences = Vec::new();
    for library in LIBRARIES {
        let json = folder.join(format!("{}.json", library.package.replace('-', "_")));
        let Some(api) = public_api::read(&json) else {
            return public_api::skip();
        };
        let allowed: BTreeSet<_> = library
            .external
            .iter()
            .map(|&name| name.to_owned())
            .collect();
        assert_eq!(
            api.external, allowed,
            "crates in the API of {}",
            library.package
        );

        let path = format!("{}/public-api.txt", library.folder);
        if update {
            let text = api.lines.join("\n") + "\n";
            std::fs::write(root().join(&path), text).unwrap();
        }
        let committed: Vec<_> = read(&path).lines().map(str::to_owned).collect();
        let changes = difference(&committed, &api.lines);
        if !changes.is_empty() {
            differences.push(format!("{path}\n{}", changes.join("\n")));
        }
    }
    assert!(
        differences.is_empty(),
        "the public API changed:\n{}\nIf this is intended, run `make public-api UPDATE=1` and review the diff.",
        differences.join("\n")
    );
}

/// Documents all libraries with the features of `make test`. Returns the folder of the JSON files.
fn document() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let target = temporary.parent().unwrap();
    let makefile = read("Makefile");
    let features = makefile
        .lines()
        .find_map(|line| line.strip_prefix("FEATURES := --features "))
        .unwrap();
    let packages = LIBRARIES.iter().map(|one| ["--package", one.package]);
    let output = Command::new(env!("CARGO"))
        .args([
            "doc",
            "--no-deps",
            "--locked",
            "--quiet",
            "--features",
            features,
        ])
        .args(packages.collect::<Vec<_>>().concat())
        .arg("--target-dir")
        .arg(target)
        .current_dir(root())
        .env("RUSTDOC", rustdoc_script(temporary))
        .env("RUSTDOCFLAGS", FLAGS.join(" "))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    target.join("doc")
}

/// Writes a script that permits unstable flags to rustdoc alone. With the variable in the environment of
/// Cargo, all dependencies would be compiled again.
fn rustdoc_script(folder: &Path) -> PathBuf {
    let rustdoc = Path::new(env!("CARGO")).with_file_name("rustdoc");
    let path = folder.join("rustdoc-unstable");
    let text = format!(
        "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec '{}' \"$@\"\n",
        rustdoc.display()
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}
