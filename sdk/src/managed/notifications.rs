//! Parses the bodies of notifications.

use serde::Deserialize;

use crate::base::error::{Error, ErrorKind, Result};
use crate::base::json;
use crate::generated::types::{EventNotification, NotificationEvents};

/// A body that must contain the list of events.
#[derive(Deserialize)]
struct NotificationBody {
    events: Vec<EventNotification>,
}

impl NotificationEvents {
    /// Parses the body of a request that the service sent to the `notify_url` of a notification rule.
    ///
    /// Unknown fields are ignored, unknown event types become
    /// [`Unknown`](crate::types::EventNotificationType::Unknown), and absent fields are empty.
    ///
    /// No signature of these requests is documented, so any client that knows the URL can send them: see
    /// [the guide](crate::guide::notifications#security).
    ///
    /// # Errors
    ///
    /// Returns `Decode` if the body is not a JSON object with a list `events`; the message names a
    /// field of the wrong type.
    ///
    /// # Examples
    ///
    /// ```
    /// use qingstor_sdk::types::{EventNotificationType, NotificationEvents};
    ///
    /// let body = br#"{"events": [{"event_type": "create_object", "qingstor": {
    ///     "bucket": {"name": "photos"}, "object": {"name": "cat.jpg", "size": 7}}}]}"#;
    /// for event in NotificationEvents::from_json(body)?.events {
    ///     if event.event_type == EventNotificationType::CreateObject {
    ///         let subject = event.qingstor;
    ///         println!("{}/{}: {} bytes", subject.bucket.name, subject.object.name, subject.object.size);
    ///     }
    /// }
    /// # Ok::<(), qingstor_sdk::Error>(())
    /// ```
    pub fn from_json(body: impl AsRef<[u8]>) -> Result<Self> {
        let body = body.as_ref();
        // serde would accept a list that has the fields in order.
        if !body.trim_ascii_start().starts_with(b"{") {
            let text = "the body of the notification is not a JSON object";
            return Err(Error::new(ErrorKind::Decode, text));
        }
        let events = match serde_json::from_slice::<NotificationBody>(body) {
            Ok(parsed) => parsed.events,
            Err(error) => match json::without_nulls(body) {
                Some(body) => parse(&body)?,
                None => return Err(decode_error(body, error)),
            },
        };
        Ok(Self { events })
    }
}

#[inline]
fn parse(body: &[u8]) -> Result<Vec<EventNotification>> {
    let parsed = serde_json::from_slice::<NotificationBody>(body);
    let parsed = parsed.map_err(|error| decode_error(body, error))?;
    Ok(parsed.events)
}

#[inline]
fn decode_error(body: &[u8], error: serde_json::Error) -> Error {
    let text = match json::path_at(body, error.line(), error.column()) {
        Some(path) => format!("field `{path}` of the notification: {error}"),
        None => format!("body of the notification: {error}"),
    };
    Error::new(ErrorKind::Decode, text).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::types::EventNotificationType;

    #[test]
    fn unknown_types_and_fields_are_accepted() {
        let body = br#" {"events": [{"event_type": "restore_object", "new": {"a": [1]},
            "user_identify": null, "event_time": "2016-08-22T15:03:32.000Z",
            "qingstor": {"object": {"name": "k", "size": 7, "color": "red"}}}, {}], "more": 1}"#;
        let events = NotificationEvents::from_json(body).unwrap().events;
        assert_eq!(events.len(), 2);
        let unknown = EventNotificationType::Unknown("restore_object".into());
        assert_eq!(events[0].event_type, unknown);
        assert_eq!(
            events[0].event_time.unwrap().as_unix_seconds(),
            1_471_878_212
        );
        assert_eq!(events[0].user_identify.principal_id, "");
        assert_eq!(events[0].qingstor.object.size, 7);
        assert_eq!(events[1], EventNotification::default());
        let none = NotificationEvents::from_json(r#"{"events": []}"#);
        assert_eq!(none.unwrap(), NotificationEvents::default());
    }

    #[test]
    fn other_bodies_are_refused() {
        for (body, reason) in [
            ("", "not a JSON object"),
            ("[]", "not a JSON object"),
            ("[[]]", "not a JSON object"),
            ("null", "not a JSON object"),
            ("{", "body of the notification"),
            ("{}", "events"),
            (r#"{"events": null}"#, "events"),
            (r#"{"events": {}}"#, "events"),
            (r#"{"events": [1]}"#, "events[0]"),
            (
                r#"{"events": [{"qingstor": {"object": {"size": -1}}}]}"#,
                "size",
            ),
            (
                r#"{"events": [{"qingstor": {"object": {"size": "7"}}}]}"#,
                "size",
            ),
            ("{\"events\": [\"\u{ff}", "events[0]"),
        ] {
            let error = NotificationEvents::from_json(body).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(error.message().contains(reason), "{body}: {error}");
        }
        assert!(NotificationEvents::from_json([b'{', 0xff]).is_err());
        let deep = format!("{{\"events\": [{}", "{\"a\": [".repeat(100_000));
        assert!(NotificationEvents::from_json(deep).is_err());
    }
}
