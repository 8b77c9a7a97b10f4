//! The fragments of a projection, applied one after another, against the snapshot of the projection.

use std::{collections::BTreeMap, sync::Arc};

use proptest::prelude::*;

use super::{Apply, Fragment, Renderer, Subject, Templates};
use crate::{
    event::{Bar, Ending, Event, Level, LinkedOperation, LogLine, Measure, StageState, Status},
    operation::{FieldOrder, OperationId, OperationKind},
    projection::{Changes, Projection, Region},
};

const KIND: OperationKind =
    OperationKind::for_tests("test.steps", "Steps", &["Load", "Process", "Save"]);

/// A step of a run and of its flusher.
#[derive(Debug, Clone)]
enum Step {
    Event(Event),
    /// This many log lines between two flushes, so that the oldest lines are dropped before a flush shows
    /// them.
    Flood(usize),
    Flush,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => event().prop_map(Step::Event),
        1 => (900usize..1_200).prop_map(Step::Flood),
        6 => Just(Step::Flush),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let level = || prop_oneof![Just(Level::Info), Just(Level::Warning), Just(Level::Error)];
    let region =
        || prop_oneof![Just("preview"), Just("rows")].prop_map(|name| name.parse().unwrap());
    let html = || "<b>[a-z<]{0,4}</b>".prop_map(Arc::<str>::from);
    let stage = prop_oneof![
        Just(StageState::Active),
        Just(StageState::Done),
        Just(StageState::Reused),
        Just(StageState::Failed),
        Just(StageState::Cancelled),
    ];
    let measure = prop_oneof![
        (0f64..=100.0).prop_map(Measure::Percent),
        (0u64..50, proptest::option::of(0u64..50))
            .prop_map(|(done, total)| Measure::Count { done, total }),
    ];
    prop_oneof![
        1 => Just(Event::Started),
        1 => Just(Event::CancelRequested),
        1 => Just(Event::Ordered(FieldOrder::default())),
        1 => Just(Event::HandedOver(LinkedOperation { title: "Next".into(), description: None, url: "/live/".into() })),
        4 => (level(), ".{0,6}").prop_map(|(level, text)| {
            Event::Status(Status { level, text: text.into() })
        }),
        4 => measure.prop_map(|measure| Event::Bar(Some(Bar {
            measure,
            label: None,
            unit: Some("rows".into()),
            elapsed: std::time::Duration::from_secs(2),
        }))),
        4 => (0usize..4, stage).prop_map(|(index, state)| Event::Stage { index, state, at: chrono::DateTime::UNIX_EPOCH }),
        8 => (level(), ".{0,6}").prop_map(|(level, text)| line(level, text)),
        3 => (region(), html()).prop_map(|(region, html)| Event::Swap { region, html }),
        6 => (region(), html()).prop_map(|(region, html)| Event::Append { region, html }),
        1 => prop_oneof![
            Just(Ending::Cancelled),
            Just(Ending::Failed("broken".into())),
            Just(Ending::Finished(serde_json::json!({ "rows": 7 }).into())),
        ].prop_map(Event::Ended),
    ]
}

fn line(level: Level, text: String) -> Event {
    Event::Log(LogLine { at: chrono::DateTime::UNIX_EPOCH, level, text })
}

proptest! {
    #[test]
    fn the_page_is_the_snapshot_of_the_fold_of_the_events(
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let renderer = Renderer::new(Templates::new(), "/live");
        let subject = Subject { kind: KIND, id: OperationId::new() };
        let mut projection = Projection::new(KIND.stages.len());
        let mut page = Page::of(&renderer.snapshot(&subject, &projection));
        let mut changes = Changes::default();

        for step in steps.into_iter().chain([Step::Flush]) {
            match step {
                Step::Event(event) => changes.merge(projection.apply(event)),
                Step::Flood(lines) => {
                    for n in 0..lines {
                        let line = line(Level::Info, n.to_string());
                        changes.merge(projection.apply(line));
                    }
                }
                Step::Flush => {
                    let changes = std::mem::take(&mut changes);
                    page.apply(&renderer.fragments(&subject, &projection, changes));
                }
            }
        }
        page.assert_shown_by(&Page::of(&renderer.snapshot(&subject, &projection)));
        let lines = line_numbers(&page);
        prop_assert!(lines.windows(2).all(|pair| pair[0] + 1 == pair[1]), "a gap in {lines:?}");
    }

    #[test]
    fn nothing_changes_after_the_end(events in prop::collection::vec(event(), 0..20)) {
        let mut projection = Projection::new(KIND.stages.len());
        projection.apply(Event::Ended(Ending::Cancelled));
        let ended = projection.clone();
        for event in events {
            prop_assert!(projection.apply(event).is_empty());
        }
        prop_assert_eq!(projection, ended);
    }
}

/// Returns the numbers of the log's lines, which are the last part of the line ids.
fn line_numbers(page: &Page) -> Vec<u64> {
    let ids = page.regions[&Region::Log].split("id=\"op-log-").skip(1);
    let numbers = ids.map(|id| id.split('"').next().unwrap().rsplit('-').next().unwrap());
    numbers.map(|number| number.parse().unwrap()).collect()
}

#[test]
fn stages_count_by_their_weights() {
    let mut projection = Projection::new(3);
    let percent = |projection: &Projection| projection.percent(&[1, 8, 1]);
    assert_eq!(percent(&projection), Some(0.0));
    projection.apply(Event::Stage {
        index: 0,
        state: StageState::Done,
        at: chrono::DateTime::UNIX_EPOCH,
    });
    assert_eq!(percent(&projection), Some(10.0));
    projection.apply(Event::Stage {
        index: 1,
        state: StageState::Active,
        at: chrono::DateTime::UNIX_EPOCH,
    });
    projection.apply(Event::Bar(Some(Bar {
        measure: Measure::Count { done: 1, total: Some(4) },
        label: None,
        unit: None,
        elapsed: std::time::Duration::ZERO,
    })));
    assert_eq!(percent(&projection), Some(30.0));
    projection.apply(Event::Ended(Ending::Finished(serde_json::Value::Null.into())));
    assert_eq!(percent(&projection), Some(100.0));
}

/// A page that applied fragments in the order in which they arrived.
#[derive(Debug, Default)]
struct Page {
    regions: BTreeMap<Region, String>,
    /// The number of items that were appended to each region since it was replaced last.
    items: BTreeMap<Region, u32>,
}

impl Page {
    fn of(fragments: &[Fragment]) -> Self {
        let mut page = Self::default();
        page.apply(fragments);
        page
    }

    fn apply(&mut self, fragments: &[Fragment]) {
        for fragment in fragments {
            let content = self.regions.entry(fragment.region.clone()).or_default();
            let items = self.items.entry(fragment.region.clone()).or_default();
            match fragment.apply {
                Apply::Replace => {
                    content.clear();
                    *items = 0;
                }
                Apply::Append(added) => *items += added,
            }
            content.push_str(&fragment.html);
        }
    }

    /// Asserts that the snapshot shows this page. Of a region that grew beyond what is retained, the snapshot
    /// shows at least that much of the end.
    #[track_caller]
    fn assert_shown_by(&self, snapshot: &Self) {
        assert_eq!(
            self.regions.keys().collect::<Vec<_>>(),
            snapshot.regions.keys().collect::<Vec<_>>()
        );
        for (region, whole) in &self.regions {
            let kept = &snapshot.regions[region];
            let is_end = snapshot.items.get(region).is_some_and(|items| *items >= KEPT_ITEMS)
                && whole.ends_with(kept.as_str());
            assert!(is_end || whole == kept, "{region}: {kept:?} is not the end of {whole:?}");
        }
    }
}

/// The smallest number of items of a growing region that a snapshot keeps.
const KEPT_ITEMS: u32 = 1_000;
