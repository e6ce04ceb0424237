//! Compares a download over one connection with a download over several connections.
//!
//! Starts an emulator on this machine that limits the rate of each connection.

use std::time::Instant;

use anyhow::Result;
use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::{Config, QingStor};

#[tokio::main]
async fn main() -> Result<()> {
    let emulator = Emulator::builder().start().await?;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint());
    let bucket = QingStor::new(config)?.bucket("my-bucket", "pek3a")?;
    bucket.put().await?;
    bucket
        .put_object("video.mp4")
        .body(vec![7; 16 << 20])
        .await?;
    emulator.set_faults([FaultRule::on("GetObject").trickle(8 << 20)])?;

    let folder = tempfile::tempdir()?;
    for connections in [1, 8] {
        let started = Instant::now();
        let output = bucket
            .download("video.mp4", folder.path().join("copy.mp4"))
            .part_size(1 << 20)
            .concurrency(connections)
            .await?;
        println!(
            "{connections} at a time: {} bytes in {:.2} s, verified: {}",
            output.bytes,
            started.elapsed().as_secs_f32(),
            output.verified
        );
    }
    Ok(())
}
