//! What a test finds out about an operation that it runs by itself.

use std::{panic::AssertUnwindSafe, time::Duration};

use chrono::{DateTime, TimeDelta};
use futures_util::{FutureExt, StreamExt, stream};
use liveops::{
    Attempt, LiveOperation, Progress, Run, RunError, RunResult, Templates,
    event::{Ending, Level},
    testing::{self, Recording, StageOutcome},
};
use maud::html;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

/// Does what the test says, in whichever way a run can.
#[derive(Debug, Clone, PartialEq, LiveOperation, Serialize, Deserialize)]
#[stages("Load", "Save")]
#[liveop(app = "test", max_attempts = 3, state = String)]
struct Actor {
    acts: Vec<Act>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Act {
    Say,
    Count(u32),
    CountStream(u32),
    Percent(f64),
    Check,
    Rest(u64),
    Show,
    Facts,
    Load(Vec<Act>),
    Save(Vec<Act>),
    Once(u32),
    ChainTo(String),
    UserError,
    FinalError,
    Panic,
    Catch(Vec<Act>),
}
use Act::*;
use ActorStage::{Load as LOAD, Save as SAVE};

impl Run for Actor {
    type Output = String;

    async fn run(&self, p: Progress<Self>) -> RunResult<String> {
        act(&self.acts, &p).await?;
        Ok(p.state().clone())
    }
}

async fn act(acts: &[Act], p: &Progress<Actor>) -> RunResult<()> {
    for one in acts {
        Box::pin(do_one(one, p)).await?;
    }
    Ok(())
}

async fn do_one(one: &Act, p: &Progress<Actor>) -> RunResult<()> {
    match one {
        Say => {
            p.status("fine");
            p.warn("hm");
            p.error_status("oh");
            p.log("fine");
            p.log_warn("hm");
            p.log_error("oh");
        }
        Count(items) => {
            for item in p.track(0..*items).label("Counting").unit("rows") {
                item?;
            }
        }
        CountStream(items) => {
            let mut items = p.track_stream(stream::iter(0..*items));
            while let Some(item) = items.next().await {
                item?;
            }
        }
        Percent(percent) => p.percent(*percent),
        Check => p.check_cancelled()?,
        Rest(ms) => sleep(Duration::from_millis(*ms)).await,
        Show => {
            if let Some(web) = p.web() {
                web.swap("preview", html! { b { "1" } });
                web.append("preview", html! { i { "2" } });
                web.show("table", &7);
                web.redirect("/thanks");
            }
        }
        Facts => p.log(format!("{} {} {} {}", p.owner(), p.attempt(), p.language().tag(), p.id())),
        Load(acts) => p.stage(LOAD, act(acts, p)).await?,
        Save(acts) => p.stage(SAVE, act(acts, p)).await?,
        Once(output) => {
            let output = p.stage_once(LOAD, async { Ok(*output) }).await?;
            p.log(format!("loaded {output}"));
        }
        ChainTo(name) => p.chain_to(Actor { acts: vec![ChainTo(name.clone())] }),
        UserError => return Err(RunError::user("The file has no header")),
        FinalError => return Err(RunError::from("no such table").without_next_attempt()),
        Panic => panic!("the invariant broke"),
        Catch(acts) => {
            let _ = AssertUnwindSafe(act(acts, p)).catch_unwind().await;
        }
    }
    Ok(())
}

fn actor(acts: impl IntoIterator<Item = Act>) -> testing::TestRun<Actor> {
    testing::run(Actor { acts: acts.into_iter().collect() }).state("the state".to_owned())
}

async fn perform(acts: impl IntoIterator<Item = Act>) -> Recording<Actor> {
    actor(acts).await
}

#[tokio::test]
async fn what_was_said_has_its_levels() {
    let recording = perform([Say]).await;
    let levels = [Level::Info, Level::Warning, Level::Error];
    assert_eq!(recording.statuses(), ["fine", "hm", "oh"]);
    assert_eq!(recording.log(), ["fine", "hm", "oh"]);
    let of_statuses: Vec<Level> = recording.status_lines().iter().map(|line| line.level).collect();
    let of_log: Vec<Level> = recording.log_lines().iter().map(|line| line.level).collect();
    assert_eq!((of_statuses.as_slice(), of_log.as_slice()), (&levels[..], &levels[..]));
}

#[tokio::test]
async fn every_move_of_the_bar_is_recorded() {
    let recording = perform([Percent(20.0), Percent(40.0), Count(2)]).await;
    assert_eq!(recording.percents(), [20.0, 40.0, 0.0, 50.0, 100.0]);
    let bars = recording.bars();
    assert!(bars[2..].iter().all(|bar| bar.label.as_deref() == Some("Counting")), "{bars:?}");
    assert!(bars[2..].iter().all(|bar| bar.unit.as_deref() == Some("rows")), "{bars:?}");
}

#[tokio::test]
async fn stages_tell_how_they_were_left() {
    use StageOutcome::{Cancelled, Done, Failed, Panicked};

    let recording = perform([Load(vec![]), Save(vec![UserError])]).await;
    assert_eq!(recording.stages(), [(LOAD, Done), (SAVE, Failed)]);
    let recording = perform([Load(vec![Save(vec![Panic])])]).await;
    assert_eq!(recording.stages(), [(LOAD, Panicked), (SAVE, Panicked)]);
    let recording = perform([Catch(vec![Load(vec![Panic])]), Save(vec![])]).await;
    assert_eq!(recording.stages(), [(LOAD, Panicked), (SAVE, Done)]);
    assert!(!recording.panicked(), "it caught it");
    let recording = actor([Load(vec![Check]), Load(vec![Check])]).cancel_after(3).await;
    assert_eq!(recording.stages(), [(LOAD, Done), (LOAD, Cancelled)]);
}

#[tokio::test]
async fn a_panic_fails_the_run_and_not_the_test() {
    let recording = perform([Say, Panic, Check]).await;
    assert!(recording.panicked());
    let error = recording.result.as_ref().unwrap_err().to_string();
    assert_eq!(error.lines().nth(1), Some("the invariant broke"), "{error}");
    assert!(error.starts_with("panicked at tests/tests/suite/test_kit.rs:"), "{error}");
    assert_eq!(recording.log().len(), 3, "what it said before is there");
    let Ending::Failed(message) = recording.ending() else { panic!("{recording:?}") };
    assert!(message.starts_with("Something went wrong"), "{message}");
}

#[tokio::test]
async fn a_failure_is_told_as_to_its_owner_and_to_staff() {
    let recording = perform([UserError]).await;
    assert_eq!(recording.expect_failed(), "The file has no header");
    assert_eq!(recording.traceback(), Some("The file has no header"));
    let recording = perform([FinalError]).await;
    assert!(recording.expect_failed().starts_with("Something went wrong"));
    assert_eq!(recording.traceback(), Some("no such table"));
}

#[tokio::test]
async fn a_failure_is_tried_again_as_often_as_there_may_be_attempts() {
    assert!(perform([UserError]).await.has_next_attempt());
    assert!(actor([UserError]).attempt(Attempt(2)).await.has_next_attempt());
    assert!(!actor([UserError]).attempt(Attempt(3)).await.has_next_attempt(), "it was the last");
    assert!(!perform([FinalError]).await.has_next_attempt());
    assert!(!perform([Check]).await.has_next_attempt(), "it finished");
    assert!(!actor([Check]).cancel_after(0).await.has_next_attempt(), "it was cancelled");
}

#[tokio::test]
#[should_panic(
    expected = "`test.actor` needs its state, `alloc::string::String`: call `testing::run(…).state(…)`"
)]
async fn a_run_without_its_state_says_what_is_missing() {
    testing::run(Actor { acts: vec![Check] }).await;
}

#[tokio::test]
async fn regions_and_the_redirect_are_recorded() {
    let templates = Templates::new().region::<Actor, u32>("table", |n, _| html! { u { (n) } });
    let recording = actor([Show]).templates(templates).await;
    assert_eq!(recording.swaps("preview"), ["<b>1</b>"]);
    assert_eq!(recording.appends("preview"), ["<i>2</i>"]);
    assert_eq!(recording.swaps("table"), ["<u>7</u>"]);
    assert_eq!(recording.redirect(), Some("/thanks"));
}

#[tokio::test]
async fn a_terminal_shows_no_regions() {
    let recording = actor([Show]).in_terminal().await;
    assert_eq!((recording.swaps("preview").len(), recording.redirect()), (0, None));
    assert_eq!(recording.expect_finished(), "the state");
}

#[tokio::test]
async fn the_next_operation_is_given_as_what_it_is() {
    let recording = actor([ChainTo("Ann".to_owned())]).owner("bob").language("pl").await;
    let next: Actor = recording.chained().unwrap();
    assert_eq!(next, Actor { acts: vec![ChainTo("Ann".to_owned())] });
    let row = recording.next().unwrap();
    assert_eq!((row.owner.as_str(), row.language.as_str()), ("bob", "pl"));
    assert!(recording.chained::<Idle>().is_none(), "it is of another type");
}

#[tokio::test]
async fn a_run_that_does_not_finish_hands_over_to_nothing() {
    let chain = || ChainTo("Ann".to_owned());
    for recording in [
        perform([chain(), UserError]).await,
        perform([chain(), Panic]).await,
        actor([chain(), Check]).cancel_after(0).await,
    ] {
        assert!(recording.next().is_none(), "{recording:?}");
    }
}

#[tokio::test]
async fn a_run_is_cancelled_after_as_many_checks_as_the_test_says() {
    let acts = || [Check, Load(vec![Count(2)]), Save(vec![CountStream(2)]), Check, Say];
    // One check, for each stage one and one for each time the next item is asked for, and one more.
    for checks in 0..10 {
        let recording = actor(acts()).cancel_after(checks).await;
        recording.expect_cancelled();
        assert_eq!(recording.log().len(), 0, "after {checks}: {recording:?}");
        assert!(recording.was_cancel_requested());
    }
    let recording = actor(acts()).cancel_after(10).await;
    assert_eq!(recording.log().len(), 3, "nothing looks any more: {recording:?}");
    recording.expect_finished();
}

#[tokio::test]
async fn items_before_the_cancellation_are_given() {
    for (acts, done) in [(Count(5), 3), (CountStream(5), 3)] {
        let recording = actor([acts]).cancel_after(done).await;
        recording.expect_cancelled();
        let last = recording.bars().last().unwrap().measure;
        let liveops::event::Measure::Count { done: counted, .. } = last else { panic!("{last:?}") };
        assert_eq!(counted, done - 1, "an item counts as done when the next one is asked for");
    }
}

#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test")]
struct Idle;

impl Run for Idle {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        p.status("idle");
        p.cancelled().await;
        Ok(p.check_cancelled()?)
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_the_cancellation_hears_of_it() {
    let trial = testing::run(Idle);
    let canceller = trial.canceller();
    let running = tokio::spawn(trial.into_future());
    sleep(Duration::from_secs(60)).await;
    assert!(!running.is_finished());
    canceller.cancel();
    let recording = running.await.unwrap();
    recording.expect_cancelled();
    assert_eq!(recording.transcript(), "started\nstatus: idle\ncancel requested\ncancelled\n");
    testing::run(Idle).cancel_after(0).await.expect_cancelled();

    // Before it runs, too, whatever else is to cancel it.
    let trial = testing::run(Idle).cancel_after(1_000);
    trial.canceller().cancel();
    trial.await.expect_cancelled();
}

/// Never looks whether it shall stop.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", cancel = "abort", timeout = "1 h")]
struct Deaf;

impl Run for Deaf {
    type Output = ();

    async fn run(&self, _: Progress<Self>) -> RunResult<()> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_is_stopped_when_a_worker_would_stop_it() {
    let recording = testing::run(Deaf).cancel_after(0).await;
    recording.expect_cancelled();
    assert!(recording.result.unwrap_err().is_cancelled());
    let recording = testing::run(Deaf).await;
    assert_eq!(recording.expect_failed(), "Stopped because it took longer than 1 h 0 min.");
}

#[tokio::test]
async fn the_test_says_whose_run_it_is() {
    let recording = actor([Facts]).owner("ann").language("de").attempt(Attempt(2)).await;
    assert!(recording.log()[0].starts_with("ann 2 de "), "{recording:?}");
    let recording = perform([Facts]).await;
    assert!(recording.log()[0].starts_with("tester 1 en "), "{recording:?}");
}

#[tokio::test]
async fn a_later_attempt_gets_what_the_one_before_saved() {
    let first = actor([Facts, Once(1), UserError]).owner("ann").await;
    assert_eq!(first.saved(LOAD), Some(1));
    let second = actor([Facts, Once(2)]).after(&first).await;
    assert_eq!(second.stages(), [(LOAD, StageOutcome::Reused)]);
    assert_eq!(second.log()[1], "loaded 1");
    assert_eq!(second.log()[0], first.log()[0].replace("ann 1", "ann 2"), "it is the same");
    assert_eq!(second.saved(LOAD), Some(1));

    let again = actor([Once(3)]).after(&second).await;
    assert_eq!(again.log(), ["loaded 3"], "nothing is left of one that finished");
}

#[tokio::test]
async fn the_test_says_what_was_saved_before() {
    let recording = actor([Once(2)]).saved(LOAD, &7).await;
    assert_eq!(recording.log(), ["loaded 7"]);
    assert_eq!(recording.stages(), [(LOAD, StageOutcome::Reused)]);
    assert_eq!(recording.saved::<u32>(SAVE), None);
}

#[tokio::test(start_paused = true)]
async fn frozen_time_makes_bars_and_the_log_the_same_in_every_run() {
    let acts = || [Rest(1_500), Say, Percent(1.0), Rest(2_500), Percent(50.0), Say];
    let (one, other) = (perform(acts()).await, perform(acts()).await);
    assert_eq!(one.log_lines(), other.log_lines());
    assert_eq!(one.bars(), other.bars());
    assert_eq!((one.status_lines(), one.stages()), (other.status_lines(), other.stages()));
    let times: Vec<_> = one.log_lines().iter().map(|line| line.at).collect();
    let after = |ms| DateTime::UNIX_EPOCH + TimeDelta::milliseconds(ms);
    assert_eq!((times[0], times[5]), (after(1_500), after(4_000)));
}

/// Ten items a second.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test")]
struct Steady;

impl Run for Steady {
    type Output = ();

    async fn run(&self, p: Progress<Self>) -> RunResult<()> {
        for item in p.track(0..100) {
            item?;
            sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn rates_and_the_time_left_go_by_frozen_time() {
    let recording = testing::run(Steady).await;
    let bar = recording.bars()[50];
    assert_eq!((bar.elapsed, bar.rate()), (Duration::from_secs(5), Some(10.0)));
    assert_eq!(bar.eta(), Some(Duration::from_secs(5)));
}

/// Has a field that does not survive its row.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test")]
struct Forgetful {
    #[serde(skip)]
    name: String,
}

impl Run for Forgetful {
    type Output = String;

    async fn run(&self, _: Progress<Self>) -> RunResult<String> {
        Ok(self.name.clone())
    }
}

#[tokio::test]
async fn an_operation_goes_through_json_as_on_its_way_to_a_worker() {
    let recording = testing::run(Forgetful { name: "Ann".to_owned() }).await;
    assert_eq!(recording.expect_finished(), "");
}

/// Is read under another name than it is written.
#[derive(Debug, LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test", max_attempts = 3)]
struct Estranged {
    #[serde(rename(deserialize = "title"))]
    name: String,
}

impl Run for Estranged {
    type Output = String;

    async fn run(&self, _: Progress<Self>) -> RunResult<String> {
        Ok(self.name.clone())
    }
}

#[tokio::test]
async fn an_operation_that_does_not_come_through_json_fails_for_good() {
    let recording = testing::run(Estranged { name: "Ann".to_owned() }).await;
    recording.expect_failed();
    assert!(!recording.has_next_attempt());
}

#[tokio::test]
async fn an_output_that_could_not_be_kept_fails_the_run() {
    let recording = actor([]).state("x".repeat(2 << 20)).await;
    assert_eq!(recording.result.as_ref().unwrap().len(), 2 << 20, "that is what it returned");
    assert!(recording.expect_failed().starts_with("The result is too large to be stored."));
}

#[tokio::test]
async fn an_unexpected_ending_is_told_with_all_that_is_known() {
    let recording = perform([Say, Save(vec![UserError])]).await;
    let told = AssertUnwindSafe(async { recording.expect_finished() }).catch_unwind().await;
    let told = told.unwrap_err().downcast::<String>().unwrap();
    for part in
        ["expected a run that finishes", "log (error): oh", "stage Save: failed", "no header"]
    {
        assert!(told.contains(part), "{part} is missing in {told}");
    }
}
