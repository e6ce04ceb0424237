//! A program that uses `reqwest` and `rustls` itself, beside the SDK.
//!
//! Cargo unifies features: the SDK's `reqwest` without a TLS provider and its `rustls` with ring are
//! the program's as well. The guide's page on connections says which line such a program needs; this
//! test builds the program and runs it with and without that line.
//!
//! The feature `custom-provider` of `rustls` stands for a second provider such as aws-lc-rs, which
//! would have to be compiled: for `rustls` they are the same.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::Command;

use qingstor_suite::project::{cargo_build, target, workspace, write};
use qingstor_suite::repository::{read, root};

/// The line, as the documents show it.
const LINE: &str = "rustls::crypto::ring::default_provider().install_default()";

const PROGRAM: &str = r#"//! Builds one client, named by its argument, with or without a provider for the whole process.

use std::process::ExitCode;

use qingstor_sdk::{Config, QingStor};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "with-line") {
        LINE.expect("no provider is installed yet");
    }
    match arguments.first().map(String::as_str) {
        Some("sdk") => {
            let config = Config::new("ID", "SECRET").endpoint("https://127.0.0.1:1");
            QingStor::new(config).expect("the SDK has a provider of its own");
        }
        Some("reqwest") => drop(reqwest::Client::new()),
        Some("rustls") => {
            let roots = rustls::RootCertStore::empty();
            let config = rustls::ClientConfig::builder().with_root_certificates(roots);
            drop(config.with_no_client_auth());
        }
        _ => return ExitCode::from(2),
    }
    println!("made");
    ExitCode::SUCCESS
}
"#;

fn build() -> PathBuf {
    let project = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tls_providers");
    workspace(&project, &["program"]);
    let manifest = format!(
        "[package]\nname = \"tls-program\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
         [dependencies]\n\
         qingstor-sdk = {{ path = {:?} }}\n\
         reqwest.workspace = true\n\
         rustls = {{ workspace = true, features = [\"custom-provider\"] }}\n",
        root().join("sdk")
    );
    write(&project.join("program/Cargo.toml"), manifest.as_bytes());
    let program = PROGRAM.replace("LINE", LINE);
    write(&project.join("program/src/main.rs"), program.as_bytes());
    let output = cargo_build(&project).output().unwrap();
    let says = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{says}");
    target(&project).join("debug/tls-program")
}

/// What the program prints, or why it panicked.
fn run(program: &Path, client: &str, with_line: bool) -> Result<String, String> {
    let mut command = Command::new(program);
    command.arg(client);
    if with_line {
        command.arg("with-line");
    }
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    }
}

#[test]
fn a_program_with_its_own_tls_needs_one_line() {
    let program = build();
    for with_line in [false, true] {
        assert_eq!(run(&program, "sdk", with_line).unwrap(), "made\n");
    }
    for (client, says) in [
        ("reqwest", "No rustls crypto provider is configured"),
        (
            "rustls",
            "Could not automatically determine the process-level CryptoProvider",
        ),
    ] {
        let panic = run(&program, client, false).unwrap_err();
        assert!(panic.contains(says), "{panic}");
        assert_eq!(run(&program, client, true).unwrap(), "made\n", "{client}");
    }
}

#[test]
fn the_documents_show_the_line() {
    for document in [
        "README.md",
        "README.zh-CN.md",
        "sdk/src/guide/transport.md",
        "sdk/src/config.rs",
    ] {
        assert!(read(document).contains(LINE), "{document}");
    }
}
