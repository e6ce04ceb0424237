//! [`ImageInfo`]: information about an image.

use serde::{Deserialize, Serialize};

use crate::base::error::{Error, ErrorKind, Result};
use crate::message::byte_stream::ByteStream;

/// Maximum length of a response, in bytes.
const MAX_INFO: usize = 64 * 1024;

/// Information about an image, returned by the operation `info`. Values that the image does not
/// have are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ImageInfo {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Format, such as `png`.
    #[serde(rename = "type")]
    pub format: String,
    /// EXIF orientation: 1 is upright.
    pub orientation: u32,
    /// Color space.
    pub space: String,
    /// Whether the image has an alpha channel.
    pub alpha: bool,
    /// Manufacturer of the camera.
    pub make: String,
    /// Model of the camera.
    pub model: String,
    /// Time at which the picture was taken, as written by the camera.
    pub datetime: String,
    /// Version of EXIF.
    #[serde(rename = "exifversion")]
    pub exif_version: String,
    /// Focal length.
    #[serde(rename = "focallength")]
    pub focal_length: String,
    /// Reference of the latitude: north or south.
    #[serde(rename = "gpslatituderef")]
    pub gps_latitude_ref: String,
    /// Latitude, in the format of EXIF.
    #[serde(rename = "gpslatitude")]
    pub gps_latitude: String,
    /// Reference of the longitude: east or west.
    #[serde(rename = "gpslongituderef")]
    pub gps_longitude_ref: String,
    /// Longitude, in the format of EXIF.
    #[serde(rename = "gpslongitude")]
    pub gps_longitude: String,
    /// Reference of the altitude: above or below sea level.
    #[serde(rename = "gpsaltituderef")]
    pub gps_altitude_ref: String,
    /// Altitude, in the format of EXIF.
    #[serde(rename = "gpsaltitude")]
    pub gps_altitude: String,
}

impl ImageInfo {
    /// Decodes the response of a pipeline that ends with [`info`](super::ImagePipeline::info).
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
    /// Returns the errors of the body, and `Decode` if the response is not image information.
    pub async fn read(mut body: ByteStream) -> Result<Self> {
        let text = body.collect_in_time(MAX_INFO).await?;
        serde_json::from_slice(&text).map_err(|error| {
            let text = format!("cannot read the image information: {error}");
            body.of_call(Error::new(ErrorKind::Decode, text).with_source(error))
        })
    }
}
