//! Tests a program without a network: a closure returns the responses.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use http::{Method, Request, Response};
use qingstor_sdk::{Body, Bucket, Config, QingStor};

/// The program under test: returns the first line of a report, or a text if it does not exist.
async fn headline(bucket: &Bucket) -> Result<String> {
    match bucket.get_object("report.txt").await {
        Ok(output) => {
            let content = output.body.bytes().await?;
            let text = String::from_utf8_lossy(&content);
            Ok(text.lines().next().unwrap_or_default().to_owned())
        }
        Err(error) if error.is_not_found() => Ok("no report today".into()),
        Err(error) => Err(error.into()),
    }
}

/// Creates a bucket whose calls get this response, and a record of the requests.
fn bucket_with_response(
    status: u16,
    body: &'static str,
) -> Result<(Bucket, Arc<Mutex<Vec<String>>>)> {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&asked);
    let config = Config::new("ID", "SECRET").in_process(move |request: Request<Body>| {
        let note = format!("{} {}", request.method(), request.uri().path());
        notes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(note);
        let mut response = Response::new(body);
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
        async move { response }
    });
    Ok((QingStor::new(config)?.bucket("my-bucket", "pek3a")?, asked))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let (bucket, asked) = bucket_with_response(200, "All is well\nand more")?;
    assert_eq!(headline(&bucket).await?, "All is well");
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(asked, [format!("{} /my-bucket/report.txt", Method::GET)]);

    let (bucket, _) = bucket_with_response(404, "")?;
    assert_eq!(headline(&bucket).await?, "no report today");

    let (bucket, _) = bucket_with_response(403, "")?;
    assert!(headline(&bucket).await.is_err());
    println!("the program works");
    Ok(())
}
