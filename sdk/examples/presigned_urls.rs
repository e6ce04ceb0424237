//! Creates URLs with which anyone can download or upload one object for a limited time, and sends
//! them with another HTTP client.
//!
//! Runs against a local emulator.

use std::time::Duration;

use anyhow::{Context, Result};
use qingstor_emulator::Emulator;
use qingstor_sdk::{Config, Presigned, QingStor};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> Result<()> {
    let emulator = Emulator::builder().start().await?;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
    let qingstor = QingStor::new(config.endpoint(emulator.endpoint()))?;
    let bucket = qingstor.bucket("presigned-example", "pek3a")?;
    bucket.put().await?;

    let upload = bucket.put_object("hello.txt").content_type("text/plain");
    let upload = upload.presign(Duration::from_secs(600))?;
    // The headers of the call are signed: the upload must send all of them.
    let mut headers = String::new();
    for (name, value) in upload.headers() {
        headers += &format!(" -H '{name}: {}'", value.to_str()?);
    }
    println!("curl -T hello.txt{headers} '{upload}'");
    let response = send(&upload, "hello").await?;
    assert!(response.starts_with("HTTP/1.1 201"), "{response}");

    let download = bucket.get_object("hello.txt");
    let download = download.response_content_disposition(qingstor_sdk::attachment("hi.txt"));
    let download = download.presign(Duration::from_secs(600))?;
    println!("curl '{download}'");
    let response = send(&download, "").await?;
    assert!(
        response.starts_with("HTTP/1.1 200") && response.ends_with("hello"),
        "{response}"
    );
    assert!(response.contains("hi.txt"), "{response}");

    with_curl(&upload, &download).await?;

    let remove = bucket.delete_object("hello.txt");
    let response = send(&remove.presign(Duration::from_secs(60))?, "").await?;
    assert!(response.starts_with("HTTP/1.1 204"), "{response}");
    println!("uploaded, downloaded and deleted without credentials");
    Ok(())
}

/// Does the same with curl, if it is installed.
async fn with_curl(upload: &Presigned, download: &Presigned) -> Result<()> {
    let mut put = curl(upload)?;
    put.args(["--data-binary", "from curl"]);
    let stored = match put.output().await {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    assert!(stored.status.success(), "{stored:?}");
    let read = curl(download)?.output().await?;
    assert_eq!(read.stdout, b"from curl", "{read:?}");
    println!("curl uploaded and downloaded it, too");
    Ok(())
}

fn curl(call: &Presigned) -> Result<tokio::process::Command> {
    let mut curl = tokio::process::Command::new("curl");
    curl.args(["-sS", "--fail", "-X", call.method().as_str()]);
    for (name, value) in call.headers() {
        curl.arg("-H").arg(format!("{name}: {}", value.to_str()?));
    }
    curl.arg(call.to_string());
    Ok(curl)
}

/// Sends the request of a URL as a client without credentials, and returns the response.
async fn send(call: &Presigned, body: &str) -> Result<String> {
    let authority = call.uri().authority().context("the URL has a host")?;
    let target = call.uri().path_and_query().context("the URL has a path")?;
    let mut request = format!(
        "{} {target} HTTP/1.1\r\nHost: {authority}\r\n",
        call.method()
    );
    for (name, value) in call.headers() {
        request += &format!("{name}: {}\r\n", value.to_str()?);
    }
    let length = body.len();
    request += &format!("Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    let mut stream = TcpStream::connect(authority.as_str()).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    Ok(response)
}
