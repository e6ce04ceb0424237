//! The server process and the clients that are compared.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use qingstor_sdk::{Bucket, Config};
use tokio::runtime::Runtime;

use crate::{bare, server};

/// The server process and both clients.
pub(crate) struct Site {
    server: Child,
    pub(crate) origin: String,
    pub(crate) runtime: Runtime,
    pub(crate) bucket: Bucket,
    pub(crate) reqwest: reqwest::Client,
}

impl Site {
    pub(crate) fn start() -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut server = Command::new(program)
            .arg(server::ARGUMENT)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server");
        let mut origin = String::new();
        let output = server.stdout.take().expect("the server's output");
        BufReader::new(output)
            .read_line(&mut origin)
            .expect("the server's address");
        let origin = origin.trim().to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let inside = runtime.enter();
        let config = Config::new("ACCESS_KEY_ID", "SECRET_ACCESS_KEY").endpoint(&origin);
        let bucket = crate::bucket(config);
        let reqwest = bare::client().tcp_nodelay(true).build().expect("a client");
        drop(inside);
        Self {
            server,
            origin,
            runtime,
            bucket,
            reqwest,
        }
    }

    pub(crate) fn url(&self, key: &str) -> String {
        format!("{}/my-bucket/{key}", self.origin)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // The server has no state, so an error does not matter.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
