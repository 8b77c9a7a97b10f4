use liveops::testing;

use super::RocketLaunch;

#[tokio::test(start_paused = true)]
async fn the_rocket_lifts_off_after_counting_down() {
    let recording = testing::run(RocketLaunch { seconds: 3 }).await;
    assert_eq!(recording.statuses(), ["3 …", "2 …", "1 …"]);
    assert_eq!(recording.result.unwrap(), "Lift-off!");
}
