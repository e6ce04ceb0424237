//! Uploads many files at once with a progress bar for all of them: `many_files_with_progress [FILE]..`.
//!
//! Starts an emulator on this machine. Without FILE, creates 20 files to upload.

use std::path::PathBuf;

use anyhow::{Context, Result};
use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use qingstor_emulator::Emulator;
use qingstor_sdk::{Config, QingStor};

/// Number of files that are uploaded at the same time.
const FILES: usize = 4;

#[tokio::main]
async fn main() -> Result<()> {
    let emulator = Emulator::builder().start().await?;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint());
    let bucket = QingStor::new(config)?.bucket("my-bucket", "pek3a")?;
    bucket.put().await?;

    let folder = tempfile::tempdir()?;
    let mut paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if paths.is_empty() {
        for number in 1..=20 {
            let path = folder.path().join(format!("{number}.bin"));
            std::fs::write(&path, vec![7; number << 18])?;
            paths.push(path);
        }
    }
    let mut total = 0;
    for path in &paths {
        total += std::fs::metadata(path)?.len();
    }

    let bars = MultiProgress::new();
    let style = ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes} {msg}")?;
    let all = bars.add(ProgressBar::new(total).with_style(style.clone()));
    all.set_message("all files");
    let uploads = stream::iter(&paths).map(|path| {
        let (bucket, bars, all, style) = (bucket.clone(), bars.clone(), all.clone(), style.clone());
        async move {
            let name = path.file_name().context("a file has a name")?;
            let name = name.to_string_lossy().into_owned();
            let bar = bars.add(ProgressBar::new(0).with_style(style));
            bar.set_message(name.clone());
            let (shown, shared) = (bar.clone(), all.clone());
            let output = bucket
                .upload(&name, path)
                .on_progress(move |progress| {
                    shown.set_length(progress.total.unwrap_or(progress.bytes));
                    shown.set_position(progress.bytes);
                    // Bytes that have to be resent are subtracted first.
                    match u64::try_from(progress.bytes_delta) {
                        Ok(more) => shared.inc(more),
                        Err(_) => shared.dec(progress.bytes_delta.unsigned_abs()),
                    }
                })
                .await
                .with_context(|| format!("uploading {}", path.display()))?;
            bar.finish_and_clear();
            anyhow::Ok(output.bytes)
        }
    });
    let sent: Vec<u64> = uploads.buffer_unordered(FILES).try_collect().await?;
    let sent: u64 = sent.iter().sum();
    anyhow::ensure!(all.position() == sent && sent == total, "the bar is wrong");
    all.finish();
    println!("{} files, {sent} bytes", paths.len());
    Ok(())
}
