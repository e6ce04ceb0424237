//! Service operations.

use qingstor_sdk::types::Language;
use serde_json::json;

use crate::case::Case;

pub(crate) fn cases() -> Vec<Case> {
    vec![
        Case::new(
            "/?offset=0&limit=200",
            |to| {
                to.qingstor
                    .list_buckets()
                    .location("pek3a")
                    .offset(0)
                    .limit(200)
            },
            async |output| {
                assert_eq!(output.count, 2);
                assert_eq!(output.buckets[0].name, "mybucket");
                assert_eq!(
                    output.buckets[0].created.unwrap().to_string(),
                    "2015-07-11T04:45:57Z"
                );
                assert_eq!(output.buckets[1].created, None);
            },
        )
        .header("location", "pek3a")
        .sample(json!({"count": 2, "buckets": [
            {"name": "mybucket", "location": "pek3a", "url": "https://mybucket.pek3a.qingstor.com",
             "created": "2015-07-11T04:45:57Z"},
            {"name": "another"},
        ]})),
        Case::new(
            "/?location&lang=zh-cn",
            |to| to.qingstor.list_locations().lang(Language::ZhCn),
            async |output| {
                assert_eq!(output.locations[0].name, "北京3区-A");
                assert_eq!(output.locations[0].endpoint, "pek3a.qingstor.com");
            },
        )
        .sample(json!({"locations": [
            {"id": "pek3a", "name": "北京3区-A", "endpoint": "pek3a.qingstor.com"},
        ]})),
    ]
}
