//! Resumes an interrupted upload.
//!
//! Starts an emulator on this machine that rejects some of the parts.

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

    // The emulator rejects the fourth part.
    let rule = FaultRule::on("UploadMultipart")
        .after(3)
        .code("permission_denied");
    emulator.set_faults([rule])?;
    let upload = || {
        bucket
            .upload("backup.tar", UploadSource::path(&path))
            .concurrency(1)
            // The token is on the disk even if this process is killed.
            .token_file(&token_path)
    };
    let error = upload().await.err().context("the upload did not fail")?;
    println!("interrupted  {error}");

    // Later, another process with the same token file resumes the upload.
    emulator.clear_faults();
    let token: ResumeToken = std::fs::read_to_string(&token_path)?.parse()?;
    println!("resuming     {} parts are complete", token.parts_done());
    let output = upload().await?;
    println!(
        "done         {} bytes in {} parts",
        output.bytes, output.parts
    );
    Ok(())
}
