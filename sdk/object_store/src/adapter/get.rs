//! Reading: objects, ranges and metadata.

use std::ops::Range;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt, stream};
use qingstor_sdk::operations::{GetObjectInput, GetObjectOutput, HeadObjectInput};
use qingstor_sdk::{Bucket, Timestamp, entity_tag};
use tokio::sync::OnceCell;

use super::attributes::take_attributes;
use super::error::{generic, of_object};
use super::object_store::path::Path;
use super::object_store::{
    Error, GetOptions, GetRange, GetResult, GetResultPayload, OBJECT_STORE_COALESCE_DEFAULT,
    ObjectMeta, Result, coalesce_ranges,
};
use super::results::get_result;
use super::store::{QingStorStore, quoted};

/// The last second of the year 9999, in Unix seconds: the last time of an HTTP date.
const LAST_SECOND: i64 = 253_402_300_799;

/// The object that the first response of several belongs to.
struct Pin {
    etag: Option<String>,
    last_modified: Option<Timestamp>,
}

impl QingStorStore {
    pub(super) async fn get(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        if let Some(range) = &options.range {
            range.is_valid().map_err(generic)?;
        }
        // HTTP cannot express an empty range.
        if options.head || options.range == Some(GetRange::Suffix(0)) {
            return self.head(location, options).await;
        }
        let bucket = self.bucket_for(location).await?;
        let mut input = GetObjectInput::new(self.key(location));
        input.if_match.clone_from(&options.if_match);
        input.if_none_match.clone_from(&options.if_none_match);
        input.if_modified_since = options.if_modified_since.map(http_time);
        input.if_unmodified_since = options.if_unmodified_since.map(http_time);
        input.range = options.range.as_ref().map(ToString::to_string);
        input.version_id.clone_from(&options.version);
        match bucket.call(input).await {
            Ok(output) => of_response(location, output, options.range.as_ref()),
            // An empty object has no last bytes, but its suffix is an empty range.
            Err(error)
                if error.status().is_some_and(|status| status.as_u16() == 416)
                    && matches!(options.range, Some(GetRange::Suffix(_))) =>
            {
                match self.head(location, options).await? {
                    result if result.meta.size == 0 => Ok(result),
                    _ => Err(of_object(location, error)),
                }
            }
            Err(error) => Err(of_object(location, error)),
        }
    }

    /// Returns the metadata, and no content.
    async fn head(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let bucket = self.bucket_for(location).await?;
        let mut input = HeadObjectInput::new(self.key(location));
        input.if_match = options.if_match;
        input.if_none_match = options.if_none_match;
        input.if_modified_since = options.if_modified_since.map(http_time);
        input.if_unmodified_since = options.if_unmodified_since.map(http_time);
        input.version_id = options.version;
        let output = bucket.call(input).await;
        let mut output = output.map_err(|error| of_object(location, error))?;
        let attributes = take_attributes!(output);
        let size = required("Content-Length", output.content_length)?;
        let range = match &options.range {
            Some(range) => range.as_range(size).map_err(generic)?,
            None => 0..size,
        };
        let (time, etag, version) = (output.last_modified, output.etag, output.version_id);
        let meta = object_meta(location, size, time, etag, version)?;
        let payload = GetResultPayload::Stream(stream::empty().boxed());
        Ok(get_result(payload, meta, range, attributes.into()))
    }

    /// Reads ranges of one object. If the object is replaced in the meantime, the result is
    /// `Precondition`.
    pub(super) async fn get_pinned_ranges(
        &self,
        location: &Path,
        ranges: &[Range<u64>],
    ) -> Result<Vec<Bytes>> {
        for range in ranges {
            GetRange::Bounded(range.clone())
                .is_valid()
                .map_err(generic)?;
        }
        let Some(last) = ranges.iter().max_by_key(|range| range.start) else {
            return Ok(Vec::new());
        };
        let last = &GetRange::Bounded(last.clone());
        let bucket = self.bucket_for(location).await?;
        let pin = &OnceCell::new();
        let fetch = |range: Range<u64>| async move {
            let mut first = None;
            let init = async {
                let output = self.get_range_of(bucket, location, &range, None).await?;
                let pin = Pin {
                    etag: Some(output.etag.clone()).filter(|etag| entity_tag::is_strong(etag)),
                    last_modified: output.last_modified,
                };
                first = Some(output);
                Ok::<_, Error>(pin)
            };
            let pin = pin.get_or_try_init(|| init).await?;
            let output = match first {
                Some(output) => output,
                None => {
                    self.get_range_of(bucket, location, &range, Some(pin))
                        .await?
                }
            };
            let result = of_response(location, output, Some(&GetRange::Bounded(range)))?;
            // `coalesce_ranges` expects that the object contains the start of each range.
            last.as_range(result.meta.size).map_err(generic)?;
            result.bytes().await
        };
        coalesce_ranges(ranges, fetch, OBJECT_STORE_COALESCE_DEFAULT).await
    }

    async fn get_range_of(
        &self,
        bucket: &Bucket,
        location: &Path,
        range: &Range<u64>,
        pin: Option<&Pin>,
    ) -> Result<GetObjectOutput> {
        let mut input = GetObjectInput::new(self.key(location));
        input.range = Some(GetRange::Bounded(range.clone()).to_string());
        if let Some(pin) = pin {
            input.if_match.clone_from(&pin.etag);
            if pin.etag.is_none() {
                input.if_unmodified_since = pin.last_modified;
            }
        }
        let output = bucket.call(input).await;
        output.map_err(|error| of_object(location, error))
    }
}

/// Converts the response to a GET request.
fn of_response(
    location: &Path,
    mut output: GetObjectOutput,
    requested: Option<&GetRange>,
) -> Result<GetResult> {
    let attributes = take_attributes!(output);
    let (range, size) = match &output.content_range {
        // The SDK has checked that this is the requested range.
        Some(text) => parse_content_range(text)
            .ok_or_else(|| generic(format!("invalid Content-Range `{text}`")))?,
        None => {
            let size = required("Content-Length", output.content_length)?;
            (0..size, size)
        }
    };
    if let Some(requested) = requested
        && requested.as_range(size).map_err(generic)? != range
    {
        let text = format!("requested {requested}, but the response contains {range:?} of {size}");
        return Err(generic(text));
    }
    let (time, etag, version) = (output.last_modified, output.etag, output.version_id);
    let meta = object_meta(location, size, time, etag, version)?;
    let location = location.clone();
    let content = output
        .body
        .map_err(move |error| of_object(&location, error));
    let payload = GetResultPayload::Stream(content.boxed());
    Ok(get_result(payload, meta, range, attributes.into()))
}

/// Parses `bytes 0-99/1024` into the range and the size of the object. Returns `None` if the range is
/// not within the object.
fn parse_content_range(text: &str) -> Option<(Range<u64>, u64)> {
    let (range, size) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let first: u64 = first.trim().parse().ok()?;
    let end = last.trim().parse::<u64>().ok()?.checked_add(1)?;
    let size = size.trim().parse().ok()?;
    (first < end && end <= size).then_some((first..end, size))
}

/// Returns the metadata of the object of a response.
fn object_meta(
    location: &Path,
    size: u64,
    last_modified: Option<Timestamp>,
    etag: String,
    version: Option<String>,
) -> Result<ObjectMeta> {
    let last_modified = required("Last-Modified", last_modified)?;
    Ok(ObjectMeta {
        location: location.clone(),
        last_modified: chrono_time(last_modified.as_unix_seconds())?,
        size,
        e_tag: quoted(etag),
        version,
    })
}

fn required<T>(header: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| generic(format!("the response has no {header}")))
}

/// Returns the time as an HTTP date can express it: whole seconds, from 1970 to 9999. A time outside of
/// these years becomes the nearest one, with which a condition has the same result.
fn http_time(time: DateTime<Utc>) -> Timestamp {
    let seconds = time.timestamp().clamp(0, LAST_SECOND);
    Timestamp::from_unix_seconds(seconds).unwrap_or_default()
}

/// Converts the time of an object, in Unix seconds.
pub(super) fn chrono_time(seconds: i64) -> Result<DateTime<Utc>> {
    let converted = DateTime::from_timestamp(seconds, 0);
    converted.ok_or_else(|| generic(format!("{seconds} seconds after 1970 are out of range")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use super::*;

    #[test]
    fn a_content_range_is_within_the_object() {
        for (text, expected) in [
            ("bytes 0-99/1024", Some((0..100, 1024))),
            (" bytes 9-9/10 ", Some((9..10, 10))),
            ("bytes 0-10/10", None),
            ("bytes 5-3/10", None),
            ("bytes 0-18446744073709551615/18446744073709551615", None),
            ("bytes 0-9/*", None),
            ("bytes */10", None),
            ("bytes -5/10", None),
            ("0-9/10", None),
            ("", None),
        ] {
            assert_eq!(parse_content_range(text), expected, "{text}");
        }
    }

    #[test]
    fn times_of_conditions_are_whole_seconds_of_four_digit_years() {
        let time = |seconds, nanos| DateTime::from_timestamp(seconds, nanos).unwrap();
        for (from, expected) in [
            (time(10, 999_999_999), 10),
            (time(-5, 0), 0),
            (time(LAST_SECOND + 5, 0), LAST_SECOND),
            (DateTime::<Utc>::MIN_UTC, 0),
            (DateTime::<Utc>::MAX_UTC, LAST_SECOND),
        ] {
            assert_eq!(http_time(from).as_unix_seconds(), expected);
        }
    }
}
