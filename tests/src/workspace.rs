use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

/// The cargo that runs this program, so that a `+toolchain` of the user's counts for what it runs.
///
/// It works in the workspace's root wherever the user stands, and reads nothing from the terminal.
pub(crate) fn cargo() -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root()).stdin(Stdio::null());
    command
}

fn root() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().expect("the package lies in the workspace")
}
