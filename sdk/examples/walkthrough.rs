//! A tour of the API: buckets, objects, access control.
//!
//! It runs against a local emulator. With the argument `--real-service`, it runs against the service
//! that `Config::load` finds, in the zone `QINGSTOR_ZONE` (`pek3a` by default): it creates a bucket
//! there and removes it again, which takes more than a minute.

use std::time::Duration;

use anyhow::{Context, Result};
use qingstor_emulator::Emulator;
use qingstor_sdk::operations::DeleteBucketOutput;
use qingstor_sdk::types::{AclGrant, Grantee, Permission};
use qingstor_sdk::{Body, Bucket, Config, ErrorCode, QingStor};

const KEY: &str = "example_key";

const REAL_SERVICE: &str = "--real-service";

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
    if let Err(error) = clean_up(&bucket).await {
        eprintln!(
            "The bucket still exists. Delete it: qingstor rb --force --zone {zone} qs://{name}"
        );
        return outcome.and(Err(error));
    }
    outcome
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
        .put_acl([AclGrant::new(everyone, Permission::Read)])
        .await?;
    println!("readable by all    {}", output.status());
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

/// Removes the bucket and its object.
async fn clean_up(bucket: &Bucket) -> Result<()> {
    // The bucket must not stay readable if it cannot be deleted.
    let private = bucket.put_acl([]).await;
    let deleted = bucket.delete_object(KEY).await;
    match delete_bucket(bucket).await.context("removing the bucket") {
        Ok(output) => println!(
            "delete bucket      {}  nothing is left behind",
            output.status()
        ),
        Err(error) => {
            private.context("making the bucket private")?;
            deleted.context("removing the object")?;
            return Err(error);
        }
    }
    Ok(())
}

/// Deletes the bucket. The service refuses to delete a bucket that was created less than a minute
/// ago, or that it does not bill yet. The client only waits a few seconds for the billing. No SDK can
/// know whether a program wants to wait longer.
async fn delete_bucket(bucket: &Bucket) -> qingstor_sdk::Result<DeleteBucketOutput> {
    let mut remaining_attempts = 10;
    loop {
        let error = match bucket.delete().await {
            Ok(output) => return Ok(output),
            Err(error) => error,
        };
        remaining_attempts -= 1;
        let delay = match error.code() {
            _ if remaining_attempts == 0 => return Err(error),
            Some(ErrorCode::LeaseNotReady) => Duration::from_secs(1),
            Some(ErrorCode::MaxRequestsExceeded) => Duration::from_secs(20),
            _ => return Err(error),
        };
        println!("delete bucket      {error}; next attempt in {delay:?}");
        tokio::time::sleep(delay).await;
    }
}

/// Loads the settings, or starts an emulator.
async fn settings() -> Result<(Config, Option<Emulator>)> {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some(REAL_SERVICE) => return Ok((Config::load()?, None)),
        Some(other) => anyhow::bail!("unknown argument {other}; use {REAL_SERVICE}, or none"),
    }
    let emulator = Emulator::builder()
        .start()
        .await
        .context("starting the emulator")?;
    println!(
        "emulator           {}  ({REAL_SERVICE} uses your account instead)",
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
