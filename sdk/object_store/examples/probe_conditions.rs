//! Tests how a bucket treats conditional writes, which the documents of the API leave open.
//!
//! Needs `QINGSTOR_BUCKET`, and credentials in the environment or in the configuration file of the
//! official SDKs. Writes and deletes objects below `object-store-probe-*`, and takes less than a minute.
//!
//! ```sh
//! QINGSTOR_BUCKET=my-bucket cargo run -p qingstor-object-store --example probe_conditions
//! ```

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use futures_util::TryStreamExt;
use futures_util::future::join_all;
use qingstor_object_store::qingstor_sdk::{Bucket, Config, QingStor, Result};

/// The number of races, and of writers in each race.
const RACES: usize = 20;
const WRITERS: usize = 32;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::var("QINGSTOR_BUCKET").map_err(|_| "set QINGSTOR_BUCKET")?;
    let client = QingStor::new(Config::load()?)?;
    let bucket = client.bucket_in_its_zone(&name).await?;
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let prefix = format!("object-store-probe-{seconds}/");
    let result = probe(&bucket, &prefix).await;

    let keys = bucket.list_objects().prefix(&prefix).items();
    let keys = keys.map_ok(|object| object.key);
    let deletion = bucket.delete_objects_from_stream(keys).await;
    if !deletion.is_complete() {
        eprintln!("some objects below {prefix} could not be deleted");
    }
    Ok(result?)
}

async fn probe(bucket: &Bucket, prefix: &str) -> Result<()> {
    // Without the documented condition, the second write replaces the object.
    let key = format!("{prefix}if-none-match");
    bucket.put_object(&key).body("first").await?;
    let second = bucket.put_object(&key).body("second");
    let outcome = match second.header("If-None-Match", "*").await {
        Ok(_) => "ignored: the object was replaced".to_owned(),
        Err(error) if error.is_precondition_failed() => "supported: status 412".to_owned(),
        Err(error) => format!("refused: {error}"),
    };
    println!("PUT with If-None-Match: * ... {outcome}");

    let (mut exclusive, mut lost) = (0, 0);
    for race in 0..RACES {
        let key = format!("{prefix}append-{race}");
        let writers = (0..WRITERS).map(|writer| {
            let append = bucket.append_object(&key, 0);
            append.body(format!("writer {writer}")).send()
        });
        let results = join_all(writers).await;
        lost += results
            .iter()
            .filter(|result| result.as_ref().is_err_and(|error| error.is_retryable()))
            .count();
        let winners = results.iter().filter(|result| result.is_ok()).count();
        exclusive += usize::from(winners == 1);
        if winners != 1 {
            println!("race {race}: {winners} of {WRITERS} appends at position 0 succeeded");
        }
    }
    println!("races of appends with exactly one winner ... {exclusive} of {RACES}");
    if lost > 0 {
        println!("  {lost} appends had no response, so the count can be too low");
    }

    let key = format!("{prefix}put-then-append");
    bucket.put_object(&key).body("").await?;
    let outcome = match bucket.append_object(&key, 0).body("second").await {
        Ok(_) => "accepted: it replaces objects that were put".to_owned(),
        Err(error) => format!("refused: {error}"),
    };
    println!("append to an empty object that was put ... {outcome}");

    let key = format!("{prefix}append-metadata");
    let append = bucket.append_object(&key, 0).body("content");
    append.header("x-qs-meta-probe", "kept").await?;
    let head = bucket.head_object(&key).await?;
    let outcome = match head.metadata.get("probe") {
        Some("kept") => "kept: lost responses can be recognized",
        _ => "not kept: a lost response is an error",
    };
    println!("metadata of an append ... {outcome}");
    Ok(())
}
