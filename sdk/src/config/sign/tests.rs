//! Test vectors that are published with the official SDKs of other languages.

use super::*;

const D0: &str = "Mon, 01 Jan 0001 00:00:00 GMT";
const D1: &str = "Wed, 10 Dec 2014 17:20:31 GMT";
const UPLOAD: &str = "/?acl&upload_id=fde133b5f6d932cd9c79bac3c7318da1&part_number=0";
const DISPOSITION: &str = "?response-content-disposition=attachment%3B+filename%3D%22%25E4%25B8\
    %25AD%25E6%2596%2587.jpg%22%3B+filename%2A%3Dutf-8%27%27%25E4%25B8%25AD%25E6%2596%2587.jpg";
const TEST_HEADERS: &[(&str, &str)] = &[("x-qs-test-2", "Test 2"), ("X-QS-Test-1", " Test 1 ")];
const COPY_HEADERS: &[(&str, &str)] = &[
    ("x-qs-test-header1", "test"),
    ("x-qs-fetch-source", "https://google.com/logo.png"),
    ("x-qs-copy-source", "%E4%B8%AD%E6%96%87%E6%B5%8B%E8%AF%95"),
];
const JS_HEADERS: &[(&str, &str)] = &[
    ("x-qs-z", "test-z"),
    ("x-qs-a-abc", "test-abc"),
    ("x-qs-a", "test-a"),
];
const GO: &str = "ENV_SECRET_ACCESS_KEY";

/// One test vector.
struct Vector<'a> {
    name: &'static str,
    secret: &'static str,
    method: Method,
    prefix: &'static str,
    target: &'a str,
    headers: Vec<(&'static str, &'static str)>,
    /// Set for the query scheme.
    expires: Option<i64>,
    string_to_sign: Option<&'static str>,
    signature: &'static str,
}

fn string_to_sign(parts: SignedParts<'_>, date: DateLine<'_>) -> String {
    let mut bytes = Vec::new();
    parts.write(date, &mut |piece| bytes.extend_from_slice(piece));
    String::from_utf8(bytes).unwrap()
}

impl Vector<'_> {
    fn check(&self) {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.insert(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_static(value),
            );
        }
        let date = headers
            .remove(header::DATE)
            .unwrap_or(HeaderValue::from_static(""));
        let parts = SignedParts {
            method: &self.method,
            resource_prefix: self.prefix,
            target: self.target,
            headers: &headers,
        };
        let line = match self.expires {
            None => DateLine::Date(date.as_bytes()),
            Some(at) => DateLine::Expires(at),
        };
        let string = string_to_sign(parts, line);
        if let Some(expected) = self.string_to_sign {
            assert_eq!(string, expected, "string to sign of vector {}", self.name);
        }
        let credentials = Credentials::new("ID", self.secret).unwrap();
        let signature = match self.expires {
            None => {
                let value = authorization(parts, &date, &credentials).unwrap();
                value
                    .to_str()
                    .unwrap()
                    .strip_prefix("QS ID:")
                    .unwrap()
                    .to_owned()
            }
            Some(at) => query(parts, at, &credentials).unwrap().1,
        };
        assert_eq!(
            signature, self.signature,
            "vector {}: {string:?}",
            self.name
        );
    }
}

fn with(
    headers: &[(&'static str, &'static str)],
    more: &[(&'static str, &'static str)],
) -> Vec<(&'static str, &'static str)> {
    [headers, more].concat()
}

fn vector<'a>(name: &'static str, target: &'a str, signature: &'static str) -> Vector<'a> {
    Vector {
        name,
        secret: GO,
        method: Method::GET,
        prefix: "",
        target,
        headers: with(TEST_HEADERS, &[("date", D0)]),
        expires: None,
        string_to_sign: None,
        signature,
    }
}

#[test]
fn header_scheme_of_the_go_sdk() {
    let unsigned_too = format!("{UPLOAD}&other=abc");
    Vector {
        string_to_sign: Some(
            "GET\n\n\nMon, 01 Jan 0001 00:00:00 GMT\nx-qs-test-1:Test 1\nx-qs-test-2:Test 2\n\
             /?acl&part_number=0&upload_id=fde133b5f6d932cd9c79bac3c7318da1",
        ),
        ..vector(
            "1",
            &unsigned_too,
            "bvglZF9iMOv1RaCTxPYWxexmt1UN2m5WKngYnhDEp2c=",
        )
    }
    .check();
    Vector {
        headers: with(TEST_HEADERS, &[("date", D0), ("x-qs-date", D0)]),
        ..vector("2", UPLOAD, "qkY+tOMdqfDAVv+ZBtlWeEBxlbyIKaQmj5lQlylENzo=")
    }
    .check();
    Vector {
        headers: vec![("date", D0)],
        ..vector(
            "3",
            "/bucket-name/%E4%B8%AD%E6%96%87",
            "XsTXX50kzqBf92zLG1aIUIJmZ0hqIHoaHgkumwnV3fs=",
        )
    }
    .check();
    Vector {
        method: Method::PUT,
        ..vector(
            "7",
            "/bucket-name?cname",
            "Kqc4/+6T7zfSrUPgkvswHbtL4ESch9vOVQP0nPwlkBs=",
        )
    }
    .check();
    Vector {
        prefix: "/bucket-name",
        headers: vec![("date", D0)],
        ..vector("8", "/?acl", "y0rP8LnEGUiV/JcuCMHZC4OMRZNzKRw9w7AnqehJZW8=")
    }
    .check();
}

#[test]
fn query_scheme_of_the_go_and_ruby_sdks() {
    let presigned = |name, target, signature| Vector {
        headers: TEST_HEADERS.to_vec(),
        expires: Some(3600),
        ..vector(name, target, signature)
    };
    presigned("4", UPLOAD, "GRL3p3NOgHR9CQygASvyo344vdnO1hFke6ZvQ5mDVHM=").check();
    Vector {
        headers: with(TEST_HEADERS, &[("x-qs-date", D0)]),
        ..presigned("5", UPLOAD, "plFxMFP1EzKVtdF+bApT8rhW9AUAIWfmZcOGH3m27t0=")
    }
    .check();
    Vector {
        headers: Vec::new(),
        ..presigned(
            "6a",
            DISPOSITION,
            "8mZxt4VXwmiiERhfytHyuySjWZD/VPMC3kAy+ANwHoI=",
        )
    }
    .check();
    let rooted = format!("/{DISPOSITION}");
    Vector {
        headers: Vec::new(),
        string_to_sign: Some(
            "GET\n\n\n3600\n/?response-content-disposition=attachment; \
             filename=\"%E4%B8%AD%E6%96%87.jpg\"; filename*=utf-8''%E4%B8%AD%E6%96%87.jpg",
        ),
        ..presigned(
            "6b",
            &rooted,
            "XPMfomqMYu7ej62eqitVcPJyZMvfi72ZxXwGpPWv07I=",
        )
    }
    .check();
    Vector {
        expires: Some(-62_135_596_800),
        ..presigned("9", UPLOAD, "gTdB/cmD6rjv8CbFRDfFbHc64q442rYNAp99Hm7fBl4=")
    }
    .check();
}

#[test]
fn both_schemes_of_the_python_sdk() {
    let target = "/test_bucket/%E4%B8%AD%E6%96%87%E6%B5%8B%E8%AF%95.json";
    Vector {
        secret: "SECRET_ACCESS_KEY",
        headers: with(
            COPY_HEADERS,
            &[("content-type", "application/json"), ("date", D1)],
        ),
        ..vector("10", target, "L1Aiatm0YRH9qk8/4phJYtOlJiyHvq+ejH3sRlyUusI=")
    }
    .check();
    Vector {
        secret: "SECRET_ACCESS_KEY",
        headers: COPY_HEADERS.to_vec(),
        expires: Some(100),
        ..vector("11", target, "y7/aT93vwQ3UMGhAnrYJCQbuu9gqj5j9kFG/4Ni/T7Q=")
    }
    .check();
}

#[test]
fn both_schemes_of_the_js_sdk() {
    let target = "/test_bucket/test_object.jpg?acl&upload_id=test_upload_id";
    let js = |name, signature| Vector {
        secret: "test_secret",
        method: Method::PUT,
        headers: JS_HEADERS.to_vec(),
        ..vector(name, target, signature)
    };
    let dated = |date| {
        with(
            JS_HEADERS,
            &[("content-type", "image/jpeg"), ("x-qs-date", date)],
        )
    };
    Vector {
        headers: dated("Fri, 01 Nov 2019 07:40:08 GMT"),
        ..js("12", "ZwavbCq3ylBMlU3fb5EFOabtNyUYWzqi2e0rQBTHkcM=")
    }
    .check();
    Vector {
        expires: Some(1_572_592_959),
        ..js("13", "HjroQB6ac19fmFt/1rOMHMco0eJ17gGAGexLYD98u88=")
    }
    .check();
    js("14", "L6q5iKoyWbQky0T5/MYELz5jAFecGbvLDyjLdz6fClw=").check();
    Vector {
        headers: dated("test time"),
        ..js("15", "80srP9B+LVMlu9OktjkQh9w0m4eO+AYuOaiX2t3SYg4=")
    }
    .check();
}

#[test]
fn java_sdk_and_signature_server() {
    Vector {
        secret: "VdVyOLO6oG7wzzilGbuuqiDrwR1K0NgD0DzFaNKX",
        method: Method::PUT,
        headers: vec![
            ("content-md5", "Content-MD5"),
            ("content-type", "image/jpeg"),
            ("date", "Thu, 06 Dec 2018 06:47:43 GMT"),
        ],
        ..vector(
            "16",
            "/test/test/test.jpg",
            "PiwbpsStHI4p3OF3Y68bX9TV72OEOFbgqJGkmu7mN8E=",
        )
    }
    .check();
    let server = |name, target, signature| Vector {
        secret: "SECRET_ACCESS_KEY_EXAMPLE",
        headers: vec![("date", D1)],
        ..vector(name, target, signature)
    };
    server("18", "/", "vIWg/qAxvXlcFRb9uzYmdIM9tiF6EuM6SC3i13yLzH8=").check();
    Vector {
        method: Method::PUT,
        headers: vec![("date", D1), ("content-type", "application/json")],
        ..server(
            "19",
            "/test-bucket/test.json",
            "bpfE8ix/fllVYOaSLAGZ/+SO23M0ESaTAqZKapxbwV4=",
        )
    }
    .check();
    server(
        "20",
        "/test-bucket?acl",
        "aMm0TPNafQW391RE1aZLrhfTLPZpVzw+0qiGafhAgOw=",
    )
    .check();
}

#[test]
fn headers_are_sorted_by_name_not_by_line() {
    let mut headers = HeaderMap::new();
    headers.insert("x-qs-meta-a-b", HeaderValue::from_static("2"));
    headers.insert("x-qs-meta-a", HeaderValue::from_static("1"));
    let parts = SignedParts {
        method: &Method::GET,
        resource_prefix: "",
        target: "/",
        headers: &headers,
    };
    let string = string_to_sign(parts, DateLine::Expires(0));
    assert_eq!(string, "GET\n\n\n0\nx-qs-meta-a:1\nx-qs-meta-a-b:2\n/");
}

#[test]
fn signs_version_and_retention_parameters_but_not_paging_parameters() {
    let headers = HeaderMap::new();
    let target = "/b?versions&version_id=v&versioning&retention&prefix=p&limit=1&marker=m&action=a";
    let parts = SignedParts {
        method: &Method::GET,
        resource_prefix: "",
        target,
        headers: &headers,
    };
    let string = string_to_sign(parts, DateLine::Expires(0));
    assert_eq!(
        string,
        "GET\n\n\n0\n/b?retention&version_id=v&versioning&versions"
    );
}

#[test]
fn signed_parameters_are_those_of_the_api() {
    let mut documented: Vec<&str> = "acl append cname cors delete image lifecycle logging mirror \
        notification part_number policy position replication stats upload_id uploads versioning \
        version_id versions retention response-expires response-cache-control \
        response-content-type response-content-language response-content-encoding \
        response-content-disposition"
        .split_whitespace()
        .collect();
    documented.sort_unstable();
    assert_eq!(SIGNED_PARAMETERS, documented);
}

#[test]
fn the_signature_does_not_depend_on_the_lengths_of_the_pieces() {
    let long = "x".repeat(300);
    let mut headers = HeaderMap::new();
    headers.insert("x-qs-meta-long", long.parse().unwrap());
    headers.insert("x-qs-meta-z", HeaderValue::from_static("1"));
    let target = format!("/{long}?acl");
    let parts = SignedParts {
        method: &Method::GET,
        resource_prefix: "",
        target: &target,
        headers: &headers,
    };
    let credentials = Credentials::new("ID", GO).unwrap();
    let (_, mut whole) = credentials.signer().unwrap();
    whole.update(string_to_sign(parts, DateLine::Expires(7)).as_bytes());
    let expected = BASE64.encode(whole.finalize().into_bytes());
    assert_eq!(query(parts, 7, &credentials).unwrap().1, expected);
}

/// Test vectors of `specs/SIGNING.md`, for authors of packs for other languages.
#[test]
fn vectors_of_the_page_about_signing() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../specs/SIGNING.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, vectors) = page.split_once("## Test vectors").unwrap();
    let vectors: Vec<&str> = vectors.split("\n### ").skip(1).collect();
    assert!(vectors.len() >= 8);
    for vector in vectors {
        let between = |start: &str, end: &str| {
            let (_, rest) = vector.split_once(start)?;
            Some(rest.split_once(end)?.0)
        };
        let title = vector.lines().next().unwrap();
        let request = between("```http\n", "\n```").unwrap();
        let (line, fields) = request.split_once('\n').unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let mut headers = HeaderMap::new();
        for field in fields.lines() {
            let (name, value) = field.split_once(": ").unwrap();
            headers.insert(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        let host = headers.remove(header::HOST).unwrap();
        let is_in_host = host.as_bytes().starts_with(b"bucket-name.");
        let date = headers.remove(header::DATE);
        let date = date.unwrap_or(HeaderValue::from_static(""));
        let parts = SignedParts {
            method: &words[0].parse().unwrap(),
            resource_prefix: if is_in_host { "/bucket-name" } else { "" },
            target: words[1],
            headers: &headers,
        };
        let credentials = Credentials::new("ENV_ACCESS_KEY_ID", GO).unwrap();
        let expires = between("Expires: `", "`").map(|at| at.parse().unwrap());
        let (string, signature) = match expires {
            Some(at) => (
                string_to_sign(parts, DateLine::Expires(at)),
                query(parts, at, &credentials).unwrap().1,
            ),
            None => {
                let header = authorization(parts, &date, &credentials).unwrap();
                let signature = header
                    .to_str()
                    .unwrap()
                    .strip_prefix("QS ENV_ACCESS_KEY_ID:");
                let string = string_to_sign(parts, DateLine::Date(date.as_bytes()));
                (string, signature.unwrap().to_owned())
            }
        };
        assert_eq!(Some(&*string), between("```text\n", "\n```"), "{title}");
        assert_eq!(Some(&*signature), between("Signature: `", "`"), "{title}");
    }
}
