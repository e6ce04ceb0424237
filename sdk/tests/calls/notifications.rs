//! Notifications over real sockets: the requests that the emulator sends to a `notify_url` are
//! parsed.

use std::time::Duration;

use qingstor_emulator::Emulator;
use qingstor_sdk::types::{
    CloudFunc, EventNotification, EventNotificationType, Notification, NotificationEvent,
    NotificationEvents,
};
use qingstor_sdk::{Bucket, Config, QingStor, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server that receives notifications.
struct Receiver(TcpListener);

impl Receiver {
    /// Accepts a request, and returns its body.
    async fn body(&self) -> Vec<u8> {
        let (mut stream, _) = self.0.accept().await.unwrap();
        let mut request = Vec::new();
        loop {
            let read = stream.read_buf(&mut request).await.unwrap();
            assert_ne!(read, 0, "the request ended early");
            let Some(head) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
                continue;
            };
            let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
            assert!(text.starts_with("post /events http/1.1"), "{text}");
            let length = text.split("content-length: ").nth(1).unwrap();
            let length: usize = length.lines().next().unwrap().parse().unwrap();
            if request.len() >= head + 4 + length {
                let response = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                stream.write_all(response).await.unwrap();
                return request.split_off(head + 4);
            }
        }
    }

    /// Returns the only event of the next request.
    async fn event(&self) -> EventNotification {
        let body = tokio::time::timeout(Duration::from_secs(30), self.body()).await;
        let parsed = NotificationEvents::from_json(body.unwrap()).unwrap();
        let [event] = <[_; 1]>::try_from(parsed.events).unwrap();
        event
    }
}

/// Starts an emulator with a bucket that sends all its events to the receiver.
async fn start() -> (Emulator, Bucket, Receiver) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/events", listener.local_addr().unwrap());
    let emulator = Emulator::builder().in_memory().start().await.unwrap();
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint());
    let qingstor = QingStor::new(config).unwrap();
    let bucket = qingstor.bucket("some-bucket", "pek3a").unwrap();
    bucket.put().await.unwrap();
    let events = [
        NotificationEvent::CreateObject,
        NotificationEvent::DeleteObject,
        NotificationEvent::AbortMultipart,
        NotificationEvent::CompleteMultipart,
    ];
    let rule = Notification::new("all-events", events, CloudFunc::Notifier).notify_url(url);
    bucket.put_notification([rule]).await.unwrap();
    (emulator, bucket, Receiver(listener))
}

#[tokio::test]
async fn a_stored_object_is_reported() {
    let (_emulator, bucket, receiver) = start().await;
    let before = Timestamp::now().as_unix_seconds();
    let put = bucket
        .put_object("a b/ü.txt")
        .body("content")
        .await
        .unwrap();
    let event = receiver.event().await;
    assert_eq!(event.event_source, "qingstor");
    assert_eq!(event.event_version, "1.0");
    assert_eq!(event.event_type, EventNotificationType::CreateObject);
    let time = event.event_time.unwrap().as_unix_seconds();
    assert!((before - 5..before + 60).contains(&time), "{time}");
    assert_eq!(event.zone_id, "pek3a");
    assert!(!event.user_identify.principal_id.is_empty());
    let request_id = put.request_id().unwrap();
    assert_eq!(event.response_elements.request_id, request_id);
    let subject = event.qingstor;
    assert_eq!(subject.schema_version, "1.0");
    assert_eq!(subject.notification_id, "all-events");
    assert_eq!(subject.bucket.name, "some-bucket");
    assert_eq!(subject.object.name, "a b/ü.txt");
    assert_eq!(subject.object.etag, put.etag.trim_matches('"'));
    assert_eq!(subject.object.size, 7);
}

#[tokio::test]
async fn every_type_of_event_is_known() {
    let (_emulator, bucket, receiver) = start().await;
    bucket.put_object("k").body("x").await.unwrap();
    let created = receiver.event().await.event_type;
    assert_eq!(created, EventNotificationType::CreateObject);
    bucket.delete_object("k").await.unwrap();
    let deleted = receiver.event().await.event_type;
    assert_eq!(deleted, EventNotificationType::DeleteObject);

    let upload = bucket.upload("large", vec![1; 5 << 20]);
    let upload = upload.multipart_threshold(4 << 20).part_size(4 << 20);
    upload.await.unwrap();
    let completed = receiver.event().await;
    assert_eq!(completed.event_type, EventNotificationType::CompleteUpload);
    assert_eq!(completed.qingstor.object.size, 5 << 20);

    let id = bucket
        .initiate_multipart_upload("k")
        .await
        .unwrap()
        .upload_id;
    bucket.abort_multipart_upload("k", id).await.unwrap();
    let aborted = receiver.event().await;
    assert_eq!(aborted.event_type, EventNotificationType::AbortUpload);
    assert_eq!(aborted.qingstor.object.name, "k");
}
