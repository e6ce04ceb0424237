//! Fault rules, as clients see them.

use std::io;
use std::time::{Duration, Instant, SystemTime};

use qingstor_emulator::{Emulator, FaultRule, Reset, When};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Client, Request, http_date, request, start_with_bucket_by};

/// Starts an emulator with the object `photos/a` and fault rules.
async fn with_faults(content: &[u8], rules: &[&str]) -> (Emulator, Client) {
    let (emulator, client) = start_with_bucket_by(Emulator::builder().fault_seed(1)).await;
    assert_eq!(client.put("/photos/a", content).await.status, 201);
    let rules = rules.iter().map(|rule| FaultRule::parse(rule).unwrap());
    emulator.set_faults(rules.collect::<Vec<_>>()).unwrap();
    (emulator, client)
}

/// Returns all received bytes, and how the connection ended.
async fn exchange(client: &Client, request: Request) -> (String, io::Result<()>) {
    let mut stream = TcpStream::connect(client.addr).await.unwrap();
    let request = request.signed(client).to_bytes();
    // The connection may be reset while the request is sent.
    let _ = stream.write_all(&request).await;
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).await;
    (String::from_utf8(bytes).unwrap(), end.map(drop))
}

fn is_reset(end: io::Result<()>) -> bool {
    end.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset)
}

async fn exists(emulator: &Emulator, client: &Client, target: &str) -> bool {
    emulator.clear_faults();
    client.head(target).await.status == 200
}

fn body_of(response: &str) -> &str {
    response.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

#[tokio::test]
async fn an_error_replaces_the_operation() {
    let rule = "operation=PutObject,code=service_unavailable,retry-after=2s";
    let (emulator, client) = with_faults(b"old", &[rule]).await;
    let reply = client.put("/photos/b", "new").await;
    assert_eq!(reply.error(), (503, "service_unavailable".to_owned()));
    assert_eq!(reply.header("retry-after"), "2");
    assert_eq!(
        reply.json()["request_id"],
        reply.header("x-qs-request-id"),
        "it looks like any error"
    );
    assert_eq!(client.get("/photos/a").await.status, 200);
    assert!(!exists(&emulator, &client, "/photos/b").await);
}

#[tokio::test]
async fn an_error_can_have_another_status_or_no_document() {
    let rules = [
        "times=1,status=500,code=service_unavailable",
        "times=1,status=502",
        "code=internal_error",
    ];
    let (_emulator, client) = with_faults(b"old", &rules).await;
    let reply = client.get("/photos/a").await;
    assert_eq!(reply.error(), (500, "service_unavailable".to_owned()));
    let reply = client.get("/photos/a").await;
    assert_eq!((reply.status, reply.text()), (502, String::new()));
    assert!(!reply.header("x-qs-request-id").is_empty());
    let reply = client.head("/photos/a").await;
    assert_eq!((reply.status, reply.text()), (500, String::new()));
}

#[tokio::test]
async fn a_response_can_get_lost() {
    for rule in [
        "operation=PutObject,when=after,code=internal_error",
        "operation=PutObject,when=after,reset=before",
    ] {
        let (emulator, client) = with_faults(b"old", &[rule]).await;
        let put = request("PUT", "/photos/b").body("new");
        let (response, end) = exchange(&client, put).await;
        assert_eq!(response.is_empty(), is_reset(end), "{response}");
        assert!(!response.contains(" 201 "), "{response}");
        assert!(exists(&emulator, &client, "/photos/b").await, "{rule}");
    }
}

#[tokio::test]
async fn faults_apply_to_all_callers() {
    let (_emulator, client) = with_faults(b"old", &["status=503"]).await;
    let reply = client.send_as_is(&request("GET", "/photos/a")).await;
    assert_eq!(reply.status, 503);
    // Faults apply only to operations of the API.
    assert_eq!(client.send(request("PATCH", "/photos/a")).await.status, 405);
}

#[tokio::test]
async fn a_connection_is_reset_before_the_response() {
    let (emulator, client) = with_faults(b"old", &["reset=before"]).await;
    let put = request("PUT", "/photos/b").body("new");
    let (response, end) = exchange(&client, put).await;
    assert_eq!(response, "");
    assert!(is_reset(end));
    assert!(!exists(&emulator, &client, "/photos/b").await);
}

#[tokio::test]
async fn a_connection_is_reset_in_the_middle_of_the_response() {
    let content = "x".repeat(1000);
    let (_emulator, client) = with_faults(content.as_bytes(), &["reset=mid"]).await;
    let (response, end) = exchange(&client, request("GET", "/photos/a")).await;
    assert!(is_reset(end));
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    assert!(response.contains("Content-Length: 1000\r\n"), "{response}");
    assert_eq!(body_of(&response).len(), 500);
    // A response without a body breaks in its head.
    for method in ["HEAD", "DELETE"] {
        let (response, end) = exchange(&client, request(method, "/photos/a")).await;
        assert!(is_reset(end), "{method}");
        assert!(response.starts_with("HTTP/1.1 20"), "{response}");
        assert!(!response.contains("\r\n\r\n"), "{response}");
    }
}

#[tokio::test]
async fn a_connection_is_reset_in_the_middle_of_the_request() {
    let (emulator, client) = with_faults(b"old", &["reset=body"]).await;
    let mut stream = client.begin_put("/photos/b", 1_000).await;
    stream.write_all(&[b'x'; 499]).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(50), stream.read_u8()).await;
    assert!(early.is_err(), "responded before half of the body was sent");
    stream.write_all(b"x").await.unwrap();
    let error = stream.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert!(!exists(&emulator, &client, "/photos/b").await);
}

#[tokio::test]
async fn a_response_is_truncated() {
    let content = "x".repeat(1000);
    for (length, expected) in [(0, 0), (10, 10), (999, 999), (1000, 1000), (2000, 1000)] {
        let rule = format!("operation=GetObject,truncate={length}");
        let (_emulator, client) = with_faults(content.as_bytes(), &[&rule]).await;
        let (response, end) = exchange(&client, request("GET", "/photos/a")).await;
        end.expect("the connection was reset");
        assert!(response.contains("Content-Length: 1000\r\n"), "{response}");
        assert_eq!(body_of(&response).len(), expected, "{rule}");
    }
    // A large body is truncated exactly, too.
    let content = vec![b'x'; 4 << 20];
    let (_emulator, client) = with_faults(&content, &["truncate=3000000"]).await;
    let (response, end) = exchange(&client, request("GET", "/photos/a")).await;
    end.unwrap();
    assert_eq!(body_of(&response).len(), 3_000_000);
}

#[tokio::test]
async fn latency_and_trickle_delay_the_response() {
    let rules = ["latency=80ms", "operation=GetObject,trickle=1000"];
    let (_emulator, client) = with_faults(&[b'x'; 250], &rules).await;
    let started = Instant::now();
    assert_eq!(client.head("/photos/a").await.status, 200);
    assert!(started.elapsed() >= Duration::from_millis(80));
    let started = Instant::now();
    assert_eq!(client.get("/photos/a").await.body.len(), 250);
    // Three pieces of at most 100 bytes, each after a tenth of a second.
    assert!(started.elapsed() >= Duration::from_millis(380));
}

#[tokio::test]
async fn different_kinds_of_faults_combine() {
    let rules = ["latency=50ms,times=1", "status=503", "status=500"];
    let (_emulator, client) = with_faults(b"old", &rules).await;
    let started = Instant::now();
    assert_eq!(client.get("/photos/a").await.status, 503);
    assert!(started.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn a_response_has_a_wrong_etag() {
    let (emulator, client) = with_faults(b"old", &["operation=GetObject,etag=wrong"]).await;
    let wrong = client.get("/photos/a").await;
    assert_eq!(wrong.header("etag"), format!("\"{}\"", "0".repeat(32)));
    assert_eq!(wrong.text(), "old");
    emulator.clear_faults();
    let right = client.get("/photos/a").await;
    assert_ne!(right.header("etag"), wrong.header("etag"));
}

#[tokio::test]
async fn the_clock_is_skewed() {
    let skew = Duration::from_secs(20 * 60);
    let now = SystemTime::now();
    for (rule, server_time) in [("skew=20m", now + skew), ("skew=-20m", now - skew)] {
        let (_emulator, client) = with_faults(b"old", &[rule]).await;
        let reply = client.get("/photos/a").await;
        assert_eq!(reply.error(), (403, "request_expired".to_owned()));
        let date = httpdate::parse_http_date(reply.header("date")).unwrap();
        let off = date
            .duration_since(server_time)
            .unwrap_or_else(|before| before.duration());
        assert!(off < Duration::from_secs(60), "{rule}: {date:?}");
        // A client that uses the date of the response is accepted.
        let get = request("GET", "/photos/a").header("Date", http_date(date));
        assert_eq!(client.send(get).await.status, 200);
    }
}

#[tokio::test]
async fn rules_select_requests() {
    let rules = ["operation=GetObject,key=logs/*.txt,after=1,times=2,status=503"];
    let (emulator, client) = with_faults(b"old", &rules).await;
    client.put("/photos/logs/a.txt", "log").await;
    let mut statuses = Vec::new();
    for _ in 0..5 {
        assert_eq!(client.get("/photos/a").await.status, 200);
        statuses.push(client.get("/photos/logs/a.txt").await.status);
    }
    assert_eq!(statuses, [200, 503, 503, 200, 200]);
    let report = &emulator.faults()[0];
    assert_eq!((report.matches, report.hits), (5, 2));
}

#[tokio::test]
async fn random_faults_are_repeatable() {
    let statuses = async |seed: u64| {
        let emulator = Emulator::builder()
            .fault(FaultRule::on("ListBuckets").probability(0.5).status(503))
            .fault_seed(seed)
            .start()
            .await
            .unwrap();
        assert_eq!(emulator.fault_seed(), seed);
        let client = Client::new(&emulator);
        let mut statuses = Vec::new();
        for _ in 0..32 {
            statuses.push(client.get("/").await.status);
        }
        statuses
    };
    let first = statuses(7).await;
    assert_eq!(statuses(7).await, first);
    assert_ne!(statuses(8).await, first);
    assert!(first.contains(&200) && first.contains(&503), "{first:?}");
}

#[tokio::test]
async fn rules_can_be_built_in_code_and_are_checked() {
    let (emulator, client) = with_faults(b"old", &["status=503"]).await;
    let nonsense = FaultRule::on("GetObject").code("oops");
    let error = emulator.set_faults([nonsense]).unwrap_err().to_string();
    assert!(error.contains("operation=GetObject,code=oops"), "{error}");
    assert_eq!(
        client.get("/photos/a").await.status,
        503,
        "the old ones stay"
    );
    let rule = FaultRule::on_any().when(When::After).reset(Reset::Before);
    emulator.set_faults([rule.bucket("phot*")]).unwrap();
    let (_, end) = exchange(&client, request("DELETE", "/photos/a")).await;
    assert!(is_reset(end));
    assert!(!exists(&emulator, &client, "/photos/a").await);
}

#[tokio::test]
async fn counts_successful_operations() {
    let (emulator, client) = with_faults(b"old", &["operation=HeadObject,status=503"]).await;
    client.get("/photos/a").await;
    client.get("/photos/absent").await;
    client.head("/photos/a").await;
    let served = emulator.operations_served();
    assert_eq!(served["PutBucket"], 1);
    assert_eq!(served["PutObject"], 1);
    assert_eq!(served["GetObject"], 1);
    assert_eq!(served["HeadObject"], 0);
    assert!(served.len() > 50, "operations are missing");
}
