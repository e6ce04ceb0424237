//! Runs the call that the first argument names, against the endpoint of the second argument. Exits with
//! an error if the call or an assertion fails.

mod changed;
mod dialect;
mod notes;
mod obstacles;

macro_rules! clients {
    ($sdk:ident, $endpoint:expr) => {{
        let config = $sdk::Config::new("ID", "SECRET").endpoint($endpoint);
        let qingstor = $sdk::QingStor::new(config)?;
        let bucket = qingstor.bucket("my-bucket", "pek3a")?;
        (qingstor, bucket)
    }};
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Does not use tokio's macros: another feature set would compile all dependencies again.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(run())
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().collect();
    let endpoint = &arguments[2];
    let (_, changed) = clients!(changed_sdk, endpoint);
    let (dialect, dialect_bucket) = clients!(dialect_sdk, endpoint);
    let (obstacles, obstacles_bucket) = clients!(obstacles_sdk, endpoint);
    let (notes, notes_bucket) = clients!(notes_sdk, endpoint);
    match &*arguments[1] {
        "changed list" => changed::list(&changed).await?,
        "changed stats" => changed::stats(&changed).await?,
        "changed tag" => changed::tag(&changed).await?,
        "changed erase" => changed::erase(&changed).await?,
        "dialect list" => dialect::list(&dialect).await?,
        "dialect no content" => dialect::no_content(&dialect).await?,
        "dialect reset content" => dialect::reset_content(&dialect).await?,
        "dialect mailed" => dialect::mailed(&dialect).await?,
        "dialect tree mailed" => dialect::tree_mailed(&dialect_bucket).await?,
        "dialect numbers" => dialect::numbers(&dialect).await?,
        "dialect labels" => dialect::labels(&dialect).await?,
        "dialect name" => dialect::name(&dialect).await?,
        "dialect tree" => dialect::tree(&dialect_bucket).await?,
        "dialect switches" => dialect::switches(&dialect_bucket).await?,
        "dialect switches put" => dialect::put_switches(&dialect_bucket).await?,
        "dialect switches post" => dialect::post_switches(&dialect_bucket).await?,
        "dialect switches delete" => dialect::delete_switches(&dialect_bucket).await?,
        "dialect form" => dialect::form(&dialect_bucket).await?,
        "dialect ports" => dialect::ports(&dialect).await?,
        "dialect odd" => dialect::odd(&dialect).await?,
        "dialect part" => dialect::part(&dialect_bucket).await?,
        "obstacles everything" => obstacles::everything(&obstacles).await?,
        "obstacles rest" => obstacles::rest(&obstacles, &obstacles_bucket).await?,
        "notes list" => notes::list(&notes).await?,
        "notes put" => notes::put(&notes_bucket).await?,
        "notes fill" => notes::fill(&notes_bucket).await?,
        "notes get" => notes::get(&notes_bucket).await?,
        "notes keep" => notes::keep(&notes_bucket).await?,
        other => panic!("unknown call {other:?}"),
    }
    Ok(())
}
