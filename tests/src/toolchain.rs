//! Toolchains besides the pinned one.

use std::process::Command;

use crate::{program::output_of, workspace::root};

/// A toolchain besides the pinned one, by its name in rustup.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Toolchain(pub(crate) &'static str);

impl Toolchain {
    /// Returns the start of a command line of its cargo. rustup fetches a missing toolchain.
    ///
    /// # Errors
    ///
    /// The reason why the toolchain is missing and cannot be fetched.
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
        // These variables name the pinned toolchain, which started this program.
        command.args(["run", name, "cargo"]).env_remove("CARGO").env_remove("RUSTC");
        Ok(command)
    }
}

fn rustup() -> Command {
    let mut command = Command::new("rustup");
    command.current_dir(root());
    command
}
