//! A script without `async`: `.wait()` instead of `.await` (feature `blocking`).
//!
//! Runs against a local emulator, which has its own runtime.

use std::io::Read;

use anyhow::{Result, ensure};
use qingstor_emulator::Emulator;
use qingstor_sdk::blocking::{self, Wait};
use qingstor_sdk::{Config, QingStor};

fn main() -> Result<()> {
    let server = tokio::runtime::Runtime::new()?;
    let emulator = server.block_on(Emulator::builder().start())?;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint());
    let bucket = QingStor::new(config)?.bucket("my-bucket", "pek3a")?;
    bucket.put().wait()?;

    for name in ["one.txt", "two.txt", "three.txt"] {
        bucket.put_object(name).body(name).wait()?;
    }
    for key in blocking::iterate(bucket.list_objects().items()) {
        let key = key?;
        let mut text = String::new();
        let body = bucket.get_object(&*key.key).wait()?.body;
        blocking::reader(body).read_to_string(&mut text)?;
        println!("{} contains {text:?}", key.key);
        ensure!(text == key.key, "{} holds something else", key.key);
    }
    Ok(())
}
