//! The projection: the state of a run, and the fold of events into this state.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    Attempts, Change, Changes, REGIONS_LEN_MAX, Region, StageTiming, TAIL_BYTES_MAX, TAIL_LEN_MAX,
    Tail, TextBytes,
};
use crate::event::{Bar, Ending, Event, LogLine, Next, StageState, Status};
use crate::operation::{OperationState, RegionName};

/// The current visible state of one run.
///
/// A projection is the fold of [`Event`]s with [`apply`](Self::apply); equal events give equal projections.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Projection {
    /// The lifecycle state of the operation.
    pub state: OperationState,
    /// The number of the attempt.
    pub attempts: Attempts,
    /// Set when a user has requested cancellation.
    pub cancel_requested: bool,
    /// The status line, after the first status.
    pub status: Option<Status>,
    /// The progress bar, while the run has one.
    pub bar: Option<Bar>,
    /// The state of every stage, in order.
    pub stages: Vec<StageState>,
    /// The entry and exit times of every stage, in stage order. No region shows these times, so their changes
    /// are not in [`Changes`].
    pub stage_timings: Vec<StageTiming>,
    /// The newest lines of the log.
    pub log: Tail<Arc<LogLine>>,
    /// The custom regions that have content.
    pub custom: BTreeMap<RegionName, CustomRegion>,
    /// The end of the run, once the run has ended.
    pub ending: Option<Ending>,
    /// The address to which the browser goes when the operation has finished.
    pub success_url: Option<Arc<str>>,
    /// The operation that this one handed over to.
    pub next: Option<Next>,
}

/// The content of a custom region: the base, and everything appended to it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CustomRegion {
    /// The content of the last swap, as HTML.
    pub base: Arc<str>,
    /// The newest additions after the base, as HTML.
    pub added: Tail<Arc<str>>,
}

impl Projection {
    /// Creates the projection of an operation that has not started, with `stage_count` stages.
    pub(crate) fn new(stage_count: usize) -> Self {
        Self {
            state: OperationState::NotStarted,
            attempts: Attempts::ONLY,
            cancel_requested: false,
            status: None,
            bar: None,
            stages: vec![StageState::Pending; stage_count],
            stage_timings: vec![StageTiming::default(); stage_count],
            log: Tail::new(TAIL_LEN_MAX, TAIL_BYTES_MAX),
            custom: BTreeMap::new(),
            ending: None,
            success_url: None,
            next: None,
        }
    }

    /// Applies one event and returns the regions that changed.
    ///
    /// Invalid events, such as an event for an unknown stage or after the end, change nothing.
    pub(crate) fn apply(&mut self, event: Event) -> Changes {
        if self.state.is_terminal() {
            return Changes::default();
        }
        match event {
            Event::Started => self.start(),
            Event::CancelRequested => {
                self.cancel_requested = true;
                replaced([Region::Controls])
            }
            Event::Status(status) => {
                self.status = Some(status);
                replaced([Region::Status])
            }
            Event::Bar(bar) => {
                self.bar = bar;
                replaced([Region::Progress])
            }
            Event::Stage { index, state, at } => self.set_stage(index, state, at),
            Event::Log(line) => appended(Region::Log, self.log.push(Arc::new(line))),
            Event::Swap { region, .. } | Event::Append { region, .. }
                if !self.has_room_for(&region) =>
            {
                Changes::default()
            }
            Event::Swap { region, html } => {
                self.custom.insert(region.clone(), CustomRegion::new(html));
                replaced([Region::Custom(region)])
            }
            Event::Append { region, html } => self.append(region, html),
            Event::Redirect(url) => {
                self.success_url = Some(url);
                Changes::default()
            }
            Event::HandedOver(next) => {
                self.next = Some(next);
                replaced([Region::Result])
            }
            Event::Ended(ending) => self.end(ending),
        }
    }

    /// Returns every region as replaced: the changes for a client that has no state yet.
    pub(crate) fn everything(&self) -> Changes {
        let custom = self.custom.keys().cloned().map(Region::Custom);
        replaced(Region::BUILT_IN.into_iter().chain(custom))
    }

    /// Returns `true` if the custom region exists, or if the run may have another one.
    pub(crate) fn has_room_for(&self, region: &RegionName) -> bool {
        self.custom.len() < REGIONS_LEN_MAX || self.custom.contains_key(region)
    }

    /// The position of the active stage.
    pub(crate) fn active_stage(&self) -> Option<usize> {
        self.stages.iter().position(|state| *state == StageState::Active)
    }

    /// Returns the progress of the whole run from 0 to 100, with stages weighted by `weights`.
    ///
    /// Without stages this is the position of the bar; `None` if there is no bar or its total is unknown.
    pub(crate) fn percent(&self, weights: &[u32]) -> Option<f64> {
        if self.state == OperationState::FinishedOk {
            return Some(100.0);
        }
        let bar = self.bar.as_ref().and_then(Bar::fraction);
        if self.stages.is_empty() {
            return bar.map(|fraction| fraction * 100.0);
        }
        let weight = |index: usize| f64::from(weights.get(index).copied().unwrap_or(1));
        let whole: f64 = (0..self.stages.len()).map(weight).sum();
        let done: f64 = self
            .stages
            .iter()
            .enumerate()
            .map(|(index, state)| match state {
                StageState::Done | StageState::Reused => weight(index),
                StageState::Active => weight(index) * bar.unwrap_or(0.0),
                StageState::Pending | StageState::Failed | StageState::Cancelled => 0.0,
            })
            .sum();
        Some(done / whole * 100.0)
    }

    fn start(&mut self) -> Changes {
        self.state = OperationState::Started;
        replaced([Region::Controls, Region::Status, Region::Stages])
    }

    fn set_stage(&mut self, index: usize, state: StageState, at: DateTime<Utc>) -> Changes {
        let Some(stage) = self.stages.get_mut(index) else { return Changes::default() };
        *stage = state;
        self.stage_timings[index].note(state, at);
        if state == StageState::Active {
            self.bar = None;
        }
        replaced([Region::Stages, Region::Progress])
    }

    fn append(&mut self, region: RegionName, html: Arc<str>) -> Changes {
        match self.custom.get_mut(&region) {
            Some(content) => {
                let id = content.added.push(html);
                appended(Region::Custom(region), id)
            }
            None => {
                let mut content = CustomRegion::new("".into());
                content.added.push(html);
                self.custom.insert(region.clone(), content);
                replaced([Region::Custom(region)])
            }
        }
    }

    fn end(&mut self, ending: Ending) -> Changes {
        self.state = ending.state();
        let left = match ending {
            Ending::Finished(_) => StageState::Done,
            Ending::Failed(_) => StageState::Failed,
            Ending::Cancelled => StageState::Cancelled,
        };
        for stage in self.stages.iter_mut().filter(|stage| **stage == StageState::Active) {
            *stage = left;
        }
        if matches!(ending, Ending::Finished(_)) {
            self.bar = None;
        }
        self.ending = Some(ending);
        replaced([
            Region::Controls,
            Region::Stages,
            Region::Status,
            Region::Progress,
            Region::Result,
        ])
    }
}

impl TextBytes for Arc<LogLine> {
    fn text_bytes(&self) -> usize {
        self.text.len()
    }
}

impl CustomRegion {
    fn new(base: Arc<str>) -> Self {
        Self { base, added: Tail::new(TAIL_LEN_MAX, TAIL_BYTES_MAX) }
    }
}

fn replaced(regions: impl IntoIterator<Item = Region>) -> Changes {
    regions.into_iter().map(|region| (region, Change::Replaced)).collect()
}

fn appended(region: Region, from: u64) -> Changes {
    Changes::from_iter([(region, Change::Appended { from })])
}
