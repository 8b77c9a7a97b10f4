//! The demo; see [`demo`].

use std::process::ExitCode;

fn main() -> ExitCode {
    demo::cli::main()
}
