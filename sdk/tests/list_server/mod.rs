//! A server for tests of lists.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use qingstor_sdk::{Bucket, Config, QingStor, RetryPolicy};

/// A server that lists keys in any order, and has no objects.
pub(crate) struct ListServer {
    endpoint: String,
}

impl ListServer {
    /// Starts a server that lists these keys in this order, with `page_size` of them on a page.
    pub(crate) fn start(keys: Vec<impl Into<String>>, page_size: usize) -> Self {
        let keys: Arc<[String]> = keys.into_iter().map(Into::into).collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                let keys = Arc::clone(&keys);
                std::thread::spawn(move || serve(stream, &keys, page_size));
            }
        });
        Self { endpoint }
    }

    pub(crate) fn bucket(&self) -> Bucket {
        let config = Config::new("ID", "SECRET")
            .endpoint(&self.endpoint)
            .retry(RetryPolicy::never());
        let qingstor = QingStor::new(config).unwrap();
        qingstor.bucket("some-bucket", "pek3a").unwrap()
    }
}

/// Responds to the requests of one connection until the client closes it.
fn serve(stream: TcpStream, keys: &[String], page_size: usize) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let mut header = String::new();
        while reader.read_line(&mut header).unwrap_or(0) > 2 {
            header.clear();
        }
        let target = line.split(' ').nth(1).unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let (status, body) = match path.trim_end_matches('/') {
            "/some-bucket" => ("200 OK", page(query, keys, page_size)),
            _ => ("404 Not Found", String::new()),
        };
        let response = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let mut stream = &stream;
        if stream.write_all(response.as_bytes()).is_err() {
            return;
        }
    }
}

fn page(query: &str, keys: &[String], page_size: usize) -> String {
    let parameter = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find_map(|(key, value)| (key == name).then_some(value))
    };
    let start: usize = parameter("marker").map_or(0, |marker| {
        let number = marker.trim_start_matches("page-");
        number.parse().unwrap_or(0)
    });
    let end = keys.len().min(start + page_size);
    let listed = keys[start..end].iter().map(|key| {
        format!(r#"{{"key":{key:?},"size":1,"modified":1000,"etag":"\"e\"","encrypted":false}}"#)
    });
    let listed: Vec<String> = listed.collect();
    let has_more = end < keys.len();
    let next = if has_more {
        format!("page-{end}")
    } else {
        String::new()
    };
    format!(
        r#"{{"name":"some-bucket","keys":[{}],"common_prefixes":[],"next_marker":"{next}","has_more":{has_more}}}"#,
        listed.join(",")
    )
}
