//! Set-up for the tests of all engines: an emulator with an empty bucket, and a table whose contents
//! are known.

use std::collections::BTreeMap;
use std::error::Error;

use qingstor_emulator::{Emulator, FaultRule};
use qingstor_sdk::{Bucket, Config, QingStor};

/// Name of the bucket.
pub const BUCKET: &str = "engine-bucket";

/// A running emulator with an empty bucket. It listens on a free port, and stops when it is dropped.
#[derive(Debug)]
pub struct Site {
    emulator: Emulator,
    bucket: Bucket,
}

impl Site {
    /// Starts the emulator, and creates the bucket.
    ///
    /// # Errors
    ///
    /// Returns an error if the emulator cannot listen.
    pub async fn start() -> Result<Self, Box<dyn Error>> {
        let emulator = Emulator::builder().in_memory().start().await?;
        let config = Config::new(emulator.access_key_id(), emulator.secret_access_key());
        let client = QingStor::new(config.endpoint(emulator.endpoint()))?;
        let bucket = client.bucket(BUCKET, "pek3a")?;
        bucket.put().await?;
        Ok(Self { emulator, bucket })
    }

    /// Returns the bucket as the SDK sees it, without an engine in between.
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// Returns the settings of a store, by their keys.
    pub fn settings(&self) -> [(&'static str, String); 4] {
        [
            ("access_key_id", self.emulator.access_key_id().to_owned()),
            (
                "secret_access_key",
                self.emulator.secret_access_key().to_owned(),
            ),
            ("endpoint", self.emulator.endpoint()),
            ("zone", "pek3a".to_owned()),
        ]
    }

    /// Returns the number of successful requests of an operation, such as `GetObject`.
    pub fn served(&self, operation: &str) -> u64 {
        let served = self.emulator.operations_served();
        served.get(operation).copied().unwrap_or(0)
    }

    /// Replaces the fault rules of the emulator.
    ///
    /// # Errors
    ///
    /// Returns an error if a rule is invalid.
    pub fn inject(&self, rules: &[&str]) -> Result<(), Box<dyn Error>> {
        let rules: Result<Vec<_>, _> = rules.iter().map(|rule| FaultRule::parse(rule)).collect();
        Ok(self.emulator.set_faults(rules?)?)
    }

    /// Returns the number of requests that the current fault rules have affected.
    pub fn injected_faults(&self) -> u64 {
        self.emulator.faults().iter().map(|rule| rule.hits).sum()
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub id: i64,
    pub city: &'static str,
    /// Cannot be compressed well, so that files have the size of their content.
    pub amount: i64,
}

/// Returns the rows with these IDs. Equal IDs have equal rows.
pub fn rows(ids: std::ops::Range<i64>) -> impl Iterator<Item = Row> + Clone {
    const CITIES: [&str; 5] = ["beijing", "shanghai", "guangzhou", "chengdu", "北京 / 东"];
    ids.map(|id| {
        let hash = id.wrapping_mul(0x5851_F42D_4C95_7F2D).rotate_left(29);
        let city = CITIES[usize::try_from(hash.rem_euclid(5)).unwrap_or_default()];
        let amount = hash.rem_euclid(1_000_000_007);
        Row { id, city, amount }
    })
}

/// The result of [`QUERY`] for one city: count, sum, minimum and maximum.
pub type Summary = (i64, i64, i64, i64);

/// A query whose result is [`expected`], about a table `sales`.
pub const QUERY: &str = "SELECT city, count(*) AS n, sum(amount) AS total, min(id) AS first, \
                         max(id) AS last FROM sales WHERE amount % 3 <> 0 GROUP BY city ORDER BY city";

/// Computes the result of [`QUERY`] without an engine.
pub fn expected(rows: impl Iterator<Item = Row>) -> BTreeMap<String, Summary> {
    let mut cities: BTreeMap<String, Summary> = BTreeMap::new();
    for row in rows.filter(|row| row.amount % 3 != 0) {
        let empty = (0, 0, i64::MAX, i64::MIN);
        let (count, sum, first, last) = cities.entry(row.city.to_owned()).or_insert(empty);
        *count += 1;
        *sum += row.amount;
        *first = row.id.min(*first);
        *last = row.id.max(*last);
    }
    cities
}
