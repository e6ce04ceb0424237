//! Uploads a file with a progress bar: `upload_with_progress [FILE]`.
//!
//! Starts an emulator on this machine. Without FILE, creates a file of 64 MiB to upload.

use std::path::PathBuf;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use qingstor_emulator::Emulator;
use qingstor_sdk::{Config, QingStor, UploadSource};

#[tokio::main]
async fn main() -> Result<()> {
    let emulator = Emulator::builder().start().await?;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint());
    let bucket = QingStor::new(config)?.bucket("my-bucket", "pek3a")?;
    bucket.put().await?;

    let folder = tempfile::tempdir()?;
    let path = match std::env::args_os().nth(1) {
        Some(path) => PathBuf::from(path),
        None => {
            let path = folder.path().join("example.bin");
            std::fs::write(&path, vec![7; 64 << 20])?;
            path
        }
    };
    let style = "{bar:40} {bytes}/{total_bytes} {msg}";
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(style)?);
    let shown = bar.clone();
    let output = bucket
        .upload("upload", UploadSource::path(&path))
        // Slow enough to see the progress.
        .max_bytes_per_second(32 << 20)
        .on_progress(move |progress| {
            shown.set_length(progress.total.unwrap_or(progress.bytes));
            shown.set_position(progress.bytes);
            shown.set_message(format!("{:.1} MB/s", progress.bytes_per_second / 1e6));
        })
        .await
        .with_context(|| format!("uploading {}", path.display()))?;
    bar.finish();
    println!(
        "{} bytes in {} parts, ETag {}",
        output.bytes, output.parts, output.etag
    );
    Ok(())
}
