use liveops::testing::{self, StageOutcome};

use super::{RocketLaunch, RocketLaunchStage::CountDown};

#[tokio::test(start_paused = true)]
async fn the_rocket_lifts_off_after_counting_down() {
    let recording = testing::run(RocketLaunch { seconds: 3 }).await;
    assert_eq!(recording.statuses(), ["3 …", "2 …", "1 …", "Engines on"]);
    assert_eq!(recording.expect_finished(), "Lift-off!");
}

#[tokio::test(start_paused = true)]
async fn a_countdown_that_is_cancelled_launches_nothing() {
    let recording = testing::run(RocketLaunch { seconds: 60 }).cancel_after(3).await;
    recording.expect_cancelled();
    assert_eq!(recording.stages(), [(CountDown, StageOutcome::Cancelled)]);
}
