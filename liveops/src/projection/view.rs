//! The projection: the state of a run, and the fold of events into this state.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    Attempts, Change, Changes, REGIONS_LEN_MAX, Region, StageTiming, TAIL_BYTES_MAX, TAIL_LEN_MAX,
    Tail, TextBytes,
};
use crate::event::{Bar, Ending, Event, LinkedOperation, LogLine, StageState, Status};
use crate::operation::{AwaitedVersion, FieldOrder, OperationState, RegionName};

/// The current visible state of one run.
///
/// A projection is the fold of [`Event`]s with [`apply`](Self::apply); equal events give equal projections.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Projection {
    /// The lifecycle state of the operation.
    pub state: OperationState,
    /// The number of the attempt.
    pub attempts: Attempts,
    /// The version of the application that the operation waits for, if this one cannot read its input.
    pub awaits: Option<AwaitedVersion>,
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
    /// The order of the fields of the output.
    pub output_order: FieldOrder,
    /// The address to which the browser goes when the operation has finished.
    pub success_url: Option<Arc<str>>,
    /// The operation that this one handed over to.
    pub next: Option<LinkedOperation>,
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
            awaits: None,
            cancel_requested: false,
            status: None,
            bar: None,
            stages: vec![StageState::Pending; stage_count],
            stage_timings: vec![StageTiming::default(); stage_count],
            log: Tail::new(TAIL_LEN_MAX, TAIL_BYTES_MAX),
            custom: BTreeMap::new(),
            ending: None,
            output_order: FieldOrder::default(),
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
            Event::Ordered(order) => {
                self.output_order = order;
                Changes::default()
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

    /// The position of the stage that the bar belongs to: the stage that was entered last, unless it succeeded.
    fn stage_of_bar(&self) -> Option<usize> {
        let entered = self.stage_timings.iter().enumerate();
        let entered = entered.filter_map(|(index, timing)| Some((timing.entered_on?, index))).max();
        let last = entered.map(|(_, index)| index).or_else(|| self.active_stage())?;
        let is_done = matches!(self.stages[last], StageState::Done | StageState::Reused);
        (!is_done).then_some(last)
    }

    /// Returns the position of the bar, from 0 to 1, with which the whole run is at `percent`. The counterpart of
    /// [`percent`](Self::percent).
    pub(crate) fn bar_at(&self, percent: f64, weights: &[u32]) -> Option<f64> {
        if self.stages.is_empty() {
            return Some(percent / 100.0);
        }
        let weight = weight(weights, self.stage_of_bar()?);
        let whole: f64 = (0..self.stages.len()).map(|index| self::weight(weights, index)).sum();
        Some(((percent / 100.0 * whole - self.done(weights)) / weight).clamp(0.0, 1.0))
    }

    /// The sum of the weights of the stages that have succeeded.
    fn done(&self, weights: &[u32]) -> f64 {
        let stages = self.stages.iter().enumerate();
        stages
            .filter(|(_, state)| matches!(state, StageState::Done | StageState::Reused))
            .map(|(index, _)| weight(weights, index))
            .sum()
    }

    /// Returns the progress of the whole run from 0 to 100, with stages weighted by `weights`. A stage that failed or
    /// was cancelled counts as far as it came.
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
        let whole: f64 = (0..self.stages.len()).map(|index| weight(weights, index)).sum();
        let begun = self.stage_of_bar().map_or(0.0, |index| weight(weights, index));
        Some((self.done(weights) + begun * bar.unwrap_or(0.0)) / whole * 100.0)
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

fn weight(weights: &[u32], stage: usize) -> f64 {
    f64::from(weights.get(stage).copied().unwrap_or(1))
}

fn replaced(regions: impl IntoIterator<Item = Region>) -> Changes {
    regions.into_iter().map(|region| (region, Change::Replaced)).collect()
}

fn appended(region: Region, from: u64) -> Changes {
    Changes::from_iter([(region, Change::Appended { from })])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::event::Measure;

    const WEIGHTS: &[u32] = &[1, 3];

    fn stage(index: usize, state: StageState) -> Event {
        Event::Stage { index, state, at: DateTime::UNIX_EPOCH }
    }

    fn bar(done: u64, total: u64) -> Event {
        let measure = Measure::Count { done, total: Some(total) };
        Event::Bar(Some(Bar { measure, label: None, unit: None, elapsed: Duration::ZERO }))
    }

    /// A run at a half of its second stage.
    fn halfway() -> Projection {
        let mut run = Projection::new(2);
        let (begun, done) = (StageState::Active, StageState::Done);
        for event in [stage(0, begun), bar(9, 9), stage(0, done), stage(1, begun), bar(50, 100)] {
            run.apply(event);
        }
        run
    }

    #[test]
    fn a_run_that_stopped_keeps_its_percentage() {
        assert_eq!(halfway().percent(WEIGHTS), Some(62.5));
        for ending in [Ending::Cancelled, Ending::Failed("broken".into())] {
            let mut run = halfway();
            run.apply(Event::Ended(ending.clone()));
            assert_eq!(run.percent(WEIGHTS), Some(62.5), "{ending:?}");
            let mut run = halfway();
            run.apply(stage(1, StageState::Failed));
            run.apply(Event::Ended(ending));
            assert_eq!(run.percent(WEIGHTS), Some(62.5));
        }
    }

    #[test]
    fn the_bar_of_a_stage_that_ended_counts_once() {
        let mut run = halfway();
        run.apply(stage(1, StageState::Done));
        assert_eq!(run.percent(WEIGHTS), Some(100.0));
        let mut run = Projection::new(2);
        for event in [stage(0, StageState::Active), bar(1, 2), stage(0, StageState::Failed)] {
            run.apply(event);
        }
        assert_eq!(run.percent(WEIGHTS), Some(12.5));
        run.apply(stage(1, StageState::Active));
        run.apply(bar(1, 3));
        assert_eq!(run.percent(WEIGHTS), Some(25.0));
    }

    #[test]
    fn the_bar_follows_from_the_percentage() {
        let run = halfway();
        assert_eq!(run.bar_at(62.5, WEIGHTS), Some(0.5));
        // The row of a run holds both, and was not written at one time.
        assert_eq!(run.bar_at(3.0, WEIGHTS), Some(0.0));
        assert_eq!(Projection::new(0).bar_at(30.0, &[]), Some(0.3));
    }
}
