//! Exports spans, and a histogram of the duration of requests, with OpenTelemetry to the standard
//! output, and sends the trace context of each attempt to the service.
//!
//! Runs against a local emulator that fails sometimes. For a real collector, replace the two
//! exporters by those of the crate `opentelemetry-otlp`.

use std::error::Error;
use std::time::Duration;

use anyhow::Result;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Histogram, MeterProvider as _};
use opentelemetry::propagation::{Injector, TextMapPropagator as _};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::{
    Config, Intercept, InterceptedRequest, Observer, QingStor, ResponseEvent, telemetry,
};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Records the duration of each attempt.
struct Durations(Histogram<f64>);

impl Durations {
    fn new(provider: &SdkMeterProvider) -> Self {
        let histogram = provider
            .meter("qingstor")
            .f64_histogram(telemetry::HTTP_CLIENT_REQUEST_DURATION)
            .with_unit("s")
            .with_description("Duration of HTTP client requests.")
            .with_boundaries(telemetry::HTTP_CLIENT_REQUEST_DURATION_BOUNDARIES.into())
            .build();
        Self(histogram)
    }
}

impl Observer for Durations {
    fn response(&self, event: &ResponseEvent<'_>) {
        let uri = event.uri;
        let default_port = if uri.scheme_str() == Some("https") {
            443
        } else {
            80
        };
        let port = uri.port_u16().unwrap_or(default_port);
        let host = uri.host().unwrap_or_default();
        let host = host.trim_matches(['[', ']']).to_owned();
        let mut attributes = vec![
            KeyValue::new(telemetry::HTTP_REQUEST_METHOD, event.method.to_string()),
            KeyValue::new(telemetry::SERVER_ADDRESS, host),
            KeyValue::new(telemetry::SERVER_PORT, i64::from(port)),
        ];
        if let Some(status) = event.status {
            let status = i64::from(status.as_u16());
            attributes.push(KeyValue::new(telemetry::HTTP_RESPONSE_STATUS_CODE, status));
        }
        if let Some(error_type) = event.error_type() {
            attributes.push(KeyValue::new(telemetry::ERROR_TYPE, error_type));
        }
        self.0.record(event.elapsed.as_secs_f64(), &attributes);
    }
}

/// Sends the trace context (W3C `traceparent`) with each attempt.
struct Propagation(TraceContextPropagator);

impl Intercept for Propagation {
    fn intercept(
        &self,
        request: &mut InterceptedRequest<'_>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        // The interceptor runs in the span of the attempt.
        let context = tracing::Span::current().context();
        let mut headers = Headers(Vec::new());
        self.0.inject_context(&context, &mut headers);
        for (name, value) in headers.0 {
            request.set_header(name, value)?;
        }
        Ok(())
    }
}

struct Headers(Vec<(String, String)>);

impl Injector for Headers {
    fn set(&mut self, name: &str, value: String) {
        self.0.push((name.to_owned(), value));
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let traces = SdkTracerProvider::builder()
        .with_simple_exporter(opentelemetry_stdout::SpanExporter::default())
        .build();
    let reader = PeriodicReader::builder(opentelemetry_stdout::MetricExporter::default())
        .with_interval(Duration::from_secs(60))
        .build();
    let metrics = SdkMeterProvider::builder().with_reader(reader).build();
    let spans = tracing_opentelemetry::layer()
        .with_tracer(traces.tracer("qingstor"))
        .with_filter(filter_fn(|metadata| metadata.target() == telemetry::TARGET));
    tracing_subscriber::registry().with(spans).init();

    let emulator = Emulator::builder().in_memory().start().await?;
    let config = Config::new(emulator.access_key_id(), emulator.secret_access_key())
        .endpoint(emulator.endpoint())
        .interceptor(Propagation(TraceContextPropagator::new()))
        .observer(Durations::new(&metrics));
    let bucket = QingStor::new(config)?.bucket("my-bucket", "pek3a")?;
    bucket.put().await?;
    emulator.set_faults([FaultRule::on("UploadMultipart").status(503).times(1)])?;
    // A transfer is one span, with a span for each of its calls, and for each attempt of a call.
    let upload = bucket.upload("film.mov", vec![0; 9 << 20]);
    let upload = upload.multipart_threshold(4 << 20).part_size(4 << 20);
    let output = upload.await?;
    assert_eq!(output.parts, 3);
    let error = bucket.get_object("absent").await.map(drop);
    assert!(error.is_err_and(|error| error.is_not_found()));

    traces.shutdown()?;
    metrics.shutdown()?;
    Ok(())
}
