//! delta-rs creates a table on `qs://`, appends to it from several writers, and reads it.

use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::sync::Arc;

use deltalake_core::arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray};
use deltalake_core::kernel::{DataType, PrimitiveType};
use deltalake_core::operations::create::CreateBuilder;
use deltalake_core::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use deltalake_core::writer::{DeltaWriter, RecordBatchWriter};
use deltalake_core::{
    DeltaTable, DeltaTableError, Path, checkpoints, open_table_with_storage_options,
};
use futures_util::future::try_join_all;
use site::{BUCKET, Row, Site, expected, rows};
use url::Url;

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

/// Rows of each commit.
const ROWS: i64 = 1_000;

fn options(site: &Site) -> HashMap<String, String> {
    let settings = site.settings().into_iter();
    // Each commit creates an object that must not exist.
    let settings = settings.chain([("conditional_put", "append".to_owned())]);
    settings
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn location() -> Result<Url> {
    deltalake_on_qingstor::register()?;
    Ok(Url::parse(&format!("qs://{BUCKET}/warehouse/sales"))?)
}

async fn create(site: &Site) -> Result<DeltaTable, DeltaTableError> {
    let location = location().map_err(|error| DeltaTableError::generic(error.to_string()))?;
    let number = || DataType::Primitive(PrimitiveType::Long);
    let text = DataType::Primitive(PrimitiveType::String);
    CreateBuilder::new()
        .with_location(location)
        .with_storage_options(options(site))
        .with_column("id", number(), false, None)
        .with_column("city", text, false, None)
        .with_column("amount", number(), false, None)
        .await
}

async fn open(site: &Site) -> Result<DeltaTable> {
    Ok(open_table_with_storage_options(location()?, options(site)).await?)
}

/// Appends a commit. Returns its version.
async fn append(table: &mut DeltaTable, rows: impl Iterator<Item = Row> + Clone) -> Result<u64> {
    let ids: Int64Array = rows.clone().map(|row| Some(row.id)).collect();
    let cities: StringArray = rows.clone().map(|row| Some(row.city)).collect();
    let amounts: Int64Array = rows.map(|row| Some(row.amount)).collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new(ids)),
        ("city", Arc::new(cities)),
        ("amount", Arc::new(amounts)),
    ];
    let mut writer = RecordBatchWriter::for_table(table)?;
    writer.write(RecordBatch::try_from_iter(columns)?).await?;
    Ok(writer.flush_and_commit(table).await?)
}

/// Reads the files of the table, and checks the columns of each row. Returns the rows, sorted by ID.
async fn read(table: &DeltaTable) -> Result<Vec<Row>> {
    let root = table.log_store().root_object_store(None);
    let mut found = Vec::new();
    for uri in table.get_file_uris()? {
        let path = Path::from_url_path(Url::parse(&uri)?.path())?;
        let content = root
            .get_opts(&path, Default::default())
            .await?
            .bytes()
            .await?;
        for batch in ParquetRecordBatchReaderBuilder::try_new(content)?.build()? {
            let batch = batch?;
            let numbers = |column: usize| {
                let column = batch.column(column).as_any();
                column.downcast_ref::<Int64Array>().ok_or("not a number")
            };
            let cities = batch.column(1).as_any();
            let cities = cities.downcast_ref::<StringArray>().ok_or("not text")?;
            let (ids, amounts) = (numbers(0)?, numbers(2)?);
            for index in 0..batch.num_rows() {
                let row = rows(ids.value(index)..ids.value(index) + 1).next();
                let row = row.ok_or("no row")?;
                assert_eq!(cities.value(index), row.city);
                assert_eq!(amounts.value(index), row.amount);
                found.push(row);
            }
        }
    }
    found.sort_by_key(|row| row.id);
    Ok(found)
}

fn ids(rows: &[Row]) -> Vec<i64> {
    rows.iter().map(|row| row.id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_has_the_rows_of_every_commit() -> Result {
    let site = Site::start().await?;
    let mut table = create(&site).await?;
    assert_eq!(table.version(), Some(0));
    // The first commit exists.
    create(&site).await.err().ok_or("created twice")?;

    for version in 1..=12 {
        let start = i64::try_from(version)? * ROWS;
        let appended = append(&mut table, rows(start..start + ROWS)).await?;
        assert_eq!(appended, version);
    }
    checkpoints::create_checkpoint(&table, None).await?;
    append(&mut table, rows(0..ROWS)).await?;

    let table = open(&site).await?;
    assert_eq!(table.version(), Some(13));
    let found = read(&table).await?;
    assert_eq!(ids(&found), (0..13 * ROWS).collect::<Vec<_>>());
    assert_eq!(expected(found.into_iter()), expected(rows(0..13 * ROWS)));

    let mut earlier = open(&site).await?;
    earlier.load_version(2).await?;
    let found = read(&earlier).await?;
    assert_eq!(ids(&found), (ROWS..3 * ROWS).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_commit_of_concurrent_writers_is_lost() -> Result {
    const WRITERS: i64 = 8;
    let site = &Site::start().await?;
    create(site).await?;
    let writers = (0..WRITERS).map(|writer| async move {
        let mut table = open(site).await?;
        let start = writer * ROWS;
        append(&mut table, rows(start..start + ROWS)).await
    });
    let versions: BTreeSet<u64> = try_join_all(writers).await?.into_iter().collect();
    assert_eq!(versions, (1..=u64::try_from(WRITERS)?).collect());
    let found = read(&open(site).await?).await?;
    assert_eq!(ids(&found), (0..WRITERS * ROWS).collect::<Vec<_>>());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_conditional_writes_a_table_can_be_read_but_not_written() -> Result {
    let site = Site::start().await?;
    let mut table = create(&site).await?;
    append(&mut table, rows(0..ROWS)).await?;
    let mut options = options(&site);
    options.remove("conditional_put");
    let mut table = open_table_with_storage_options(location()?, options).await?;
    assert_eq!(read(&table).await?.len(), usize::try_from(ROWS)?);
    let refused = append(&mut table, rows(0..1)).await;
    let error = refused.err().ok_or("committed")?.to_string();
    assert!(error.contains("PutMode::Create"), "{error}");
    assert_eq!(open(&site).await?.version(), Some(1));
    Ok(())
}
