use liveops::{LiveOperation, Progress, Run, RunResult};
use maud::html;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::app::Gate;

/// Reports a number, from 0 up, each time the gate opens.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate, public)]
pub(crate) struct Numbers {
    pub(crate) count: usize,
}

impl Run for Numbers {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        for number in 0..self.count {
            p.state().pass().await;
            p.status(format!("number={number} "));
        }
        p.state().pass().await;
        Ok(())
    }
}

/// The number that a message brings.
pub(crate) fn number(message: &Value) -> Option<usize> {
    let (_, rest) = message["liveop_html"].as_str()?.split_once("number=")?;
    rest.split(' ').next()?.parse().ok()
}

/// The same in frames that weigh something.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", state = Gate, public)]
pub(crate) struct Padded {
    pub(crate) count: usize,
    /// How many bytes each number is followed by.
    pub(crate) padding: usize,
}

impl Run for Padded {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        let padding = "x".repeat(self.padding);
        for number in 0..self.count {
            p.state().pass().await;
            // Of a status less would be kept.
            let web = p.web().expect("it is watched in a browser");
            web.swap("padded", html! { "number=" (number) " " (padding) });
        }
        p.state().pass().await;
        Ok(())
    }
}
