//! A scheduler and two executors, each a process, query files on `qs://` while one executor is killed.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ballista::prelude::{SessionConfigExt, SessionContextExt};
use ballista_on_qingstor::session_state;
use datafusion::arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::dataframe::DataFrameWriteOptions;
use datafusion::execution::options::ParquetReadOptions;
use datafusion::prelude::{SessionConfig, SessionContext};
use qingstor_object_store::qingstor_sdk::Config;
use site::{BUCKET, QUERY, Row, Site, Summary, expected, rows};

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

const FILES: i64 = 64;
const ROWS_PER_FILE: i64 = 500;
/// Longer than everything in this test takes on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process of the cluster. It is killed when it is dropped.
struct Node {
    process: Child,
    /// Number of `GetObject` requests that it has printed.
    reads: Arc<AtomicU64>,
}

impl Node {
    fn start(site: &Site, arguments: &[&str]) -> Result<(Self, BufReader<ChildStdout>)> {
        let settings = site.settings();
        let variables = settings
            .iter()
            .map(|(key, value)| (format!("QINGSTOR_{}", key.to_uppercase()), value));
        let mut process = Command::new(env!("CARGO_BIN_EXE_node"))
            .args(arguments)
            .envs(variables)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().ok_or("no output")?;
        let reads = Arc::default();
        Ok((Self { process, reads }, BufReader::new(output)))
    }

    /// Starts a scheduler. Returns it and its port.
    fn scheduler(site: &Site) -> Result<(Self, String)> {
        let (node, mut output) = Self::start(site, &["scheduler"])?;
        let mut line = String::new();
        output.read_line(&mut line)?;
        let port = line.trim().rsplit_once(':').ok_or("the scheduler ended")?.1;
        Ok((node, port.to_owned()))
    }

    /// Starts an executor whose results between stages are stored in `folder`, and counts its reads.
    fn executor(site: &Site, port: &str, folder: &Path) -> Result<Self> {
        let folder = folder.to_str().ok_or("the folder is not UTF-8")?;
        let (node, output) = Self::start(site, &["executor", port, folder])?;
        let reads = Arc::clone(&node.reads);
        std::thread::spawn(move || {
            for line in output.lines().map_while(std::result::Result::ok) {
                reads.fetch_add(u64::from(line.starts_with("GetObject ")), Ordering::Relaxed);
            }
        });
        Ok(node)
    }

    fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    fn kill(&mut self) -> Result {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It has ended already if the test killed it.
        let _ = self.kill();
    }
}

/// Returns a session of the client: the scheduler plans its queries, and the executors run them.
async fn session(site: &Site, port: &str) -> Result<SessionContext> {
    let settings = BTreeMap::from(site.settings());
    let client = Config::new(&settings["access_key_id"], &settings["secret_access_key"]);
    let client = client.endpoint(&settings["endpoint"]);
    // As many partitions as files, so that each file is a separate part.
    let config = SessionConfig::new_with_ballista().with_target_partitions(64);
    let state = session_state(&client, config)?;
    let url = format!("df://127.0.0.1:{port}");
    Ok(SessionContext::remote_with_state(&url, state).await?)
}

/// Writes the files of the table with DataFusion, without the cluster.
async fn write_table(site: &Site) -> Result {
    let settings = BTreeMap::from(site.settings());
    let client = Config::new(&settings["access_key_id"], &settings["secret_access_key"]);
    let client = client.endpoint(&settings["endpoint"]);
    let state = session_state(&client, SessionConfig::new())?;
    let context = SessionContext::new_with_state(state);
    for file in 0..FILES {
        let frame = context.read_batch(batch(rows(
            file * ROWS_PER_FILE..(file + 1) * ROWS_PER_FILE,
        ))?)?;
        let url = format!("qs://{BUCKET}/sales/part-{file:02}.parquet");
        let options = DataFrameWriteOptions::new().with_single_file_output(true);
        frame.write_parquet(&url, options, None).await?;
    }
    Ok(())
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
async fn query(context: SessionContext) -> Result<BTreeMap<String, Summary>, String> {
    let run = async {
        let batches = context.sql(QUERY).await?.collect().await?;
        let mut found = BTreeMap::new();
        for batch in batches {
            let cities = cast(batch.column(0), &DataType::Utf8)?;
            let number =
                |column: usize, row| batch.column(column).as_primitive::<Int64Type>().value(row);
            for row in 0..batch.num_rows() {
                let city = cities.as_string::<i32>().value(row).to_owned();
                let summary = (
                    number(1, row),
                    number(2, row),
                    number(3, row),
                    number(4, row),
                );
                let previous = found.insert(city, summary);
                assert_eq!(previous, None);
            }
        }
        Ok(found)
    };
    let run: std::result::Result<_, datafusion::error::DataFusionError> = run.await;
    run.map_err(|error| error.to_string())
}

/// Waits until the condition is true.
async fn wait_for(what: &str, mut condition: impl FnMut() -> bool) -> Result {
    let start = Instant::now();
    while !condition() {
        if start.elapsed() > PATIENCE {
            return Err(format!("waited too long: {what}").into());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_survives_the_loss_of_an_executor() -> Result {
    let site = Site::start().await?;
    write_table(&site).await?;
    let listed = site.bucket().list_objects().prefix("sales/").limit(1000);
    assert_eq!(i64::try_from(listed.await?.keys.len())?, FILES);

    let (_scheduler, port) = Node::scheduler(&site)?;
    let (first_folder, second_folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let mut first = Node::executor(&site, &port, first_folder.path())?;
    let second = Node::executor(&site, &port, second_folder.path())?;
    let context = session(&site, &port).await?;
    let url = format!("qs://{BUCKET}/sales/");
    context
        .register_parquet("sales", &url, ParquetReadOptions::default())
        .await?;
    let truth = expected(rows(0..FILES * ROWS_PER_FILE));

    // Both executors take part. How long it takes until they are registered is not known.
    let undisturbed = tokio::time::timeout(PATIENCE, async {
        loop {
            let found = query(context.clone()).await?;
            assert_eq!(found, truth);
            if first.reads() > 0 && second.reads() > 0 {
                return Ok::<_, String>((first.reads(), second.reads()));
            }
        }
    });
    let (first_before, second_before) = undisturbed.await??;
    println!("undisturbed: executor 1 sent {first_before} reads, executor 2 {second_before}");

    // Now slowly, so that the query runs when the executor is killed.
    site.inject(&["operation=GetObject,latency=150ms"])?;
    let running = tokio::spawn(query(context.clone()));
    wait_for("both executors read", || {
        first.reads() >= first_before + 8 && second.reads() >= second_before + 8
    })
    .await?;
    assert!(!running.is_finished());
    first.kill()?;
    let (first_after, second_at_kill) = (first.reads(), second.reads());
    println!(
        "killed executor 1 after {} reads, executor 2 had sent {}",
        first_after - first_before,
        second_at_kill - second_before
    );
    let found = tokio::time::timeout(PATIENCE, running).await??;
    assert_eq!(found?, truth);
    let total = second.reads() - second_before;
    println!("the result is right; executor 2 sent {total} reads in total");
    assert!(second.reads() > second_at_kill);

    // The rest of the cluster still works.
    site.inject(&[])?;
    let found = tokio::time::timeout(PATIENCE, query(context)).await?;
    assert_eq!(found?, truth);
    Ok(())
}
