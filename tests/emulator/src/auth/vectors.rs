//! Signed requests that official SDKs and demos publish.
//!
//! Requests that break the documented rules are left out: those of PHP, which signs a date in
//! addition to `x-qs-date`, and of Swift, which does not sort the parameters.

use http::{HeaderName, HeaderValue, Method};

use super::signature::{ResourceForm, StringToSign, ValueForm};
use crate::request::request_target::Query;

/// A published request with its string to sign and its signature.
struct Vector {
    number: &'static str,
    secret: &'static str,
    method: Method,
    headers: &'static [(&'static str, &'static str)],
    expires: Option<&'static str>,
    host_bucket: Option<&'static str>,
    path: &'static str,
    query: &'static str,
    string_to_sign: &'static str,
    signature: &'static str,
}

const D0: (&str, &str) = ("Date", "Mon, 01 Jan 0001 00:00:00 GMT");
const D1: (&str, &str) = ("Date", "Wed, 10 Dec 2014 17:20:31 GMT");
const TEST_1: (&str, &str) = ("X-QS-Test-1", "Test 1");
const TEST_2: (&str, &str) = ("X-QS-Test-2", "Test 2");
const COPY_SOURCE: (&str, &str) = ("X-QS-Copy-Source", "%E4%B8%AD%E6%96%87%E6%B5%8B%E8%AF%95");
const FETCH_SOURCE: (&str, &str) = ("X-QS-Fetch-Source", "https://google.com/logo.png");
const HEADER_1: (&str, &str) = ("X-QS-Test-Header1", "test");
const A: (&str, &str) = ("x-qs-a", "test-a");
const A_ABC: (&str, &str) = ("x-qs-a-abc", "test-abc");
const Z: (&str, &str) = ("x-qs-z", "test-z");
const JPEG: (&str, &str) = ("Content-Type", "image/jpeg");

const GO: &str = "ENV_SECRET_ACCESS_KEY";
const DEMO: &str = "SECRET_ACCESS_KEY_EXAMPLE";
const ACL_PART: &str = "acl&upload_id=fde133b5f6d932cd9c79bac3c7318da1&part_number=0";
const DISPOSITION: &str = "response-content-disposition=attachment%3B+filename%3D%22%25E4%25B8%25AD\
    %25E6%2596%2587.jpg%22%3B+filename%2A%3Dutf-8%27%27%25E4%25B8%25AD%25E6%2596%2587.jpg";
const JS_QUERY: &str = "upload_id=test_upload_id&acl";

const BASE: Vector = Vector {
    number: "",
    secret: GO,
    method: Method::GET,
    headers: &[],
    expires: None,
    host_bucket: None,
    path: "/",
    query: "",
    string_to_sign: "",
    signature: "",
};

const VECTORS: &[Vector] = &[
    Vector {
        number: "1",
        headers: &[TEST_2, TEST_1, D0],
        query: "acl&upload_id=fde133b5f6d932cd9c79bac3c7318da1&part_number=0&other=abc",
        string_to_sign: "GET\n\n\nMon, 01 Jan 0001 00:00:00 GMT\n\
            x-qs-test-1:Test 1\nx-qs-test-2:Test 2\n\
            /?acl&part_number=0&upload_id=fde133b5f6d932cd9c79bac3c7318da1",
        signature: "bvglZF9iMOv1RaCTxPYWxexmt1UN2m5WKngYnhDEp2c=",
        ..BASE
    },
    Vector {
        number: "2",
        headers: &[TEST_1, TEST_2, D0, ("X-QS-Date", D0.1)],
        query: ACL_PART,
        string_to_sign: "GET\n\n\n\nx-qs-date:Mon, 01 Jan 0001 00:00:00 GMT\n\
            x-qs-test-1:Test 1\nx-qs-test-2:Test 2\n\
            /?acl&part_number=0&upload_id=fde133b5f6d932cd9c79bac3c7318da1",
        signature: "qkY+tOMdqfDAVv+ZBtlWeEBxlbyIKaQmj5lQlylENzo=",
        ..BASE
    },
    Vector {
        number: "3",
        headers: &[D0],
        path: "/bucket-name/%E4%B8%AD%E6%96%87",
        string_to_sign: "GET\n\n\nMon, 01 Jan 0001 00:00:00 GMT\n\
            /bucket-name/%E4%B8%AD%E6%96%87",
        signature: "XsTXX50kzqBf92zLG1aIUIJmZ0hqIHoaHgkumwnV3fs=",
        ..BASE
    },
    Vector {
        number: "4",
        headers: &[TEST_1, TEST_2, D0],
        expires: Some("3600"),
        query: ACL_PART,
        string_to_sign: "GET\n\n\n3600\nx-qs-test-1:Test 1\nx-qs-test-2:Test 2\n\
            /?acl&part_number=0&upload_id=fde133b5f6d932cd9c79bac3c7318da1",
        signature: "GRL3p3NOgHR9CQygASvyo344vdnO1hFke6ZvQ5mDVHM=",
        ..BASE
    },
    Vector {
        number: "5",
        headers: &[TEST_1, TEST_2, ("X-QS-Date", D0.1)],
        expires: Some("3600"),
        query: ACL_PART,
        string_to_sign: "GET\n\n\n3600\nx-qs-date:Mon, 01 Jan 0001 00:00:00 GMT\n\
            x-qs-test-1:Test 1\nx-qs-test-2:Test 2\n\
            /?acl&part_number=0&upload_id=fde133b5f6d932cd9c79bac3c7318da1",
        signature: "plFxMFP1EzKVtdF+bApT8rhW9AUAIWfmZcOGH3m27t0=",
        ..BASE
    },
    Vector {
        number: "6a",
        expires: Some("3600"),
        path: "",
        query: DISPOSITION,
        string_to_sign: "GET\n\n\n3600\n?response-content-disposition=attachment; \
            filename=\"%E4%B8%AD%E6%96%87.jpg\"; filename*=utf-8''%E4%B8%AD%E6%96%87.jpg",
        signature: "8mZxt4VXwmiiERhfytHyuySjWZD/VPMC3kAy+ANwHoI=",
        ..BASE
    },
    Vector {
        number: "6b",
        expires: Some("3600"),
        query: DISPOSITION,
        string_to_sign: "GET\n\n\n3600\n/?response-content-disposition=attachment; \
            filename=\"%E4%B8%AD%E6%96%87.jpg\"; filename*=utf-8''%E4%B8%AD%E6%96%87.jpg",
        signature: "XPMfomqMYu7ej62eqitVcPJyZMvfi72ZxXwGpPWv07I=",
        ..BASE
    },
    Vector {
        number: "7",
        method: Method::PUT,
        headers: &[TEST_1, TEST_2, D0],
        path: "/bucket-name",
        query: "cname",
        string_to_sign: "PUT\n\n\nMon, 01 Jan 0001 00:00:00 GMT\n\
            x-qs-test-1:Test 1\nx-qs-test-2:Test 2\n/bucket-name?cname",
        signature: "Kqc4/+6T7zfSrUPgkvswHbtL4ESch9vOVQP0nPwlkBs=",
        ..BASE
    },
    Vector {
        number: "8",
        headers: &[D0],
        host_bucket: Some("bucket-name"),
        query: "acl",
        string_to_sign: "GET\n\n\nMon, 01 Jan 0001 00:00:00 GMT\n/bucket-name/?acl",
        signature: "y0rP8LnEGUiV/JcuCMHZC4OMRZNzKRw9w7AnqehJZW8=",
        ..BASE
    },
    Vector {
        number: "9",
        headers: &[TEST_1, TEST_2],
        expires: Some("-62135596800"),
        query: ACL_PART,
        string_to_sign: "GET\n\n\n-62135596800\nx-qs-test-1:Test 1\nx-qs-test-2:Test 2\n\
            /?acl&part_number=0&upload_id=fde133b5f6d932cd9c79bac3c7318da1",
        signature: "gTdB/cmD6rjv8CbFRDfFbHc64q442rYNAp99Hm7fBl4=",
        ..BASE
    },
    Vector {
        number: "10",
        secret: "SECRET_ACCESS_KEY",
        headers: &[
            D1,
            ("Content-Type", "application/json"),
            COPY_SOURCE,
            FETCH_SOURCE,
            HEADER_1,
        ],
        path: "/test_bucket/%E4%B8%AD%E6%96%87%E6%B5%8B%E8%AF%95.json",
        string_to_sign: "GET\n\napplication/json\nWed, 10 Dec 2014 17:20:31 GMT\n\
            x-qs-copy-source:%E4%B8%AD%E6%96%87%E6%B5%8B%E8%AF%95\n\
            x-qs-fetch-source:https://google.com/logo.png\nx-qs-test-header1:test\n\
            /test_bucket/%E4%B8%AD%E6%96%87%E6%B5%8B%E8%AF%95.json",
        signature: "L1Aiatm0YRH9qk8/4phJYtOlJiyHvq+ejH3sRlyUusI=",
        ..BASE
    },
    Vector {
        number: "11",
        secret: "SECRET_ACCESS_KEY",
        headers: &[COPY_SOURCE, FETCH_SOURCE, HEADER_1],
        expires: Some("100"),
        path: "/test_bucket/%E4%B8%AD%E6%96%87%E6%B5%8B%E8%AF%95.json",
        string_to_sign: "GET\n\n\n100\n\
            x-qs-copy-source:%E4%B8%AD%E6%96%87%E6%B5%8B%E8%AF%95\n\
            x-qs-fetch-source:https://google.com/logo.png\nx-qs-test-header1:test\n\
            /test_bucket/%E4%B8%AD%E6%96%87%E6%B5%8B%E8%AF%95.json",
        signature: "y7/aT93vwQ3UMGhAnrYJCQbuu9gqj5j9kFG/4Ni/T7Q=",
        ..BASE
    },
    Vector {
        number: "12",
        secret: "test_secret",
        method: Method::PUT,
        headers: &[
            JPEG,
            Z,
            A_ABC,
            A,
            ("x-qs-date", "Fri, 01 Nov 2019 07:40:08 GMT"),
        ],
        path: "/test_bucket/test_object.jpg",
        query: JS_QUERY,
        string_to_sign: "PUT\n\nimage/jpeg\n\nx-qs-a:test-a\nx-qs-a-abc:test-abc\n\
            x-qs-date:Fri, 01 Nov 2019 07:40:08 GMT\nx-qs-z:test-z\n\
            /test_bucket/test_object.jpg?acl&upload_id=test_upload_id",
        signature: "ZwavbCq3ylBMlU3fb5EFOabtNyUYWzqi2e0rQBTHkcM=",
        ..BASE
    },
    Vector {
        number: "13",
        secret: "test_secret",
        method: Method::PUT,
        headers: &[Z, A_ABC, A],
        expires: Some("1572592959"),
        path: "/test_bucket/test_object.jpg",
        query: JS_QUERY,
        string_to_sign: "PUT\n\n\n1572592959\nx-qs-a:test-a\nx-qs-a-abc:test-abc\n\
            x-qs-z:test-z\n/test_bucket/test_object.jpg?acl&upload_id=test_upload_id",
        signature: "HjroQB6ac19fmFt/1rOMHMco0eJ17gGAGexLYD98u88=",
        ..BASE
    },
    Vector {
        number: "14",
        secret: "test_secret",
        method: Method::PUT,
        headers: &[Z, A_ABC, A],
        path: "/test_bucket/test_object.jpg",
        query: JS_QUERY,
        string_to_sign: "PUT\n\n\n\nx-qs-a:test-a\nx-qs-a-abc:test-abc\nx-qs-z:test-z\n\
            /test_bucket/test_object.jpg?acl&upload_id=test_upload_id",
        signature: "L6q5iKoyWbQky0T5/MYELz5jAFecGbvLDyjLdz6fClw=",
        ..BASE
    },
    Vector {
        number: "15",
        secret: "test_secret",
        method: Method::PUT,
        headers: &[JPEG, Z, A_ABC, A, ("x-qs-date", "test time")],
        path: "/test_bucket/test_object.jpg",
        query: JS_QUERY,
        string_to_sign: "PUT\n\nimage/jpeg\n\nx-qs-a:test-a\nx-qs-a-abc:test-abc\n\
            x-qs-date:test time\nx-qs-z:test-z\n\
            /test_bucket/test_object.jpg?acl&upload_id=test_upload_id",
        signature: "80srP9B+LVMlu9OktjkQh9w0m4eO+AYuOaiX2t3SYg4=",
        ..BASE
    },
    Vector {
        number: "16",
        secret: "VdVyOLO6oG7wzzilGbuuqiDrwR1K0NgD0DzFaNKX",
        method: Method::PUT,
        headers: &[
            ("Content-MD5", "Content-MD5"),
            JPEG,
            ("Date", "Thu, 06 Dec 2018 06:47:43 GMT"),
        ],
        path: "/test/test/test.jpg",
        string_to_sign: "PUT\nContent-MD5\nimage/jpeg\nThu, 06 Dec 2018 06:47:43 GMT\n\
            /test/test/test.jpg",
        signature: "PiwbpsStHI4p3OF3Y68bX9TV72OEOFbgqJGkmu7mN8E=",
        ..BASE
    },
    Vector {
        number: "18",
        secret: DEMO,
        headers: &[D1],
        string_to_sign: "GET\n\n\nWed, 10 Dec 2014 17:20:31 GMT\n/",
        signature: "vIWg/qAxvXlcFRb9uzYmdIM9tiF6EuM6SC3i13yLzH8=",
        ..BASE
    },
    Vector {
        number: "19",
        secret: DEMO,
        method: Method::PUT,
        headers: &[D1, ("Content-Type", "application/json")],
        path: "/test-bucket/test.json",
        string_to_sign: "PUT\n\napplication/json\nWed, 10 Dec 2014 17:20:31 GMT\n\
            /test-bucket/test.json",
        signature: "bpfE8ix/fllVYOaSLAGZ/+SO23M0ESaTAqZKapxbwV4=",
        ..BASE
    },
    Vector {
        number: "20",
        secret: DEMO,
        headers: &[D1],
        path: "/test-bucket",
        query: "acl",
        string_to_sign: "GET\n\n\nWed, 10 Dec 2014 17:20:31 GMT\n/test-bucket?acl",
        signature: "aMm0TPNafQW391RE1aZLrhfTLPZpVzw+0qiGafhAgOw=",
        ..BASE
    },
];

#[test]
fn verifies_published_signatures() {
    for vector in VECTORS {
        let number = vector.number;
        let headers = vector
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_bytes(name.as_bytes()).unwrap(),
                    HeaderValue::from_static(value),
                )
            })
            .collect();
        let query = Query::parse(vector.query).unwrap();
        let string_to_sign = StringToSign {
            method: &vector.method,
            headers: &headers,
            expires: vector.expires,
            host_bucket: vector.host_bucket,
            path: vector.path,
            query: &query,
            resource_form: ResourceForm::AsSent,
            value_form: ValueForm::Decoded,
        };
        assert_eq!(
            String::from_utf8(string_to_sign.to_bytes()).unwrap(),
            vector.string_to_sign,
            "vector {number}"
        );
        assert!(
            string_to_sign.matches(vector.secret, vector.signature),
            "vector {number}"
        );
        assert!(
            !string_to_sign.matches("another secret", vector.signature),
            "vector {number}"
        );
    }
}
