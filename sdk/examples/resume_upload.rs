//! An upload that is broken off and goes on where it stopped.
//!
//! It starts a QingStor of its own on this machine, and lets it fail in the middle.

use anyhow::{Context, Result};
use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::{Config, QingStor, ResumeToken, UploadSource};

#[tokio::main]
async fn main() -> Result<()> {
    let emulator = Emulator::builder().start().await?;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint());
    let bucket = QingStor::new(config)?.bucket("my-bucket", "pek3a")?;
    bucket.put().await?;

    let folder = tempfile::tempdir()?;
    let path = folder.path().join("backup.tar");
    let token_path = folder.path().join("backup.token");
    std::fs::write(&path, vec![7; 40 << 20])?;

    // The fourth part is refused.
    let rule = FaultRule::on("UploadMultipart")
        .after(3)
        .code("permission_denied");
    emulator.set_faults([rule])?;
    let upload = || {
        bucket
            .upload("backup.tar", UploadSource::path(&path))
            .concurrency(1)
            // Whatever happens to this process, the token is on the disk.
            .token_file(&token_path)
    };
    let error = upload().await.err().context("it should have failed")?;
    println!("broken off  {error}");

    // Another process, another day. It finds the token, and goes on.
    emulator.clear_faults();
    let token: ResumeToken = std::fs::read_to_string(&token_path)?.parse()?;
    println!("going on    {} parts are done", token.parts_done());
    let output = upload().await?;
    println!(
        "done        {} bytes in {} parts",
        output.bytes, output.parts
    );
    Ok(())
}
