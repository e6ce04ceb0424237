//! Starts a download to a file or a writer.

use std::pin::pin;

use super::file_download::{download_to_file, resume_to_file};
use super::object_reader::{FirstBytes, ObjectReader};
use super::part_file::PartFile;
use super::target::TargetKind;
use super::writer_download::WriterDownload;
use super::{Download, DownloadOutput};
use crate::base::error::{Error, Result};
use crate::base::runtime;
use crate::client::spans::TransferSpan;
use crate::managed::errors::with_object;

/// The minimum size of a range: 64 KiB. Smaller ranges would only add requests.
const MIN_RANGE_SIZE: u64 = 64 * 1024;

impl Download<'_> {
    pub(super) async fn run(self) -> Result<DownloadOutput> {
        let (bucket, key) = (self.bucket.clone(), self.key.clone());
        let span = TransferSpan::start("Download", &bucket.dispatcher().address, Some(&key));
        let result = span.run(pin!(self.start())).await;
        result.map_err(|error| with_object(error, &bucket, &key, "GetObject"))
    }

    async fn start(mut self) -> Result<DownloadOutput> {
        runtime::current()?;
        let options = &mut self.options;
        options.transfer.check()?;
        if options.transfer.part_size < MIN_RANGE_SIZE {
            return Err(Error::invalid_input("part_size: must be at least 64 KiB"));
        }
        if let TargetKind::File(_) = self.target.0 {
            // The thread that writes the file is slower than the connections, so their buffers are full.
            self.bucket.options_mut().short_reads = true;
        }
        let reader = ObjectReader::new(self.bucket, self.key, options);
        match self.target.0 {
            TargetKind::File(path) => {
                PartFile::check_target(&path)?;
                if options.resumable {
                    return resume_to_file(reader, self.options, path).await;
                }
                let part_size = options.transfer.part_size;
                let first = reader.request_first(part_size, FirstBytes::InFile).await?;
                let file = PartFile::temporary(&path)?;
                download_to_file(reader, self.options, file, first).await
            }
            TargetKind::Writer(_) if options.resumable => Err(Error::invalid_input(
                "resumable: only a download to a file can be resumed",
            )),
            TargetKind::Writer(writer) => {
                let pool = reader.bucket.md5_pool().clone();
                let download = WriterDownload::new(writer, pool);
                download.run(reader, self.options).await
            }
        }
    }
}
