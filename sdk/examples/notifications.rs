//! Receives notifications about the objects of a bucket with a small HTTP server.
//!
//! Runs against a local emulator, which sends its notifications to this server.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use qingstor_emulator::Emulator;
use qingstor_sdk::types::{
    CloudFunc, EventNotification, EventNotificationType, Notification, NotificationEvent,
    NotificationEvents,
};
use qingstor_sdk::{Config, QingStor};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Limit of a body in bytes. A notification has less than 4 KiB.
const MAX_BODY: usize = 64 * 1024;

/// Path that others cannot guess, because nothing else shows that a notification is from the service.
/// In a real program, it comes from the configuration.
const SECRET_PATH: &str = "/events/4f1d7a9c52e84b6f";

/// Parses a notification, and queues its events. The service expects the response within 5 seconds, so
/// the work is done elsewhere.
async fn receive(
    request: Request<Incoming>,
    queue: mpsc::Sender<EventNotification>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let status = if request.uri().path() != SECRET_PATH {
        StatusCode::NOT_FOUND
    } else if request.method() != Method::POST {
        StatusCode::METHOD_NOT_ALLOWED
    } else {
        queue_events(request.into_body(), queue).await
    };
    let mut response = Response::new(Empty::new());
    *response.status_mut() = status;
    Ok(response)
}

async fn queue_events(body: Incoming, queue: mpsc::Sender<EventNotification>) -> StatusCode {
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        return StatusCode::PAYLOAD_TOO_LARGE;
    };
    let events = match NotificationEvents::from_json(body.to_bytes()) {
        Ok(notification) => notification.events,
        Err(error) => {
            eprintln!("{error}");
            return StatusCode::BAD_REQUEST;
        }
    };
    for event in events {
        if queue.try_send(event).is_err() {
            // The service sends the notification again.
            return StatusCode::SERVICE_UNAVAILABLE;
        }
    }
    StatusCode::OK
}

/// Accepts connections until the program ends.
async fn serve(listener: TcpListener, queue: mpsc::Sender<EventNotification>) {
    while let Ok((stream, _)) = listener.accept().await {
        let queue = queue.clone();
        let service = service_fn(move |request| receive(request, queue.clone()));
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        tokio::spawn(tokio::time::timeout(Duration::from_secs(30), connection));
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}{SECRET_PATH}", listener.local_addr()?);
    let (queue, mut events) = mpsc::channel(1000);
    tokio::spawn(serve(listener, queue));

    let emulator = Emulator::builder().in_memory().start().await?;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
    let qingstor = QingStor::new(config.endpoint(emulator.endpoint()))?;
    let bucket = qingstor.bucket("my-bucket", "pek3a")?;
    bucket.put().await?;
    let types = [
        NotificationEvent::CreateObject,
        NotificationEvent::DeleteObject,
    ];
    let rule = Notification::new("photos", types, CloudFunc::Notifier).object_filters(["photos/*"]);
    bucket.put_notification([rule.notify_url(url)]).await?;

    bucket.put_object("photos/cat.jpg").body("miaow").await?;
    bucket.put_object("notes.txt").body("not a photo").await?;
    bucket.delete_object("photos/cat.jpg").await?;
    let mut types = Vec::new();
    for _ in 0..2 {
        let event = tokio::time::timeout(Duration::from_secs(30), events.recv()).await?;
        let event = event.context("the server has stopped")?;
        let subject = &event.qingstor;
        let (bucket, object) = (&subject.bucket.name, &subject.object);
        println!(
            "{}: {bucket}/{}, {} bytes",
            event.event_type, object.name, object.size
        );
        assert_eq!(object.name, "photos/cat.jpg");
        types.push(event.event_type);
    }
    // Notifications can arrive in any order.
    assert!(types.contains(&EventNotificationType::CreateObject));
    assert!(types.contains(&EventNotificationType::DeleteObject));
    Ok(())
}
