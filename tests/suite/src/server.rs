//! A server that records what comes over the wire, byte for byte, and answers as it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What every request gets.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    ending: Ending,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// As it should.
    Whole,
    /// The connection closes after so many bytes of the body.
    Cut(usize),
    /// The connection stays open, and nothing comes after so many bytes of the body.
    Stalled(usize),
    /// Not even a status comes.
    Silent,
}

impl Answer {
    /// A status, and nothing else.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            ending: Ending::Whole,
        }
    }

    /// A JSON document.
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

    /// Breaks off after so many bytes of the body.
    #[must_use]
    pub fn cut_after(mut self, bytes: usize) -> Self {
        self.ending = Ending::Cut(bytes);
        self
    }

    /// Stops, with the connection open, after so many bytes of the body.
    #[must_use]
    pub fn stalled_after(mut self, bytes: usize) -> Self {
        self.ending = Ending::Stalled(bytes);
        self
    }

    /// No answer at all, with the connection open.
    pub fn silence() -> Self {
        Self {
            ending: Ending::Silent,
            ..Self::new(200)
        }
    }

    /// The bytes for a request with this method.
    fn bytes(&self, method: &str) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} Status\r\n", self.status);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        let announced = |(name, _): &(String, String)| name.eq_ignore_ascii_case("content-length");
        // 204 and 304 have no body, so nothing is announced.
        if !matches!(self.status, 204 | 304) && !self.headers.iter().any(announced) {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        // One exchange for each connection keeps the recording simple.
        let mut bytes = format!("{head}Connection: close\r\n\r\n").into_bytes();
        let body = match self.ending {
            _ if method == "HEAD" => 0,
            Ending::Whole | Ending::Silent => self.body.len(),
            Ending::Cut(at) | Ending::Stalled(at) => at,
        };
        bytes.extend_from_slice(&self.body[..body]);
        bytes
    }
}

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// The method.
    pub method: String,
    /// The request target, byte for byte.
    pub target: String,
    /// The headers in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, as far as it came.
    pub body: Vec<u8>,
}

impl Recorded {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name)?;
        Some(&found.1)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A running server. It stops when it is dropped.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    recorded: Arc<Mutex<Vec<Recorded>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts on a free port; every request gets this answer.
    pub async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let recorded = Arc::default();
        let task = tokio::spawn(serve(listener, Arc::clone(&recorded), answer));
        Self {
            addr,
            recorded,
            task,
        }
    }

    /// Its address as a URL.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Everything that came so far. A request stands here before its answer goes out.
    pub fn recorded(&self) -> Vec<Recorded> {
        self.recorded.lock().unwrap().clone()
    }

    /// The only request that came.
    pub fn only(&self) -> Recorded {
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

async fn serve(listener: TcpListener, recorded: Arc<Mutex<Vec<Recorded>>>, answer: Answer) {
    // A set of tasks ends with the server: no connection outlives it.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(exchange(stream, Arc::clone(&recorded), answer.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn exchange(mut stream: TcpStream, all: Arc<Mutex<Vec<Recorded>>>, answer: Answer) {
    let Some(request) = receive(&mut stream).await else {
        // Nothing came: a connection that was opened and dropped.
        return;
    };
    let bytes = answer.bytes(&request.method);
    all.lock().unwrap().push(request);
    if !matches!(answer.ending, Ending::Silent) && stream.write_all(&bytes).await.is_err() {
        return;
    }
    if matches!(answer.ending, Ending::Stalled(_) | Ending::Silent) {
        // Open until the client gives up.
        let _ = stream.read(&mut [0]).await;
    }
    let _ = stream.shutdown().await;
}

async fn receive(stream: &mut TcpStream) -> Option<Recorded> {
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
    let mut recorded = Recorded {
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
        // What breaks off is recorded as far as it came.
        match stream.read_buf(&mut recorded.body).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    Some(recorded)
}
