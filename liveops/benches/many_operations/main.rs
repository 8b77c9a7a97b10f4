//! `cargo bench -p liveops --bench many_operations`: the updates that one process delivers while it runs many
//! operations, each watched by a client of its own.
//!
//! The server and the clients are separate processes on the same machine. `docs/throughput.md` describes the
//! method.

mod client;
#[path = "../fan_out/descriptors.rs"]
mod descriptors;
mod load;
mod options;
#[path = "../fan_out/process.rs"]
mod process;
mod sample;
mod served;
mod server;
#[path = "../fan_out/stamp.rs"]
#[expect(dead_code, reason = "the other benchmark needs more of it")]
mod stamp;

use clap::Parser;
use options::{Options, Role};
use sample::Sample;
use server::Server;

/// Any error ends the program, which prints the error.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let options = Options::parse();
    match &options.role {
        Some(Role::Serve { operations, hz }) => served::serve(*operations, *hz).await,
        None if options.bench => measure(&options).await,
        // `cargo test --all-targets` starts benches too.
        None => Ok(()),
    }
}

/// Measures each number of operations on a new server, and prints the table.
async fn measure(options: &Options) -> Outcome<()> {
    descriptors::allow(options.operations.iter().copied().max().unwrap_or_default())?;
    println!("{}", Sample::HEADER);
    for operations in &options.operations {
        let server = Server::start(*operations, options.hz).await?;
        let sample = load::measure(&server, options).await?;
        println!("{sample}");
    }
    Ok(())
}
