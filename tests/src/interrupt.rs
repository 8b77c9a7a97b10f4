//! Ctrl-C and SIGTERM during a command.

use std::{
    io,
    process::{Command, ExitStatus},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
};

/// Ends a running command on Ctrl-C or SIGTERM, while this program continues and cleans up.
///
/// The command gets its own process group. A signal therefore reaches every process that the command has
/// started, and reaches it once, through this program.
#[derive(Debug)]
pub(crate) struct Interruptible {
    interrupted: Arc<AtomicBool>,
    /// The command's process group; 0 while no command runs.
    running: Arc<AtomicI32>,
}

impl Interruptible {
    /// Installs the handler. A signal no longer ends this program.
    pub(crate) fn install() -> Result<Self, ctrlc::Error> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let running = Arc::new(AtomicI32::new(0));
        let shared = (interrupted.clone(), running.clone());
        ctrlc::set_handler(move || {
            let (interrupted, running) = &shared;
            interrupted.store(true, Ordering::SeqCst);
            terminate(running.load(Ordering::SeqCst));
        })?;
        Ok(Self { interrupted, running })
    }

    pub(crate) fn was_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }

    /// Runs the command until it ends or is interrupted.
    pub(crate) fn run(&self, command: &mut Command) -> io::Result<ExitStatus> {
        lead_group(command);
        let mut child = command.spawn()?;
        let group = i32::try_from(child.id()).map_err(io::Error::other)?;
        self.running.store(group, Ordering::SeqCst);
        if self.was_interrupted() {
            // The signal arrived before the group existed.
            terminate(group);
        }
        let status = child.wait();
        self.running.store(0, Ordering::SeqCst);
        status
    }
}

#[cfg(unix)]
fn lead_group(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

#[cfg(unix)]
fn terminate(group: i32) {
    use nix::{sys::signal, unistd::Pid};
    if group > 0 {
        // Fails if the group has just ended.
        let _ = signal::killpg(Pid::from_raw(group), signal::Signal::SIGTERM);
    }
}

/// On other systems the terminal sends the signal to every program that runs in it.
#[cfg(not(unix))]
fn lead_group(_: &mut Command) {}

#[cfg(not(unix))]
fn terminate(_: i32) {}
