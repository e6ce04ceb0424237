//! A server that records requests byte for byte and sends a canned response to each.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The response to every request.
#[derive(Clone, Debug)]
pub struct CannedResponse {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    ending: Ending,
}

/// How a response ends.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// The whole body is sent.
    Complete,
    /// The connection closes after this many bytes of the body.
    Truncated(usize),
    /// The connection stays open, but nothing follows this many bytes of the body.
    Stalled(usize),
    /// The connection stays open, but no response is sent.
    Silent,
}

impl CannedResponse {
    /// Creates a response with a status and no body.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            ending: Ending::Complete,
        }
    }

    /// Creates a response with a JSON body.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::new(status)
            .header("Content-Type", "application/json")
            .body(body.to_string())
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Closes the connection after `bytes` bytes of the body.
    #[must_use]
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.ending = Ending::Truncated(bytes);
        self
    }

    /// Stops sending after `bytes` bytes of the body, and keeps the connection open.
    #[must_use]
    pub fn stalled_after(mut self, bytes: usize) -> Self {
        self.ending = Ending::Stalled(bytes);
        self
    }

    /// Sends no response and keeps the connection open.
    pub fn silent() -> Self {
        Self {
            ending: Ending::Silent,
            ..Self::new(200)
        }
    }

    /// Returns the bytes of the response to a request with this method.
    fn bytes(&self, method: &str) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Status\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let is_length = |(name, _): &(String, String)| name.eq_ignore_ascii_case("content-length");
        // Responses with status 204 or 304 have no body.
        if !matches!(self.status, 204 | 304) && !self.headers.iter().any(is_length) {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        // One request per connection keeps the server simple.
        let mut bytes = format!("{head}Connection: close\r\n\r\n").into_bytes();
        let body = match self.ending {
            _ if method == "HEAD" => 0,
            Ending::Complete | Ending::Silent => self.body.len(),
            Ending::Truncated(at) | Ending::Stalled(at) => at,
        };
        bytes.extend_from_slice(&self.body[..body]);
        bytes
    }
}

/// A received request.
#[derive(Clone, Debug, Default)]
pub struct RecordedRequest {
    /// Method.
    pub method: String,
    /// Request target, byte for byte.
    pub target: String,
    /// Headers in the order of the request, with lower-case names.
    pub headers: Vec<(String, String)>,
    /// Body, up to the point where the connection ended.
    pub body: Vec<u8>,
}

impl RecordedRequest {
    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name)?;
        Some(&found.1)
    }

    /// Returns the body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    recorded: Arc<Mutex<Vec<RecordedRequest>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts a server on a free port that sends `response` to every request.
    pub async fn start(response: CannedResponse) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let recorded = Arc::default();
        let task = tokio::spawn(serve(listener, Arc::clone(&recorded), response));
        Self {
            addr,
            recorded,
            task,
        }
    }

    /// Returns the URL of the server.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Returns the requests received so far. A request is recorded before its response is sent.
    pub fn recorded(&self) -> Vec<RecordedRequest> {
        self.recorded.lock().unwrap().clone()
    }

    /// Returns the only request.
    ///
    /// # Panics
    ///
    /// Panics if there is not exactly one request.
    pub fn only_request(&self) -> RecordedRequest {
        let mut all = self.recorded();
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    listener: TcpListener,
    recorded: Arc<Mutex<Vec<RecordedRequest>>>,
    response: CannedResponse,
) {
    // Dropping the set aborts its tasks, so no connection outlives the server.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(exchange(stream, Arc::clone(&recorded), response.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn exchange(
    mut stream: TcpStream,
    all: Arc<Mutex<Vec<RecordedRequest>>>,
    response: CannedResponse,
) {
    let Some(request) = receive(&mut stream).await else {
        // The client closed the connection without sending a request.
        return;
    };
    let bytes = response.bytes(&request.method);
    all.lock().unwrap().push(request);
    if !matches!(response.ending, Ending::Silent) && stream.write_all(&bytes).await.is_err() {
        return;
    }
    if matches!(response.ending, Ending::Stalled(_) | Ending::Silent) {
        // Keep the connection open until the client closes it.
        let _ = stream.read(&mut [0]).await;
    }
    let _ = stream.shutdown().await;
}

async fn receive(stream: &mut TcpStream) -> Option<RecordedRequest> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let mut request = lines.next()?.split(' ');
    let mut recorded = RecordedRequest {
        method: request.next()?.to_owned(),
        target: request.next()?.to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect(),
        body: bytes[end + 4..].to_vec(),
    };
    let length = match recorded.header("content-length") {
        Some(length) => length.parse().ok()?,
        None => 0,
    };
    if recorded.header("expect").is_some() {
        stream
            .write_all(b"HTTP/1.1 100 Continue\r\n\r\n")
            .await
            .ok()?;
    }
    while recorded.body.len() < length {
        // Record a truncated body up to its end.
        match stream.read_buf(&mut recorded.body).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    Some(recorded)
}
