//! Encrypts objects with a customer-provided key, which the service does not store.
//!
//! Runs against a local emulator.

use anyhow::Result;
use qingstor_emulator::Emulator;
use qingstor_sdk::{Config, QingStor, SseKey};

#[tokio::main]
async fn main() -> Result<()> {
    let emulator = Emulator::builder().start().await?;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
    let qingstor = QingStor::new(config.endpoint(emulator.endpoint()))?;
    let bucket = qingstor.bucket("encryption-example", "pek3a")?;
    bucket.put().await?;

    // Store `key.to_base64()` in a safe place: without the key, the object is lost.
    let key = SseKey::generate()?;
    let diary = bucket.put_object("diary.txt").sse_key(&key);
    diary.body("dear diary").await?;

    let content = bucket.get_object("diary.txt").sse_key(&key).await?;
    assert_eq!(content.body.bytes().await?, "dear diary");
    let Err(error) = bucket.get_object("diary.txt").await else {
        anyhow::bail!("the diary can be read without its key");
    };
    println!("without the key: {error}");

    // `HEAD` returns the MD5 of the key, without the key.
    let head = bucket.head_object("diary.txt").await?;
    assert_eq!(head.encryption_customer_key_md5, Some(key.md5()));

    // The copy gets another key. The key of the source is needed, too.
    let other = SseKey::from_base64(SseKey::generate()?.to_base64().expose())?;
    bucket
        .copy_object((bucket.name(), "diary.txt"), "copy.txt")
        .copy_source_sse_key(&key)
        .sse_key(&other)
        .await?;
    let copy = bucket.get_object("copy.txt").sse_key(&other).await?;
    assert_eq!(copy.body.bytes().await?, "dear diary");

    let call = bucket.get_object("copy.txt").sse_key(&other);
    assert!(!format!("{call:?}").contains(other.to_base64().expose()));
    println!("encrypted, read and copied; {other:?} is redacted");
    Ok(())
}
