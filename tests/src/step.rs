//! The steps of a command.

use std::{process::Command, time::Instant};

use crate::Failure;

/// Runs one step of a command and prints its duration. Fails if the step fails.
pub(crate) fn step(name: &str, command: &mut Command) -> Result<(), Failure> {
    let start = Instant::now();
    eprintln!("{name} …");
    let status = command
        .status()
        .map_err(|error| Failure::new(format!("failed to start a command for {name}: {error}")))?;
    if !status.success() {
        return Err(Failure::new(format!("{name}: failed, see the output above")));
    }
    eprintln!("{name}: clean, {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}
