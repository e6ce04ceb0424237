//! A server that discards what it receives, and sends zeros, in a separate process.

use std::io::Write;

use md5::{Digest, Md5};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::LEN;

/// The argument that makes the program this server.
pub(crate) const ARGUMENT: &str = "--server";

/// Bytes that are received or sent at once.
const CHUNK: usize = 256 * 1024;

/// Prints its URL and serves until it is killed.
pub(crate) fn run() {
    let zeros = vec![0; 1 << 20];
    let mut md5 = Md5::new();
    (0..LEN / zeros.len()).for_each(|_| md5.update(&zeros));
    let md5 = md5.finalize();
    let etag: String = md5.iter().map(|byte| format!("{byte:02x}")).collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        println!("http://{}", listener.local_addr().expect("an address"));
        std::io::stdout().flush().expect("standard output");
        loop {
            let (stream, _) = listener.accept().await.expect("a connection");
            stream.set_nodelay(true).expect("TCP_NODELAY");
            tokio::spawn(serve(stream, etag.clone()));
        }
    });
}

/// Serves a connection until the client closes it.
async fn serve(mut stream: TcpStream, etag: String) -> std::io::Result<()> {
    let mut buffer = vec![0; CHUNK];
    let mut filled = 0;
    loop {
        let head = loop {
            let mut windows = buffer[..filled].windows(4);
            if let Some(end) = windows.position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            let count = stream.read(&mut buffer[filled..]).await?;
            if count == 0 {
                return Ok(());
            }
            filled += count;
        };
        let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
        let header = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        let len = header("content-length: ").map_or(0, |len| len.parse().expect("a length"));
        let mut missing = usize::saturating_sub(len, filled - head);
        while missing > 0 {
            let count = stream.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            missing = missing.saturating_sub(count);
        }
        let range = header("range: bytes=").map(|range| {
            let (first, last) = range.split_once('-').expect("a range");
            let number = |text: &str| text.parse::<usize>().expect("a number");
            number(first)..(number(last) + 1).min(LEN)
        });
        filled = 0;
        respond(&mut stream, &text, range, &etag).await?;
    }
}

async fn respond(
    stream: &mut TcpStream,
    request: &str,
    range: Option<std::ops::Range<usize>>,
    etag: &str,
) -> std::io::Result<()> {
    let line = request.lines().next().unwrap_or_default();
    let initiates = line.starts_with("post") && line.contains("uploads");
    let json = if initiates {
        r#"{"upload_id":"id"}"#
    } else {
        ""
    };
    let (status, etag) = match &range {
        Some(range) => {
            let (first, last) = (range.start, range.end - 1);
            let header = format!("Content-Range: bytes {first}-{last}/{LEN}\r\n");
            (format!("206 Partial Content\r\n{header}"), etag)
        }
        // The tag of a part is not its MD5: the server does not hash. The SDK does so all the same.
        None if initiates => ("200 OK\r\n".to_owned(), "discarded"),
        None => ("201 Created\r\n".to_owned(), "discarded"),
    };
    let len = range.as_ref().map_or(json.len(), |range| range.len());
    let head = format!(
        "HTTP/1.1 {status}Content-Length: {len}\r\nETag: \"{etag}\"\r\n\
         Last-Modified: Sun, 16 Aug 2015 09:05:00 GMT\r\n\r\n{json}"
    );
    stream.write_all(head.as_bytes()).await?;
    let zeros = vec![0; CHUNK];
    let mut left = range.map_or(0, |range| range.len());
    while left > 0 {
        let len = left.min(CHUNK);
        stream.write_all(&zeros[..len]).await?;
        left -= len;
    }
    Ok(())
}
