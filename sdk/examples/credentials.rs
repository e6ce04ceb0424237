//! Credentials that are fetched when needed: a chain of providers, a file that changes while the
//! program runs, and a vault.
//!
//! Runs against a local emulator with two accounts.

use std::time::{Duration, SystemTime};

use anyhow::Result;
use qingstor_emulator::Emulator;
use qingstor_sdk::credentials::{ProvideFuture, ProvidedCredentials};
use qingstor_sdk::{Chain, Config, Credentials, FileCredentials, ProvideCredentials, QingStor};

/// A vault that returns key pairs which are valid for an hour.
struct Vault;

impl ProvideCredentials for Vault {
    fn provide(&self) -> ProvideFuture<'_> {
        Box::pin(async {
            // Request the key pair from the vault here.
            tokio::time::sleep(Duration::from_millis(10)).await;
            let credentials = Credentials::new("FROMVAULT", "whispered")?;
            let expires = SystemTime::now() + Duration::from_secs(3600);
            Ok(ProvidedCredentials::new(credentials).expires(expires))
        })
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let emulator = Emulator::builder().in_memory();
    let emulator = emulator.account("FROMFILE", "written");
    let emulator = emulator.account("FROMVAULT", "whispered").start().await?;
    let client = |config: Config| QingStor::new(config.endpoint(emulator.endpoint()));

    // The file does not exist yet, so the chain calls the vault.
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("config.yaml");
    let file = || FileCredentials::new(&path).check_every(Duration::from_millis(1));
    let chain = Chain::new().or(file()).or(Vault);
    let qingstor = client(Config::anonymous().credentials_provider(chain))?;
    qingstor.list_buckets().await?;
    println!("the key pair of the vault is valid");

    // The file first contains a wrong secret, then the right one.
    std::fs::write(
        &path,
        "access_key_id: FROMFILE\nsecret_access_key: misspelled\n",
    )?;
    let qingstor = client(Config::anonymous().credentials_provider(file()))?;
    let Err(error) = qingstor.list_buckets().await else {
        anyhow::bail!("a wrong secret is accepted");
    };
    println!("with the wrong secret: {error}");
    assert!(error.is_permission_denied() || error.status().is_some_and(|status| status == 401));
    std::fs::write(
        &path,
        "access_key_id: FROMFILE\nsecret_access_key: written\n",
    )?;
    tokio::time::sleep(Duration::from_millis(20)).await;
    qingstor.list_buckets().await?;
    println!("with the right secret: no restart was necessary");
    Ok(())
}
