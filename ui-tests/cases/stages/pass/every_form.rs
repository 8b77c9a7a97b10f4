use liveops::{LiveOperation, Stage};
use serde::{Deserialize, Serialize};

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Wczytanie danych", Check, Process = "1st & only pass")]
struct Plain;

#[derive(LiveOperation, Serialize, Deserialize)]
#[stages("Load" = 1, LoadMore = 2, Process = "Process data" = 8)]
struct Weighted;

fn main() {
    assert_eq!(Plain::STAGES, ["Wczytanie danych", "Check", "1st & only pass"]);
    assert_eq!(PlainStage::Check.weight(), 1);
    assert_eq!(PlainStage::WczytanieDanych.index(), 0);

    assert_eq!(Weighted::STAGES, ["Load", "Load more", "Process data"]);
    assert_eq!(WeightedStage::WEIGHTS, [1, 2, 8]);
    assert_eq!(WeightedStage::Process.weight(), 8);

    for (index, stage) in WeightedStage::ALL.iter().enumerate() {
        assert_eq!(stage.index(), index);
        assert_eq!(stage.to_string().parse(), Ok(*stage));
    }
    let error = "Save".parse::<WeightedStage>().unwrap_err();
    assert_eq!(error.to_string(), "expected one of `Load`, `Load more`, `Process data`, found `Save`");
    assert_eq!(format!("[{:>5}]", WeightedStage::Load), "[ Load]");
}
