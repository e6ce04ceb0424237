//! DataFusion writes Parquet files to `qs://`, and queries them.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, Int64Array, RecordBatch, StringArray, StringViewArray,
};
use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::execution::options::ParquetReadOptions;
use datafusion::prelude::{SessionConfig, SessionContext};
use qingstor_object_store::v0_13::QingStorBuilder;
use site::{BUCKET, QUERY, Row, Site, Summary, expected, rows};
use url::Url;

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

/// Returns a session that opens `qs://engine-bucket`.
fn session(site: &Site) -> Result<SessionContext> {
    let config = SessionConfig::new()
        .with_target_partitions(4)
        // Files that are larger than this are multipart uploads.
        .set_usize(
            "datafusion.execution.objectstore_writer_buffer_size",
            5 << 20,
        );
    let context = SessionContext::new_with_config(config);

    let url = format!("qs://{BUCKET}");
    let store = QingStorBuilder::new()
        .with_url(&url)
        .with_options(site.settings())
        .build()?;
    context.register_object_store(&Url::parse(&url)?, Arc::new(store));
    Ok(context)
}

fn batch(rows: impl Iterator<Item = Row> + Clone) -> Result<RecordBatch> {
    let ids: Int64Array = rows.clone().map(|row| Some(row.id)).collect();
    let cities: StringArray = rows.clone().map(|row| Some(row.city)).collect();
    let amounts: Int64Array = rows.map(|row| Some(row.amount)).collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new(ids)),
        ("city", Arc::new(cities)),
        ("amount", Arc::new(amounts)),
    ];
    Ok(RecordBatch::try_from_iter(columns)?)
}

/// Runs the query of the test, and returns its rows.
async fn query(context: &SessionContext) -> Result<BTreeMap<String, Summary>> {
    let mut found = BTreeMap::new();
    for batch in context.sql(QUERY).await?.collect().await? {
        let numbers = |column: usize| {
            let column = batch.column(column).as_any();
            column.downcast_ref::<Int64Array>().ok_or("not a number")
        };
        let cities = batch.column(0).as_any();
        let cities = cities.downcast_ref::<StringViewArray>().ok_or("not text")?;
        let (counts, sums) = (numbers(1)?, numbers(2)?);
        let (firsts, lasts) = (numbers(3)?, numbers(4)?);
        for row in 0..cities.len() {
            let summary = (
                counts.value(row),
                sums.value(row),
                firsts.value(row),
                lasts.value(row),
            );
            let previous = found.insert(cities.value(row).to_owned(), summary);
            assert_eq!(previous, None, "{} twice", cities.value(row));
        }
    }
    Ok(found)
}

#[tokio::test]
async fn a_table_of_several_files_has_the_rows_that_were_written() -> Result {
    let site = Site::start().await?;
    let context = session(&site)?;
    for part in 0..4 {
        let part = batch(rows(part * 10_000..(part + 1) * 10_000))?;
        let frame = context.read_batch(part)?;
        let url = format!("qs://{BUCKET}/sales/");
        frame
            .write_parquet(&url, DataFrameWriteOptions::new(), None)
            .await?;
    }
    assert!(site.served("PutObject") >= 4);

    // Another session, as another program would open the table.
    let context = session(&site)?;
    let url = format!("qs://{BUCKET}/sales/");
    context
        .register_parquet("sales", &url, ParquetReadOptions::default())
        .await?;
    assert_eq!(query(&context).await?, expected(rows(0..40_000)));
    Ok(())
}

#[tokio::test]
async fn a_large_file_is_a_multipart_upload_and_is_read_by_ranges() -> Result {
    let site = Site::start().await?;
    let context = session(&site)?;
    let frame = context.read_batch(batch(rows(0..1_500_000))?)?;
    let url = format!("qs://{BUCKET}/large/sales.parquet");
    let options = DataFrameWriteOptions::new().with_single_file_output(true);
    frame.write_parquet(&url, options, None).await?;
    assert!(site.served("UploadMultipart") >= 2);
    assert_eq!(site.served("CompleteMultipartUpload"), 1);

    // A response that breaks off does not fail the query.
    site.inject(&["operation=GetObject,times=3,reset=mid"])?;
    context
        .register_parquet("sales", &url, ParquetReadOptions::default())
        .await?;
    assert_eq!(query(&context).await?, expected(rows(0..1_500_000)));
    assert_eq!(site.injected_faults(), 3);
    Ok(())
}

/// Returns the sum of the amounts in the partitioned table, and the number of reads. Uses a session of
/// its own, because a session keeps what it has read.
async fn sum_where(site: &Site, condition: &str) -> Result<(i64, u64)> {
    let context = session(site)?;
    let create = format!(
        "CREATE EXTERNAL TABLE sales STORED AS PARQUET PARTITIONED BY (city) \
         LOCATION 'qs://{BUCKET}/by city/'"
    );
    context.sql(&create).await?;
    let before = site.served("GetObject");
    let query = format!("SELECT sum(amount) FROM sales WHERE {condition}");
    let batches = context.sql(&query).await?.collect().await?;
    let sums = batches[0].column(0).as_any();
    let sum = sums.downcast_ref::<Int64Array>().ok_or("not a number")?;
    Ok((sum.value(0), site.served("GetObject") - before))
}

#[tokio::test]
async fn partitions_are_folders_and_unneeded_ones_are_not_read() -> Result {
    let site = Site::start().await?;
    let context = session(&site)?;
    let frame = context.read_batch(batch(rows(0..20_000))?)?;
    let url = format!("qs://{BUCKET}/by city/");
    let options = DataFrameWriteOptions::new().with_partition_by(vec!["city".into()]);
    frame.write_parquet(&url, options, None).await?;
    let folders = site
        .bucket()
        .list_objects()
        .prefix("by city/")
        .delimiter("/");
    assert_eq!(folders.await?.common_prefixes.len(), 5);

    let city = "北京 / 东";
    let (one, read_for_one) = sum_where(&site, &format!("city = '{city}'")).await?;
    let (all, read_for_all) = sum_where(&site, "true").await?;
    let amounts = |rows: &mut dyn Iterator<Item = Row>| rows.map(|row| row.amount).sum::<i64>();
    assert_eq!(
        one,
        amounts(&mut rows(0..20_000).filter(|row| row.city == city))
    );
    assert_eq!(all, amounts(&mut rows(0..20_000)));
    assert!(
        (1..=read_for_all / 3).contains(&read_for_one),
        "{read_for_one} of {read_for_all}"
    );
    Ok(())
}

#[tokio::test]
async fn errors_of_the_store_are_errors_of_the_query() -> Result {
    let site = Site::start().await?;
    let context = session(&site)?;
    let url = format!("qs://{BUCKET}/sales/a.parquet");
    let options = DataFrameWriteOptions::new().with_single_file_output(true);
    let frame = context.read_batch(batch(rows(0..10))?)?;
    frame.write_parquet(&url, options, None).await?;
    context
        .register_parquet("sales", &url, ParquetReadOptions::default())
        .await?;
    site.inject(&["operation=GetObject,code=permission_denied"])?;
    let failed = query(&context).await;
    let error = failed.err().ok_or("the query succeeded")?.to_string();
    assert!(error.contains("permission_denied"), "{error}");
    Ok(())
}
