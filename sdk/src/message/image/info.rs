//! [`ImageInfo`]: what the service says of a picture.

use serde::{Deserialize, Serialize};

use crate::base::error::{Error, ErrorKind, Result};
use crate::message::byte_stream::ByteStream;

/// The longest description of a picture that is read, in bytes.
const MAX_INFO: usize = 64 * 1024;

/// What the operation `info` says of a picture. What the picture does not tell is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ImageInfo {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The format, such as `png`.
    #[serde(rename = "type")]
    pub format: String,
    /// EXIF's number for how to turn the picture: 1 is upright.
    pub orientation: u32,
    /// The color space.
    pub space: String,
    /// Whether parts can be transparent.
    pub alpha: bool,
    /// Manufacturer of the camera.
    pub make: String,
    /// The camera's model.
    pub model: String,
    /// When the picture was taken, as the camera wrote it.
    pub datetime: String,
    /// The version of EXIF.
    #[serde(rename = "exifversion")]
    pub exif_version: String,
    /// The focal length.
    #[serde(rename = "focallength")]
    pub focal_length: String,
    /// North or south.
    #[serde(rename = "gpslatituderef")]
    pub gps_latitude_ref: String,
    /// The latitude, as EXIF has it.
    #[serde(rename = "gpslatitude")]
    pub gps_latitude: String,
    /// East or west.
    #[serde(rename = "gpslongituderef")]
    pub gps_longitude_ref: String,
    /// The longitude, as EXIF has it.
    #[serde(rename = "gpslongitude")]
    pub gps_longitude: String,
    /// Over or under the sea.
    #[serde(rename = "gpsaltituderef")]
    pub gps_altitude_ref: String,
    /// The altitude, as EXIF has it.
    #[serde(rename = "gpsaltitude")]
    pub gps_altitude: String,
}

impl ImageInfo {
    /// Reads the answer of a pipeline that ends in [`info`](super::ImagePipeline::info).
    ///
    /// ```no_run
    /// # async fn example(bucket: qingstor_sdk::Bucket) -> qingstor_sdk::Result<()> {
    /// use qingstor_sdk::image::{ImageInfo, ImagePipeline};
    ///
    /// let action = ImagePipeline::new().info().build()?;
    /// let info = ImageInfo::read(bucket.image_process("cat.jpg", action).await?.body).await?;
    /// println!("{} x {} {}", info.width, info.height, info.format);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the body, and `Decode` when it is no description, but a picture maybe.
    pub async fn read(mut body: ByteStream) -> Result<Self> {
        let text = body.collect_in_time(MAX_INFO).await?;
        serde_json::from_slice(&text).map_err(|error| {
            let text = format!("cannot read the image information: {error}");
            body.of_call(Error::new(ErrorKind::Decode, text).with_source(error))
        })
    }
}
