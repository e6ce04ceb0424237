//! Operations that put, read and delete bucket settings.

use qingstor_sdk::types::{
    AbortIncompleteMultipartUpload, AclGrant, CloudFunc, CloudFuncArgs, CnameType, CorsMethod,
    CorsRule, Grantee, GranteeType, IpAddressCondition, IsNullCondition, LifecycleExpiration,
    LifecycleFilter, LifecycleRule, LifecycleRuleState, LifecycleTransition, Notification,
    NotificationEvent, Permission, PolicyAction, PolicyCondition, PolicyEffect, PolicyStatement,
    ReplicationDestination, ReplicationFilter, ReplicationRule, RuleStatus, StorageClass,
    StringLikeCondition, Switch, VersioningStatus,
};
use serde_json::json;

use crate::case::Case;

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(acl());
    cases.extend(cname());
    cases.extend(cors());
    cases.extend(lifecycle());
    cases.extend(logging());
    cases.extend(mirror());
    cases.extend(notification());
    cases.extend(policy());
    cases.extend(replication());
    cases.extend(versioning());
    cases
}

fn acl() -> [Case; 2] {
    let put = Case::new(
        "/?acl",
        |to| {
            to.bucket.put_acl([
                AclGrant::new(Grantee::group("QS_ALL_USERS"), Permission::Read),
                AclGrant::new(Grantee::user("usr-DxWdNcCr"), Permission::FullControl),
            ])
        },
        async |output| assert_eq!(output.request_id(), Some("3f2cf9ac3168744d")),
    )
    .json(concat!(
        r#"{"acl":[{"grantee":{"type":"group","name":"QS_ALL_USERS"},"permission":"READ"},"#,
        r#"{"grantee":{"type":"user","id":"usr-DxWdNcCr"},"permission":"FULL_CONTROL"}]}"#
    ));
    let get = Case::new(
        "/?acl",
        |to| to.bucket.get_acl(),
        async |output| {
            assert_eq!(output.owner.id, "usr-DxWdNcCr");
            assert_eq!(output.acl[0].grantee.type_, GranteeType::User);
            assert_eq!(output.acl[0].permission, Permission::FullControl);
        },
    )
    .sample(
        json!({"owner": {"id": "usr-DxWdNcCr", "name": "william"}, "acl": [
        {"grantee": {"type": "user", "id": "usr-DxWdNcCr", "name": "william"},
         "permission": "FULL_CONTROL"}]}),
    );
    [put, get]
}

fn cname() -> [Case; 3] {
    let put = Case::new(
        "/?cname",
        |to| to.bucket.put_cname("www.example.com", CnameType::Website),
        async |_| {},
    )
    .json(r#"{"domain":"www.example.com","type":"website"}"#);
    let get = Case::new(
        "/?cname&type=normal",
        |to| to.bucket.get_cname().type_(CnameType::Normal),
        async |output| {
            assert_eq!(
                (output.count, &*output.cname_records[0].domain),
                (1, "www.example.com")
            );
        },
    )
    .sample(json!({"count": 1, "cname_records": [
        {"domain": "www.example.com", "type": "normal", "created": "2018-01-18T08:00:00Z"}]}));
    // This DELETE request has a body.
    let delete = Case::new(
        "/?cname",
        |to| to.bucket.delete_cname("www.example.com"),
        async |_| {},
    )
    .json(r#"{"domain":"www.example.com"}"#);
    [put, get, delete]
}

fn cors() -> [Case; 3] {
    let put = Case::new(
        "/?cors",
        |to| {
            let rule = CorsRule::new("http://*.qingcloud.com", [CorsMethod::Put, CorsMethod::Any])
                .allowed_headers(["x-qs-date", "Content-Type"])
                .expose_headers(["x-qs-date"])
                .max_age_seconds(0);
            to.bucket.put_cors([rule]).resp_vary("enabled")
        },
        async |_| {},
    )
    .json(concat!(
        r#"{"cors_rules":[{"allowed_origin":"http://*.qingcloud.com","allowed_methods":["PUT","*"],"#,
        r#""allowed_headers":["x-qs-date","Content-Type"],"expose_headers":["x-qs-date"],"#,
        r#""max_age_seconds":0}],"resp_vary":"enabled"}"#
    ));
    let get = Case::new(
        "/?cors",
        |to| to.bucket.get_cors(),
        async |output| {
            let rule = &output.cors_rules[0];
            assert_eq!(
                rule.allowed_methods,
                [CorsMethod::Get, CorsMethod::from("PATCH")]
            );
            assert_eq!(rule.max_age_seconds, Some(200));
            assert_eq!(rule.allowed_headers, None);
        },
    )
    .sample(
        json!({"cors_rules": [{"allowed_origin": "*", "allowed_methods": ["GET", "PATCH"],
        "allowed_headers": null, "max_age_seconds": 200}]}),
    );
    let delete = Case::new("/?cors", |to| to.bucket.delete_cors(), async |_| {});
    [put, get, delete]
}

fn lifecycle() -> [Case; 3] {
    let put = Case::new(
        "/?lifecycle",
        |to| {
            let logs = LifecycleFilter::default().prefix("logs/");
            let everything = LifecycleFilter::default();
            to.bucket.put_lifecycle([
                LifecycleRule::new("delete-logs", RuleStatus::Enabled, logs)
                    .expiration(LifecycleExpiration::default().days(90)),
                LifecycleRule::new("rest", RuleStatus::Disabled, everything)
                    .abort_incomplete_multipart_upload(AbortIncompleteMultipartUpload::new(3))
                    .transition(LifecycleTransition::new(StorageClass::StandardIa).days(30)),
            ])
        },
        async |_| {},
    )
    .json(concat!(
        r#"{"rule":[{"id":"delete-logs","status":"enabled","filter":{"prefix":"logs/"},"#,
        r#""expiration":{"days":90}},{"id":"rest","status":"disabled","filter":{},"#,
        r#""abort_incomplete_multipart_upload":{"days_after_initiation":3},"#,
        r#""transition":{"days":30,"storage_class":"STANDARD_IA"}}]}"#
    ));
    let get = Case::new(
        "/?lifecycle",
        |to| to.bucket.get_lifecycle(),
        async |output| {
            let rule = &output.rule[0];
            assert_eq!(rule.status, RuleStatus::Enabled);
            assert_eq!(rule.state, Some(LifecycleRuleState::Ready));
            assert_eq!(rule.created.unwrap().as_unix_seconds(), 1_471_878_212);
            assert_eq!(output.rule[1].created, None);
        },
    )
    .sample(json!({"rule": [
        {"id": "a", "status": "Enabled", "filter": {"prefix": "logs/"}, "expiration": {"days": 9},
         "state": "ready", "created": 1_471_878_212},
        {"id": "b", "status": "disabled", "filter": null}]}));
    let delete = Case::new(
        "/?lifecycle",
        |to| to.bucket.delete_lifecycle(),
        async |_| {},
    );
    [put, get, delete]
}

fn logging() -> [Case; 3] {
    let put = Case::new(
        "/?logging",
        |to| to.bucket.put_logging("log-bucket", "logs/"),
        async |_| {},
    )
    .json(r#"{"target_bucket":"log-bucket","target_prefix":"logs/"}"#);
    let get = Case::new(
        "/?logging",
        |to| to.bucket.get_logging(),
        async |output| {
            assert_eq!(
                (&*output.target_bucket, &*output.target_prefix),
                ("log-bucket", "logs/")
            );
        },
    )
    .sample(json!({"target_bucket": "log-bucket", "target_prefix": "logs/"}));
    let delete = Case::new("/?logging", |to| to.bucket.delete_logging(), async |_| {});
    [put, get, delete]
}

fn mirror() -> [Case; 3] {
    let site = "https://example.com/something/";
    let put = Case::new(
        "/?mirror",
        |to| {
            to.bucket
                .put_external_mirror("https://example.com/something/")
        },
        async |_| {},
    )
    .json(r#"{"source_site":"https://example.com/something/"}"#);
    let get = Case::new(
        "/?mirror",
        |to| to.bucket.get_external_mirror(),
        async |output| {
            assert_eq!(
                output.source_site.as_deref(),
                Some("https://example.com/something/")
            );
        },
    )
    .sample(json!({"source_site": site}));
    let delete = Case::new(
        "/?mirror",
        |to| to.bucket.delete_external_mirror(),
        async |_| {},
    );
    [put, get, delete]
}

fn notification() -> [Case; 3] {
    let put = Case::new(
        "/?notification",
        |to| {
            let args = CloudFuncArgs::new("resize:w_300|format:t_webp")
                .key_separator("-")
                .save_bucket("other-bucket");
            let events = [NotificationEvent::CreateObject];
            to.bucket
                .put_notification([Notification::new("one", events, CloudFunc::Image)
                    .object_filters(["*.png"])
                    .cloudfunc_args(args)
                    .notify_url("http://example.com/?a=b&c")])
        },
        async |_| {},
    )
    .json(concat!(
        r#"{"notifications":[{"id":"one","event_types":["create_object"],"#,
        r#""object_filters":["*.png"],"cloudfunc":"image","#,
        r#""cloudfunc_args":{"action":"resize:w_300|format:t_webp","key_seprate":"-","#,
        r#""save_bucket":"other-bucket"},"notify_url":"http://example.com/?a=b&c"}]}"#
    ));
    let get = Case::new(
        "/?notification",
        |to| to.bucket.get_notification(),
        async |output| {
            // A string instead of a list.
            let filters = output.notifications[0].object_filters.as_deref();
            assert_eq!(filters, Some(&["*".to_owned()][..]));
            let unknown = CloudFunc::Unknown("video-trans".into());
            assert_eq!(output.notifications[0].cloudfunc, unknown);
        },
    )
    .sample(
        json!({"notifications": [{"id": "one", "event_types": ["delete_object"],
        "object_filters": "*", "cloudfunc": "video-trans"}]}),
    );
    let delete = Case::new(
        "/?notification",
        |to| to.bucket.delete_notification(),
        async |_| {},
    );
    [put, get, delete]
}

fn policy() -> [Case; 3] {
    let put = Case::new(
        "/?policy",
        |to| {
            let condition = PolicyCondition::default()
                .string_like(StringLikeCondition::default().referer(["*.example1.com"]))
                .ip_address(IpAddressCondition::default().source_ip(["172.16.0.0/24"]))
                .is_null(IsNullCondition::new(false));
            let actions = [PolicyAction::GetObject];
            to.bucket.put_policy([
                PolicyStatement::new("one", ["*"], actions, PolicyEffect::Allow)
                    .resource(["mybucket/*"])
                    .condition(condition),
            ])
        },
        async |_| {},
    )
    .json(concat!(
        r#"{"statement":[{"id":"one","user":["*"],"action":["get_object"],"effect":"allow","#,
        r#""resource":["mybucket/*"],"condition":{"string_like":{"Referer":["*.example1.com"]},"#,
        r#""ip_address":{"source_ip":["172.16.0.0/24"]},"is_null":{"Referer":false}}}]}"#
    ));
    let get = Case::new(
        "/?policy",
        |to| to.bucket.get_policy(),
        async |output| {
            let statement = &output.statement[0];
            assert_eq!(statement.user, ["*"]);
            assert_eq!(statement.resource, None);
            assert_eq!(statement.action, [PolicyAction::HeadBucket]);
            assert_eq!(statement.effect, PolicyEffect::Deny);
        },
    )
    .sample(json!({"statement": [
        {"id": "one", "user": "*", "action": "head_bucket", "effect": "deny", "resource": null}]}));
    let delete = Case::new("/?policy", |to| to.bucket.delete_policy(), async |_| {});
    [put, get, delete]
}

fn replication() -> [Case; 3] {
    let put = Case::new(
        "/?replication",
        |to| {
            let filters = ReplicationFilter::default().prefix("image");
            let destination =
                ReplicationDestination::new("replicate-bucket-1").storage_class("STANDARD_IA");
            to.bucket
                .put_replication([ReplicationRule::new("one", filters, destination)
                    .status(RuleStatus::Enabled)
                    .delete_marker(Switch::Disabled)])
        },
        async |_| {},
    )
    .json(concat!(
        r#"{"rules":[{"id":"one","status":"enabled","filters":{"prefix":"image"},"#,
        r#""destination":{"bucket":"replicate-bucket-1","storage_class":"STANDARD_IA"},"#,
        r#""delete_marker":"disabled"}]}"#
    ));
    let get = Case::new(
        "/?replication",
        |to| to.bucket.get_replication(),
        async |output| {
            assert_eq!(output.rules[0].destination.zone.as_deref(), Some("sh1a"));
            assert_eq!(output.rules[0].sync_marker, None);
        },
    )
    .sample(json!({"rules": [{"id": "one", "filters": {}, "destination":
        {"bucket": "replicate-bucket-1", "zone": "sh1a"}}]}));
    let delete = Case::new(
        "/?replication",
        |to| to.bucket.delete_replication(),
        async |_| {},
    );
    [put, get, delete]
}

fn versioning() -> [Case; 3] {
    let put = Case::new(
        "/?versioning",
        |to| to.bucket.put_versioning(VersioningStatus::Enabled),
        async |_| {},
    )
    .json(r#"{"status":"ENABLED"}"#);
    let get = Case::new(
        "/?versioning",
        |to| to.bucket.get_versioning(),
        async |output| {
            assert_eq!(output.status, VersioningStatus::Suspended);
        },
    )
    .sample(json!({"status": "SUSPENDED"}));
    let retention = Case::new(
        "/?retention",
        |to| to.bucket.put_retention().days(36_500),
        async |output| assert_eq!(output.worm_id.as_deref(), Some("worm-1")),
    )
    .json(r#"{"days":36500}"#)
    .response_header("X-QS-Worm-ID", "worm-1");
    [put, get, retention]
}
