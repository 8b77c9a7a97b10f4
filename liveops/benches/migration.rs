//! The duration of the migrations of a large table, and the waits of processes that read and write at the same time.
//!
//! `cargo bench -p liveops --bench migration -- [--database-url URL] [--rows 1000000]`. The database must be empty.
//! Without a URL the benchmark uses a temporary SQLite file.

mod database;
#[path = "../src/store/tests/large_table.rs"]
mod large_table;
#[path = "../src/store/tests/migration_load.rs"]
mod migration_load;

use std::error::Error;

use clap::Parser;
use database::BenchDatabase;
use liveops::store;
use migration_load::Waits;

#[derive(Debug, Parser)]
struct Args {
    /// Database, which must be empty
    #[arg(long, value_name = "URL")]
    database_url: Option<String>,
    /// Number of operations in the table
    #[arg(long, default_value_t = 1_000_000)]
    rows: u32,
    /// Passed by cargo to every benchmark
    #[arg(long, hide = true)]
    bench: bool,
}

fn print(what: &str, waits: &Waits) {
    let Waits { count, longest, errors } = waits;
    println!("{count} {what}, longest {longest:.2?}, {} refused", errors.len());
    errors.iter().take(3).for_each(|error| println!("    {error}"));
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let database = BenchDatabase::at(args.database_url.as_deref())?;
    // Fails here with the reason, and not in a process.
    store::connect(&database.url).await?;
    let connect = async || store::connect(&database.url).await.expect("it is reachable");
    let migrated = migration_load::migrate(args.rows, connect).await?;
    println!("migrated {} operations in {:.1?}", args.rows, migrated.took);
    print("reads", &migrated.reads);
    print("writes", &migrated.writes);
    for (what, found, expected) in [
        ("rows", migrated.rows, migrated.rows_expected),
        ("operations that ended meanwhile", migrated.ended, migrated.ended_expected),
        ("large values", migrated.large[1], migrated.large[0]),
    ] {
        if found != expected {
            return Err(format!("found {found} {what} instead of {expected}").into());
        }
    }
    if migrated.texts != migrated.texts_expected {
        return Err("the status of a run was lost".into());
    }
    Ok(())
}
