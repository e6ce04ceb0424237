//! Properties of all explanations.

use percent_encoding::AsciiSet;
use proptest::prelude::*;

use super::*;

/// All characters that a path does not contain.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'.').remove(b'~').remove(b'/');

/// A request with arbitrary signed parts.
fn arbitrary() -> impl Strategy<Value = Sent> {
    let method = prop::sample::select(vec![
        "GET", "HEAD", "PUT", "POST", "DELETE", "get", "PROPFIND",
    ]);
    let key = prop_oneof![Just(String::new()), "[a-zA-Z0-9/~+ .]{0,12}", "\\PC{0,8}"];
    let names = vec![
        "acl",
        "uploads",
        "part_number",
        "upload_id",
        "response-expires",
        "prefix",
        "marker",
    ];
    let query = prop::collection::vec((prop::sample::select(names), "[a-z0-9 +/%]{0,6}"), 0..4);
    let header_names = vec![
        "x-qs-meta-a",
        "x-qs-meta-a-b",
        "x-qs-date",
        "content-type",
        "content-md5",
        "x-qs-copy-source",
        "host",
        "x-other",
    ];
    let values = [
        "",
        "text/plain",
        DATE,
        "a  b",
        "%E4",
        "photos.pek3a.example.com",
    ];
    let header = (
        prop::sample::select(header_names),
        prop::sample::select(values.to_vec()),
    );
    let headers = prop::collection::vec(header, 0..5);
    (method, key, query, headers).prop_map(|(method, key, query, mut headers)| {
        let encode = |text: &str| utf8_percent_encode(text, PATH).to_string();
        let query = query
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect::<Vec<_>>();
        let key = key.trim_start_matches('/');
        let slash = if key.is_empty() { "" } else { "/" };
        headers.push(("date", DATE));
        Sent {
            method,
            target: format!("/photos{slash}{}?{}", encode(key), query.join("&")),
            headers,
        }
    })
}

fn accepted(head: &Head) -> Vec<String> {
    let zones = ["pek3a".to_owned()];
    let authority = head
        .headers
        .get("host")
        .map_or("", |host| host.to_str().unwrap());
    let host = Host::parse(authority, &zones);
    let target = RequestTarget::parse(&head.method, &head.uri, host.bucket.as_deref()).unwrap();
    crate::auth::authentication::tests::accepted(head, &target, &host)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn right_signatures_are_never_explained(sent in arbitrary()) {
        let head = sent.with_header("c2ln");
        for text in accepted(&head) {
            let error = check(&sent.with_header(&sign(SECRET, &text))).err();
            // The date may be refused, after the signature.
            prop_assert_ne!(error.map(|error| error.code()), Some("signature_not_matched"));
        }
    }

    #[test]
    fn explanations_never_accept_a_request(sent in arbitrary(), other in "\\PC{0,40}", place in 0_usize..100) {
        let head = sent.with_header("c2ln");
        let accepted = accepted(&head);
        let mut changed = accepted[0].clone();
        let place = changed.floor_char_boundary(place.min(changed.len()));
        changed.insert_str(place, &other);
        for signature in [sign(SECRET, &changed), sign(OTHER_SECRET, &accepted[0]), other] {
            let is_right = accepted.iter().any(|text| signature == sign(SECRET, text));
            if !is_right && !signature.trim().is_empty() && signature.is_ascii() {
                let message = message(&sent.with_header(&signature));
                prop_assert!(message.starts_with(NOT_MATCHED), "{}", message);
            }
        }
    }
}
