//! The JSON document that is sent to the URL of a notification rule.

use serde::Serialize;

use super::Event;
use crate::base::time::Timestamp;

/// Facts of an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EventFacts<'a> {
    pub(crate) event: Event,
    pub(crate) time: Timestamp,
    pub(crate) zone: &'a str,
    /// Empty for an anonymous caller.
    pub(crate) user: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) notification_id: &'a str,
    pub(crate) bucket: &'a str,
    pub(crate) key: &'a str,
    /// ETag without quotes.
    pub(crate) etag: &'a str,
    pub(crate) size: u64,
}

/// Body of a callback request.
#[derive(Debug, Serialize)]
pub(crate) struct Callback<'a> {
    events: [EventDocument<'a>; 1],
}

#[derive(Debug, Serialize)]
struct EventDocument<'a> {
    event_source: &'static str,
    event_version: &'static str,
    event_type: &'static str,
    event_time: String,
    zone_id: &'a str,
    user_identify: UserIdentify<'a>,
    response_elements: ResponseElements<'a>,
    qingstor: Subject<'a>,
}

#[derive(Debug, Serialize)]
struct UserIdentify<'a> {
    principal_id: &'a str,
}

#[derive(Debug, Serialize)]
struct ResponseElements<'a> {
    request_id: &'a str,
}

#[derive(Debug, Serialize)]
struct Subject<'a> {
    schema_version: &'static str,
    notification_id: &'a str,
    bucket: Bucket<'a>,
    object: Object<'a>,
}

#[derive(Debug, Serialize)]
struct Bucket<'a> {
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct Object<'a> {
    name: &'a str,
    etag: &'a str,
    size: u64,
}

impl Event {
    /// Returns the name in a callback, which differs from the name in rules for uploads.
    const fn name_in_callback(self) -> &'static str {
        match self {
            Self::CreateObject => "create_object",
            Self::DeleteObject => "delete_object",
            Self::AbortMultipart => "abort_upload",
            Self::CompleteMultipart => "complete_upload",
        }
    }
}

impl<'a> Callback<'a> {
    pub(crate) fn new(facts: &EventFacts<'a>) -> Self {
        let event = EventDocument {
            event_source: "qingstor",
            event_version: "1.0",
            event_type: facts.event.name_in_callback(),
            event_time: facts.time.iso8601(),
            zone_id: facts.zone,
            user_identify: UserIdentify {
                principal_id: facts.user,
            },
            response_elements: ResponseElements {
                request_id: facts.request_id,
            },
            qingstor: Subject {
                schema_version: "1.0",
                notification_id: facts.notification_id,
                bucket: Bucket { name: facts.bucket },
                object: Object {
                    name: facts.key,
                    etag: facts.etag,
                    size: facts.size,
                },
            },
        };
        Self { events: [event] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_document_of_the_api() {
        let facts = EventFacts {
            event: Event::CompleteMultipart,
            time: Timestamp::from_unix_seconds(1_471_878_212),
            zone: "pek3a",
            user: "usr-1",
            request_id: "aa08",
            notification_id: "notification-1",
            bucket: "photos",
            key: "a/b",
            etag: "0c2f",
            size: 7,
        };
        assert_eq!(
            serde_json::to_value(Callback::new(&facts)).unwrap(),
            serde_json::json!({"events": [{
                "event_source": "qingstor", "event_version": "1.0",
                "event_type": "complete_upload", "event_time": "2016-08-22T15:03:32.000Z",
                "zone_id": "pek3a", "user_identify": {"principal_id": "usr-1"},
                "response_elements": {"request_id": "aa08"},
                "qingstor": {"schema_version": "1.0", "notification_id": "notification-1",
                             "bucket": {"name": "photos"},
                             "object": {"name": "a/b", "etag": "0c2f", "size": 7}}
            }]})
        );
        let names = [
            Event::CreateObject,
            Event::DeleteObject,
            Event::AbortMultipart,
        ]
        .map(Event::name_in_callback);
        assert_eq!(names, ["create_object", "delete_object", "abort_upload"]);
    }
}
