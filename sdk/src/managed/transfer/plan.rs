//! How content is cut into parts.

use crate::base::error::{Error, Result};

/// 1 MiB.
const MIB: u64 = 1 << 20;
/// The smallest part that is not the last one: 4 MiB.
pub(crate) const MIN_PART: u64 = 4 * MIB;
/// The largest part, and the largest object that one request stores: 5 GiB.
pub(crate) const MAX_PART: u64 = 5 << 30;
/// The most parts of one upload.
pub(crate) const MAX_PARTS: u32 = 10_000;
/// The largest object: 50 TB.
const MAX_OBJECT: u64 = 50 * 1_000_000_000_000;
/// After so many parts the next ones are twice as large, when the length is unknown.
const GROWS_AFTER: u32 = 1000;

/// The lengths of an upload's parts. They follow from two numbers, so that another process cuts
/// the same content at the same places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    base: u64,
    grows: bool,
}

impl Plan {
    /// Parts of `part_size` bytes, of more when that would be too many of them.
    pub(crate) fn new(part_size: u64, len: Option<u64>) -> Result<Self> {
        if !(MIN_PART..=MAX_PART).contains(&part_size) {
            return Err(Error::invalid_input(format!(
                "part_size: {part_size} bytes are not between 4 MiB and 5 GiB"
            )));
        }
        let Some(len) = len else {
            return Ok(Self {
                base: part_size,
                grows: true,
            });
        };
        if len > MAX_OBJECT {
            return Err(too_large());
        }
        // Whole MiB look tidier, and 10,000 parts of 5 GiB are more than the largest object.
        let least = len.div_ceil(u64::from(MAX_PARTS)).next_multiple_of(MIB);
        Ok(Self {
            base: part_size.max(least),
            grows: false,
        })
    }

    /// The length of the parts that are not the last one, as [`new`](Self::new) would take it.
    pub(crate) fn part_size(self) -> u64 {
        self.base
    }

    /// The length of part `number`, in bytes, unless it is the last one. Fails when there are no
    /// more numbers.
    pub(crate) fn size(self, number: u32) -> Result<u64> {
        if number >= MAX_PARTS {
            let text =
                "the content needs more than 10,000 parts: set its length, or a larger part_size";
            return Err(Error::invalid_input(text));
        }
        if !self.grows {
            return Ok(self.base);
        }
        let grown = self.base.saturating_mul(1 << (number / GROWS_AFTER));
        Ok(grown.min(MAX_PART))
    }
}

/// Refuses what no object can hold.
pub(crate) fn check_total(bytes: u64) -> Result<()> {
    if bytes > MAX_OBJECT {
        return Err(too_large());
    }
    Ok(())
}

fn too_large() -> Error {
    Error::invalid_input("the content is larger than 50 TB, the limit of an object")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DEFAULT: u64 = 8 * MIB;

    #[test]
    fn small_content_keeps_the_wanted_size() {
        for len in [0, 1, DEFAULT, 10_000 * DEFAULT] {
            assert_eq!(Plan::new(DEFAULT, Some(len)).unwrap().part_size(), DEFAULT);
        }
        let plan = Plan::new(DEFAULT, Some(10_000 * DEFAULT + 1)).unwrap();
        assert_eq!(plan.part_size(), 9 * MIB);
    }

    #[test]
    fn limits_are_told() {
        assert!(Plan::new(MIN_PART - 1, None).is_err());
        assert!(Plan::new(MAX_PART + 1, None).is_err());
        assert!(Plan::new(DEFAULT, Some(MAX_OBJECT)).is_ok());
        let error = Plan::new(DEFAULT, Some(MAX_OBJECT + 1)).unwrap_err();
        assert!(error.to_string().contains("50 TB"), "{error}");
        assert!(check_total(MAX_OBJECT + 1).is_err());
    }

    #[test]
    fn unknown_length_grows() {
        let plan = Plan::new(DEFAULT, None).unwrap();
        let sizes = [0, 999, 1000, 9000, 9999].map(|number| plan.size(number).unwrap() / MIB);
        assert_eq!(sizes, [8, 8, 16, 4096, 4096]);
        assert!(plan.size(MAX_PARTS).is_err());
        let all: u64 = (0..MAX_PARTS)
            .map(|number| plan.size(number).unwrap())
            .sum();
        assert_eq!(all, 1000 * 1023 * DEFAULT, "8.5 TB");
        assert_eq!(
            Plan::new(MAX_PART, None).unwrap().size(9999).unwrap(),
            MAX_PART
        );
    }

    proptest! {
        #[test]
        fn ten_thousand_parts_suffice(
            part_size in MIN_PART..=MAX_PART,
            len in prop_oneof![0..=MAX_OBJECT, 0..=MAX_OBJECT >> 20, Just(MAX_OBJECT)],
        ) {
            let plan = Plan::new(part_size, Some(len)).unwrap();
            let size = plan.part_size();
            prop_assert!(len.div_ceil(size) <= u64::from(MAX_PARTS));
            prop_assert!((MIN_PART..=MAX_PART).contains(&size));
            // Who reads the size in a token cuts the content at the same places.
            prop_assert_eq!(Plan::new(size, Some(len)).unwrap(), plan);
        }
    }
}
