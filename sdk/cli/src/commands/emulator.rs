//! `emulator`: starts a local QingStor server.

use anyhow::{Context as _, Result};
use qingstor_emulator::Emulator;
use qingstor_sdk::{Config, QingStor};
use serde_json::json;

use crate::arguments::EmulatorArguments;
use crate::messages;
use crate::output::Output;
use crate::session::usage_or_error;

/// Zone of the emulator's buckets.
const ZONE: &str = "pek3a";

/// Runs the command until a signal ends it.
pub(super) async fn run(output: &Output, arguments: EmulatorArguments) -> Result<()> {
    let mut builder = Emulator::builder().listen(&arguments.listen).console(true);
    if let Some(directory) = &arguments.data_dir {
        builder = builder.data_dir(directory);
    }
    if arguments.in_memory {
        builder = builder.in_memory();
    }
    let emulator = builder
        .start()
        .await
        .with_context(|| arguments.listen.clone())?;
    let (id, secret) = (emulator.access_key_id(), emulator.secret_access_key());
    let endpoint = emulator.endpoint();
    let console = emulator.console_url().unwrap_or_default();
    let client = QingStor::new(Config::new(id, secret).endpoint(&endpoint))?;
    for bucket in &arguments.buckets {
        let bucket = client.bucket(bucket, ZONE).map_err(usage_or_error)?;
        bucket.put().await?;
    }
    let settings = [
        ("QINGSTOR_ENDPOINT", endpoint.as_str()),
        ("QINGSTOR_ZONE", ZONE),
        ("QINGSTOR_ACCESS_KEY_ID", id),
        ("QINGSTOR_SECRET_ACCESS_KEY", secret),
    ];
    let text = || {
        let lines = settings.map(|(name, value)| format!("export {name}={value}"));
        let [listening, console, note] = [
            messages::emulator_listening(&endpoint),
            messages::emulator_console(&console),
            messages::emulator_settings(),
        ];
        format!("{listening}\n{console}\n{note}\n{}", lines.join("\n"))
    };
    let value = || json!({"endpoint": endpoint, "console": console, "zone": ZONE, "access_key_id": id, "secret_access_key": secret});
    output.result(text, value)?;
    output.flush()?;
    // The signal drops this future, which stops the emulator.
    std::future::pending().await
}
