//! The Python interpreter of this machine, if it can run the package.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use tokio::process::Command;

/// If this environment variable is `1`, the tests fail instead of being skipped without Python.
const REQUIRED: &str = "QINGSTOR_REQUIRE_PYTHON";

/// Time limit for a program. Long enough for a busy machine.
const TIMEOUT: Duration = Duration::from_secs(240);

/// A Python interpreter that has the package `requests`.
pub(crate) struct Interpreter {
    executable: PathBuf,
}

impl Interpreter {
    /// Finds the interpreter. If there is none, reports that the test is skipped.
    pub(crate) async fn find() -> Option<Self> {
        // Get the executable itself: `python3` can be a shim that depends on the environment.
        let program = "import sys, requests; assert sys.version_info >= (3, 8); \
                       print(sys.executable, end='')";
        let found = Command::new("python3").args(["-c", program]).output().await;
        let reason = match found {
            Ok(output) if output.status.success() => {
                let executable = String::from_utf8(output.stdout).unwrap().into();
                return Some(Self { executable });
            }
            Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) => error.to_string(),
        };
        assert_ne!(
            std::env::var(REQUIRED).as_deref(),
            Ok("1"),
            "{REQUIRED} is set, but there is no python3 3.8 or later with requests: {reason}"
        );
        // Write to stderr directly, because the test harness captures printed output.
        let mut terminal = std::io::stderr().lock();
        writeln!(
            terminal,
            "SKIPPED: the tests of templates/python need python3 3.8 or later with requests: {reason}"
        )
        .unwrap();
        None
    }

    /// Runs a program that can import the package.
    pub(crate) async fn run(&self, package: &Path, program: &Path, environment: &[(&str, String)]) {
        let mut command = self.command();
        command.arg(program).env("PYTHONPATH", package);
        for (name, value) in environment {
            command.env(name, value);
        }
        run_successfully(command, program).await;
    }

    /// Compiles every file in a folder. Warnings are errors.
    pub(crate) async fn compile(&self, folder: &Path) {
        let program = "import pathlib, sys\n\
                       files = sorted(pathlib.Path(sys.argv[1]).rglob('*.py'))\n\
                       assert files\n\
                       for file in files:\n    compile(file.read_bytes(), str(file), 'exec')\n";
        let mut command = self.command();
        command.args(["-W", "error", "-c", program]).arg(folder);
        run_successfully(command, folder).await;
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        // Write no bytecode files, and ignore proxy and QingStor settings of the machine.
        command.arg("-B").env("NO_PROXY", "*").kill_on_drop(true);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("QINGSTOR_") {
                command.env_remove(name);
            }
        }
        command
    }
}

async fn run_successfully(mut command: Command, path: &Path) {
    let result = tokio::time::timeout(TIMEOUT, command.output()).await;
    let Output {
        status,
        stdout,
        stderr,
    } = result.expect("the program did not end in time").unwrap();
    assert!(
        status.success(),
        "{}: {status}\n{}{}",
        path.display(),
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
}
