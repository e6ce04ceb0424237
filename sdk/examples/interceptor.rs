//! Adds a trace context (W3C `traceparent`) to each request, and refuses some requests.
//!
//! Runs against a local emulator, whose log shows the trace context.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::{Config, ErrorKind, Intercept, InterceptedRequest, QingStor};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Continues a trace: each attempt has its own span ID.
struct Trace {
    trace_id: u128,
    last_span_id: AtomicU64,
}

impl Intercept for Trace {
    fn intercept(
        &self,
        request: &mut InterceptedRequest<'_>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let span_id = self.last_span_id.fetch_add(1, Ordering::Relaxed) + 1;
        let context = format!("00-{:032x}-{span_id:016x}-01", self.trace_id);
        request.set_header("traceparent", context)?;
        Ok(())
    }
}

/// Refuses requests that delete something.
struct ReadOnly;

impl Intercept for ReadOnly {
    fn intercept(
        &self,
        request: &mut InterceptedRequest<'_>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        if request.operation().starts_with("Delete") {
            return Err("this program must not delete anything".into());
        }
        Ok(())
    }
}

/// The log of the emulator.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let log = Log::default();
    let writer = log.clone();
    let access_log = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .with_filter(filter_fn(|line| {
            line.target() == "qingstor_emulator::access"
        }));
    tracing_subscriber::registry().with(access_log).init();

    let emulator = Emulator::builder().in_memory().start().await?;
    let trace = Trace {
        trace_id: 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736,
        last_span_id: AtomicU64::new(0),
    };
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint())
        .interceptor(trace)
        .interceptor(ReadOnly);
    let bucket = QingStor::new(config)?.bucket("my-bucket", "pek3a")?;
    bucket.put().await?;
    // The first attempt fails. The second one has another span ID.
    emulator.set_faults([FaultRule::on("PutObject").status(503).times(1)])?;
    bucket.put_object("report.txt").body("content").await?;

    let Err(error) = bucket.delete_object("report.txt").await else {
        anyhow::bail!("the interceptor did not refuse the request");
    };
    println!("{error}");
    assert_eq!(error.kind(), ErrorKind::Interceptor);
    assert_eq!(error.attempts(), 0);

    emulator.shutdown().await;
    let log = log.text();
    print!("{log}");
    for span_id in 1..=3 {
        let context = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-{span_id:016x}-01");
        assert!(log.contains(&context), "{context}");
    }
    Ok(())
}
