//! Handles errors by their kind, code and predicates.
//!
//! Runs against a local emulator with injected faults.

use anyhow::{Result, bail};
use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::{Config, Error, ErrorCode, ErrorKind, QingStor, RetryPolicy};

/// Returns how a program could handle an error.
fn advice(error: &Error) -> &'static str {
    match error.code() {
        Some(ErrorCode::BucketNotEmpty) => "delete its objects first",
        Some(ErrorCode::SignatureNotMatched) => "look at the secret access key",
        _ if error.is_not_found() => "make it, or look at the name",
        _ if error.is_precondition_failed() => "the object has changed: read it again",
        _ if error.is_not_modified() => "nothing to do: what you have is what there is",
        _ if error.is_retryable() => "try again later",
        _ if error.kind() == ErrorKind::InvalidInput => "correct the argument; nothing was sent",
        _ => "look at the message",
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let emulator = Emulator::builder().start().await?;
    let id = emulator.access_key_id();
    let config = |secret: &str| Config::new(id, secret).endpoint(emulator.endpoint());
    let bucket = |secret: &str| QingStor::new(config(secret))?.bucket("my-bucket", "pek3a");
    let (bucket, forger) = (bucket(emulator.secret_access_key())?, bucket("a guess")?);
    bucket.put().await?;
    let etag = bucket.put_object("a").body("a").await?.etag;

    let busy = FaultRule::on("HeadObject")
        .status(503)
        .code("service_unavailable");
    emulator.set_faults([busy])?;
    let errors = [
        bucket.get_object("absent").await.err(),
        bucket.delete().await.err(),
        forger.get_object("a").await.err(),
        bucket.get_object("a").if_match("\"another\"").await.err(),
        bucket.get_object("a").if_none_match(etag).await.err(),
        bucket.get_object("../a").await.err(),
        // Fails after 4 attempts.
        bucket.head_object("a").await.err(),
        bucket
            .head_object("a")
            .retry(RetryPolicy::never())
            .await
            .err(),
    ];
    for error in errors {
        let Some(error) = error else {
            bail!("a call succeeded that should not have");
        };
        println!("{error}\n    -> {}", advice(&error));
    }
    Ok(())
}
