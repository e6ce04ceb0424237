//! SlateDB stores its tables and manifests on QingStor, and reads them after a restart.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use qingstor_object_store::ConditionalPut;
use qingstor_object_store::v0_14::{QingStorBuilder, QingStorStore};
use site::{BUCKET, Row, Site, rows};
use slatedb::config::{FlushOptions, FlushType, GarbageCollectorOptions, Settings};
use slatedb::object_store::local::LocalFileSystem;
use slatedb::{CloseReason, Db, ErrorKind};

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

fn store(site: &Site) -> Result<Arc<QingStorStore>> {
    let store = QingStorBuilder::new()
        .with_url(format!("qs://{BUCKET}"))
        .with_options(site.settings())
        // Each new manifest is a conditional write.
        .with_conditional_put(ConditionalPut::Append)
        .build()?;
    Ok(Arc::new(store))
}

/// Opens the database. `wal` is a local folder: SlateDB opens its write-ahead log by creating an empty
/// object, which `ConditionalPut::Append` cannot do.
async fn open(site: &Site, wal: &Path) -> Result<Db> {
    let settings = Settings {
        garbage_collector_options: Some(GarbageCollectorOptions {
            // Otherwise, SlateDB replaces objects by `PutMode::Update`.
            boundary_files_enabled: false,
            ..GarbageCollectorOptions::default()
        }),
        ..Settings::default()
    };
    let db = Db::builder("database", store(site)?)
        .with_wal_object_store(Arc::new(LocalFileSystem::new_with_prefix(wal)?))
        .with_settings(settings)
        .build()
        .await?;
    Ok(db)
}

fn entry(row: Row) -> (String, String) {
    (
        format!("{:08}", row.id),
        format!("{} {}", row.city, row.amount),
    )
}

async fn flush(db: &Db) -> Result {
    let flush_type = FlushType::MemTable;
    Ok(db.flush_with_options(FlushOptions { flush_type }).await?)
}

/// Checks that the database contains exactly the rows with even IDs.
async fn check(db: &Db, end: i64) -> Result {
    let mut entries = db.scan::<std::ops::RangeFull>(..).await?;
    for row in rows(0..end).filter(|row| row.id % 2 == 0) {
        let (key, value) = entry(row);
        let found = entries.next().await?.ok_or("an entry is missing")?;
        assert_eq!(
            (&found.key[..], &found.value[..]),
            (key.as_bytes(), value.as_bytes())
        );
    }
    assert_eq!(entries.next().await?.map(|entry| entry.key), None);
    assert_eq!(db.get(entry_key(end - 1)).await?, None);
    let (key, value) = entry(rows(end - 2..end).next().ok_or("no row")?);
    assert_eq!(db.get(key).await?.as_deref(), Some(value.as_bytes()));
    Ok(())
}

fn entry_key(id: i64) -> String {
    format!("{id:08}")
}

#[tokio::test]
async fn entries_are_there_after_the_database_was_opened_again() -> Result {
    let site = Site::start().await?;
    let wal = tempfile::tempdir()?;
    let end = 10_000;
    let db = open(&site, wal.path()).await?;
    for part in 0..4 {
        for row in rows(part * end / 4..(part + 1) * end / 4) {
            let (key, value) = entry(row);
            db.put(&key, value).await?;
            if row.id % 2 == 1 {
                db.delete(&key).await?;
            }
        }
        flush(&db).await?;
    }
    check(&db, end).await?;
    db.close().await?;
    let objects = site.bucket().list_objects().prefix("database/compacted/");
    assert!(objects.await?.keys.len() >= 4);

    // The tables are on QingStor alone: the new log is empty.
    let wal = tempfile::tempdir()?;
    let db = open(&site, wal.path()).await?;
    check(&db, end).await?;
    db.close().await?;
    Ok(())
}

#[tokio::test]
async fn the_older_of_two_writers_is_stopped() -> Result {
    let site = Site::start().await?;
    let wal = tempfile::tempdir()?;
    let older = open(&site, wal.path()).await?;
    older.put("key", "older").await?;
    flush(&older).await?;
    let newer = open(&site, wal.path()).await?;
    newer.put("key", "newer").await?;
    flush(&newer).await?;

    let refused = async {
        older.put("key", "lost").await?;
        flush(&older).await
    };
    let error = refused
        .await
        .err()
        .ok_or("the older writer was not stopped")?;
    let error = error.downcast::<slatedb::Error>()?;
    assert_eq!(error.kind(), ErrorKind::Closed(CloseReason::Fenced));
    assert_eq!(newer.get("key").await?.as_deref(), Some(&b"newer"[..]));
    newer.close().await?;
    Ok(())
}

#[tokio::test]
async fn a_log_on_qingstor_is_refused_at_once() -> Result {
    let site = Site::start().await?;
    let failed = Db::open("database", store(&site)?).await;
    let error = failed.err().ok_or("the database was opened")?;
    let causes = std::iter::successors(Some(&error as &dyn Error), |&error| error.source());
    let texts: Vec<String> = causes.map(ToString::to_string).collect();
    let reason = "empty content with ConditionalPut::Append";
    assert!(texts.iter().any(|text| text.contains(reason)), "{texts:?}");
    Ok(())
}
