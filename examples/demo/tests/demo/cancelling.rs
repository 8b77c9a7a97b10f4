use std::fmt::Write;

use liveops::OperationState;
use serde_json::{Value, json};

use crate::{
    server::Server,
    support::{Browser, Fixture},
};

async fn cancel(browser: &Browser, operation: &Value) {
    let url = operation["url"].as_str().unwrap();
    browser.post(&format!("{url}cancel"), "").await;
}

#[tokio::test]
async fn an_endless_task_runs_until_it_is_cancelled() {
    let fixture = Fixture::spawning().await;
    let server = Server::of(&fixture).await;
    let ann = fixture.signed_in("ann").await;
    let (task, mut follower) = server.start_endless(&ann).await;
    cancel(&ann, &task).await;
    assert_eq!(follower.until_the_end().await, "CANCELLED");
}

#[tokio::test]
async fn a_cancelled_import_leaves_no_scores() {
    let fixture = Fixture::spawning().await;
    let server = Server::of(&fixture).await;
    let ann = fixture.signed_in("ann").await;
    let mut file = "student,course,score\n".to_owned();
    for row in 0..5_000 {
        writeln!(file, "Ann,MATH-101,{}", row % 100).unwrap();
    }
    let input = json!({ "file": fixture.upload(file), "pace_ms": 10_000 });
    let import = ann.start("demo.score_import", input).await;
    let mut follower = server.follow(&ann, &import).await;
    // The reader can be this far ahead only after a batch was written.
    follower.until_html("1,499 of 5,000 rows").await;
    assert!(fixture.drafts(&import).await > 0);
    cancel(&ann, &import).await;

    assert_eq!(follower.until_the_end().await, "CANCELLED");
    assert_eq!(fixture.scores(&import).await, 0);
    assert_eq!(fixture.drafts(&import).await, 0);
}

#[tokio::test]
async fn an_open_socket_does_not_keep_the_server_from_stopping() {
    let fixture = Fixture::spawning().await;
    let server = Server::of(&fixture).await;
    let ann = fixture.signed_in("ann").await;
    let (task, _follower) = server.start_endless(&ann).await;

    server.stop().await;
    // The operation, which would run for ever, has no attempt left.
    let id = task["id"].as_str().unwrap().parse().unwrap();
    let row = fixture.demo.liveops().find(id).await.unwrap().unwrap();
    assert_eq!(row.state(), OperationState::FinishedError);
    assert_eq!(row.error_message.as_deref(), Some("Interrupted by a restart."));
}
