//! Every process is restarted, one after another, while the crowd goes on.

use super::{
    history::buckets,
    ledger::Step,
    scene::{Outcome, Scene},
};

const OPERATIONS: usize = 1_000;
const BROWSERS: usize = 500;

/// What is asked for while one process is restarted.
const BATCH: usize = 100;

/// What a page hears whose token has run out.
const TOKEN_REFUSED: u16 = 4401;

/// What a page hears from a process that is asked to go.
const RESTARTING: u16 = 1012;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_done_twice() {
    // Tokens that do not last as long as the test, so that pages ask for new ones.
    let environment = [("LIVEOPS_TOKEN_TTL_SECONDS", "20"), ("LIVEOPS_THROTTLE_HZ", "10")];
    let Some(mut scene) = Scene::set("rolling restart", BROWSERS, &environment).await else {
        return;
    };
    scene.start(OPERATIONS - 5 * BATCH);
    scene.crowd.have_started_all_but(0).await;
    scene.crowd.are_connected().await;
    for number in 0..3 {
        scene.start(BATCH);
        // Some of it runs, and some is still to come.
        scene.crowd.have_started_all_but(BATCH / 4).await;
        scene.restart_worker(number).await;
        if number < 2 {
            scene.start(BATCH);
            scene.restart_web(number).await;
        }
    }
    let outcome = scene.conclude().await;

    let Outcome { history, seen, truth, complaints } = &outcome;
    let hand_backs = truth.steps().filter(|step| step.is_hand_back()).count();
    assert!(hand_backs > 0, "nobody was busy when asked to go");
    assert_eq!(truth.steps().filter(|step| Step::is_rescue(step)).count(), 0);
    assert_eq!(seen.iter().map(|seen| seen.unanswered).sum::<usize>(), 0, "requests unanswered");
    assert!(!complaints.contains("ERROR"), "{complaints}");
    assert_eq!(history.departures().len(), 2);
    for departure in history.departures() {
        let closes = departure.closes(seen);
        assert!(closes.len() >= BROWSERS / 10, "only {} were connected", closes.len());
        let with = |code| closes.iter().filter(|close| close.code() == code).count();
        // Who is told to go and does not read it for a second is left behind.
        let (told, untold, refused) =
            (with(Some(RESTARTING)), with(None), with(Some(TOKEN_REFUSED)));
        assert_eq!(told + untold + refused, closes.len(), "ended in another way: {closes:?}");
        assert!(untold * 20 <= told, "{untold} got no goodbye, and {told} did");
        // A machine that stands still for a moment makes all of them come at its end.
        let returns = departure.returns(seen);
        let back = buckets(returns.iter().map(|back| back.connected_on));
        let most = back.iter().max().copied().unwrap_or_default();
        assert!(most * 2 <= returns.len(), "{most} of {} came back at once", returns.len());
    }
}
