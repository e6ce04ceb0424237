use serde_json::json;

use super::*;
use crate::acl;
use crate::time::Timestamp;

fn bucket(name: &str, zone: &str, owner: &str) -> BucketRecord {
    BucketRecord {
        name: name.to_owned(),
        zone: zone.to_owned(),
        owner: owner.to_owned(),
        created: Timestamp::from_unix_seconds(0),
        acl: acl::owner_only(owner),
        settings: Settings::default(),
    }
}

/// Puts a setting on `photos` of alice in pek3a.
fn accept<T: Setting>(body: serde_json::Value) -> Result<serde_json::Value, String> {
    let photos = bucket("photos", "pek3a", "alice");
    let find = |name: &str| {
        ["here-1 pek3a alice", "away-1 sh1a alice", "of-bob sh1a bob"]
            .into_iter()
            .map(|line| line.split(' ').collect::<Vec<_>>())
            .find(|words| words[0] == name)
            .map(|words| bucket(words[0], words[1], words[2]))
            .ok_or_else(|| StoreError::NoBucket(name.to_owned()))
    };
    let place = Place {
        bucket: &photos,
        find: &find,
    };
    let body = serde_json::from_value::<T::Body>(body).map_err(|error| error.to_string())?;
    T::accept(body, &place)
        .map(|value| serde_json::to_value(value).unwrap())
        .map_err(|error| error.to_string())
}

#[test]
fn a_log_stays_in_its_zone_and_with_its_owner() {
    let logging = |target: &str| {
        accept::<Logging>(json!({"target_bucket": target, "target_prefix": "logs/"}))
    };
    assert_eq!(
        logging("here-1"),
        Ok(json!({"target_bucket": "here-1", "target_prefix": "logs/"}))
    );
    assert!(logging("away-1").unwrap_err().contains("the same zone"));
    for stranger in ["of-bob", "absent"] {
        let error = logging(stranger).unwrap_err();
        assert!(error.contains("has no bucket"), "{error}");
    }
    assert!(accept::<Logging>(json!({"target_bucket": "here-1"})).is_err());
}

#[test]
fn a_replica_is_in_another_zone_with_the_same_owner() {
    let rule = |id: &str, bucket: &str| json!({"id": id, "filters": {"prefix": id}, "destination": {"bucket": bucket, "zone": "x"}});
    let replicate = |rules| accept::<Replication>(json!({"rules": rules}));
    let accepted = replicate(json!([rule("a", "away-1"), rule("b", "away-1")])).unwrap();
    assert_eq!(accepted["rules"][1]["destination"]["zone"], "sh1a");
    for (rules, word) in [
        (json!([rule("a", "here-1")]), "in another one"),
        (json!([rule("a", "of-bob")]), "has no bucket"),
        (json!([rule("a", "absent")]), "has no bucket"),
        (
            json!([rule("a", "away-1"), rule("b", "here-1")]),
            "one destination",
        ),
    ] {
        let error = replicate(rules).unwrap_err();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn settings_are_read_back_as_they_were() {
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
