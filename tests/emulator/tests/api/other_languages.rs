//! The functions in the README that start the emulator from tests in other languages.

use std::path::Path;
use std::process::Command;

/// Returns the code block of a language in the section on other languages.
fn block(language: &str) -> String {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, section) = readme.split_once("## In tests of other languages").unwrap();
    let (_, code) = section.split_once(&format!("```{language}\n")).unwrap();
    let (code, _) = code.split_once("```").unwrap();
    code.to_owned()
}

/// Runs a program with the emulator in its `PATH`. Returns `None` if the interpreter is not installed.
fn run(interpreter: &str, file: &str, program: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(file), program).unwrap();
    let emulator = Path::new(env!("CARGO_BIN_EXE_qingstor-emulator"));
    let folders = [emulator.parent().unwrap().to_owned()];
    let path = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&path)));
    let output = Command::new(interpreter)
        .arg(file)
        .current_dir(folder.path())
        .env("PATH", path.unwrap())
        .output();
    let Ok(output) = output else {
        eprintln!("{interpreter} is not installed, so its example is not tested");
        return None;
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn python_starts_the_emulator() {
    // The generator function is the fixture; pytest is not needed to run it.
    let code = block("python")
        .replace("import pytest\n", "")
        .replace("@pytest.fixture(scope=\"session\")\n", "");
    let program = format!(
        "{code}\nimport urllib.error, urllib.request\nfixture = qingstor()\nendpoint = next(fixture)\n\
         try:\n    urllib.request.urlopen(endpoint)\nexcept urllib.error.HTTPError as error:\n    \
         print(error.code, error.headers['x-qs-request-id'] is not None)\nnext(fixture, None)\n"
    );
    if let Some(printed) = run("python3", "program.py", &program) {
        assert_eq!(printed, "403 True\n");
    }
}

#[test]
fn node_starts_the_emulator() {
    let program = format!(
        "{}\nconst emulator = await startEmulator();\nconst response = await fetch(emulator.endpoint);\n\
         console.log(response.status, response.headers.has('x-qs-request-id'));\nemulator.stop();\n",
        block("js")
    );
    if let Some(printed) = run("node", "program.mjs", &program) {
        assert_eq!(printed, "403 true\n");
    }
}
