pub mod error_code {
    crate::string_enum::string_enum! { /// x
    ErrorCode { /// a
    BucketNotEmpty = "bucket_not_empty", /// b
    ObjectNotExists = "object_not_exists",} }
    impl ErrorCode {
        pub(crate) fn is_retryable(&self) -> bool {
            false
        }
    }
}
pub mod types {}
pub mod operations {}
pub(crate) const SIGNED_PARAMETERS: &[&str] = &[
    "acl",
    "append",
    "cname",
    "cors",
    "delete",
    "image",
    "lifecycle",
    "logging",
    "mirror",
    "notification",
    "part_number",
    "policy",
    "position",
    "replication",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "retention",
    "stats",
    "upload_id",
    "uploads",
    "version_id",
    "versioning",
    "versions",
];
