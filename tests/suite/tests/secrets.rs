//! Secrets do not appear in logs at trace level, in `Debug` output, or in errors.
//!
//! A separate test binary, because the log collector is global to the process.

#![cfg(test)]

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use qingstor_emulator::Emulator;
use qingstor_sdk::operations::PutObjectInput;
use qingstor_sdk::{Config, Credentials, Operation, QingStor};
use qingstor_suite::{CannedResponse, Server};
use tracing_subscriber::filter::LevelFilter;

const SECRET: &str = "a-secret-access-key-that-must-not-appear";
const FORM_SIGNATURE: &str = "c29tZS1zaWduYXR1cmUtb2YtYS1mb3Jt";
const FETCH_SECRET: &str = "a-password-or-signature-in-a-url";
const CUSTOMER_KEY: &str = "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg=";

/// Collects log output.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Collects the messages that dependencies of the SDK log with the `log` crate.
impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let line = format!("{} {}\n", record.target(), record.args());
        self.0.lock().unwrap().extend_from_slice(line.as_bytes());
    }

    fn flush(&self) {}
}

#[tokio::test]
async fn secrets_do_not_appear_in_output() {
    let log = Log::default();
    log::set_boxed_logger(Box::new(log.clone())).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let mut shown = String::new();
    let signatures = calls(&mut shown).await;
    shown += &String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    // First make sure that the log was collected: it contains the requests and their ids.
    for expected in [
        "PutObject",
        "qingstor.request_id",
        "call succeeded",
        "call failed",
        "hyper_util",
    ] {
        assert!(shown.contains(expected), "{expected} not found in: {shown}");
    }
    let secrets = [
        SECRET,
        FETCH_SECRET,
        CUSTOMER_KEY,
        "Authorization",
        "authorization: ",
    ];
    let secrets = secrets.map(str::to_owned).into_iter().chain(signatures);
    for secret in secrets {
        let line = shown.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "{secret} appears");
    }
}

/// Sends requests that succeed and fail, and appends everything that can be printed to `shown`. Returns
/// the signatures.
async fn calls(shown: &mut String) -> Vec<String> {
    let emulator = Emulator::builder()
        .account("KEYID", SECRET)
        .start()
        .await
        .unwrap();
    let config = Config::new("KEYID", SECRET).endpoint(emulator.endpoint());
    let credentials = Credentials::new("KEYID", SECRET).unwrap();
    write!(shown, "{config:?} {credentials:?}").unwrap();
    let qingstor = QingStor::new(config).unwrap();
    let bucket = qingstor.bucket("some-bucket", "pek3a").unwrap();
    write!(shown, "{qingstor:?} {bucket:?}").unwrap();
    bucket.put().await.unwrap();

    let encrypted = || {
        let call = bucket
            .put_object("k")
            .body("x")
            .encryption_customer_algorithm("AES256");
        call.encryption_customer_key(CUSTOMER_KEY)
    };
    let mut input = PutObjectInput::new("k");
    input.encryption_customer_key = Some(CUSTOMER_KEY.into());
    write!(shown, "{:?} {input:?}", encrypted()).unwrap();
    let request = encrypted().build().unwrap();
    write!(shown, "{request:?}").unwrap();
    let signed = request.headers()["authorization"].to_str().unwrap();
    let mut signatures = vec![signed.rsplit_once(':').unwrap().1.to_owned()];

    // Successes and failures are both printed.
    match encrypted().await {
        Ok(output) => write!(shown, "{output:?}").unwrap(),
        Err(error) => write!(shown, "{error} {error:?}").unwrap(),
    }
    bucket.put_object("k").body("x").await.unwrap();
    let output = bucket.get_object("k").await.unwrap();
    write!(shown, "{output:?}").unwrap();
    let missing = bucket.get_object("missing").await.unwrap_err();
    write!(shown, "{missing} {missing:?}").unwrap();

    let presigned = bucket
        .get_object("k")
        .presign(Duration::from_secs(60))
        .unwrap();
    write!(shown, "{presigned:?}").unwrap();
    let url = presigned.to_string();
    signatures.push(url.rsplit_once("signature=").unwrap().1.to_owned());

    // A secret in a custom header, and a signature in a presigned form.
    let custom = bucket
        .get_object("k")
        .header("x-qs-encryption-customer-key", CUSTOMER_KEY);
    write!(shown, "{custom:?} {:?}", custom.clone().build().unwrap()).unwrap();
    let form = bucket.post_object("k", "x").signature(FORM_SIGNATURE);
    signatures.push(FORM_SIGNATURE.to_owned());
    write!(shown, "{form:?} {:?}", form.input()).unwrap();

    let wrong = Config::new("KEYID", SECRET).endpoint("http://127.0.0.1:1");
    let unreachable = QingStor::new(wrong)
        .unwrap()
        .bucket("some-bucket", "pek3a")
        .unwrap();
    let presigned = unreachable
        .get_object("k")
        .encryption_customer_key(CUSTOMER_KEY);
    let error = presigned.await.unwrap_err();
    write!(shown, "{error} {error:?}").unwrap();

    // A URL that the service fetches.
    let source = format!("https://u:{FETCH_SECRET}@127.0.0.1:1/o?s={FETCH_SECRET}");
    let fetch = || unreachable.put_object("k").fetch_source(&source);
    let mut input = PutObjectInput::new("k");
    input.fetch_source = Some(source.as_str().into());
    let presigned = fetch().presign(Duration::from_secs(60)).unwrap();
    let built = fetch().build().unwrap();
    write!(shown, "{:?} {input:?} {presigned:?} {built:?}", fetch()).unwrap();
    let error = fetch().await.unwrap_err();
    write!(shown, "{error} {error:?} {error:#?}").unwrap();
    let ambiguous = format!("https://u:{FETCH_SECRET}/{FETCH_SECRET}@127.0.0.1:1/o");
    let fetch = unreachable.put_object("k").fetch_source(ambiguous);
    write!(shown, "{fetch:?}").unwrap();
    let error = fetch.await.unwrap_err();
    write!(shown, "{error} {error:?} {error:#?}").unwrap();

    // An invalid response, so that the error contains its body.
    let server = Server::start(CannedResponse::new(200).body("nonsense")).await;
    let config = Config::new("KEYID", SECRET).endpoint(server.endpoint());
    let error = QingStor::new(config)
        .unwrap()
        .list_buckets()
        .await
        .unwrap_err();
    write!(shown, "{error} {error:?}").unwrap();
    let sent = server.only_request();
    signatures.push(sent.header("authorization").unwrap()[9..].to_owned());
    write!(shown, "{:?}", PutObjectInput::INFO).unwrap();
    signatures
}
