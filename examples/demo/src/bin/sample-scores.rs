//! Writes a file of scores to standard output:
//!
//! ```text
//! cargo run -p demo --bin sample-scores > examples/demo/data/scores-20000.csv
//! cargo run -p demo --bin sample-scores -- 1000000 > many-scores.csv
//! ```

use std::{
    env,
    io::{self, BufWriter, Write},
    process::ExitCode,
};

use demo::sample;

fn main() -> ExitCode {
    let rows = match env::args().nth(1).map(|rows| rows.parse()) {
        None => sample::ROWS,
        Some(Ok(rows)) => rows,
        Some(Err(_)) => {
            eprintln!("usage: sample-scores [ROWS]");
            return ExitCode::from(2);
        }
    };
    let mut out = BufWriter::new(io::stdout().lock());
    match sample::write(&mut out, rows).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("failed to write: {error}");
            ExitCode::FAILURE
        }
    }
}
