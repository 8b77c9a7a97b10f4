use std::{
    io,
    process::{Command, ExitStatus},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
};

/// Lets a command end early on Ctrl-C (or a polite request to terminate), and this program go on
/// to clean up after it.
///
/// The command gets a process group of its own, for two reasons: a signal reaches everything it
/// has started, and reaches it once, through here, whoever it was sent to.
#[derive(Debug)]
pub(crate) struct Interruptible {
    interrupted: Arc<AtomicBool>,
    /// The command's process group, or 0 while none runs.
    running: Arc<AtomicI32>,
}

impl Interruptible {
    /// From now on a signal no longer ends this program by itself.
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

    /// Runs the command to its end, early or not.
    pub(crate) fn run(&self, command: &mut Command) -> io::Result<ExitStatus> {
        lead_group(command);
        let mut child = command.spawn()?;
        let group = i32::try_from(child.id()).map_err(io::Error::other)?;
        self.running.store(group, Ordering::SeqCst);
        if self.was_interrupted() {
            // The signal came before there was a group to send it on to.
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
        // The group may have ended by itself in this very moment: then there is nothing to do.
        let _ = signal::killpg(Pid::from_raw(group), signal::Signal::SIGTERM);
    }
}

/// Elsewhere the terminal itself tells every program that runs in it.
#[cfg(not(unix))]
fn lead_group(_: &mut Command) {}

#[cfg(not(unix))]
fn terminate(_: i32) {}
