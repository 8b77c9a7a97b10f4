use std::time::Duration;

use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    sync::watch,
    time::{self, Interval, MissedTickBehavior},
};

use crate::stamp::Stamp;

/// A command that a server reads from its standard input.
pub(crate) const GO: &str = "go";
pub(crate) const REST: &str = "rest";

/// The times at which a server publishes: at a fixed rate, between the commands to start and to stop.
#[derive(Debug)]
pub(crate) struct Beat {
    goes: watch::Receiver<bool>,
    ticks: Interval,
}

/// The last command of the parent process. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Conductor(watch::Receiver<bool>);

impl Conductor {
    pub(crate) fn listen() -> Self {
        let (says, goes) = watch::channel(false);
        tokio::spawn(async move {
            let mut lines = BufReader::new(stdin()).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                says.send_replace(line == GO);
            }
        });
        Self(goes)
    }

    pub(crate) fn beat(&self, hz: u32) -> Beat {
        let mut ticks = time::interval(Duration::from_secs(1) / hz);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        Beat { goes: self.0.clone(), ticks }
    }

    /// Waits until the parent process has ended.
    pub(crate) async fn left(mut self) {
        while self.0.changed().await.is_ok() {}
    }
}

impl Beat {
    /// Waits for the next beat, and gives its moment; `None` when there will be no more.
    pub(crate) async fn next(&mut self) -> Option<Stamp> {
        self.ticks.tick().await;
        self.goes.wait_for(|goes| *goes).await.ok()?;
        Some(Stamp::now())
    }
}
