//! A server with constant responses, in a separate process.
//!
//! It knows as much of HTTP as the clients use, checks no signature, and discards what it receives.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Result, Write, sink};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

/// The argument that makes this program the server.
pub(crate) const ARGUMENT: &str = "--serve";
/// Size of the object.
pub(crate) const SMALL: usize = 1024;
/// Number of listed keys.
pub(crate) const KEYS: usize = 1000;
/// Number of parts of an upload.
pub(crate) const PARTS: u32 = 8;

const ETAG: &str = "\"0cc175b9c0f1b6a831c399e269772661\"";
const DATE: &str = "Sun, 16 Aug 2015 09:05:00 GMT";

/// The running server. It is killed when it is dropped.
pub(crate) struct Server {
    process: Child,
    ports: Vec<String>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut process = Command::new(program)
            .arg(ARGUMENT)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let mut line = String::new();
        let output = process.stdout.take().expect("its output");
        BufReader::new(output).read_line(&mut line).expect("a line");
        let ports = line.split_whitespace().map(str::to_owned).collect();
        Self { process, ports }
    }

    /// Returns the endpoint in QingStor's dialect.
    pub(crate) fn qingstor(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[0])
    }

    /// Returns the endpoint in S3's dialect.
    pub(crate) fn s3(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[1])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The responses of a dialect.
struct Responses {
    get: Vec<u8>,
    put: Vec<u8>,
    list: Vec<u8>,
    initiated: Vec<u8>,
    completed: Vec<u8>,
}

/// Runs the server until the process is killed.
pub(crate) fn run() {
    let qingstor = serve(Responses {
        get: response(200, "application/octet-stream", &"x".repeat(SMALL)),
        put: response(201, "application/json", ""),
        list: response(200, "application/json", &json_list()),
        initiated: response(
            200,
            "application/json",
            r#"{"bucket":"my-bucket","key":"logs/object","upload_id":"0cc175b9c0f1"}"#,
        ),
        completed: response(201, "application/json", ""),
    });
    let s3 = serve(Responses {
        get: response(200, "application/octet-stream", &"x".repeat(SMALL)),
        put: response(200, "application/xml", ""),
        list: response(200, "application/xml", &xml_list()),
        initiated: response(
            200,
            "application/xml",
            "<InitiateMultipartUploadResult><Bucket>my-bucket</Bucket><Key>logs/object</Key>\
             <UploadId>0cc175b9c0f1</UploadId></InitiateMultipartUploadResult>",
        ),
        completed: response(
            200,
            "application/xml",
            &format!(
                "<CompleteMultipartUploadResult><Bucket>my-bucket</Bucket><Key>logs/object</Key>\
                 <ETag>{ETAG}</ETag></CompleteMultipartUploadResult>"
            ),
        ),
    });
    println!("{} {}", qingstor.0, s3.0);
    let _ = qingstor.1.join();
}

/// Serves on a free port. Returns the port.
fn serve(responses: Responses) -> (u16, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let responses = Arc::new(responses);
    let accepting = std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let responses = Arc::clone(&responses);
            std::thread::spawn(move || respond(connection, &responses));
        }
    });
    (port, accepting)
}

/// Responds to the requests of a connection until the client closes it.
fn respond(connection: TcpStream, responses: &Responses) -> Result<()> {
    connection.set_nodelay(true)?;
    let mut writer = connection.try_clone()?;
    let mut reader = BufReader::with_capacity(1 << 16, connection);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().unwrap_or_default();
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut sink())?;
        let has = |text: &str| head.contains(text);
        let response = match head.split(' ').next() {
            Some("PUT") => &responses.put,
            Some("POST") if has("?uploads") || has("&uploads") => &responses.initiated,
            Some("POST") => &responses.completed,
            _ if has("prefix=") => &responses.list,
            _ => &responses.get,
        };
        writer.write_all(response)?;
    }
}

fn response(status: u16, content_type: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} OK\r\nDate: {DATE}\r\nLast-Modified: {DATE}\r\nETag: {ETAG}\r\n\
         Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn json_list() -> String {
    let etag = ETAG.replace('"', r#"\""#);
    let mut keys = String::new();
    for number in 0..KEYS {
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(
            keys,
            r#"{comma}{{"key":"logs/2015/08/16/part-{number:05}.parquet","size":1048576,"modified":1439715900,"created":"2015-08-16T09:05:00.000Z","mime_type":"application/octet-stream","etag":"{etag}","encrypted":false,"storage_class":"STANDARD"}}"#
        );
    }
    format!(
        r#"{{"name":"my-bucket","prefix":"logs/","owner":{{"id":"usr-1","name":"owner"}},"delimiter":"","limit":1000,"marker":"","next_marker":"","has_more":false,"common_prefixes":[],"keys":[{keys}]}}"#
    )
}

fn xml_list() -> String {
    let mut keys = String::new();
    for number in 0..KEYS {
        let _ = write!(
            keys,
            "<Contents><Key>logs/2015/08/16/part-{number:05}.parquet</Key>\
             <LastModified>2015-08-16T09:05:00.000Z</LastModified><ETag>{ETAG}</ETag>\
             <Size>1048576</Size><StorageClass>STANDARD</StorageClass></Contents>"
        );
    }
    format!(
        "<ListBucketResult><Name>my-bucket</Name><Prefix>logs/</Prefix>\
         <KeyCount>{KEYS}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{keys}\
         </ListBucketResult>"
    )
}
