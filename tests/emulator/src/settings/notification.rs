//! Notification rules: which URLs receive the events of a bucket.

pub(crate) mod callback;

use serde::{Deserialize, Serialize};

use super::json::{self, Object, OneOrMany};
use super::{Setting, SettingContext, Settings, check_count, check_ids, check_url, invalid};
use crate::base::api_error::ApiError;
use crate::base::wildcard;

/// Known functions. The specification lists the first three. The last one is in an example of the
/// API documents.
const CLOUDFUNCS: [&str; 4] = ["tupu-porn", NOTIFIER, IMAGE, "video-trans"];
/// Function that sends events. The other functions process objects.
pub(crate) const NOTIFIER: &str = "notifier";
const IMAGE: &str = "image";

/// Notification rules of a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notifications {
    #[serde(deserialize_with = "json::objects")]
    notifications: Vec<Rule>,
}

/// A rule: the function that runs on an event of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub(crate) id: String,
    event_types: Vec<Event>,
    /// One page of the API documents has this name without the last letter.
    #[serde(
        default,
        alias = "object_filter",
        skip_serializing_if = "Option::is_none"
    )]
    object_filters: Option<OneOrMany>,
    pub(crate) cloudfunc: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cloudfunc_args: Option<Object<CloudfuncArgs>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) notify_url: Option<String>,
}

/// Arguments of the function `image`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CloudfuncArgs {
    pub(crate) action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key_prefix: Option<String>,
    /// Key separator. The API has this spelling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key_seprate: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) save_bucket: Option<String>,
}

/// Event of an object, with the name that rules use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    CreateObject,
    DeleteObject,
    AbortMultipart,
    CompleteMultipart,
}

impl Setting for Notifications {
    type Body = Self;

    fn accept(body: Self, _: &SettingContext<'_>) -> Result<Self, ApiError> {
        body.check()?;
        Ok(body)
    }

    fn empty_document() -> serde_json::Value {
        serde_json::json!({"notifications": []})
    }

    fn field(settings: &mut Settings) -> &mut Option<Self> {
        &mut settings.notification
    }
}

impl Notifications {
    /// Returns all rules that match an event of an object.
    pub(crate) fn matching(&self, event: Event, key: &str) -> impl Iterator<Item = &Rule> {
        self.notifications
            .iter()
            .filter(move |rule| rule.event_types.contains(&event) && rule.is_for(key))
    }

    fn check(&self) -> Result<(), ApiError> {
        check_count("notifications", self.notifications.len())?;
        let ids = self.notifications.iter().map(|rule| rule.id.as_str());
        check_ids("notification", ids, usize::MAX)?;
        self.notifications.iter().try_for_each(Rule::check)
    }
}

impl Rule {
    /// Returns whether the rule applies to a key.
    fn is_for(&self, key: &str) -> bool {
        let Some(filters) = &self.object_filters else {
            return true;
        };
        filters.iter().next().is_none()
            || filters.iter().any(|filter| wildcard::matches(filter, key))
    }

    fn check(&self) -> Result<(), ApiError> {
        let refuse =
            |message: String| Err(invalid(format!("notification {:?}: {message}", self.id)));
        if self.event_types.is_empty() {
            return refuse("event_types must not be empty".to_owned());
        }
        if !CLOUDFUNCS.contains(&self.cloudfunc.as_str()) {
            return refuse(format!(
                "unknown cloudfunc {:?}; expected one of {}",
                self.cloudfunc,
                CLOUDFUNCS.join(", ")
            ));
        }
        if let Some(arguments) = &self.cloudfunc_args {
            if self.cloudfunc != IMAGE {
                return refuse(format!("cloudfunc_args is only allowed for {IMAGE}"));
            }
            if arguments.action.is_empty() {
                return refuse("cloudfunc_args needs an action".to_owned());
            }
        }
        match &self.notify_url {
            None => Ok(()),
            Some(url) => check_url("notify_url", url),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parse(rules: Value) -> Result<Notifications, String> {
        let document = json!({"notifications": rules});
        let parsed =
            serde_json::from_value::<Notifications>(document).map_err(|error| error.to_string())?;
        parsed.check().map_err(|error| error.to_string())?;
        Ok(parsed)
    }

    fn rule(id: &str, events: Value, filters: Value) -> Value {
        json!({"id": id, "event_types": events, "cloudfunc": "notifier", "object_filters": filters})
    }

    #[test]
    fn returns_all_rules_that_match() {
        let rules = parse(json!([
            rule(
                "all",
                json!(["create_object", "delete_object"]),
                Value::Null
            ),
            rule(
                "images",
                json!(["create_object"]),
                json!(["*.jpg", "images/*"])
            ),
            rule("one", json!(["abort_multipart"]), json!("a/b")),
            rule("none", json!(["complete_multipart"]), json!([])),
        ]))
        .unwrap();
        let fired = |event, key| {
            let ids = rules.matching(event, key).map(|rule| rule.id.as_str());
            ids.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(fired(Event::CreateObject, "x.jpg"), "all images");
        assert_eq!(fired(Event::CreateObject, "images/x"), "all images");
        assert_eq!(fired(Event::CreateObject, "x.png"), "all");
        assert_eq!(fired(Event::DeleteObject, "x.jpg"), "all");
        assert_eq!(fired(Event::AbortMultipart, "a/b"), "one");
        assert_eq!(fired(Event::AbortMultipart, "a/bc"), "");
        assert_eq!(fired(Event::CompleteMultipart, "x"), "none");
    }

    #[test]
    fn accepts_the_variants_of_the_api_documents() {
        let image = json!({"id": "a", "event_types": ["create_object"], "cloudfunc": "image",
                           "object_filter": "*.png", "cloudfunc_args": {"action": "info"},
                           "notify_url": "http://user_notify_url"});
        let parsed = parse(json!([image])).unwrap();
        let document = serde_json::to_value(parsed).unwrap();
        assert_eq!(document["notifications"][0]["object_filters"], "*.png");
        for name in CLOUDFUNCS {
            let mut rule = rule("a", json!(["create_object"]), json!("*"));
            rule["cloudfunc"] = json!(name);
            assert!(parse(json!([rule])).is_ok(), "{name}");
        }
    }

    #[test]
    fn bad_rules_are_refused() {
        let good = rule("a", json!(["create_object"]), json!(["*"]));
        let with = |field: &str, value: Value| {
            let mut rule = good.clone();
            rule[field] = value;
            json!([rule])
        };
        for (rules, word) in [
            (json!([good, good]), "two notifications"),
            (with("id", json!("")), "not be empty"),
            (
                with("event_types", json!([])),
                "event_types must not be empty",
            ),
            (
                with("event_types", json!(["complete_upload"])),
                "complete_upload",
            ),
            (with("cloudfunc", json!("sing")), "tupu-porn"),
            (
                with("cloudfunc_args", json!({"action": "info"})),
                "only allowed for image",
            ),
            (with("cloudfunc_args", json!({})), "action"),
            (with("notify_url", json!("user_notify_url")), "absolute"),
            (with("notify_url", json!("ftp://a/b")), "absolute"),
            (
                with("object_filters", json!(1)),
                "a string or a list of strings",
            ),
        ] {
            let error = parse(rules).unwrap_err();
            assert!(error.contains(word), "{word} is missing in {error}");
        }
    }
}
