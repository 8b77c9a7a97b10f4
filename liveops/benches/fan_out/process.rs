use std::{fs, time::Duration};

use crate::Outcome;

/// The resolution of the CPU time of a process on Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// What the system knows about a process, in `/proc`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process {
    id: u32,
}

impl Process {
    pub(crate) fn new(id: u32) -> Self {
        Self { id }
    }

    /// The CPU time it has taken, user and system.
    pub(crate) fn cpu_time(&self) -> Outcome<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id))?;
        // The second field is a name, which may have spaces and parentheses in it.
        let (_, fields) = stat.rsplit_once(')').ok_or("an unknown form of /proc/…/stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
        let ticks: u32 = ticks.sum::<Result<_, _>>()?;
        Ok(Duration::from_secs_f64(f64::from(ticks) / TICKS_PER_SECOND))
    }

    /// The memory it has.
    pub(crate) fn resident_bytes(&self) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kibibytes: u64 = kibibytes.ok_or("an unknown form of /proc/…/status")?.parse()?;
        Ok(kibibytes << 10)
    }
}
