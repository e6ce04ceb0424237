//! `doctor`: checks configuration, clock, connection and rights, and says what to fix.

use anyhow::{Result, anyhow};
use qingstor_sdk::{Bucket, Config, Error, ErrorCode, ErrorKind, Timestamp};
use serde_json::json;

use crate::arguments::DoctorArguments;
use crate::exit::UsageError;
use crate::location::Remote;
use crate::messages;
use crate::output::{Output, error_text, printable};
use crate::session::{NoCredentials, Session, has_zones, is_not_found};

/// The service rejects requests whose clock differs by more than 15 minutes; it is time to fix the
/// clock long before.
const MAX_CLOCK_SKEW_SECONDS: u64 = 300;

/// Runs the command. Each check that fails is a failure of the command.
pub(super) async fn run(
    session: &Session,
    output: &Output,
    arguments: DoctorArguments,
) -> Result<()> {
    let bucket = arguments
        .bucket
        .as_deref()
        .map(Remote::parse_bucket)
        .transpose()?;
    let report = Report(output);
    if !settings(session, &report)? {
        return Ok(());
    }
    service(session, &report).await?;
    match bucket {
        Some(name) => check_bucket(session, &report, &name).await,
        None => Ok(()),
    }
}

/// Prints the results of checks.
struct Report<'a>(&'a Output);

impl Report<'_> {
    fn passed(&self, check: &str, text: String) -> Result<()> {
        if self.0.quiet() {
            return Ok(());
        }
        self.0.result(
            || messages::check_passed(&text),
            || json!({"check": check, "ok": true, "message": text}),
        )
    }

    fn failed(&self, check: &str, error: &anyhow::Error, fix: String) -> Result<()> {
        let text = error_text(error);
        self.0.count_failure();
        self.0.result(
            || {
                format!(
                    "{}\n{}",
                    messages::check_failed(&text),
                    messages::check_fix(&fix)
                )
            },
            || json!({"check": check, "ok": false, "message": text, "fix": fix}),
        )
    }
}

/// Checks that there are valid settings. Without them, nothing else can be checked.
fn settings(session: &Session, report: &Report<'_>) -> Result<bool> {
    if let Err(error) = session.client() {
        let is_missing = error.is::<NoCredentials>()
            || error
                .downcast_ref::<Error>()
                .is_some_and(|error| error.kind() == ErrorKind::Credentials);
        let fix = match is_missing {
            true => messages::settings_missing(),
            false => messages::fix_settings(),
        };
        // The whole text of the error is the remedy.
        let text = error.is::<NoCredentials>().then(messages::no_access_key);
        let shown = text.map(|text| anyhow!(text));
        report.failed("settings", shown.as_ref().unwrap_or(&error), fix)?;
        unknown_settings(session, report, &error.to_string())?;
        return Ok(false);
    }
    let access_key = std::env::var_os("QINGSTOR_ACCESS_KEY_ID").filter(|id| !id.is_empty());
    let place = match session.settings_file()? {
        Some(path) => path.display().to_string(),
        None if access_key.is_some() => messages::settings_environment(),
        None => match session.settings_path()? {
            Some(path) if path.exists() => path.display().to_string(),
            _ => messages::settings_none(),
        },
    };
    report.passed("settings", messages::settings_found(place))?;
    unknown_settings(session, report, "")?;
    Ok(true)
}

/// Reports the keys in the file that are not settings, unless the message `known` contains them. A file
/// that is missing or invalid has no such keys.
fn unknown_settings(session: &Session, report: &Report<'_>, known: &str) -> Result<()> {
    let path = session.settings_path()?;
    let unknown = path.as_ref().map(Config::unknown_settings);
    let (Some(path), Some(Ok(unknown))) = (path, unknown) else {
        return Ok(());
    };
    let mut others = Vec::new();
    for setting in unknown {
        let (key, path) = (&setting.key, path.display());
        match setting.similar {
            None => others.push(setting.key),
            Some(_) if known.contains(&format!("`{key}`")) => {}
            Some(similar) => {
                let text = messages::unknown_setting(path, setting.line, key);
                let fix = messages::fix_unknown_setting(similar);
                report.failed("settings file", &anyhow!(text), fix)?;
            }
        }
    }
    match others.is_empty() {
        true => Ok(()),
        false => {
            let text = messages::other_settings(path.display(), printable(&others.join(", ")));
            report.passed("settings file", text)
        }
    }
}

/// Checks the connection, the clock and the access key.
async fn service(session: &Session, report: &Report<'_>) -> Result<()> {
    match session.client()?.list_buckets().await {
        // Another web server can send a document that happens to be a list of buckets.
        Ok(output) if output.request_id().is_none() => {
            let error = anyhow!(messages::no_request_id());
            report.failed("connection", &error, messages::fix_connection())
        }
        Ok(output) => {
            clock(report, output.headers().get("date"))?;
            report.passed(
                "access key",
                messages::service_reached(output.buckets.len()),
            )
        }
        Err(error) => {
            // The clock of another web server says nothing about that of the service.
            if let Some(headers) = error.headers().filter(|_| is_of_service(&error)) {
                clock(report, headers.get("date"))?;
            }
            // The service refuses to list buckets without an access key, which shows that it responds.
            let is_refused = is_of_service(&error)
                && error
                    .status()
                    .is_some_and(|status| status.is_client_error());
            if session.options().anonymous {
                return match is_refused {
                    true => report.passed("connection", messages::service_anonymous()),
                    false => {
                        let fix = fix(&error, messages::fix_connection);
                        report.failed("connection", &error.into(), fix)
                    }
                };
            }
            let fix = fix(&error, || messages::fix_account_rights("ListBuckets"));
            report.failed("access key", &error.into(), fix)
        }
    }
}

/// Returns whether the service has sent the response of an error, and not another web server, such as a
/// captive portal.
fn is_of_service(error: &Error) -> bool {
    error.code().is_some() || error.request_id().is_some()
}

/// Returns what to do about the error of a request. `rights` is the text for a missing right.
fn fix(error: &Error, rights: impl FnOnce() -> String) -> String {
    let Some(status) = error.status().filter(|_| is_of_service(error)) else {
        return messages::fix_connection();
    };
    match status.as_u16() {
        401 => messages::fix_key(),
        403 if error.code() == Some(&ErrorCode::RequestExpired) => messages::fix_clock(),
        403 => rights(),
        404 => messages::fix_bucket(),
        429 | 500.. => messages::fix_later(),
        _ => messages::fix_settings(),
    }
}

fn clock(report: &Report<'_>, date: Option<&impl AsRef<[u8]>>) -> Result<()> {
    let date = date.and_then(|date| std::str::from_utf8(date.as_ref()).ok());
    let Some(theirs) = date.and_then(|date| Timestamp::from_http_date(date).ok()) else {
        return Ok(());
    };
    let skew = Timestamp::now()
        .as_unix_seconds()
        .abs_diff(theirs.as_unix_seconds());
    let text = messages::clock_right(skew);
    match skew > MAX_CLOCK_SKEW_SECONDS {
        true => report.failed("clock", &anyhow!(text), messages::fix_clock()),
        false => report.passed("clock", text),
    }
}

/// Checks the zone of a bucket, and the rights to list and read it.
async fn check_bucket(session: &Session, report: &Report<'_>, name: &str) -> Result<()> {
    let bucket = match session.look_up(name).await {
        Ok(bucket) => {
            zone(session, report, &bucket)?;
            bucket
        }
        Err(error) if error.is::<UsageError>() || is_not_found(&error) => {
            return report.failed("bucket", &error, messages::fix_bucket());
        }
        // The zone need not be known, and the requests below show what is wrong.
        Err(error) => match session.known_bucket(session.client()?, name) {
            Some(bucket) => bucket?,
            None => {
                let request = error.chain().find_map(|cause| cause.downcast_ref());
                let fix = request.map_or_else(messages::fix_bucket, |request| {
                    fix(request, messages::fix_unknown_zone)
                });
                return report.failed("bucket", &error, fix);
            }
        },
    };
    right(report, "HeadBucket", bucket.head().await.map(drop))?;
    right(
        report,
        "ListObjects",
        bucket.list_objects().limit(1).await.map(drop),
    )?;
    right(report, "GetBucketACL", bucket.get_acl().await.map(drop))
}

/// Checks that the bucket is in the zone that is set, if one is. With an endpoint, requests reach the
/// bucket whatever zone is set.
fn zone(session: &Session, report: &Report<'_>, bucket: &Bucket) -> Result<()> {
    let (name, zone) = (bucket.name(), bucket.zone());
    let client = session.client()?;
    match session.zone().filter(|_| has_zones(client)) {
        Some(other) if !other.eq_ignore_ascii_case(zone) => {
            let text = messages::bucket_in_other_zone(name, zone, printable(&other));
            report.failed("bucket", &anyhow!(text), messages::fix_zone(zone))
        }
        _ => report.passed("bucket", messages::bucket_zone(name, zone)),
    }
}

fn right(report: &Report<'_>, operation: &'static str, checked: Result<(), Error>) -> Result<()> {
    match checked {
        Ok(()) => report.passed(operation, messages::bucket_right(operation)),
        Err(error) => {
            let fix = fix(&error, || messages::fix_rights(operation));
            report.failed(operation, &error.into(), fix)
        }
    }
}
