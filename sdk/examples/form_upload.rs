//! Signs an HTML form, with which a browser uploads a file directly to the service.
//!
//! Runs against a local emulator. With the argument `serve`, it keeps running, so that you can try
//! the printed form in a browser.

use anyhow::Result;
use qingstor_emulator::Emulator;
use qingstor_sdk::{Config, FormPolicy, QingStor};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> Result<()> {
    let emulator = Emulator::builder().start().await?;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
    let qingstor = QingStor::new(config.endpoint(emulator.endpoint()))?;
    let bucket = qingstor.bucket("form-example", "pek3a")?;
    bucket.put().await?;

    let form = FormPolicy::new(&bucket, "uploads/${filename}")
        .redirect("https://example.com/thanks")
        .metadata([("from", "form")])
        .sign()?;
    println!("{}", form.to_html());
    if std::env::args().any(|argument| argument == "serve") {
        std::future::pending::<()>().await;
    }

    // Sends the form like a browser.
    let mut body = String::new();
    for (name, value) in form.fields() {
        body += &format!(
            "--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        );
    }
    body += "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"cat.txt\"\r\n\
             Content-Type: text/plain\r\n\r\nmeow\r\n--edge--\r\n";
    let address = emulator.addr();
    let request = format!(
        "POST /form-example HTTP/1.1\r\nHost: {address}\r\nContent-Length: {}\r\n\
         Content-Type: multipart/form-data; boundary=edge\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    assert!(response.starts_with("HTTP/1.1 302"), "{response}");

    let stored = bucket.get_object("uploads/cat.txt").await?;
    assert_eq!(stored.metadata.get("from"), Some("form"));
    println!("stored: {:?}", stored.body.bytes().await?);
    Ok(())
}
