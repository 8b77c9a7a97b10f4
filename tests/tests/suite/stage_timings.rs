//! When stages were entered and left is kept in the order in which a run went through them.

use chrono::{DateTime, Utc};
use liveops::OperationState;
use serde::Deserialize;

use crate::support::app::{Steps, TestApp};

#[tokio::test]
async fn a_run_notes_every_stage_in_its_order() {
    let app = TestApp::spawn().await;
    let begun = Utc::now();
    let id = app.liveops.enqueue(Steps {}, "ann").await.unwrap();
    app.gate.open(3);
    app.reaches(id, OperationState::FinishedOk).await;
    let row = app.liveops.find(id).await.unwrap().unwrap();
    let timings = row.stage_timings.unwrap();
    let stages = timings["stages"].as_array().unwrap();
    let moments: Vec<_> = stages
        .iter()
        .flat_map(|stage| [&stage["entered_on"], &stage["left_on"]])
        .map(|moment| DateTime::<Utc>::deserialize(moment).unwrap())
        .collect();
    assert_eq!(moments.len(), 6);
    let all: Vec<_> = [begun].into_iter().chain(moments).chain([Utc::now()]).collect();
    assert!(all.is_sorted(), "{all:?}");
}
