//! [`PartSizes`]: how content is divided into parts.

use crate::base::error::{Error, Result};

const MIB: u64 = 1 << 20;
/// The minimum size of every part but the last one: 4 MiB.
pub(super) const MIN_PART_SIZE: u64 = 4 * MIB;
/// The maximum size of a part, and of an object that one request stores or copies: 5 GiB.
pub(super) const MAX_PART_SIZE: u64 = 5 << 30;
/// The maximum number of parts of an upload.
pub(super) const MAX_PARTS: u32 = 10_000;
/// The maximum size of an object: 50 TB.
const MAX_OBJECT_SIZE: u64 = 50 * 1_000_000_000_000;
/// If the total size is unknown, the part size doubles after this number of parts.
const DOUBLE_AFTER: u32 = 1000;

/// The sizes of the parts of an upload. They depend only on the arguments of [`new`](Self::new), so
/// that a process that resumes an upload divides the content in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PartSizes {
    first: u64,
    doubles: bool,
}

impl PartSizes {
    /// Divides content of `len` bytes into parts of `part_size` bytes, or into larger parts if
    /// [`MAX_PARTS`] would not be enough. `None` is an unknown length.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if `part_size` or `len` is out of range.
    #[inline]
    pub(super) fn new(part_size: u64, len: Option<u64>) -> Result<Self> {
        if !(MIN_PART_SIZE..=MAX_PART_SIZE).contains(&part_size) {
            return Err(Error::invalid_input(format!(
                "part_size: {part_size} bytes are not between 4 MiB and 5 GiB"
            )));
        }
        let Some(len) = len else {
            return Ok(Self {
                first: part_size,
                doubles: true,
            });
        };
        check_object_size(len)?;
        // Rounding up cannot exceed `MAX_PART_SIZE`, because 10,000 parts of 5 GiB are more than
        // `MAX_OBJECT_SIZE`.
        let smallest = len.div_ceil(u64::from(MAX_PARTS)).next_multiple_of(MIB);
        Ok(Self {
            first: part_size.max(smallest),
            doubles: false,
        })
    }

    /// Returns the size of the first part. [`new`](Self::new) accepts it as `part_size` and returns
    /// the same part sizes.
    pub(super) fn first(self) -> u64 {
        self.first
    }

    /// Returns the size of part `number` in bytes, unless it is the last part.
    ///
    /// # Errors
    ///
    /// Returns `InvalidInput` if `number` is not below [`MAX_PARTS`].
    pub(super) fn size(self, number: u32) -> Result<u64> {
        if number >= MAX_PARTS {
            let text = "the content needs more than 10,000 parts: announce its length, or use larger parts";
            return Err(Error::invalid_input(text));
        }
        if !self.doubles {
            return Ok(self.first);
        }
        let doubled = self.first.saturating_mul(1 << (number / DOUBLE_AFTER));
        Ok(doubled.min(MAX_PART_SIZE))
    }
}

/// Returns an error if an object cannot have this size.
pub(super) fn check_object_size(bytes: u64) -> Result<()> {
    if bytes > MAX_OBJECT_SIZE {
        let text = "the content is larger than 50 TB, the limit of an object";
        return Err(Error::invalid_input(text));
    }
    Ok(())
}

/// Rejects sizes that one request cannot send or copy.
pub(super) fn check_multipart_threshold(bytes: u64) -> Result<()> {
    if bytes > MAX_PART_SIZE {
        let text = "multipart_threshold: must be at most 5 GiB, the limit of one request";
        return Err(Error::invalid_input(text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DEFAULT: u64 = 8 * MIB;

    #[test]
    fn small_content_keeps_the_part_size() {
        for len in [0, 1, DEFAULT, 10_000 * DEFAULT] {
            assert_eq!(PartSizes::new(DEFAULT, Some(len)).unwrap().first(), DEFAULT);
        }
        let sizes = PartSizes::new(DEFAULT, Some(10_000 * DEFAULT + 1)).unwrap();
        assert_eq!(sizes.first(), 9 * MIB);
    }

    #[test]
    fn rejects_sizes_out_of_range() {
        assert!(PartSizes::new(MIN_PART_SIZE - 1, None).is_err());
        assert!(PartSizes::new(MAX_PART_SIZE + 1, None).is_err());
        assert!(PartSizes::new(DEFAULT, Some(MAX_OBJECT_SIZE)).is_ok());
        let error = PartSizes::new(DEFAULT, Some(MAX_OBJECT_SIZE + 1)).unwrap_err();
        assert!(error.to_string().contains("50 TB"), "{error}");
        assert!(check_object_size(MAX_OBJECT_SIZE + 1).is_err());
    }

    #[test]
    fn parts_double_if_the_length_is_unknown() {
        let sizes = PartSizes::new(DEFAULT, None).unwrap();
        let some = [0, 999, 1000, 9000, 9999].map(|number| sizes.size(number).unwrap() / MIB);
        assert_eq!(some, [8, 8, 16, 4096, 4096]);
        assert!(sizes.size(MAX_PARTS).is_err());
        let all: u64 = (0..MAX_PARTS)
            .map(|number| sizes.size(number).unwrap())
            .sum();
        assert_eq!(all, 1000 * 1023 * DEFAULT, "8.5 TB");
        assert_eq!(
            PartSizes::new(MAX_PART_SIZE, None)
                .unwrap()
                .size(9999)
                .unwrap(),
            MAX_PART_SIZE
        );
    }

    proptest! {
        #[test]
        fn ten_thousand_parts_are_enough(
            part_size in MIN_PART_SIZE..=MAX_PART_SIZE,
            len in prop_oneof![0..=MAX_OBJECT_SIZE, 0..=MAX_OBJECT_SIZE >> 20, Just(MAX_OBJECT_SIZE)],
        ) {
            let sizes = PartSizes::new(part_size, Some(len)).unwrap();
            let size = sizes.first();
            prop_assert!(len.div_ceil(size) <= u64::from(MAX_PARTS));
            prop_assert!((MIN_PART_SIZE..=MAX_PART_SIZE).contains(&size));
            // A resume token contains only the size of the first part.
            prop_assert_eq!(PartSizes::new(size, Some(len)).unwrap(), sizes);
        }
    }
}
