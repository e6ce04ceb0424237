//! A tour of the API: buckets, objects, access control.
//!
//! Without configuration, it runs against a local emulator. With `QINGSTOR_ACCESS_KEY_ID` and
//! `QINGSTOR_SECRET_ACCESS_KEY` set (see `Config`), it runs against that service, in the zone
//! `QINGSTOR_ZONE` (`pek3a` by default). It creates a bucket there and removes it again.

use anyhow::{Context, Result};
use qingstor_emulator::Emulator;
use qingstor_sdk::types::{AclGrant, Grantee, Permission};
use qingstor_sdk::{Body, Bucket, Config, QingStor};

const KEY: &str = "example_key";

#[tokio::main]
async fn main() -> Result<()> {
    // The emulator runs until this value is dropped.
    let (config, _emulator) = settings().await?;
    let qingstor = QingStor::new(config)?;

    let output = qingstor.list_buckets().await?;
    println!("list buckets       {}", output.status());
    for bucket in &output.buckets {
        println!(
            "                   - {} in {}",
            bucket.name, bucket.location
        );
    }

    let zone = std::env::var("QINGSTOR_ZONE").unwrap_or_else(|_| "pek3a".into());
    // Bucket names are unique among all users, so this one contains the process ID and the time.
    let name = format!("walkthrough-{}-{}", std::process::id(), unix_seconds()?);
    let bucket = qingstor.bucket(&name, &zone)?;
    let output = bucket.put().await?;
    println!("create bucket      {}  {name} in {zone}", output.status());

    let outcome = tour(&bucket).await;
    // Removes everything, even after an error.
    let cleaned = clean_up(&bucket).await;
    outcome.and(cleaned)
}

async fn tour(bucket: &Bucket) -> Result<()> {
    let output = bucket.list_objects().limit(10).await?;
    println!(
        "list objects       {}  {} keys",
        output.status(),
        output.keys.len()
    );
    for key in &output.keys {
        println!("                   - {} ({} bytes)", key.key, key.size);
    }

    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let body = Body::from_path(file).await?;
    let size = body.len();
    let output = bucket
        .put_object(KEY)
        .content_type("text/plain")
        .metadata([("author", "walkthrough")])
        .body(body)
        .await?;
    println!(
        "upload a file      {}  {KEY}, {size} bytes, ETag {}",
        output.status(),
        output.etag
    );

    let output = bucket.get_object(KEY).await?;
    let (status, author) = (
        output.status(),
        output.metadata.get("author").map(str::to_owned),
    );
    let content = output.body.bytes().await?;
    println!(
        "read it back       {status}  {} bytes, author {author:?}",
        content.len()
    );
    anyhow::ensure!(
        content == std::fs::read(file)?,
        "what came back is not what was sent"
    );

    let output = bucket.list_objects().prefix("example").await?;
    let keys: Vec<&str> = output.keys.iter().map(|key| &*key.key).collect();
    println!("list objects       {}  {keys:?}", output.status());

    let output = bucket.delete_object(KEY).await?;
    println!("delete it          {}", output.status());

    match bucket.get_object(KEY).await {
        Err(error) if error.is_not_found() => println!("it is gone         {error}"),
        Err(error) => return Err(error.into()),
        Ok(output) => anyhow::bail!("the deleted object is still there: {}", output.status()),
    }

    let everyone = Grantee::group("QS_ALL_USERS");
    let output = bucket
        .put_acl([AclGrant::new(everyone, Permission::FullControl)])
        .await?;
    println!("open to everyone   {}", output.status());
    let output = bucket.get_acl().await?;
    for entry in &output.acl {
        let grantee = entry
            .grantee
            .name
            .as_deref()
            .or(entry.grantee.id.as_deref());
        println!(
            "                   - {} may {}",
            grantee.unwrap_or("?"),
            entry.permission
        );
    }
    Ok(())
}

/// Removes the bucket and its objects.
async fn clean_up(bucket: &Bucket) -> Result<()> {
    bucket
        .delete_object(KEY)
        .await
        .context("removing the object")?;
    let output = bucket.delete().await.context("removing the bucket")?;
    println!(
        "delete bucket      {}  nothing is left behind",
        output.status()
    );
    Ok(())
}

/// Loads the settings from the environment, or starts an emulator.
async fn settings() -> Result<(Config, Option<Emulator>)> {
    if std::env::var_os("QINGSTOR_ACCESS_KEY_ID").is_some() {
        return Ok((Config::load()?, None));
    }
    let emulator = Emulator::builder()
        .start()
        .await
        .context("starting the emulator")?;
    println!(
        "emulator           {}  (set QINGSTOR_ACCESS_KEY_ID to use a real service)",
        emulator.endpoint()
    );
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint());
    Ok((config, Some(emulator)))
}

fn unix_seconds() -> Result<u64> {
    Ok(std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)?
        .as_secs())
}
