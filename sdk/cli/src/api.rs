//! `qingstor api OPERATION`: sends one request of the API.
//!
//! The operations and their flags are generated from the specification, see `generated`. This module
//! has what they share: flags, values, and output.

mod command;
mod form_fields;
mod operation;
mod values;

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::ArgMatches;
use futures_util::TryStreamExt as _;
use qingstor_sdk::generic::ClientHandle;
use qingstor_sdk::{
    Body, Bucket, ByteStream, Call, Error, ObjectPath, Operation as SdkOperation, QingStor,
    ResponseMeta,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::curl::{self, CurlBody};
use crate::exit::usage;
use crate::location::{Remote, SCHEME};
use crate::messages;
use crate::output::{Output, TwoBuckets};
use crate::session::{Session, is_not_found};
use crate::special_files::{is_stdin, is_stdout, is_stream, open_stream};

pub(crate) use command::ApiArguments;
use operation::{BODY_FLAG, BodyKind, Level};
pub(crate) use operation::{Kind, Operation, Parameter};

/// The names that generated commands use.
pub(crate) mod prelude {
    pub(crate) use anyhow::Result;

    pub(crate) use super::operation::{BodyKind, Kind, Level, Operation, Parameter};
    pub(crate) use super::{Api, with_optional};
}

/// Calls a setter of a request for each value that is set.
macro_rules! with_optional {
    ($call:expr, {$($setter:ident: $value:expr,)*}) => {{
        let mut call = $call;
        $(if let Some(value) = $value {
            call = call.$setter(value);
        })*
        call
    }};
}
pub(crate) use with_optional;

/// One run of an operation.
pub(crate) struct Api {
    session: Arc<Session>,
    output: Arc<Output>,
    operation: &'static Operation,
    matches: ArgMatches,
    /// The document of `--body`.
    document: Map<String, Value>,
}

impl Api {
    /// Reads the document of `--body`.
    ///
    /// # Errors
    ///
    /// Returns a usage error if it is not a JSON object.
    pub(crate) fn new(
        session: &Arc<Session>,
        output: &Arc<Output>,
        arguments: ApiArguments,
    ) -> Result<Self> {
        let ApiArguments { operation, matches } = arguments;
        let document = match operation.has_body_flag() {
            true => matches.get_one::<String>(BODY_FLAG),
            false => None,
        };
        let document = match document {
            Some(text) => match values::json(BODY_FLAG, text)? {
                Value::Object(fields) => fields,
                _ => return Err(values::invalid(BODY_FLAG, values::expected_object(text))),
            },
            None => Map::new(),
        };
        Ok(Self {
            session: Arc::clone(session),
            output: Arc::clone(output),
            operation,
            matches,
            document,
        })
    }

    /// Sends the request, or prints it.
    ///
    /// # Errors
    ///
    /// Returns a usage error if a flag is invalid, or an error of the request.
    pub(crate) async fn run(&self) -> Result<()> {
        (self.operation.send)(self).await
    }

    /// Returns the handle of the service.
    ///
    /// # Errors
    ///
    /// Returns an error if the settings are invalid.
    pub(crate) fn service(&self) -> Result<&QingStor> {
        self.session.client()
    }

    /// Returns the handle of `--bucket`.
    ///
    /// # Errors
    ///
    /// Returns an error if the zone is not known, for example because the operation creates the bucket.
    pub(crate) async fn bucket(&self) -> Result<Bucket> {
        let name = self.matches.get_one::<String>("bucket");
        let name = Remote::parse_bucket(name.map(String::as_str).unwrap_or_default())?;
        let bucket = self.session.bucket(&name).await;
        bucket.map_err(|error| match is_not_found(&error) {
            true => error.context(self.session.how_to_set_zone()),
            false => error,
        })
    }

    /// Returns the value of a flag, if it is set.
    ///
    /// # Errors
    ///
    /// Returns a usage error if the value is invalid.
    pub(crate) fn optional<T: DeserializeOwned>(&self, flag: &'static str) -> Result<Option<T>> {
        let Some(parameter) = self.parameter(flag) else {
            return Ok(None);
        };
        let texts: Vec<&str> = match self.matches.get_many::<String>(flag) {
            Some(texts) => texts.map(String::as_str).collect(),
            None => Vec::new(),
        };
        let value = match texts.is_empty() {
            false => values::value(parameter, &texts)?,
            true => match self.document.get(parameter.name) {
                Some(value) if parameter.is_in_json => value.clone(),
                _ => match self.zone_for(parameter) {
                    Some(zone) => zone.into(),
                    None => return Ok(None),
                },
            },
        };
        match serde_json::from_value(value) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(values::invalid(
                flag,
                values::with_file_hint(parameter, &texts, error),
            )),
        }
    }

    /// Returns the zone of `--zone` for the parameter that limits a list to a zone, as `ls` does. The
    /// command of an operation sends what its options say, so that `QINGSTOR_ZONE` has no effect.
    fn zone_for(&self, parameter: &Parameter) -> Option<String> {
        let is_zone = self.operation.level == Level::Service && parameter.name == "Location";
        self.session.options().zone.clone().filter(|_| is_zone)
    }

    /// Returns the value of a required flag.
    ///
    /// # Errors
    ///
    /// Returns a usage error if the value is missing or invalid.
    pub(crate) fn required<T: DeserializeOwned>(&self, flag: &'static str) -> Result<T> {
        let value = self.optional(flag)?;
        value.ok_or_else(|| usage(messages::required_option(format_args!("--{flag}"))))
    }

    /// Returns the object of a flag, if it is set, in the version that its other flag names.
    ///
    /// # Errors
    ///
    /// Returns a usage error if the value is not `BUCKET/KEY`.
    pub(crate) fn path(&self, flag: &'static str) -> Result<Option<ObjectPath>> {
        let Some(text) = self.matches.get_one::<String>(flag) else {
            return Ok(None);
        };
        let path = text.strip_prefix(SCHEME).unwrap_or(text);
        let path = path.strip_prefix('/').unwrap_or(path);
        let path: ObjectPath = path.parse().map_err(|error| values::invalid(flag, error))?;
        let version_flag = self.parameter(flag).and_then(Parameter::version_flag);
        let version = version_flag.and_then(|flag| self.matches.get_one::<String>(flag));
        Ok(Some(match version {
            Some(version) => path.version_id(version),
            None => path,
        }))
    }

    /// Returns the object of a required flag.
    ///
    /// # Errors
    ///
    /// Returns a usage error if the value is missing or not `BUCKET/KEY`.
    #[allow(
        dead_code,
        reason = "whether operations have such parameters depends on the specification"
    )]
    pub(crate) fn required_path(&self, flag: &'static str) -> Result<ObjectPath> {
        let path = self.path(flag)?;
        path.ok_or_else(|| usage(messages::required_option(format_args!("--{flag}"))))
    }

    /// Returns the content of the file of a flag, if it is set. Standard input is read into memory,
    /// because the request needs its length.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read.
    pub(crate) async fn stream(&self, flag: &'static str) -> Result<Option<Body>> {
        let Some(path) = self.matches.get_one::<String>(flag) else {
            return Ok(None);
        };
        // A dry run shows the name of the file.
        if self.is_dry_run() {
            return Ok(None);
        }
        if is_stdin(Path::new(path)) {
            let mut content = Vec::new();
            tokio::io::stdin()
                .read_to_end(&mut content)
                .await
                .context("standard input")?;
            return Ok(Some(content.into()));
        }
        if let Some(file) = path.strip_prefix('@')
            && !Path::new(path).exists()
            && Path::new(file).exists()
        {
            return Err(values::invalid(flag, messages::file_without_at(file)));
        }
        Ok(Some(
            Body::from_path(path).await.with_context(|| path.clone())?,
        ))
    }

    /// Returns the content of the file of a required flag.
    ///
    /// # Errors
    ///
    /// Returns a usage error if the flag is missing, or an error if the file cannot be read.
    pub(crate) async fn required_stream(&self, flag: &'static str) -> Result<Body> {
        match self.stream(flag).await? {
            Some(body) => Ok(body),
            None if self.is_dry_run() => Ok(Body::empty()),
            None => Err(usage(messages::required_option(format_args!("--{flag}")))),
        }
    }

    /// Sends the call and prints the output, or prints the request.
    ///
    /// # Errors
    ///
    /// Returns the error of the call.
    pub(crate) async fn send<I>(&self, call: Call<I>) -> Result<()>
    where
        I: SdkOperation<Handle: ClientHandle, Output: Serialize + Deref<Target = ResponseMeta>>,
    {
        if self.is_dry_run() {
            return self.print_request(call).await;
        }
        let output = self.explain(call.send().await)?;
        self.print_output(&output, &output, None)
    }

    /// Sends the call, writes the stream of its output to `--output`, and prints the rest; or prints
    /// the request.
    ///
    /// # Errors
    ///
    /// Returns the error of the call, or of the file.
    pub(crate) async fn download<I>(
        &self,
        call: Call<I>,
        stream: impl FnOnce(I::Output) -> ByteStream,
    ) -> Result<()>
    where
        I: SdkOperation<Handle: ClientHandle, Output: Serialize + Deref<Target = ResponseMeta>>,
    {
        if self.is_dry_run() {
            return self.print_request(call).await;
        }
        let output = self.explain(call.send().await)?;
        match self.matches.get_one::<PathBuf>("output") {
            Some(path) if !is_stdout(path) => {
                // The stream is a part of the output, so the rest is converted before it is read.
                let fields = serde_json::to_value(&output)?;
                let meta: ResponseMeta = ResponseMeta::clone(&output);
                let written = write_to(path, stream(output)).await;
                written.with_context(|| path.display().to_string())?;
                self.print_output(&fields, &meta, Some(path))
            }
            _ => {
                self.output.print_content();
                let mut stream = stream(output);
                while let Some(chunk) = stream.chunk().await? {
                    self.output.raw(&chunk)?;
                }
                Ok(())
            }
        }
    }

    /// Adds the context of a request with the object of another bucket to its error.
    fn explain<T>(&self, result: Result<T, Error>) -> Result<T> {
        let parameters = self.operation.parameters.iter();
        let mut paths = parameters.filter(|parameter| parameter.kind == Kind::ObjectPath);
        let has_source = paths.any(|path| self.matches.contains_id(path.flag));
        result.map_err(|error| match has_source {
            true => anyhow::Error::new(error).context(TwoBuckets),
            false => error.into(),
        })
    }

    /// Prints the fields of an output, with its status and request ID.
    fn print_output(
        &self,
        fields: &impl Serialize,
        meta: &ResponseMeta,
        file: Option<&Path>,
    ) -> Result<()> {
        if self.output.quiet() && !self.output.json() {
            return Ok(());
        }
        let mut value = json!({"status": meta.status().as_u16(), "request_id": meta.request_id()});
        if let (Value::Object(value), Value::Object(fields)) =
            (&mut value, serde_json::to_value(fields)?)
        {
            value.extend(fields.into_iter().filter(|(_, value)| !value.is_null()));
            if let Some(file) = file {
                value.insert("output".to_owned(), file.display().to_string().into());
            }
        }
        self.output.line(&match self.output.json() {
            true => value.to_string(),
            false => serde_json::to_string_pretty(&value)?,
        })
    }

    /// Prints the request as a `curl` command.
    async fn print_request<I: SdkOperation>(&self, call: Call<I>) -> Result<()> {
        let (request, body) = call.build()?.into_parts();
        let show_secrets = self.matches.get_flag("show-secrets");
        let content = body.as_bytes().cloned().unwrap_or_default();
        let text = std::str::from_utf8(&content).unwrap_or_default();
        let fields;
        let body = match (self.operation.body, self.stream_operand()) {
            (BodyKind::Form, file) => {
                fields = self.form_fields(body, show_secrets).await?;
                CurlBody::Form {
                    fields: &fields,
                    file,
                }
            }
            (_, Some((_, file))) => CurlBody::File(file),
            (_, None) if !text.is_empty() => CurlBody::Text(text),
            _ => CurlBody::None,
        };
        let method = request.method.as_str();
        let uri = request.uri.to_string();
        let command = curl::command(method, &uri, &request.headers, &body, show_secrets);
        self.output.result(
            || command.clone(),
            || json!({"method": method, "url": uri, "curl": command}),
        )
    }

    /// Returns the fields of a form without its file. Secrets are replaced unless `show_secrets` is set.
    async fn form_fields(&self, form: Body, show_secrets: bool) -> Result<Vec<(String, String)>> {
        let form: Vec<_> = form.into_stream()?.try_collect().await?;
        let form = form.concat();
        let mut fields = form_fields::parse(&String::from_utf8_lossy(&form));
        let parameters = self.operation.parameters.iter();
        for secret in parameters.filter(|one| one.kind == Kind::Secret && !show_secrets) {
            for (name, value) in &mut fields {
                if name == secret.name {
                    *value = curl::SECRET.to_owned();
                }
            }
        }
        Ok(fields)
    }

    /// Returns the name of the parameter whose value is a file, and its path.
    fn stream_operand(&self) -> Option<(&str, &str)> {
        let mut parameters = self.operation.parameters.iter();
        let stream = parameters.find(|one| one.kind == Kind::Stream)?;
        let path = self.matches.get_one::<String>(stream.flag)?;
        Some((stream.name, path))
    }

    fn parameter(&self, flag: &str) -> Option<&'static Parameter> {
        self.operation
            .parameters
            .iter()
            .find(|parameter| parameter.flag == flag)
    }

    fn is_dry_run(&self) -> bool {
        self.matches.get_flag("dry-run")
    }
}

/// Writes a stream to a pipe or device, or to a file that replaces the one at the path.
async fn write_to(path: &Path, mut stream: ByteStream) -> Result<()> {
    if !is_stream(path) {
        stream.write_to(path).await?;
        return Ok(());
    }
    let opened = path.to_owned();
    let file = tokio::task::spawn_blocking(move || open_stream(&opened)).await??;
    let mut file = tokio::fs::File::from_std(file);
    while let Some(chunk) = stream.chunk().await? {
        file.write_all(&chunk).await?;
    }
    file.flush().await?;
    Ok(())
}
