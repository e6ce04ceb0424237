use super::*;
use crate::source::Sources;

fn naming() -> Naming {
    let strings = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect();
    Naming {
        acronyms: strings(&["ETag", "MD5", "ACL", "CORS", "CNAME"]),
        keywords: strings(&["type", "self", "Self", "fn"]),
        reserved_types: strings(&["Result", "Option"]),
        reserved_methods: strings(&["send", "presign"]),
        reserved_values: strings(&["Unknown"]),
        ..Naming::default()
    }
}

#[test]
fn names_are_split_into_words() {
    for (name, expected) in [
        ("PutBucketACL", "put_bucket_acl"),
        ("DeleteBucketCNAME", "delete_bucket_cname"),
        ("ETag", "etag"),
        ("If-None-Match", "if_none_match"),
        ("Encryption-Customer-Key-MD5", "encryption_customer_key_md5"),
        ("HTTPServer2Go", "http_server2_go"),
        ("bucketName", "bucket_name"),
        ("version_id", "version_id"),
        ("GETTag", "get_tag"),
        ("MD5Sum", "md5_sum"),
    ] {
        assert_eq!(naming().ident(name, Role::Property), expected, "{name}");
    }
    assert_eq!(naming().ident("PutBucketACL", Role::Type), "PutBucketAcl");
}

#[test]
fn acronyms_can_keep_their_capitals() {
    let naming = Naming {
        property: Case::Camel,
        written_acronyms: true,
        ..naming()
    };
    for (name, role, expected) in [
        ("PutBucketACL", Role::Type, "PutBucketACL"),
        ("put_bucket_acl", Role::Type, "PutBucketACL"),
        ("ETag", Role::Type, "ETag"),
        ("etag_md5", Role::Property, "etagMD5"),
        ("Content-MD5", Role::Property, "contentMD5"),
        ("PutBucketACL", Role::Method, "put_bucket_acl"),
        ("PutBucketACL", Role::Constant, "PUT_BUCKET_ACL"),
    ] {
        assert_eq!(naming.ident(name, role), expected, "{name}");
    }
}

#[test]
fn hostile_names_become_identifiers() {
    for (name, role, expected) in [
        ("type", Role::Parameter, "type_"),
        ("send", Role::Parameter, "send_param"),
        ("send", Role::Property, "send"),
        ("2fa", Role::Parameter, "n2fa"),
        ("", Role::Value, "Empty"),
        ("+1", Role::Value, "Plus1"),
        ("-", Role::Parameter, "minus"),
        ("unknown", Role::Value, "UnknownValue"),
        ("CON", Role::Value, "Con"),
        ("result", Role::Type, "ResultType"),
        ("self", Role::Type, "Self_"),
        ("名字", Role::Property, "名字"),
        ("a☃b", Role::Property, "a_u2603_b"),
    ] {
        assert_eq!(naming().ident(name, role), expected, "{name}");
    }
}

#[test]
fn the_later_of_two_equal_identifiers_is_renamed() {
    let naming = naming();
    let span = anywhere();
    let mut scope = Scope::default();
    let mut claim = |name: &str, role, suffix: Option<&'static str>| {
        let claimed = scope.claim(naming.candidates(name, role, suffix), span);
        claimed.map(|claim| (claim.ident, claim.taken.map(|taken| taken.ident)))
    };
    let own = |ident: &str| (ident.to_owned(), None);
    let other = |ident: &str, taken: &str| (ident.to_owned(), Some(taken.to_owned()));
    assert_eq!(
        claim("a-b", Role::Parameter, Some("query")).unwrap(),
        own("a_b")
    );
    assert_eq!(
        claim("a_b", Role::Parameter, Some("query")).unwrap(),
        other("a_b_query", "a_b")
    );
    assert_eq!(claim("read", Role::Value, None).unwrap(), own("Read"));
    assert_eq!(
        claim("READ", Role::Value, None).unwrap(),
        other("ReadUpper", "Read")
    );
    assert_eq!(claim("READ", Role::Value, None).unwrap_err().ident, "Read");
}

fn anywhere() -> Span {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json");
    std::fs::write(&path, "{}").unwrap();
    let (file, _) = Sources::new(&path).load(&path).unwrap();
    Span::start_of(file)
}

#[test]
fn names_are_compared_in_normal_form() {
    let ident = |name| naming().ident(name, Role::Parameter);
    // A ligature, a letter with a combining accent, full-width letters: each is equal to its normal
    // form.
    for (name, expected) in [
        ("\u{fb01}le", "file"),
        ("e\u{301}t\u{e9}", "\u{e9}t\u{e9}"),
        ("\u{ff53}end", "send_param"),
        ("\u{ff54}ype", "type_"),
    ] {
        assert_eq!(ident(name), expected, "{name}");
    }
}

#[test]
fn a_name_is_claimed_together_with_derived_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json");
    std::fs::write(&path, "0").unwrap();
    let (_, node) = Sources::new(&path).load(&path).unwrap();
    let mut scope = Scope::default();
    let mut claim = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned());
        let claimed = scope.claim_with(names, |name| vec![format!("{name}_request")], node.span);
        claimed.map(|claim| claim.ident)
    };
    assert_eq!(claim(&["put"]).unwrap(), "put");
    assert_eq!(claim(&["put_request", "put_more"]).unwrap(), "put_more");
    assert_eq!(claim(&["get_request"]).unwrap(), "get_request");
    assert_eq!(claim(&["get"]).unwrap_err().ident, "get_request");
    assert_eq!(claim(&["get"]).unwrap_err().first, node.span);
}
