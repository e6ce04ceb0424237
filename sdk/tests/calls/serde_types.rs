//! The feature `serde`: data types do not change when they are serialized and deserialized.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::Duration;

use crate::arbitrary::Arbitrary;
use qingstor_sdk::{
    Bucket, Config, ErrorKind, Presigned, QingStor, SseKey, image, operations, types,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Number of tested values per type.
const VALUES: u64 = 60;

/// Serializes and deserializes a value. Returns whether it could be serialized.
fn is_preserved<T: Serialize + DeserializeOwned + Debug>(value: &T) -> bool {
    let json = match serde_json::to_string(value) {
        Ok(json) => json,
        Err(error) => {
            assert!(
                error.to_string().contains("encryption key"),
                "{value:?}: {error}"
            );
            return false;
        }
    };
    let read: T = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
    assert_eq!(format!("{value:?}"), format!("{read:?}"), "{json}");
    true
}

/// Tests arbitrary values of a type, created according to its `Deserialize`.
fn all_are_preserved<T: Serialize + DeserializeOwned + Debug>() {
    let written = (0..VALUES).filter(|seed| {
        let value = T::deserialize(Arbitrary::new(*seed));
        is_preserved(
            &value.unwrap_or_else(|error| panic!("{}: {error}", std::any::type_name::<T>())),
        )
    });
    assert!(written.count() > 0, "{}", std::any::type_name::<T>());
}

/// Tests each type and returns their names.
macro_rules! each {
    ($module:ident: $($name:ident)*) => {{
        $(all_are_preserved::<$module::$name>();)*
        BTreeSet::from([$(stringify!($name)),*])
    }};
}

/// Returns the names of the generated structs, open enums, and outputs without fields in a file.
fn rendered(source: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut in_enum = false;
    for line in source.lines().map(str::trim) {
        let name = line.strip_suffix(" {");
        if let Some(rest) = line.strip_prefix("pub struct ") {
            // A struct without fields ends on the same line.
            names.extend(rest.split_whitespace().next());
        } else if line == "string_enum! {" {
            in_enum = true;
        } else if let (true, Some(name)) = (in_enum, name) {
            names.insert(name);
            in_enum = false;
        } else if let Some(name) = line
            .strip_suffix(',')
            .filter(|name| name.ends_with("Output"))
        {
            names.insert(name);
        }
    }
    names
}

#[test]
fn every_type_is_preserved() {
    let tried = each! { types:
            AbortIncompleteMultipartUpload AclGrant BucketStatus BucketSummary CloudFunc CloudFuncArgs
            Cname CnameRecord CnameRecords CnameType CorsMethod CorsRule EventBucket
            EventNotification EventNotificationType EventObject EventResponse EventSubject
            EventUser Grantee GranteeType IpAddressCondition IsNullCondition KeyDeleteError Language
            LifecycleExpiration LifecycleFilter LifecycleRule LifecycleRuleState
            LifecycleTransition Location Logging MetadataDirective MultipartUpload
            NoncurrentVersionExpiration NoncurrentVersionTransition NotIpAddressCondition
            Notification NotificationEvent NotificationEvents ObjectIdentifier ObjectPart
            ObjectSummary ObjectVersionSummary Owner Permission PolicyAction PolicyCondition PolicyEffect PolicyStatement ReplicationDestination
            ReplicationFilter ReplicationRule RuleStatus StorageClass StorageClassStatistics
            StringLikeCondition StringNotLikeCondition Switch Versioning
            VersioningStatus
    };
    let source = include_str!("../../src/generated/types.rs");
    assert_eq!(rendered(source), tried);
}

#[test]
fn every_input_and_output_without_a_body_is_preserved() {
    let mut tried = each! { operations:
            AbortMultipartUploadInput AbortMultipartUploadOutput AppendObjectOutput
            CompleteMultipartUploadInput CompleteMultipartUploadOutput
            DeleteBucketCnameInput DeleteBucketCnameOutput DeleteBucketCorsInput
            DeleteBucketCorsOutput DeleteBucketExternalMirrorInput
            DeleteBucketExternalMirrorOutput DeleteBucketInput DeleteBucketLifecycleInput
            DeleteBucketLifecycleOutput DeleteBucketLoggingInput DeleteBucketLoggingOutput
            DeleteBucketNotificationInput DeleteBucketNotificationOutput DeleteBucketOutput
            DeleteBucketPolicyInput DeleteBucketPolicyOutput DeleteBucketReplicationInput
            DeleteBucketReplicationOutput DeleteMultipleObjectsInput
            DeleteMultipleObjectsOutput DeleteObjectInput DeleteObjectOutput
            GetBucketAclInput GetBucketAclOutput GetBucketCnameInput GetBucketCnameOutput
            GetBucketCorsInput GetBucketCorsOutput GetBucketExternalMirrorInput
            GetBucketExternalMirrorOutput GetBucketLifecycleInput GetBucketLifecycleOutput
            GetBucketLoggingInput GetBucketLoggingOutput GetBucketNotificationInput
            GetBucketNotificationOutput GetBucketPolicyInput GetBucketPolicyOutput
            GetBucketReplicationInput GetBucketReplicationOutput GetBucketStatisticsInput
            GetBucketStatisticsOutput GetBucketVersioningInput GetBucketVersioningOutput
            GetObjectInput HeadBucketInput HeadBucketOutput HeadObjectInput HeadObjectOutput
            ImageProcessInput InitiateMultipartUploadInput InitiateMultipartUploadOutput
            ListBucketsInput ListBucketsOutput ListLocationsInput ListLocationsOutput
            ListMultipartInput ListMultipartOutput ListMultipartUploadsInput
            ListMultipartUploadsOutput ListObjectVersionsInput ListObjectVersionsOutput
            ListObjectsInput ListObjectsOutput OptionsObjectInput OptionsObjectOutput
            PostObjectOutput PutBucketAclInput PutBucketAclOutput PutBucketCnameInput
            PutBucketCnameOutput PutBucketCorsInput PutBucketCorsOutput
            PutBucketExternalMirrorInput PutBucketExternalMirrorOutput PutBucketInput
            PutBucketLifecycleInput PutBucketLifecycleOutput PutBucketLoggingInput
            PutBucketLoggingOutput PutBucketNotificationInput PutBucketNotificationOutput
            PutBucketOutput PutBucketPolicyInput PutBucketPolicyOutput
            PutBucketReplicationInput PutBucketReplicationOutput PutBucketRetentionInput
            PutBucketRetentionOutput PutBucketVersioningInput PutBucketVersioningOutput
            PutObjectOutput UploadMultipartOutput
    };
    // Inputs and outputs with a body are not serializable.
    tried.extend([
        "PostObjectInput",
        "PutObjectInput",
        "AppendObjectInput",
        "UploadMultipartInput",
        "GetObjectOutput",
        "ImageProcessOutput",
    ]);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/generated");
    let mut all = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let is_shared = ["types.rs", "error_code.rs"]
            .iter()
            .any(|name| path.ends_with(name));
        if !is_shared && path.extension().is_some_and(|ending| ending == "rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            all.extend(rendered(&source).into_iter().map(str::to_owned));
        }
    }
    assert_eq!(all, tried.into_iter().map(str::to_owned).collect());
}

#[test]
fn every_type_of_the_runtime_is_preserved() {
    all_are_preserved::<qingstor_sdk::CompleteUploadOutput>();
    all_are_preserved::<qingstor_sdk::CopyObjectOutput>();
    all_are_preserved::<qingstor_sdk::DeleteError>();
    all_are_preserved::<qingstor_sdk::DownloadOutput>();
    all_are_preserved::<qingstor_sdk::ErrorCode>();
    all_are_preserved::<qingstor_sdk::FormUpload>();
    all_are_preserved::<qingstor_sdk::Metadata>();
    all_are_preserved::<qingstor_sdk::ObjectPath>();
    all_are_preserved::<qingstor_sdk::Progress>();
    all_are_preserved::<qingstor_sdk::RetryPolicy>();
    all_are_preserved::<qingstor_sdk::Timestamp>();
    all_are_preserved::<qingstor_sdk::UploadOutput>();
    all_are_preserved::<image::ImageInfo>();
    all_are_preserved::<image::ImageWatermark>();
    all_are_preserved::<image::TextWatermark>();
    is_preserved(&image::Crop::new().width(7).gravity(image::Gravity::Center));
    is_preserved(&image::Crop::new().at(1, 2));
    is_preserved(&image::Resize::to_width(9));
    is_preserved(&image::ImageFormat::Webp);
    is_preserved(&ErrorKind::Timeout);
}

#[test]
fn an_unknown_enum_value_is_preserved() {
    let class: types::StorageClass = serde_json::from_str("\"GLACIAL\"").unwrap();
    assert_eq!(class, types::StorageClass::Unknown("GLACIAL".into()));
    assert_eq!(serde_json::to_string(&class).unwrap(), "\"GLACIAL\"");
}

fn bucket() -> Bucket {
    let config = Config::new("ID", "SECRET").endpoint("http://127.0.0.1:9");
    let qingstor = QingStor::new(config).unwrap();
    qingstor.bucket("some-bucket", "pek3a").unwrap()
}

/// A position in a list, stored for another process.
#[test]
fn a_stored_list_continues() {
    let call = bucket()
        .list_objects()
        .prefix("logs/")
        .marker("logs/7")
        .limit(10);
    let stored = serde_json::to_string(call.input()).unwrap();
    let input: operations::ListObjectsInput = serde_json::from_str(&stored).unwrap();
    let again = bucket().call(input).build().unwrap();
    assert_eq!(again.uri(), call.build().unwrap().uri());
    // An input that an older version stored has fewer fields.
    let older: operations::ListObjectsInput = serde_json::from_str("{\"limit\":1}").unwrap();
    assert_eq!(older.limit, Some(1));
}

#[test]
fn an_encryption_key_is_not_serialized() {
    let call = bucket().get_object("k").sse_key(&SseKey::new([b'x'; 32]));
    let error = serde_json::to_string(call.input()).unwrap_err();
    assert!(error.to_string().contains("encryption key"), "{error}");
    let mut input = call.input().clone();
    input.encryption_customer_key = None;
    assert!(is_preserved(&input));
}

/// A service signs the request, a browser sends it.
#[test]
fn a_presigned_call_is_preserved() {
    let upload = bucket().put_object("a b").content_type("text/plain");
    let deletion = bucket().delete_multiple_objects(["k"]);
    let minute = Duration::from_secs(60);
    for presigned in [
        upload.presign(minute).unwrap(),
        deletion.presign(minute).unwrap(),
    ] {
        let json = serde_json::to_value(&presigned).unwrap();
        assert_eq!(json["url"], presigned.to_string());
        let read: Presigned = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(read.to_string(), presigned.to_string());
        assert_eq!(read.headers(), presigned.headers());
        assert_eq!(
            (read.method(), read.body()),
            (presigned.method(), presigned.body())
        );
        assert_eq!(read.expires().unwrap(), presigned.expires().unwrap());
        let mut wrong = json;
        wrong["headers"] = serde_json::json!({"a\n": "b"});
        let error = serde_json::from_value::<Presigned>(wrong).unwrap_err();
        assert!(!error.to_string().contains("signature"), "{error}");
    }
}

/// The sender of an encrypted upload needs the key, but `Debug` must not show it.
#[test]
fn debug_redacts_the_key_of_a_presigned_call() {
    let key = SseKey::new([b'x'; 32]);
    let upload = bucket().put_object("k").sse_key(&key);
    let presigned = upload.presign(Duration::from_secs(60)).unwrap();
    let json = serde_json::to_string(&presigned).unwrap();
    let read: Presigned = serde_json::from_str(&json).unwrap();
    assert_eq!(read.headers(), presigned.headers());
    for shown in [format!("{presigned:?}"), format!("{read:?}")] {
        assert!(!shown.contains(key.to_base64().expose()), "{shown}");
        assert!(shown.contains("customer-key"), "{shown}");
    }
}
