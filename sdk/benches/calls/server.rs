//! A minimal HTTP/1.1 server, which runs in a separate process.

use std::io::Write;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Command-line argument with which the benchmark runs as the server.
pub(crate) const ARGUMENT: &str = "--bench-server";

const LARGE: usize = super::LARGE;

/// Prints the address and serves requests until the process is killed.
pub(crate) fn run() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("http://{}", listener.local_addr().expect("an address"));
        std::io::stdout().flush().expect("standard output");
        let page = std::sync::Arc::new(page());
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("TCP_NODELAY");
            tokio::spawn(serve(stream, page.clone()));
        }
    });
}

/// Responds to requests until the client closes the connection.
async fn serve(mut stream: TcpStream, page: std::sync::Arc<String>) -> std::io::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    let mut filled = 0;
    loop {
        let (head, body) = loop {
            if let Some(end) = buffer[..filled]
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
            {
                break (end + 4, filled - end - 4);
            }
            let count = stream.read(&mut buffer[filled..]).await?;
            if count == 0 {
                return Ok(());
            }
            filled += count;
        };
        let text = String::from_utf8_lossy(&buffer[..head]).into_owned();
        let announced = text
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            })
            .unwrap_or(0_usize);
        let mut missing = announced.saturating_sub(body);
        while missing > 0 {
            let count = stream.read(&mut buffer).await?;
            missing = missing.saturating_sub(count);
        }
        filled = 0;
        respond(&mut stream, &text, &page).await?;
    }
}

async fn respond(stream: &mut TcpStream, request: &str, page: &str) -> std::io::Result<()> {
    let method = request.split(' ').next().unwrap_or_default();
    let target = request.split(' ').nth(1).unwrap_or_default();
    let (status, kind, len) = match (method, target) {
        ("PUT", _) => ("201 Created", "text/plain", 0),
        (_, target) if target.contains('?') => ("200 OK", "application/json", page.len()),
        (_, target) if target.ends_with("large") => ("200 OK", "text/plain", LARGE),
        _ => ("200 OK", "text/plain", 1024),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {len}\r\nContent-Type: {kind}\r\n\
         ETag: \"0c2f573d81194064b129e940edcefe9b\"\r\nx-qs-request-id: aa08cf7a43f611e5886952542e6ce14b\r\n\
         Date: Sun, 16 Aug 2015 09:05:00 GMT\r\nLast-Modified: Sun, 16 Aug 2015 09:05:00 GMT\r\n\r\n"
    );
    let mut out = head.into_bytes();
    if kind == "application/json" {
        out.extend_from_slice(page.as_bytes());
    } else if method == "GET" && len <= 1024 {
        out.resize(out.len() + len, b'x');
    }
    stream.write_all(&out).await?;
    if method == "GET" && len == LARGE {
        let chunk = vec![b'x'; 256 * 1024];
        for _ in 0..LARGE / chunk.len() {
            stream.write_all(&chunk).await?;
        }
    }
    Ok(())
}

/// Returns a listing of 1,000 keys, in the format of the service.
pub(crate) fn page() -> String {
    let keys: Vec<String> = (0..1000)
        .map(|i| {
            format!(
                r#"{{"created":"2016-08-22T15:03:32.000Z","modified":1471878212,"encrypted":false,"storage_class":"STANDARD","etag":"\"4f44b10f5cb83777fea4ef88a3f7b3c4\"","key":"photos/2016/08/{i:06}.jpg","mime_type":"image/jpeg","size":38970}}"#
            )
        })
        .collect();
    format!(
        r#"{{"name":"my-bucket","keys":[{}],"prefix":"","owner":{{"id":"usr-DxWdNcCr","name":"william"}},"delimiter":"","limit":1000,"marker":"","next_marker":"photos/2016/08/000999.jpg","has_more":true,"common_prefixes":[]}}"#,
        keys.join(",")
    )
}
