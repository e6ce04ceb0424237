//! Events of an observer: the bytes and the times of attempts and bodies, over real sockets.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::Method;
use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::{
    BodyEvent, Bucket, Config, DroppedEvent, ErrorKind, Observer, QingStor, RequestEvent,
    ResponseEvent, RetryEvent, RetryPolicy,
};
use tokio::io::AsyncReadExt;

/// Facts about an attempt.
#[derive(Debug)]
struct Attempt {
    method: Method,
    path: String,
    status: Option<u16>,
    sent: Option<u64>,
    received: Option<u64>,
    first_byte: Option<Duration>,
    elapsed: Duration,
    error_type: Option<String>,
}

/// Facts about a body.
#[derive(Debug, PartialEq)]
struct BodyEnd {
    bytes: u64,
    is_complete: bool,
    error: Option<ErrorKind>,
}

/// Attempts and bodies that have ended, and the numbers of dropped attempts.
type Ends = (Vec<Attempt>, Vec<BodyEnd>, Vec<u32>);

#[derive(Default)]
struct Notes(Mutex<Ends>);

impl Observer for Notes {
    fn response(&self, event: &ResponseEvent<'_>) {
        self.0.lock().unwrap().0.push(Attempt {
            method: event.method.clone(),
            path: event.uri.path().to_owned(),
            status: event.status.map(|status| status.as_u16()),
            sent: event.bytes_sent,
            received: event.bytes_received,
            first_byte: event.time_to_first_byte,
            elapsed: event.elapsed,
            error_type: event.error_type().map(|kind| kind.into_owned()),
        });
    }

    fn dropped(&self, event: &DroppedEvent<'_>) {
        assert_eq!(event.operation, "GetObject");
        assert_eq!(event.uri.path(), "/some-bucket/k");
        assert_eq!(event.bucket, Some("some-bucket"));
        assert!(event.elapsed > Duration::ZERO);
        self.0.lock().unwrap().2.push(event.attempt);
    }

    fn body(&self, event: &BodyEvent<'_>) {
        assert_eq!(event.operation, "GetObject");
        assert_eq!(event.uri.path(), "/some-bucket/k");
        self.0.lock().unwrap().1.push(BodyEnd {
            bytes: event.bytes_received,
            is_complete: event.is_complete,
            error: event.error.map(|error| error.kind()),
        });
    }
}

impl Notes {
    fn attempts(&self) -> Vec<Attempt> {
        std::mem::take(&mut self.0.lock().unwrap().0)
    }

    fn body_end(&self) -> BodyEnd {
        let mut bodies = std::mem::take(&mut self.0.lock().unwrap().1);
        assert_eq!(bodies.len(), 1, "{bodies:?}");
        bodies.remove(0)
    }
}

async fn start() -> (Emulator, Bucket, Arc<Notes>) {
    let emulator = Emulator::builder().in_memory().start().await.unwrap();
    let notes = Arc::new(Notes::default());
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint())
        .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(1)))
        .observer(Arc::clone(&notes));
    let qingstor = QingStor::new(config).unwrap();
    let bucket = qingstor.bucket("some-bucket", "pek3a").unwrap();
    bucket.put().await.unwrap();
    notes.attempts();
    (emulator, bucket, notes)
}

/// Counts the events of each kind.
#[derive(Default)]
struct Counts([AtomicU32; 5]);

impl Counts {
    fn add(&self, kind: usize) {
        self.0[kind].fetch_add(1, Ordering::Relaxed);
    }

    fn all(&self) -> [u32; 5] {
        [0, 1, 2, 3, 4].map(|kind| self.0[kind].load(Ordering::Relaxed))
    }
}

impl Observer for Counts {
    fn request(&self, _: &RequestEvent<'_>) {
        self.add(0);
    }

    fn response(&self, _: &ResponseEvent<'_>) {
        self.add(1);
    }

    fn dropped(&self, _: &DroppedEvent<'_>) {
        self.add(2);
    }

    fn retry(&self, _: &RetryEvent<'_>) {
        self.add(3);
    }

    fn body(&self, _: &BodyEvent<'_>) {
        self.add(4);
    }
}

#[tokio::test]
async fn several_shared_observers_are_notified_of_each_event() {
    let emulator = Emulator::builder().in_memory().start().await.unwrap();
    let counts = [(); 3].map(|()| Arc::new(Counts::default()));
    let [first, second, third] = counts.clone();
    let dynamic: Arc<dyn Observer> = second;
    let boxed: Box<dyn Observer> = Box::new(third);
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint())
        .retry(RetryPolicy::default().initial_backoff(Duration::from_millis(1)))
        .observer(first)
        .observer(dynamic)
        .observer(boxed);
    let qingstor = QingStor::new(config).unwrap();
    let bucket = qingstor.bucket("some-bucket", "pek3a").unwrap();
    bucket.put().await.unwrap();
    let fails = FaultRule::on("PutObject").code("service_unavailable");
    emulator.set_faults([fails.times(1)]).unwrap();
    bucket.put_object("k").body("content").await.unwrap();
    let body = bucket.get_object("k").await.unwrap().body;
    body.bytes().await.unwrap();
    let slow = FaultRule::on("PutObject").latency(Duration::from_secs(60));
    emulator.set_faults([slow]).unwrap();
    let put = bucket.put_object("k").body("x").send();
    let dropped = tokio::time::timeout(Duration::from_millis(100), put).await;
    assert!(dropped.is_err());
    for counts in counts {
        assert_eq!(counts.all(), [5, 4, 1, 1, 1]);
    }
}

#[tokio::test]
async fn the_bytes_of_an_attempt_are_known() {
    let (emulator, bucket, notes) = start().await;
    emulator
        .set_faults([FaultRule::on("PutObject")
            .code("service_unavailable")
            .times(1)])
        .unwrap();
    bucket.put_object("k").body("content").await.unwrap();
    let large = vec![1; 1 << 20];
    bucket.put_object("large").body(large).await.unwrap();
    bucket.list_objects().await.unwrap();
    let attempts = notes.attempts();
    let [failed, small, large, list] = &attempts[..] else {
        panic!("{attempts:?}");
    };
    assert_eq!(failed.status, Some(503));
    let code = Some("service_unavailable");
    assert_eq!(failed.error_type.as_deref(), code);
    assert!(failed.received > Some(0), "{failed:?}");
    assert_eq!((small.sent, small.received), (Some(7), Some(0)));
    assert_eq!(
        (&small.method, &*small.path),
        (&Method::PUT, "/some-bucket/k")
    );
    assert_eq!(small.error_type, None);
    assert_eq!(large.sent, Some(1 << 20));
    assert_eq!(list.sent, Some(0));
    assert!(list.received > Some(100), "{list:?}");
    for attempt in &attempts {
        let first_byte = attempt.first_byte.unwrap();
        assert!(!first_byte.is_zero() && first_byte <= attempt.elapsed);
    }
}

#[tokio::test]
async fn an_attempt_without_a_response_has_no_first_byte() {
    let (emulator, bucket, notes) = start().await;
    drop(emulator);
    let put = bucket.put_object("k").body("content");
    put.retry(RetryPolicy::never()).await.unwrap_err();
    let attempts = notes.attempts();
    assert_eq!(attempts[0].first_byte, None);
    assert_eq!(attempts[0].received, Some(0));
    // Whether the request was sent is known only if there was no connection.
    assert!(matches!(attempts[0].sent, None | Some(0)), "{attempts:?}");
    assert_eq!(attempts[0].error_type.as_deref(), Some("connect"));
}

#[tokio::test]
async fn a_dropped_attempt_is_reported() {
    let (emulator, bucket, notes) = start().await;
    let dropped = || std::mem::take(&mut notes.0.lock().unwrap().2);
    bucket.put_object("k").body("0123456789").await.unwrap();
    bucket.get_object("k").await.unwrap();
    notes.attempts();
    assert!(dropped().is_empty());
    let late = FaultRule::on("GetObject").after(1);
    let late = late.latency(Duration::from_secs(60));
    let failure = FaultRule::on("GetObject").status(500).times(1);
    emulator.set_faults([failure, late]).unwrap();
    let call = bucket.get_object("k").send();
    let short = Duration::from_millis(300);
    assert!(tokio::time::timeout(short, call).await.is_err());
    assert_eq!((dropped(), notes.attempts().len()), (vec![2], 1));
    // The client ends the attempt itself.
    bucket.get_object("k").timeout(short).await.unwrap_err();
    assert_eq!((dropped(), notes.attempts().len()), (vec![], 1));
}

#[tokio::test]
async fn the_end_of_a_streamed_body_is_reported() {
    let (emulator, bucket, notes) = start().await;
    bucket.put_object("k").body("0123456789").await.unwrap();
    notes.attempts();
    let complete = || BodyEnd {
        bytes: 10,
        is_complete: true,
        error: None,
    };
    let get = || async { bucket.get_object("k").await.unwrap().body };

    let body = get().await;
    // The body has not been read.
    assert_eq!(notes.attempts()[0].received, Some(0));
    body.bytes().await.unwrap();
    assert_eq!(notes.body_end(), complete());

    // A reader that knows the length does not read the end.
    let mut body = get().await;
    body.read_exact(&mut [0; 10]).await.unwrap();
    drop(body);
    assert_eq!(notes.body_end(), complete());

    // The rest of a broken body counts.
    let truncated = |times| FaultRule::on("GetObject").truncate(4).times(times);
    emulator.set_faults([truncated(1)]).unwrap();
    get().await.bytes().await.unwrap();
    assert_eq!(notes.body_end(), complete());

    emulator.set_faults([truncated(1)]).unwrap();
    let call = bucket.get_object("k").retry(RetryPolicy::never());
    call.await.unwrap().body.bytes().await.unwrap_err();
    let broken = BodyEnd {
        bytes: 4,
        is_complete: false,
        error: Some(ErrorKind::Interrupted),
    };
    assert_eq!(notes.body_end(), broken);

    drop(get().await);
    let dropped = BodyEnd {
        bytes: 0,
        is_complete: false,
        error: None,
    };
    assert_eq!(notes.body_end(), dropped);
}

/// Notes the errors, attempts and delays of retries.
#[derive(Default)]
struct Retries(Mutex<Vec<(ErrorKind, u32, Duration)>>);

impl Observer for Retries {
    fn retry(&self, event: &RetryEvent<'_>) {
        assert_eq!(event.operation, "GetObject");
        assert_eq!(event.bucket, Some("some-bucket"));
        assert_eq!(event.method, Method::GET);
        assert_eq!(event.uri.path(), "/some-bucket/k");
        let retry = (event.error.kind(), event.attempt, event.delay);
        self.0.lock().unwrap().push(retry);
    }
}

#[tokio::test]
async fn retries_are_reported_with_their_reason_and_delay() {
    let emulator = Emulator::builder().in_memory().start().await.unwrap();
    let retries = Arc::new(Retries::default());
    let most = Duration::from_millis(40);
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint())
        .retry(RetryPolicy::default().initial_backoff(most))
        .observer(Arc::clone(&retries));
    let bucket = QingStor::new(config).unwrap();
    let bucket = bucket.bucket("some-bucket", "pek3a").unwrap();
    bucket.put().await.unwrap();
    bucket.put_object("k").body("0123456789").await.unwrap();
    let rules = [
        FaultRule::on("GetObject").status(503).times(1),
        // The body breaks off.
        FaultRule::on("GetObject").after(1).truncate(4).times(1),
    ];
    emulator.set_faults(rules).unwrap();
    let body = bucket.get_object("k").await.unwrap().body;
    body.bytes().await.unwrap();
    let noted = retries.0.lock().unwrap().clone();
    let [(first, 1, delay), (second, 1, _)] = noted[..] else {
        panic!("{noted:?}");
    };
    let expected = (ErrorKind::Service, ErrorKind::Interrupted);
    assert_eq!((first, second), expected);
    assert!(delay > Duration::ZERO && delay <= most, "{delay:?}");
}

/// Adds its name to a list at each event.
struct Named(&'static str, Arc<Mutex<Vec<&'static str>>>);

impl Observer for Named {
    fn request(&self, _: &RequestEvent<'_>) {
        self.1.lock().unwrap().push(self.0);
    }
}

#[tokio::test]
async fn observers_are_notified_in_the_order_in_which_they_were_added() {
    let emulator = Emulator::builder().in_memory().start().await.unwrap();
    let names = Arc::default();
    let named = |name| Named(name, Arc::clone(&names));
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint())
        .observer(named("first"))
        .observer(Box::new(named("second")) as Box<dyn Observer>)
        .observer(Arc::new(named("third")) as Arc<dyn Observer>);
    let qingstor = QingStor::new(config).unwrap();
    qingstor.list_buckets().await.unwrap();
    assert_eq!(*names.lock().unwrap(), ["first", "second", "third"]);
}
