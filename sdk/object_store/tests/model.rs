//! Random operations on the store and on `InMemory`, whose results must be equal.

// A test may panic.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod site;

use proptest::prelude::*;

/// One operation. Numbers select names and sizes.
#[derive(Clone, Debug)]
enum Operation {
    Put(usize, Vec<u8>),
    PutParts(usize, Vec<usize>),
    Get(usize, Option<Range>),
    GetRanges(usize, Vec<(u64, u64)>),
    Head(usize),
    Delete(Vec<usize>),
    List(usize),
    ListAfter(usize, usize),
    ListFolder(usize),
    Copy(usize, usize),
    Rename(usize, usize),
}

#[derive(Clone, Copy, Debug)]
enum Range {
    Bounded(u64, u64),
    Offset(u64),
    Suffix(u64),
}

/// Names of objects and folders: nested, with characters that need encoding, and with an order that
/// differs between segments and bytes. A folder and an object can have the same name.
const NAMES: [&str; 12] = [
    "",
    "a",
    "a/b",
    "a/b/c",
    "a b/c",
    "a+b",
    "a/%2F",
    "ab",
    "ä/中文",
    "a/b c",
    "z/?#&=",
    "a!/b",
];

/// The size of a part of an upload that is not the last one.
const PART: usize = 4 << 20;

fn name() -> impl Strategy<Value = usize> {
    0..NAMES.len()
}

fn operation() -> impl Strategy<Value = Operation> {
    let number = 0..40_u64;
    let range = prop_oneof![
        (number.clone(), number.clone()).prop_map(|(from, to)| Range::Bounded(from, to)),
        number.clone().prop_map(Range::Offset),
        number.clone().prop_map(Range::Suffix),
    ];
    let content = proptest::collection::vec(any::<u8>(), 0..30);
    let ranges = proptest::collection::vec((number.clone(), number), 1..4);
    prop_oneof![
        6 => (name(), content).prop_map(|(name, content)| Operation::Put(name, content)),
        1 => (name(), proptest::collection::vec(0..9_usize, 0..3))
            .prop_map(|(name, parts)| Operation::PutParts(name, parts)),
        4 => (name(), proptest::option::of(range)).prop_map(|(name, range)| Operation::Get(name, range)),
        2 => (name(), ranges).prop_map(|(name, ranges)| Operation::GetRanges(name, ranges)),
        1 => name().prop_map(Operation::Head),
        1 => proptest::collection::vec(name(), 0..4).prop_map(Operation::Delete),
        2 => name().prop_map(Operation::List),
        2 => (name(), name()).prop_map(|(prefix, offset)| Operation::ListAfter(prefix, offset)),
        2 => name().prop_map(Operation::ListFolder),
        2 => (name(), name()).prop_map(|(from, to)| Operation::Copy(from, to)),
        2 => (name(), name()).prop_map(|(from, to)| Operation::Rename(from, to)),
    ]
}

macro_rules! model {
    ($version:ident) => {
        mod $version {
            use futures_util::{StreamExt, TryStreamExt, stream};
            use proptest::strategy::{Strategy, ValueTree};
            use proptest::test_runner::TestRunner;
            use qingstor_object_store::$version::QingStorBuilder;
            use qingstor_object_store::$version::object_store::memory::InMemory;
            use qingstor_object_store::$version::object_store::path::Path;
            use qingstor_object_store::$version::object_store::{
                DynObjectStore, Error, GetOptions, GetRange, ObjectMeta, ObjectStoreExt, Result,
            };

            use crate::site::Site;
            use crate::{NAMES, Operation, PART, Range, operation};

            fn path(name: usize) -> Path {
                Path::parse(NAMES[name]).unwrap()
            }

            fn names(metas: impl IntoIterator<Item = ObjectMeta>) -> String {
                let sizes = metas.into_iter().map(|meta| (meta.location, meta.size));
                let mut sizes: Vec<(Path, u64)> = sizes.collect();
                sizes.sort();
                format!("{sizes:?}")
            }

            /// Executes an operation and describes its result.
            async fn run(store: &DynObjectStore, operation: &Operation) -> Result<String> {
                Ok(match operation {
                    Operation::Put(name, content) => {
                        store.put(&path(*name), content.clone().into()).await?;
                        String::new()
                    }
                    Operation::PutParts(name, lengths) => {
                        let mut upload = store.put_multipart(&path(*name)).await?;
                        for (index, len) in lengths.iter().enumerate() {
                            let is_last = index + 1 == lengths.len();
                            let len = if is_last { *len } else { PART + len };
                            upload.put_part(vec![7; len].into()).await?;
                        }
                        upload.complete().await?;
                        String::new()
                    }
                    Operation::Get(name, range) => {
                        let range = range.map(|range| match range {
                            Range::Bounded(from, to) => GetRange::Bounded(from..to),
                            Range::Offset(from) => GetRange::Offset(from),
                            Range::Suffix(len) => GetRange::Suffix(len),
                        });
                        let options = GetOptions::new().with_range(range);
                        let result = store.get_opts(&path(*name), options).await?;
                        let (range, size) = (result.range.clone(), result.meta.size);
                        let content = result.bytes().await?;
                        let sum: u64 = content.iter().map(|byte| u64::from(*byte)).sum();
                        format!("{range:?} of {size}: {} bytes, sum {sum}", content.len())
                    }
                    Operation::GetRanges(name, ranges) => {
                        let ranges: Vec<_> = ranges.iter().map(|(from, to)| *from..*to).collect();
                        format!("{:?}", store.get_ranges(&path(*name), &ranges).await?)
                    }
                    Operation::Head(name) => names([store.head(&path(*name)).await?]),
                    Operation::Delete(deleted) => {
                        let deleted: Vec<_> = deleted.iter().map(|name| Ok(path(*name))).collect();
                        let deleted = store.delete_stream(stream::iter(deleted).boxed());
                        // Whether a missing object is an error depends on the store.
                        format!("{} results", deleted.count().await)
                    }
                    Operation::List(prefix) => {
                        let list = store.list(Some(&path(*prefix)));
                        names(list.try_collect::<Vec<_>>().await?)
                    }
                    Operation::ListAfter(prefix, offset) => {
                        let list = store.list_with_offset(Some(&path(*prefix)), &path(*offset));
                        names(list.try_collect::<Vec<_>>().await?)
                    }
                    Operation::ListFolder(prefix) => {
                        let list = store.list_with_delimiter(Some(&path(*prefix))).await?;
                        format!("{} {:?}", names(list.objects), list.common_prefixes)
                    }
                    Operation::Copy(from, to) => {
                        store.copy(&path(*from), &path(*to)).await?;
                        String::new()
                    }
                    Operation::Rename(from, to) => {
                        store.rename(&path(*from), &path(*to)).await?;
                        String::new()
                    }
                })
            }

            /// Returns whether an operation has an empty or inverted range. Stores check the range
            /// before or after they look for the object.
            fn has_invalid_range(operation: &Operation) -> bool {
                match operation {
                    Operation::Get(_, Some(Range::Bounded(from, to))) => from >= to,
                    Operation::GetRanges(_, ranges) => ranges.iter().any(|(from, to)| from >= to),
                    _ => false,
                }
            }

            /// Returns whether an operation means the same for both stores.
            fn is_comparable(operation: &Operation) -> bool {
                match operation {
                    // QingStor has no object with an empty key.
                    Operation::Put(name, _)
                    | Operation::PutParts(name, _)
                    | Operation::Get(name, _)
                    | Operation::GetRanges(name, _)
                    | Operation::Head(name) => *name != 0,
                    Operation::Delete(names) => !names.contains(&0),
                    Operation::Copy(from, to) => *from != 0 && *to != 0,
                    // `InMemory` deletes an object that is renamed to itself.
                    Operation::Rename(from, to) => *from != 0 && *to != 0 && from != to,
                    _ => true,
                }
            }

            #[tokio::test]
            async fn behaves_like_the_store_in_memory() {
                let site = Site::start().await;
                let store = QingStorBuilder::new().with_client(site.bucket.clone());
                let store = store.with_prefix("root").build().unwrap();
                let model = InMemory::new();
                // The same operations in each run.
                let mut runner = TestRunner::deterministic();
                let mut history = Vec::new();
                let mut succeeded = 0;
                while history.len() < 1000 {
                    let operation = operation().new_tree(&mut runner).unwrap().current();
                    if !is_comparable(&operation) {
                        continue;
                    }
                    let found = run(&store, &operation).await;
                    let expected = run(&model, &operation).await;
                    let has_invalid_range = has_invalid_range(&operation);
                    history.push(operation);
                    let recent = || &history[history.len().saturating_sub(20)..];
                    match (&found, &expected) {
                        (Ok(found), Ok(expected)) => {
                            succeeded += 1;
                            assert_eq!(found, expected, "{:#?}", recent());
                        }
                        (Err(_), Err(_)) if has_invalid_range => {}
                        (Err(found), Err(expected)) => {
                            let is_missing =
                                |error: &Error| matches!(error, Error::NotFound { .. });
                            let both = is_missing(found) == is_missing(expected);
                            assert!(both, "{found}, not {expected}: {:#?}", recent());
                        }
                        _ => panic!("{found:?}, not {expected:?}: {:#?}", recent()),
                    }
                }
                assert!(succeeded > 450, "{succeeded}");
            }
        }
    };
}

#[cfg(feature = "v0_13")]
model!(v0_13);

#[cfg(feature = "v0_14")]
model!(v0_14);
