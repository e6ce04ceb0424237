//! Reads a public bucket without credentials.
//!
//! Runs against a local emulator.

use anyhow::Result;
use qingstor_emulator::Emulator;
use qingstor_sdk::types::{AclGrant, Grantee, Permission};
use qingstor_sdk::{Config, QingStor};

#[tokio::main]
async fn main() -> Result<()> {
    let emulator = Emulator::builder().start().await?;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
    let owner = QingStor::new(config.endpoint(emulator.endpoint()))?;
    let bucket = owner.bucket("anonymous-example", "pek3a")?;
    bucket.put().await?;
    bucket.put_object("news.txt").body("all is well").await?;

    let anyone = QingStor::new(Config::anonymous().endpoint(emulator.endpoint()))?;
    let seen = anyone.bucket(bucket.name(), bucket.zone())?;
    let Err(error) = seen.get_object("news.txt").await else {
        anyhow::bail!("everyone can read what is private");
    };
    println!("still private: {error}");
    assert!(error.is_permission_denied());

    let everyone = Grantee::group("QS_ALL_USERS");
    bucket
        .put_acl([AclGrant::new(everyone, Permission::Read)])
        .await?;
    let news = seen.get_object("news.txt").await?.body.bytes().await?;
    println!("public: {news:?}");
    assert_eq!(news, "all is well");

    // Writing is not allowed.
    let Err(error) = seen.put_object("graffiti.txt").body("!").await else {
        anyhow::bail!("everyone can write");
    };
    println!("not for everyone: {error}");
    assert!(error.is_permission_denied());
    Ok(())
}
