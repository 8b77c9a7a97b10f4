//! xtask in the place of rustdoc, for unstable options of rustdoc.

use std::{
    env,
    process::{Command, ExitCode},
};

/// Runs rustdoc with the arguments of this program, if cargo was configured to run this program as rustdoc.
pub(crate) fn run_as_rustdoc() -> Option<ExitCode> {
    env::var_os("LIVEOPS_XTASK_IS_RUSTDOC")?;
    let status =
        Command::new("rustdoc").args(env::args_os().skip(1)).env("RUSTC_BOOTSTRAP", "1").status();
    let code = status.ok().and_then(|status| u8::try_from(status.code()?).ok());
    Some(ExitCode::from(code.unwrap_or(1)))
}
