use serde_json::json;

use super::*;
use crate::base::time::Timestamp;

/// Puts a setting of the bucket `photos` in zone pek3a. Its owner has two other buckets.
fn accept<T: Setting>(body: serde_json::Value) -> Result<serde_json::Value, String> {
    let find_zone = |name: &str| {
        let zone = match name {
            "here-1" => Some("pek3a"),
            "away-1" => Some("sh1a"),
            _ => None,
        };
        Ok(zone.map(str::to_owned))
    };
    let context = SettingContext {
        bucket: "photos",
        zone: "pek3a",
        settings: &Settings::default(),
        find_zone: &find_zone,
    };
    let body = serde_json::from_value::<T::Body>(body).map_err(|error| error.to_string())?;
    T::accept(body, &context)
        .map(|value| serde_json::to_value(value).unwrap())
        .map_err(|error| error.to_string())
}

#[test]
fn the_log_bucket_has_the_same_zone_and_owner() {
    let logging = |target: &str| {
        accept::<Logging>(json!({"target_bucket": target, "target_prefix": "logs/"}))
    };
    assert_eq!(
        logging("here-1"),
        Ok(json!({"target_bucket": "here-1", "target_prefix": "logs/"}))
    );
    assert!(
        logging("away-1")
            .unwrap_err()
            .contains("must be in zone pek3a")
    );
    let error = logging("absent").unwrap_err();
    assert!(error.contains("does not have a bucket"), "{error}");
    assert!(accept::<Logging>(json!({"target_bucket": "here-1"})).is_err());
}

#[test]
fn the_replication_bucket_has_another_zone_and_the_same_owner() {
    let rule = |id: &str, bucket: &str| json!({"id": id, "filters": {"prefix": id}, "destination": {"bucket": bucket, "zone": "x"}});
    let replicate = |rules| accept::<Replication>(json!({"rules": rules}));
    let accepted = replicate(json!([rule("a", "away-1"), rule("b", "away-1")])).unwrap();
    assert_eq!(accepted["rules"][1]["destination"]["zone"], "sh1a");
    for (rules, word) in [
        (json!([rule("a", "here-1")]), "must not be in zone pek3a"),
        (json!([rule("a", "absent")]), "does not have a bucket"),
        (
            json!([rule("a", "away-1"), rule("b", "here-1")]),
            "the same destination",
        ),
    ] {
        let error = replicate(rules).unwrap_err();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn settings_can_be_stored_and_parsed() {
    let settings = Settings {
        mirror: Some(Mirror {
            source_site: "http://example.com".to_owned(),
        }),
        versioning: Versioning::Suspended,
        cname: vec![CnameRecord {
            domain: "www.example.com".to_owned(),
            kind: cname::CnameKind::Website,
            created: Timestamp::from_unix_seconds(5),
        }],
        ..Settings::default()
    };
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
    let empty = serde_json::from_str::<Settings>("{}").unwrap();
    assert_eq!(empty, Settings::default());
}
