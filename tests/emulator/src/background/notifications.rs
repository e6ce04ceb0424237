//! Delivery of notifications about objects, independent of the responses.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{mpsc, oneshot};
use url::Url;

use crate::background::download::{self, Downloader};
use crate::base::time::Timestamp;
use crate::settings::notification::callback::{Callback, EventFacts};
use crate::settings::notification::{Event, NOTIFIER, Rule};
use crate::store::{BucketRecord, ObjectRecord};

/// Largest number of queued notifications.
const QUEUE_LENGTH: usize = 1024;
/// Largest number of concurrent deliveries.
const MAX_DELIVERIES: usize = 16;
const TIMEOUT: Duration = Duration::from_secs(5);
const RETRIES: u32 = 3;
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Queue of notifications that are delivered in the background.
#[derive(Debug)]
pub(crate) struct Notifier(mpsc::Sender<Delivery>);

/// The request that caused an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventCause<'a> {
    /// ID of the user, or `None` for an anonymous caller.
    pub(crate) user_id: Option<&'a str>,
    pub(crate) request_id: &'a str,
}

/// The object of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventObject<'a> {
    pub(crate) key: &'a str,
    /// ETag without quotes.
    pub(crate) etag: &'a str,
    pub(crate) size: u64,
}

impl<'a> EventObject<'a> {
    pub(crate) fn of(object: &'a ObjectRecord) -> Self {
        Self {
            key: &object.key,
            etag: &object.etag,
            size: object.size,
        }
    }

    /// Creates the event object of an upload.
    pub(crate) fn without_object(key: &'a str) -> Self {
        Self {
            key,
            etag: "",
            size: 0,
        }
    }
}

/// A queued notification.
#[derive(Debug)]
struct Delivery {
    url: Url,
    body: Bytes,
    /// ID of the rule, for the log.
    rule: String,
}

impl Notifier {
    /// Returns a notifier and its background task. When `stop` is sent or dropped, the task
    /// delivers the queued notifications and ends.
    pub(crate) fn new(
        downloader: Arc<Downloader>,
        stop: oneshot::Receiver<()>,
    ) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (sender, queue) = mpsc::channel(QUEUE_LENGTH);
        (Self(sender), work(downloader, queue, stop))
    }

    /// Queues a notification for each matching rule of `bucket`.
    pub(crate) fn notify(
        &self,
        bucket: &BucketRecord,
        cause: EventCause<'_>,
        event: Event,
        object: EventObject<'_>,
    ) {
        let Some(rules) = &bucket.settings.notification else {
            return;
        };
        let time = Timestamp::now();
        for rule in rules.matching(event, object.key) {
            let Some(url) = destination(rule) else {
                continue;
            };
            let callback = Callback::new(&EventFacts {
                event,
                time,
                zone: &bucket.zone,
                user: cause.user_id.unwrap_or_default(),
                request_id: cause.request_id,
                notification_id: &rule.id,
                bucket: &bucket.name,
                key: object.key,
                etag: object.etag,
                size: object.size,
            });
            match serde_json::to_vec(&callback) {
                Ok(body) => self.send(Delivery {
                    url,
                    body: body.into(),
                    rule: rule.id.clone(),
                }),
                Err(error) => tracing::error!(%error, "cannot serialize a notification"),
            }
        }
    }

    fn send(&self, delivery: Delivery) {
        if let Err(error) = self.0.try_send(delivery) {
            let reason = error.to_string();
            let rule = error.into_inner().rule;
            tracing::warn!(rule, reason, "dropped a notification");
        }
    }
}

/// Returns the URL that a rule notifies. Returns `None` if it is not a loopback address, because
/// tests must not contact other machines.
fn destination(rule: &Rule) -> Option<Url> {
    let id = &rule.id;
    if rule.cloudfunc != NOTIFIER {
        let cloudfunc = &rule.cloudfunc;
        tracing::info!(
            rule = id,
            cloudfunc,
            "the emulator does not run this cloudfunc"
        );
        return None;
    }
    let url = Url::parse(rule.notify_url.as_ref()?).ok()?;
    if !is_loopback(&url) {
        tracing::info!(
            rule = id,
            "skipped a notification because notify_url is not on this machine"
        );
        return None;
    }
    Some(url)
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost",
    }
}

async fn work(
    downloader: Arc<Downloader>,
    mut queue: mpsc::Receiver<Delivery>,
    stop: oneshot::Receiver<()>,
) {
    let mut stop = pin!(stop);
    let mut is_stopping = false;
    let mut running = FuturesUnordered::new();
    loop {
        tokio::select! {
            next = queue.recv(), if running.len() < MAX_DELIVERIES => match next {
                Some(delivery) => running.push(deliver(&downloader, delivery)),
                None => break,
            },
            Some(()) = running.next() => {}
            _ = &mut stop, if !is_stopping => {
                is_stopping = true;
                queue.close();
            }
        }
    }
    while running.next().await.is_some() {}
}

async fn deliver(downloader: &Downloader, delivery: Delivery) {
    let Delivery { url, body, rule } = delivery;
    for attempt in 0..=RETRIES {
        if attempt > 0 {
            tokio::time::sleep(RETRY_PAUSE).await;
        }
        match post(downloader, &url, body.clone()).await {
            Ok(()) => {
                tracing::debug!(rule, "delivered a notification");
                return;
            }
            Err(reason) => {
                tracing::info!(rule, attempt, reason, "failed to deliver a notification")
            }
        }
    }
    tracing::warn!(rule, "stopped retrying a notification");
}

/// Posts a notification once. Returns the reason of a failure.
async fn post(downloader: &Downloader, url: &Url, body: Bytes) -> Result<(), String> {
    let client = downloader
        .client()
        .await
        .map_err(|error| error.to_string())?;
    let response = tokio::time::timeout(TIMEOUT, client.post_json(url, body))
        .await
        .map_err(|_| format!("no response within {} s", TIMEOUT.as_secs()))?
        .map_err(|error| download::reason(&error).to_string())?;
    let status = response.status;
    if status.is_success() {
        Ok(())
    } else {
        Err(format!("status {}", status.as_u16()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notifies_only_this_machine() {
        for (url, expected) in [
            ("http://127.0.0.1:80/a", true),
            ("http://127.1.2.3/", true),
            ("http://[::1]:80/a", true),
            ("http://[::ffff:127.0.0.1]/", true),
            ("https://LOCALHOST/a", true),
            ("http://localhost.example.com/", false),
            ("http://example.com/", false),
            ("http://10.0.0.1/", false),
            ("http://0.0.0.0/", false),
            ("http://[::ffff:10.0.0.1]/", false),
            ("http://127.0.0.1.example.com/", false),
        ] {
            assert_eq!(is_loopback(&Url::parse(url).unwrap()), expected, "{url}");
        }
    }

    #[tokio::test]
    async fn a_full_queue_drops_new_events() {
        let downloader = Arc::new(Downloader::new(TIMEOUT));
        let (_stop, stopped) = oneshot::channel();
        let (notifier, _work) = Notifier::new(downloader, stopped);
        for _ in 0..QUEUE_LENGTH + 3 {
            notifier.send(Delivery {
                url: Url::parse("http://127.0.0.1:1/").unwrap(),
                body: Bytes::new(),
                rule: "a".to_owned(),
            });
        }
        assert_eq!(notifier.0.capacity(), 0);
    }
}
