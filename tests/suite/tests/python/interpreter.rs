//! The Python of this machine, if it has one that can run the package.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use tokio::process::Command;

/// Where it is set to `1`, a machine without Python fails the tests.
const REQUIRED: &str = "QINGSTOR_REQUIRE_PYTHON";

/// No program here runs longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// A Python that has `requests`.
pub(crate) struct Interpreter {
    executable: PathBuf,
}

impl Interpreter {
    /// Looks for it; says aloud that a test is skipped if there is none.
    pub(crate) async fn find() -> Option<Self> {
        // The executable behind a shim, which may depend on the environment.
        let program = "import sys, requests; assert sys.version_info >= (3, 8); \
                       print(sys.executable, end='')";
        let found = Command::new("python3").args(["-c", program]).output().await;
        let why = match found {
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
            "{REQUIRED} is set, but there is no python3 from 3.8 with requests: {why}"
        );
        // Past the test harness, which would keep it to itself.
        let mut terminal = std::io::stderr().lock();
        writeln!(
            terminal,
            "SKIPPED: the tests of templates/python need python3 from 3.8 with requests: {why}"
        )
        .unwrap();
        None
    }

    /// Runs a program with the package in reach.
    pub(crate) async fn run(&self, package: &Path, program: &Path, environment: &[(&str, String)]) {
        let mut command = self.command();
        command.arg(program).env("PYTHONPATH", package);
        for (name, value) in environment {
            command.env(name, value);
        }
        succeed(command, program).await;
    }

    /// Compiles every file in a folder; a warning is an error.
    pub(crate) async fn compile(&self, folder: &Path) {
        let program = "import pathlib, sys\n\
                       files = sorted(pathlib.Path(sys.argv[1]).rglob('*.py'))\n\
                       assert files\n\
                       for file in files:\n    compile(file.read_bytes(), str(file), 'exec')\n";
        let mut command = self.command();
        command.args(["-W", "error", "-c", program]).arg(folder);
        succeed(command, folder).await;
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.executable);
        // No files beside the programs, and nothing of the machine's own settings.
        command.arg("-B").env("NO_PROXY", "*").kill_on_drop(true);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("QINGSTOR_") {
                command.env_remove(name);
            }
        }
        command
    }
}

async fn succeed(mut command: Command, what: &Path) {
    let ended = tokio::time::timeout(PATIENCE, command.output()).await;
    let Output {
        status,
        stdout,
        stderr,
    } = ended.expect("it hangs").unwrap();
    assert!(
        status.success(),
        "{}: {status}\n{}{}",
        what.display(),
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
}
