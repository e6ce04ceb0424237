//! Collects the spans of the client, and writes them as lines.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use qingstor_sdk::telemetry;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// Collects the spans of the client.
#[derive(Clone, Default)]
pub(crate) struct Spans(Arc<Mutex<Vec<Collected>>>);

struct Collected {
    name: &'static str,
    parent: Option<usize>,
    fields: Fields,
    is_closed: bool,
}

#[derive(Default)]
struct Fields(BTreeMap<&'static str, String>);

/// Index of a span in [`Spans`].
#[derive(Clone, Copy)]
struct Index(usize);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    /// Exporters write only this type as a number.
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name(), value.to_string());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        panic!("{field} = {value} would be exported as text");
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if attributes.metadata().target() != telemetry::TARGET {
            return;
        }
        let span = context.span(id).unwrap();
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let parent = span
            .parent()
            .and_then(|parent| parent.extensions().get::<Index>().copied());
        let mut spans = self.0.lock().unwrap();
        span.extensions_mut().insert(Index(spans.len()));
        spans.push(Collected {
            name: attributes.metadata().name(),
            parent: parent.map(|Index(index)| index),
            fields,
            is_closed: false,
        });
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        if let Some(Index(index)) = index(id, &context) {
            record.record(&mut self.0.lock().unwrap()[index].fields);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if let Some(Index(index)) = index(&id, &context) {
            self.0.lock().unwrap()[index].is_closed = true;
        }
    }
}

fn index<S: tracing::Subscriber + for<'a> LookupSpan<'a>>(
    id: &Id,
    context: &Context<'_, S>,
) -> Option<Index> {
    let span = context.span(id)?;
    span.extensions().get::<Index>().copied()
}

/// Enables all spans in this process. Otherwise a span that two tests use for the first time at the same
/// moment, only one of them with a subscriber, could stay disabled.
pub(crate) fn enable_spans() {
    // Fails if it was called before.
    let _ = tracing::subscriber::set_global_default(tracing_subscriber::registry());
}

impl Spans {
    /// Starts to collect the spans of this thread.
    pub(crate) fn listen() -> (Self, DefaultGuard) {
        enable_spans();
        let spans = Self::default();
        let subscriber = tracing_subscriber::registry().with(spans.clone());
        (spans, tracing::subscriber::set_default(subscriber))
    }

    /// Takes the spans as lines, each below its parent and indented. Siblings are sorted. The request
    /// ID and the port are replaced.
    pub(crate) fn take(&self) -> Vec<String> {
        let spans = std::mem::take(&mut *self.0.lock().unwrap());
        assert!(spans.iter().all(|span| span.is_closed));
        let mut lines = Vec::new();
        for mut branch in branches(&spans, None) {
            lines.append(&mut branch);
        }
        lines
    }
}

fn branches(spans: &[Collected], parent: Option<usize>) -> Vec<Vec<String>> {
    let mut sorted = Vec::new();
    for (index, span) in spans.iter().enumerate() {
        if span.parent != parent {
            continue;
        }
        let mut branch = vec![line(span)];
        for child in branches(spans, Some(index)) {
            branch.extend(child.into_iter().map(|line| format!("  {line}")));
        }
        sorted.push(branch);
    }
    sorted.sort();
    sorted
}

fn line(span: &Collected) -> String {
    let mut fields = span.fields.0.clone();
    let port = fields.insert("server.port", "PORT".into()).unwrap();
    let id = fields.get_mut("qingstor.request_id");
    if let Some(id) = id.filter(|id| !id.is_empty()) {
        *id = "ID".into();
    }
    if let Some(url) = fields.get_mut("url.full") {
        *url = url.replace(&port, "PORT");
        if let Some((before, after)) = url.split_once("upload_id=") {
            let rest = after.trim_start_matches(|c: char| c != '&');
            *url = format!("{before}upload_id=UPLOAD{rest}");
        }
    }
    let fields = fields.iter().map(|(name, value)| format!("{name}={value}"));
    format!("{} {}", span.name, fields.collect::<Vec<_>>().join(" "))
}
