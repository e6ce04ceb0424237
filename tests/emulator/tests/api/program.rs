//! Starts and stops the program in tests.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command};

use crate::client::Client;

pub(crate) const SECRET: &str = "very-secret";

pub(crate) fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_qingstor-emulator"))
}

/// A running program, which is killed when dropped.
pub(crate) struct Program(pub(crate) Child);

impl Program {
    pub(crate) fn signal(&self, signal: &str) {
        let killed = Command::new("kill")
            .args([signal, &self.0.id().to_string()])
            .status()
            .unwrap();
        assert!(killed.success());
    }

    /// Sends a signal, and checks that the program exits with success.
    pub(crate) fn end(&mut self, signal: &str) {
        self.signal(signal);
        assert_eq!(self.0.wait().unwrap().code(), Some(0));
    }

    /// Returns the complete log. The program must have ended.
    pub(crate) fn log(&mut self) -> String {
        let mut log = String::new();
        let mut stderr = self.0.stderr.take().unwrap();
        stderr.read_to_string(&mut log).unwrap();
        log
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The program may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads the address of the program, and returns a client.
pub(crate) fn client_of(program: &mut Program) -> Client {
    let mut line = String::new();
    let stdout = program.0.stdout.as_mut().unwrap();
    // Reads single bytes, so that later output stays in the pipe.
    BufReader::with_capacity(1, stdout)
        .read_line(&mut line)
        .unwrap();
    let Some(addr) = line.trim_end().strip_prefix("listening on http://") else {
        program.0.kill().unwrap();
        panic!("it said {line:?} and ended: {}", program.log());
    };
    Client {
        addr: addr.parse().unwrap(),
        id: "ALICE".to_owned(),
        secret: SECRET.to_owned(),
    }
}
