//! An HTTP client for tests, which sends raw bytes and has its own signature code.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use md5::{Digest, Md5};
use qingstor_emulator::{Account, Builder, Emulator};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Query parameters that the signature covers.
const SIGNED: [&str; 27] = [
    "acl",
    "append",
    "cname",
    "cors",
    "delete",
    "image",
    "lifecycle",
    "logging",
    "mirror",
    "notification",
    "part_number",
    "policy",
    "position",
    "replication",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "retention",
    "stats",
    "upload_id",
    "uploads",
    "version_id",
    "versioning",
    "versions",
];

/// Timeout after which a test counts as hanging.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request under construction.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// A response.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// A client with one account of one emulator.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) addr: SocketAddr,
    pub(crate) id: String,
    pub(crate) secret: String,
}

pub(crate) fn request(method: &str, target: impl Into<String>) -> Request {
    Request {
        method: method.to_owned(),
        target: target.into(),
        headers: Vec::new(),
        body: Vec::new(),
    }
}

impl Request {
    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a JSON body with the digest that some operations require.
    pub(crate) fn json(self, body: &serde_json::Value) -> Self {
        let text = body.to_string();
        self.header("Content-MD5", content_md5(text.as_bytes()))
            .header("Content-Type", "application/json")
            .body(text)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// Returns the string to sign. `host_bucket` is the bucket of the host in virtual-host style.
    fn string_to_sign(&self, date: &str, host_bucket: Option<&str>) -> String {
        let mut out = format!(
            "{}\n{}\n{}\n{date}\n",
            self.method,
            self.get("content-md5").unwrap_or_default(),
            self.get("content-type").unwrap_or_default(),
        );
        let mut lines = self
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .filter(|(name, _)| name.starts_with("x-qs-"))
            .collect::<Vec<_>>();
        lines.sort();
        for (name, value) in lines {
            writeln!(out, "{name}:{value}").unwrap();
        }
        if let Some(bucket) = host_bucket {
            write!(out, "/{bucket}").unwrap();
        }
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        out.push_str(path);
        let mut parameters = query
            .split('&')
            .filter(|pair| SIGNED.contains(&pair.split('=').next().unwrap()))
            .collect::<Vec<_>>();
        parameters.sort_unstable();
        if !parameters.is_empty() {
            let parameters = parameters.join("&").replace("%20", " ");
            write!(out, "?{}", parameters.replace("%2F", "/")).unwrap();
        }
        out
    }

    /// Signs the request. Signed parts must not change afterwards.
    pub(crate) fn signed(self, client: &Client) -> Self {
        self.signed_in_host(client, None)
    }

    pub(crate) fn signed_in_host(self, client: &Client, host_bucket: Option<&str>) -> Self {
        let request = match self.get("date").or(self.get("x-qs-date")) {
            Some(_) => self,
            None => self.header("Date", http_date(SystemTime::now())),
        };
        let date = match request.get("x-qs-date") {
            Some(_) => "",
            None => request.get("date").unwrap_or_default(),
        };
        let signature = sign(&client.secret, &request.string_to_sign(date, host_bucket));
        let authorization = format!("QS {}:{signature}", client.id);
        request.header("Authorization", authorization)
    }

    /// Converts the target to a signed URL.
    pub(crate) fn presigned(mut self, client: &Client, expires: i64) -> Self {
        let signature = sign(
            &client.secret,
            &self.string_to_sign(&expires.to_string(), None),
        )
        .replace('+', "%2B")
        .replace('=', "%3D");
        let separator = if self.target.contains('?') { '&' } else { '?' };
        write!(
            self.target,
            "{separator}access_key_id={}&expires={expires}&signature={signature}",
            client.id
        )
        .unwrap();
        self
    }

    /// Returns the bytes of the request, which closes the connection.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        let mut add = |name: &str, value: &str| {
            if self.get(name).is_none() {
                write!(head, "{name}: {value}\r\n").unwrap();
            }
        };
        add("Host", "127.0.0.1");
        add("Connection", "close");
        add("Content-Length", &self.body.len().to_string());
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

impl Client {
    pub(crate) fn new(emulator: &Emulator) -> Self {
        Self::of(emulator, &emulator.accounts()[0])
    }

    pub(crate) fn of(emulator: &Emulator, account: &Account) -> Self {
        Self {
            addr: emulator.addr(),
            id: account.access_key_id().to_owned(),
            secret: account.secret_access_key().to_owned(),
        }
    }

    /// Signs and sends a request.
    pub(crate) async fn send(&self, request: Request) -> Reply {
        self.send_as_is(&request.signed(self)).await
    }

    pub(crate) async fn send_as_is(&self, request: &Request) -> Reply {
        self.exchange(&request.to_bytes()).await
    }

    /// Opens a connection and sends bytes.
    pub(crate) async fn open(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    /// Sends the head of a `PUT` that announces a body of this length.
    pub(crate) async fn begin_put(&self, target: &str, length: usize) -> TcpStream {
        let head = request("PUT", target)
            .header("Content-Length", length.to_string())
            .signed(self);
        self.open(&head.to_bytes()).await
    }

    /// Sends bytes, and reads the response until the server closes the connection.
    pub(crate) async fn exchange(&self, bytes: &[u8]) -> Reply {
        let mut stream = self.open(bytes).await;
        read_reply(&mut stream).await
    }

    /// Sends bytes, and reads a response by its `Content-Length`. The connection can stay open.
    pub(crate) async fn exchange_head(&self, bytes: &[u8]) -> Reply {
        let mut stream = self.open(bytes).await;
        let mut read = Vec::new();
        loop {
            let mut piece = [0; 4096];
            let count = tokio::time::timeout(PATIENCE, stream.read(&mut piece))
                .await
                .expect("the emulator does not respond")
                .unwrap();
            assert!(count > 0, "no response: {}", String::from_utf8_lossy(&read));
            read.extend_from_slice(&piece[..count]);
            if let Some(reply) = Reply::parse(&read)
                && reply.header("content-length") == reply.body.len().to_string()
            {
                return reply;
            }
        }
    }

    pub(crate) async fn get(&self, target: impl Into<String>) -> Reply {
        self.send(request("GET", target)).await
    }

    pub(crate) async fn head(&self, target: impl Into<String>) -> Reply {
        self.send(request("HEAD", target)).await
    }

    pub(crate) async fn delete(&self, target: impl Into<String>) -> Reply {
        self.send(request("DELETE", target)).await
    }

    pub(crate) async fn put(&self, target: impl Into<String>, body: impl Into<Vec<u8>>) -> Reply {
        self.send(request("PUT", target).body(body)).await
    }

    /// Creates a bucket.
    pub(crate) async fn bucket(&self, name: &str) {
        assert_eq!(self.put(format!("/{name}"), "").await.status, 201);
    }

    /// Returns the keys of a bucket.
    pub(crate) async fn keys(&self, bucket: &str) -> Vec<String> {
        let list = self.get(format!("/{bucket}?limit=1000")).await.json();
        list["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key["key"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Reply {
    /// Parses a response. Returns `None` if its head is incomplete.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap()[9..12].parse().unwrap();
        let headers = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Some(Self {
            status,
            headers,
            body: bytes[end + 4..].to_vec(),
        })
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Returns the status and the error code.
    pub(crate) fn error(&self) -> (u16, String) {
        let code = self.json()["code"].as_str().unwrap().to_owned();
        (self.status, code)
    }
}

/// Reads a response until the server closes the connection.
pub(crate) async fn read_reply(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes))
        .await
        .expect("the emulator does not close the connection")
        .unwrap();
    Reply::parse(&bytes)
        .unwrap_or_else(|| panic!("no response: {}", String::from_utf8_lossy(&bytes)))
}

pub(crate) fn sign(secret: &str, string_to_sign: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(string_to_sign.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

pub(crate) fn content_md5(body: &[u8]) -> String {
    STANDARD.encode(Md5::digest(body))
}

pub(crate) fn http_date(time: SystemTime) -> String {
    httpdate::fmt_http_date(time)
}

pub(crate) fn unix_now() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(elapsed.as_secs()).unwrap()
}

/// Percent-encodes a key, except slashes.
pub(crate) fn encode(key: &str) -> String {
    key.bytes().fold(String::new(), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            path.push(char::from(byte));
        } else {
            write!(path, "%{byte:02X}").unwrap();
        }
        path
    })
}

pub(crate) async fn start() -> Emulator {
    Emulator::builder().start().await.unwrap()
}

/// Starts an emulator with a bucket `photos`.
pub(crate) async fn start_with_bucket() -> (Emulator, Client) {
    start_with_bucket_by(Emulator::builder()).await
}

/// Starts an emulator by `builder`, with a bucket `photos`.
pub(crate) async fn start_with_bucket_by(builder: Builder) -> (Emulator, Client) {
    let emulator = builder.start().await.unwrap();
    let client = Client::new(&emulator);
    client.bucket("photos").await;
    (emulator, client)
}

/// Starts an emulator with two accounts.
pub(crate) async fn start_with_two_accounts() -> (Emulator, [Client; 2]) {
    let builder = Emulator::builder()
        .account("ALICE", "A")
        .account("BOB", "B");
    let emulator = builder.start().await.unwrap();
    let clients = [0, 1].map(|index| Client::of(&emulator, &emulator.accounts()[index]));
    (emulator, clients)
}
