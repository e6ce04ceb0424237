//! Credentials that are not known from the start: a chain of places, a file that is changed while
//! the program runs, and a vault that is asked.
//!
//! Runs against a QingStor of its own on this machine, which has two accounts.

use std::time::{Duration, SystemTime};

use anyhow::Result;
use qingstor_emulator::Emulator;
use qingstor_sdk::{
    Chain, Config, Credentials, FileCredentials, ProvideCredentials, ProvideFuture, Provided,
    QingStor,
};

/// A vault that hands out key pairs for an hour.
struct Vault;

impl ProvideCredentials for Vault {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async {
            // Here the vault would be asked, over the network.
            tokio::time::sleep(Duration::from_millis(10)).await;
            let credentials = Credentials::new("FROMVAULT", "whispered")?;
            let expires = SystemTime::now() + Duration::from_secs(3600);
            Ok(Provided::new(credentials).expires(expires))
        })
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let emulator = Emulator::builder().in_memory();
    let emulator = emulator.account("FROMFILE", "written");
    let emulator = emulator.account("FROMVAULT", "whispered").start().await?;
    let client = |config: Config| QingStor::new(config.endpoint(emulator.endpoint()));

    // The first place that has credentials: there is no file yet, so the vault is asked.
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("config.yaml");
    let file = || FileCredentials::new(&path).check_every(Duration::from_millis(1));
    let chain = Chain::new().or(file()).or(Vault);
    let qingstor = client(Config::anonymous().credentials_provider(chain))?;
    qingstor.list_buckets().await?;
    println!("the vault's key pair is good");

    // A file that somebody changes: a wrong secret first, then the right one.
    std::fs::write(
        &path,
        "access_key_id: FROMFILE\nsecret_access_key: misspelled\n",
    )?;
    let qingstor = client(Config::anonymous().credentials_provider(file()))?;
    let Err(error) = qingstor.list_buckets().await else {
        anyhow::bail!("a wrong secret is accepted");
    };
    println!("before the file is mended: {error}");
    assert!(error.is_permission_denied() || error.status().is_some_and(|status| status == 401));
    std::fs::write(
        &path,
        "access_key_id: FROMFILE\nsecret_access_key: written\n",
    )?;
    tokio::time::sleep(Duration::from_millis(20)).await;
    qingstor.list_buckets().await?;
    println!("after it: no restart was needed");
    Ok(())
}
