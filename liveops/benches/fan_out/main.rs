//! `cargo bench -p liveops --bench fan_out`: what it costs to deliver one operation to many.
//!
//! liveops and a bare axum WebSocket server that writes the same bytes, each in a process of its
//! own, are watched by the same clients, one after the other and then again. `docs/fan-out.md`
//! says what is measured and how.

mod bare;
mod beat;
mod client;
mod crowd;
mod descriptors;
mod echo;
mod figure;
mod figures;
mod listener;
mod live;
mod options;
mod page;
mod process;
mod round;
mod script;
mod server;
mod stamp;
mod table;
mod target;
mod window;

use clap::Parser;
use figures::Figures;
use options::{Options, Role};
use script::Scripts;
use server::{Kind, Server};

/// Any error ends the program, which prints the error.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let options = Options::parse();
    match &options.role {
        Some(Role::ServeLive) => live::serve(&options).await,
        Some(Role::ServeBare { script }) => bare::serve(&options, script).await,
        None if options.bench => measure(&options).await,
        // `cargo test --all-targets` starts benches too.
        None => Ok(()),
    }
}

/// Measures, prints the table, and puts it into the documentation where that is asked for.
async fn measure(options: &Options) -> Outcome<()> {
    // After a storm, sockets that were cut may still be open when their clients are back.
    descriptors::allow(2 * options.clients)?;
    let scripts = Scripts::record(options).await?;
    let mut figures = Figures::default();
    // One after the other and then again, so that a busy minute of the machine falls on both.
    for number in 1..=options.rounds {
        eprintln!("fan_out: round {number} of {}", options.rounds);
        for kind in [Kind::Live, Kind::Bare] {
            let server = Server::start(options, kind, &scripts.plain).await?;
            let mut sample = round::measure(server, options).await?;
            let server = Server::start(options, kind, &scripts.long).await?;
            sample.extend(round::measure_after_long_log(server, options).await?);
            figures.add(kind, sample);
        }
    }
    let measured = table::markdown(&figures, options, &scripts);
    print!("{measured}");
    if options.write { page::write(&measured) } else { Ok(()) }
}
