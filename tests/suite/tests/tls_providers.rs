//! A program that uses the SDK and also uses `reqwest` and `rustls` directly.
//!
//! Cargo unifies features, so `rustls` has ring in the whole program. A program that enables a second
//! provider has to install a default one, as the guide page on connections explains. This test builds the
//! program and runs it with and without that line.
//!
//! The feature `custom-provider` of `rustls` replaces a second provider such as aws-lc-rs, which is slow
//! to compile. `rustls` handles both in the same way.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::process::Command;

use qingstor_suite::project::{cargo_build, target, workspace, write};
use qingstor_suite::repository::{read, root};

/// The line that installs the default provider, as in the documents.
const INSTALL_PROVIDER: &str = "rustls::crypto::ring::default_provider().install_default()";

const PROGRAM: &str = r#"//! Builds the client that the first argument names, with or without a default provider.

use std::process::ExitCode;

use qingstor_sdk::{Config, QingStor};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "with-provider") {
        INSTALL_PROVIDER.expect("a provider is already installed");
    }
    match arguments.first().map(String::as_str) {
        Some("sdk") => {
            let config = Config::new("ID", "SECRET").endpoint("https://127.0.0.1:1");
            QingStor::new(config).expect("the SDK has its own provider");
        }
        Some("reqwest") => drop(reqwest::Client::new()),
        Some("rustls") => {
            let roots = rustls::RootCertStore::empty();
            let config = rustls::ClientConfig::builder().with_root_certificates(roots);
            drop(config.with_no_client_auth());
        }
        _ => return ExitCode::from(2),
    }
    println!("built");
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
    let program = PROGRAM.replace("INSTALL_PROVIDER", INSTALL_PROVIDER);
    write(&project.join("program/src/main.rs"), program.as_bytes());
    let output = cargo_build(&project).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    target(&project).join("debug/tls-program")
}

/// Runs the program. Returns its output, or the panic message as an error.
fn run(program: &Path, client: &str, with_provider: bool) -> Result<String, String> {
    let mut command = Command::new(program);
    command.arg(client);
    if with_provider {
        command.arg("with-provider");
    }
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    match output.status.success() {
        true => Ok(text(output.stdout)),
        false => Err(text(output.stderr)),
    }
}

#[test]
fn a_program_that_uses_tls_directly_must_install_a_provider() {
    let program = build();
    for client in ["sdk", "reqwest"] {
        for with_provider in [false, true] {
            let built = run(&program, client, with_provider).unwrap();
            assert_eq!(built, "built\n", "{client}");
        }
    }
    let message = "Could not automatically determine the process-level CryptoProvider";
    let panic = run(&program, "rustls", false).unwrap_err();
    assert!(panic.contains(message), "{panic}");
    assert_eq!(run(&program, "rustls", true).unwrap(), "built\n");
}

#[test]
fn the_documents_show_how_to_install_a_provider() {
    for document in ["sdk/src/guide/transport.md", "sdk/src/config.rs"] {
        assert!(read(document).contains(INSTALL_PROVIDER), "{document}");
    }
}
