use std::process::Command;

use crate::{program::output_of, workspace::root};

/// A toolchain other than the one that is pinned, by its name for rustup.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Toolchain(pub(crate) &'static str);

impl Toolchain {
    /// The start of a command line of its cargo, or why this machine has no such toolchain; rustup
    /// fetches it if need be.
    pub(crate) fn cargo(self) -> Result<Command, String> {
        let name = self.0;
        let works = || output_of(rustup().args(["run", name, "cargo", "--version"]));
        if works().is_err() {
            let mut install = rustup();
            install.args([
                "toolchain",
                "install",
                name,
                "--profile",
                "minimal",
                "--no-self-update",
            ]);
            output_of(&mut install)?;
            works()?;
        }
        let mut command = rustup();
        // What this program itself was started with names the toolchain that is pinned.
        command.args(["run", name, "cargo"]).env_remove("CARGO").env_remove("RUSTC");
        Ok(command)
    }
}

fn rustup() -> Command {
    let mut command = Command::new("rustup");
    command.current_dir(root());
    command
}
