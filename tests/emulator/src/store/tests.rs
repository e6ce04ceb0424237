//! Tests of the store with each kind of storage.

use std::sync::mpsc;

use bytes::Bytes;
use tokio::task::JoinHandle;

use super::database::BUCKETS;
use super::*;
use crate::base::metadata::{Metadata, StorageClass};
use crate::base::time::Timestamp;
use crate::settings::Settings;
use crate::settings::versioning::Versioning;

/// Returns a record without content, for tests of functions that read records.
pub(crate) fn record(key: &str, etag: &str, modified: u64) -> ObjectRecord {
    let modified = Timestamp::from_unix_seconds(modified);
    ObjectRecord {
        etag: etag.to_owned(),
        created: modified,
        modified,
        ..objects::draft(key.to_owned(), Vec::new(), attributes())
    }
}

pub(super) fn attributes() -> Attributes {
    Attributes {
        storage_class: StorageClass::Standard,
        metadata: Metadata::default(),
    }
}

fn bucket(name: &str) -> BucketRecord {
    BucketRecord {
        name: name.to_owned(),
        zone: "pek3a".to_owned(),
        owner: "usr-alice".to_owned(),
        created: Timestamp::now(),
        acl: Vec::new(),
        settings: Settings::default(),
    }
}

/// A store with a bucket `photos`.
pub(super) struct Fixture {
    pub(super) store: Arc<Store>,
    _directory: Option<TempDir>,
}

/// Returns a store of each kind of storage.
pub(super) async fn everywhere() -> Vec<Fixture> {
    let directory = tempfile::tempdir().unwrap();
    let durable = Storage::Directory(directory.path().to_owned());
    let mut fixtures = Vec::new();
    for (storage, directory) in [
        (durable, Some(directory)),
        (Storage::Temporary, None),
        (Storage::Memory, None),
    ] {
        let store = Store::open(&storage).unwrap();
        store.create_bucket(bucket("photos")).await.unwrap();
        fixtures.push(Fixture {
            store: Arc::new(store),
            _directory: directory,
        });
    }
    fixtures
}

pub(super) fn at(key: &str) -> ObjectAddress {
    ObjectAddress {
        bucket: "photos".to_owned(),
        key: key.to_owned(),
    }
}

/// Returns content that is larger than the write buffer for some seeds.
fn bytes(seed: u64) -> Vec<u8> {
    let length = if seed.is_multiple_of(2) { 10 } else { 150_000 };
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..))
        .take(length)
        .collect()
}

impl Fixture {
    pub(super) async fn segment(&self, content: &[u8]) -> NewSegment {
        let mut writer = self.store.writer(None).unwrap();
        for piece in content.chunks(50_000) {
            writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
        }
        writer.finish().await.unwrap()
    }

    async fn put(&self, key: &str, content: &[u8]) -> ObjectRecord {
        let new = NewObject {
            content: self.segment(content).await,
            attributes: attributes(),
            encryption: None,
        };
        self.store.put_object(at(key), new).await.unwrap()
    }

    async fn append(&self, key: &str, position: usize, content: &[u8]) -> Result<(), StoreError> {
        let segment = self.segment(content).await;
        let position = position as u64;
        let appended = self
            .store
            .append(at(key), position, segment, attributes())
            .await?;
        assert_eq!(appended.size, position + content.len() as u64);
        Ok(())
    }

    async fn transfer(&self, from: &str, to: &str, kind: TransferKind) -> Result<(), StoreError> {
        let decide = |_: &ObjectRecord| Ok::<_, StoreError>(attributes());
        let source = (at(from), None);
        self.store
            .transfer(source, at(to), kind, decide)
            .await
            .map(drop)
    }

    pub(super) async fn delete(&self, key: &str, version: Option<VersionId>) -> Option<VersionId> {
        let deleted = self.store.delete_object(at(key), version).await.unwrap();
        deleted.version
    }

    async fn upload(&self, key: &str, parts: &[(u32, &[u8])]) -> String {
        let upload = self.store.create_upload(at(key), attributes(), None);
        let id = upload.await.unwrap().upload_id;
        for (number, content) in parts {
            let segment = self.segment(content).await;
            let part = self.store.put_part(at(key), id.clone(), *number, segment);
            part.await.unwrap();
        }
        id
    }

    async fn set_versioning(&self, versioning: Versioning) {
        let update = self.store.update_bucket("photos", move |record, _| {
            record.settings.versioning = versioning;
            Ok::<_, StoreError>(())
        });
        update.await.unwrap();
    }

    async fn read(&self, key: &str, version: Option<VersionId>) -> Result<Vec<u8>, StoreError> {
        let object = self.store.open_object(&at(key), version)?;
        let mut reader = object.read_all(None).await?;
        let mut content = Vec::new();
        while let Some(piece) = reader.next().await? {
            content.extend_from_slice(&piece);
        }
        Ok(content)
    }

    async fn has(&self, key: &str, content: &[u8]) {
        assert!(self.read(key, None).await.unwrap() == content, "{key}");
    }

    /// Returns the versions of all objects, the newest first. `-` is a delete marker.
    fn versions(&self) -> Vec<String> {
        let query = ListQuery {
            limit: 1000,
            ..ListQuery::default()
        };
        let page = self.store.list_versions("photos", &query).unwrap();
        let describe = |entry: VersionEntry| {
            let record = entry.record;
            let marker = if record.is_delete_marker { "-" } else { "" };
            let is_null = record.version == VersionId::Null;
            let version = if is_null { "null" } else { "numbered" };
            format!("{}{marker} {version}", record.key)
        };
        page.entries.into_iter().map(describe).collect()
    }

    pub(super) fn blobs(&self) -> usize {
        self.store.blobs.count()
    }
}

#[tokio::test]
async fn overwriting_and_deleting_remove_only_unused_contents() {
    for fixture in everywhere().await {
        for seed in 0..4 {
            fixture.put("a", &bytes(seed)).await;
            fixture.has("a", &bytes(seed)).await;
            assert_eq!(fixture.blobs(), 1);
        }
        assert_eq!(fixture.delete("a", None).await, None);
        assert_eq!(fixture.delete("a", None).await, None);
        assert_eq!(fixture.blobs(), 0);
        let gone = fixture.read("a", None).await;
        assert!(matches!(gone, Err(StoreError::NoObject(_))), "{gone:?}");
    }
}

#[tokio::test]
async fn copies_share_their_content_until_the_last_is_deleted() {
    for fixture in everywhere().await {
        let content = bytes(1);
        fixture.put("a", &content).await;
        for (from, to, kind) in [
            ("a", "b", TransferKind::Copy),
            ("a", "a", TransferKind::Copy),
            ("a", "a", TransferKind::Move),
            ("b", "c", TransferKind::Move),
            ("a", "c", TransferKind::Copy),
        ] {
            fixture.transfer(from, to, kind).await.unwrap();
            assert_eq!(fixture.blobs(), 1, "{from} to {to}, {kind:?}");
        }
        assert_eq!(fixture.versions(), ["a null", "c null"]);
        fixture.delete("a", None).await;
        fixture.has("c", &content).await;
        fixture.put("c", b"new").await;
        assert_eq!(fixture.blobs(), 1);
        fixture.delete("c", None).await;
        assert_eq!(fixture.blobs(), 0);
        let none = fixture.transfer("a", "b", TransferKind::Move).await;
        assert!(matches!(none, Err(StoreError::NoObject(_))), "{none:?}");
    }
}

#[tokio::test]
async fn appending_adds_contents_and_failed_appends_leave_none() {
    for fixture in everywhere().await {
        fixture.append("log", 0, b"one").await.unwrap();
        fixture.append("log", 3, &bytes(1)).await.unwrap();
        for position in [0, 3, 1_000_000] {
            let wrong = fixture.append("log", position, b"x").await;
            assert!(matches!(wrong, Err(StoreError::WrongPosition { .. })));
        }
        fixture.has("log", &[b"one", &bytes(1)[..]].concat()).await;
        assert_eq!(fixture.blobs(), 2);
        fixture
            .transfer("log", "kept", TransferKind::Copy)
            .await
            .unwrap();
        let copy = fixture.append("kept", 150_003, b"x").await;
        assert!(matches!(copy, Err(StoreError::NotAppendable(_))));
        fixture.append("log", 150_003, b"three").await.unwrap();
        assert_eq!(fixture.blobs(), 3);
        fixture.delete("log", None).await;
        assert_eq!(fixture.blobs(), 2);
        fixture.delete("kept", None).await;
        assert_eq!(fixture.blobs(), 0);
    }
}

#[tokio::test]
async fn completing_keeps_only_the_listed_parts() {
    for fixture in everywhere().await {
        let large = vec![b'x'; 4 << 20];
        let parts = [(1, &large[..]), (2, b"unused"), (3, b"old"), (3, b"last")];
        let id = fixture.upload("film", &parts).await;
        assert_eq!(fixture.blobs(), 3);
        let chosen = |numbers: &[u32]| {
            let part = |number: &u32| ChosenPart {
                number: *number,
                etag: None,
            };
            numbers.iter().map(part).collect::<Vec<_>>()
        };
        let complete = |numbers: &[u32]| {
            let parts = chosen(numbers);
            fixture
                .store
                .complete_upload(at("film"), id.clone(), parts, None)
        };
        for bad in [&[][..], &[3, 1], &[1, 1], &[1, 4], &[2, 3]] {
            let refused = complete(bad).await;
            assert!(matches!(refused, Err(StoreError::BadParts(_))), "{bad:?}");
        }
        fixture.put("film", b"before").await;
        complete(&[1, 3]).await.unwrap();
        fixture.has("film", &[&large[..], b"last"].concat()).await;
        assert_eq!(fixture.blobs(), 2);
        let again = complete(&[1, 3]).await;
        assert!(matches!(again, Err(StoreError::NoUpload(_))), "{again:?}");

        let id = fixture.upload("given up", &[(0, b"a"), (9, b"b")]).await;
        let abort = || fixture.store.abort_upload(at("given up"), id.clone());
        assert!(abort().await.unwrap());
        assert!(!abort().await.unwrap());
        fixture.upload("forgotten", &[(0, b"a"), (9, b"b")]).await;
        fixture.delete("film", None).await;
        assert_eq!(fixture.blobs(), 2);
        let deleted = fixture.store.delete_bucket("photos".to_owned()).await;
        deleted.unwrap();
        assert_eq!(fixture.blobs(), 0);
    }
}

#[tokio::test]
async fn suspended_versioning_replaces_only_the_null_version() {
    for fixture in everywhere().await {
        fixture.put("a", b"before").await;
        fixture.set_versioning(Versioning::Enabled).await;
        let first = fixture.put("a", b"first").await.version;
        let second = fixture.put("a", b"second").await.version;
        assert_ne!(first, second);
        let all = ["a numbered", "a numbered", "a null"];
        assert_eq!(fixture.versions(), all);
        let null = fixture.read("a", Some(VersionId::Null)).await.unwrap();
        assert_eq!(null, b"before");

        fixture.set_versioning(Versioning::Suspended).await;
        fixture.put("a", b"third").await;
        fixture.put("a", b"fourth").await;
        assert_eq!(
            fixture.versions(),
            ["a null", "a numbered", "a numbered"],
            "the null version is the newest now"
        );
        fixture.has("a", b"fourth").await;
        assert_eq!(fixture.delete("a", None).await, Some(VersionId::Null));
        assert_eq!(fixture.delete("a", None).await, Some(VersionId::Null));
        assert_eq!(
            fixture.versions(),
            ["a- null", "a numbered", "a numbered"],
            "a marker replaces the null version"
        );
        assert_eq!(fixture.blobs(), 2);
        let hidden = fixture.read("a", None).await;
        assert!(matches!(hidden, Err(StoreError::DeleteMarker { .. })));
        let old = fixture.read("a", Some(first)).await.unwrap();
        assert_eq!(old, b"first");
        fixture.delete("a", Some(VersionId::Null)).await;
        fixture.has("a", b"second").await;
        for version in [first, second] {
            fixture.delete("a", Some(version)).await;
        }
        assert_eq!(fixture.blobs(), 0);
    }
}

#[tokio::test]
async fn concurrent_puts_leave_one_version_without_versioning_and_all_with_it() {
    for fixture in everywhere().await {
        for (versioning, expected) in [(Versioning::Disabled, 1), (Versioning::Enabled, 21)] {
            fixture.set_versioning(versioning).await;
            let contents = (0..20).map(|seed| bytes(seed * 7)).collect::<Vec<_>>();
            let puts = contents.iter().map(|content| fixture.put("a", content));
            let records = futures_util::future::join_all(puts).await;
            let newest = records.iter().max_by_key(|record| record.sequence).unwrap();
            let content = fixture.read("a", None).await.unwrap();
            assert_eq!(content.len() as u64, newest.size);
            assert!(contents.contains(&content));
            assert_eq!(fixture.blobs(), expected);
            assert_eq!(fixture.versions().len(), expected);
        }
    }
}

#[tokio::test]
async fn readers_finish_reading_an_overwritten_object() {
    for fixture in everywhere().await {
        let content = [bytes(1), bytes(3), bytes(5)].concat();
        fixture.put("a", &content).await;
        let open = || fixture.store.open_object(&at("a"), None).unwrap();
        let (unread, mut half_read) = (open(), open().read_all(None).await.unwrap());
        let mut read = half_read.next().await.unwrap().unwrap().to_vec();
        fixture.put("a", b"new").await;
        fixture.delete("a", None).await;
        assert_eq!(fixture.blobs(), 1, "the content is being read");
        while let Some(piece) = half_read.next().await.unwrap() {
            read.extend_from_slice(&piece);
        }
        assert!(read == content);
        drop(half_read);
        let mut part = unread.read(150_000, 10, None).await.unwrap();
        let piece = part.next().await.unwrap().unwrap();
        assert_eq!(piece, content[150_000..150_010]);
        assert!(part.next().await.unwrap().is_none());
        drop(part);
        assert_eq!(fixture.blobs(), 0);
    }
}

/// Blocks the writer thread until all changes of a batch are queued.
fn hold(store: &Arc<Store>) -> (mpsc::Sender<()>, JoinHandle<Result<(), StoreError>>) {
    let (release, released) = mpsc::channel();
    let (held, is_held) = mpsc::channel();
    let store = Arc::clone(store);
    let holder = tokio::spawn(async move {
        let wait = move |_: &mut database::Change<'_>| {
            held.send(()).unwrap();
            let _ = released.recv();
            Ok::<_, StoreError>(())
        };
        store.records.change(wait).await
    });
    tokio::task::block_in_place(|| is_held.recv().unwrap());
    (release, holder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_fails_its_checks_does_not_affect_its_batch() {
    for fixture in everywhere().await {
        let store = &fixture.store;
        let content = fixture.segment(b"content").await;
        let (release, holder) = hold(store);
        let new = NewObject {
            content,
            attributes: attributes(),
            encryption: None,
        };
        let release = async move {
            tokio::task::yield_now().await;
            release.send(()).unwrap();
        };
        let (put, twice, created, ()) = tokio::join!(
            store.put_object(at("a"), new),
            store.create_bucket(bucket("photos")),
            store.create_bucket(bucket("albums")),
            release,
        );
        holder.await.unwrap().unwrap();
        put.unwrap();
        created.unwrap();
        assert!(matches!(twice, Err(StoreError::BucketExists(_))));
        fixture.has("a", b"content").await;
        assert!(store.bucket("albums").is_ok());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_fails_after_a_write_aborts_its_batch() {
    for fixture in everywhere().await {
        let store = &fixture.store;
        fixture.put("kept", b"kept").await;
        let content = fixture.segment(b"content").await;
        let (release, holder) = hold(store);
        let new = NewObject {
            content,
            attributes: attributes(),
            encryption: None,
        };
        let broken = store.records.change(|change| {
            change.put(BUCKETS, "half", &bucket("half"))?;
            Err::<(), _>(StoreError::TooLarge)
        });
        let release = async move {
            tokio::task::yield_now().await;
            release.send(()).unwrap();
        };
        let (put, deleted, broken, ()) = tokio::join!(
            store.put_object(at("a"), new),
            store.delete_object(at("kept"), None),
            broken,
            release,
        );
        assert!(
            holder.await.unwrap().is_err(),
            "the change started the batch"
        );
        assert!(matches!(put, Err(StoreError::Io(_))), "{put:?}");
        assert!(matches!(deleted, Err(StoreError::Io(_))), "{deleted:?}");
        assert!(matches!(broken, Err(StoreError::TooLarge)), "{broken:?}");
        assert!(store.bucket("half").is_err());
        fixture.has("kept", b"kept").await;
        assert_eq!(fixture.versions(), ["kept null"]);
        assert_eq!(fixture.blobs(), 1);
        // Later changes succeed.
        fixture.put("a", b"again").await;
        assert_eq!(fixture.blobs(), 2);
    }
}

#[tokio::test]
async fn removes_contents_whose_writer_is_dropped() {
    for fixture in everywhere().await {
        for length in [10, 100_000] {
            let mut writer = fixture.store.writer(None).unwrap();
            writer.write(Bytes::from(vec![0; length])).await.unwrap();
            drop(writer);
            drop(fixture.segment(&vec![0; length]).await);
            assert_eq!(fixture.blobs(), 0);
        }
    }
}
