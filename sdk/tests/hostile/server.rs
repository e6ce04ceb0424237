//! A server whose responses tests define byte by byte, and its clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use qingstor_sdk::{Bucket, Config, QingStor, RetryPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How the server handles a request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestBody {
    /// Reads all of it before it responds.
    Read,
    /// Responds, then reads and counts the rest.
    ReadLate,
    /// Responds and never reads it. The connection stays open.
    Ignore,
}

/// Observations of the server.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    connections: AtomicU64,
    pub(crate) requests: AtomicU64,
    pub(crate) body_bytes: AtomicU64,
}

impl Seen {
    pub(crate) fn connections(&self) -> u64 {
        self.connections.load(Ordering::Relaxed)
    }

    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    pub(crate) fn body_bytes(&self) -> u64 {
        self.body_bytes.load(Ordering::Relaxed)
    }
}

pub(crate) struct Server {
    pub(crate) endpoint: String,
    pub(crate) seen: Arc<Seen>,
}

/// Returns all bytes of the response to the request with this number, starting at 1, and this head.
type Respond = dyn Fn(u64, &str) -> Vec<u8> + Send + Sync;

impl Server {
    pub(crate) async fn start(
        request_body: RequestBody,
        respond: impl Fn(u64, &str) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (seen, respond) = (Arc::<Seen>::default(), Arc::new(respond));
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (seen, respond) = (Arc::clone(&shared), Arc::clone(&respond));
                seen.connections.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(async move { serve(stream, request_body, &seen, &*respond).await });
            }
        });
        Self { endpoint, seen }
    }

    /// Returns a client with short delays between attempts.
    pub(crate) fn bucket(&self) -> Bucket {
        self.bucket_with(|config| config)
    }

    pub(crate) fn bucket_with(&self, change: impl FnOnce(Config) -> Config) -> Bucket {
        let policy = RetryPolicy::default().initial_backoff(Duration::from_millis(1));
        let config = Config::new("ID", "SECRET")
            .endpoint(&self.endpoint)
            .retry(policy);
        let qingstor = QingStor::new(change(config)).unwrap();
        qingstor.bucket("some-bucket", "pek3a").unwrap()
    }
}

/// Responds to the requests of one connection until the client closes it.
async fn serve(
    mut stream: TcpStream,
    request_body: RequestBody,
    seen: &Seen,
    respond: &Respond,
) -> std::io::Result<()> {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let number = seen.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let length = header(&head, "content-length").map_or(0, |value| value.parse().unwrap());
        if request_body == RequestBody::Read {
            let mut body = (&mut stream).take(length);
            let read = tokio::io::copy(&mut body, &mut tokio::io::sink()).await?;
            seen.body_bytes.fetch_add(read, Ordering::Relaxed);
        }
        let response = respond(number, &head);
        stream.write_all(&response).await?;
        if request_body == RequestBody::Ignore && length > 0 {
            std::future::pending::<()>().await;
        }
        if request_body == RequestBody::ReadLate && length > 0 {
            let mut buffer = vec![0; 64 * 1024];
            loop {
                match stream.read(&mut buffer).await? {
                    0 => return Ok(()),
                    read => seen.body_bytes.fetch_add(read as u64, Ordering::Relaxed),
                };
            }
        }
    }
}

/// Returns the value of a header in a head in lower case.
pub(crate) fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.lines().skip(1);
    lines.find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim()))
}

/// Returns a response with `Content-Length`.
pub(crate) fn response(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let length = body.len().to_string();
    let mut all = vec![("Content-Length", &*length)];
    all.extend_from_slice(headers);
    raw(status, &all, body)
}

/// Returns a response with a chunked body.
pub(crate) fn chunked(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut all = vec![("Transfer-Encoding", "chunked")];
    all.extend_from_slice(headers);
    let mut bytes = raw(status, &all, b"");
    if !body.is_empty() {
        bytes.extend_from_slice(format!("{:x}\r\n", body.len()).as_bytes());
        bytes.extend_from_slice(body);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

pub(crate) fn raw(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
