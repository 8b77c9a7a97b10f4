//! Operations whose every text is markup.

use std::collections::BTreeMap;

use liveops::{LiveOperation, Progress, Run, RunError, RunResult};
use serde::{Deserialize, Serialize};

use super::app::Gate;

/// Breaks out of an attribute, becomes an element, and runs.
pub(crate) const MARKUP: &str = r#""><img src=x onerror="window.xss=1">"#;

/// What a page says instead.
pub(crate) const ESCAPED: &str = "&quot;&gt;&lt;img src=x onerror=&quot;window.xss=1&quot;&gt;";

/// Where the markup is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Place {
    Status,
    Warning,
    ErrorStatus,
    Log,
    LogWarning,
    LogError,
    BarLabel,
    BarUnit,
    UserError,
    Result,
    ResultKey,
    Chain,
    Redirect,
}

impl Place {
    /// All but the redirect, which is no text.
    pub(crate) const ALL: [Self; 12] = [
        Self::Status,
        Self::Warning,
        Self::ErrorStatus,
        Self::Log,
        Self::LogWarning,
        Self::LogError,
        Self::BarLabel,
        Self::BarUnit,
        Self::UserError,
        Self::Result,
        Self::ResultKey,
        Self::Chain,
    ];

    /// Whether there is nothing to see after the run has ended: it takes its bar along.
    pub(crate) fn is_of_the_run(self) -> bool {
        matches!(self, Self::BarLabel | Self::BarUnit)
    }

    /// Whether there is nothing to see before the run has ended.
    pub(crate) fn is_of_the_end(self) -> bool {
        matches!(self, Self::UserError | Self::Result | Self::ResultKey | Self::Chain)
    }
}

/// Puts markup into one place; its title and its stage are markup in any case.
#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("\"><img src=x onerror=\"window.xss=1\">")]
#[liveop(app = "test", title = "\"><img src=x onerror=\"window.xss=1\">", state = Gate)]
pub(crate) struct Hostile {
    pub(crate) place: Place,
}

impl Run for Hostile {
    type Output = BTreeMap<String, String>;

    async fn run(&self, p: Progress<Self>) -> RunResult<Self::Output> {
        match self.place {
            Place::Status => p.status(MARKUP),
            Place::Warning => p.warn(MARKUP),
            Place::ErrorStatus => p.error_status(MARKUP),
            Place::Log => p.log(MARKUP),
            Place::LogWarning => p.log_warn(MARKUP),
            Place::LogError => p.log_error(MARKUP),
            Place::BarLabel => drop(p.track([()]).label(MARKUP).next()),
            Place::BarUnit => drop(p.track([()]).unit(MARKUP).next()),
            Place::Redirect => p.web().unwrap().redirect("javascript:window.xss=1"),
            Place::UserError | Place::Result | Place::ResultKey | Place::Chain => {}
        }
        p.state().pass().await;
        match self.place {
            Place::UserError => Err(RunError::user(MARKUP)),
            Place::Result => Ok([("value".to_owned(), MARKUP.to_owned())].into()),
            Place::ResultKey => Ok([(MARKUP.to_owned(), "value".to_owned())].into()),
            Place::Chain => {
                p.chain_to(Self { place: Place::Status });
                Ok(BTreeMap::new())
            }
            _ => Ok(BTreeMap::new()),
        }
    }
}
