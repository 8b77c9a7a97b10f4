//! A whole application in a test, and a client that follows what happens in it.

use std::{collections::BTreeSet, panic::AssertUnwindSafe};

use axum::{Router, routing::get};
use futures_util::FutureExt;
use liveops::{
    LiveOperation, OperationState, Progress, RetryContext, Run, RunError, RunResult, Viewer,
    runner::Builder,
    testing::{Application, Message, Server},
    web,
};
use maud::html;
use serde::{Deserialize, Serialize};

use crate::support::{
    app::{Gate, Greeting, HeaderUser, Steps},
    database::on_every_database,
};

/// Hands over to itself until nothing is left.
#[derive(LiveOperation, Serialize, Deserialize)]
#[liveop(app = "test")]
struct Countdown {
    left: u32,
}

impl Run for Countdown {
    type Output = u32;

    async fn run(&self, p: Progress<Self>) -> RunResult<u32> {
        if let Some(web) = p.web() {
            web.append("trail", html! { div { "one" } div { (self.left) } });
        }
        if self.left > 0 {
            p.chain_to(Self { left: self.left - 1 });
        }
        Ok(self.left)
    }

    async fn on_retry(&self, _: RetryContext<'_, Self>) -> RunResult<()> {
        Err(RunError::user("It is over"))
    }
}

async fn countdowns() -> Application {
    Application::start(Builder::register::<Countdown>).await
}

on_every_database! {
    async fn a_client_sees_regions_and_the_end(db: TestDatabase) {
        let app = Application::start_on(&db.url(), Builder::register::<Greeting>).await;
        let mut ann = app.connect(Viewer::new("ann")).await;
        let greeting = Greeting { name: "Ann".to_owned() };
        let id = app.liveops().enqueue(greeting, "ann").await.unwrap();
        ann.follow(id).await;
        let status = ann.until_shown("status", "greeting Ann").await;
        assert!(!status.contains("hello, Ann"), "that is in the log: {status}");
        let end = ann.until_finished().await;
        assert_eq!((end.id, end.state), (id, OperationState::FinishedOk));
        assert_eq!(end.url, app.liveops().url(Greeting::OP_TYPE, id));
        app.shutdown().await;
    }
}

#[tokio::test]
async fn a_chain_is_followed_to_its_end() {
    let app = countdowns().await;
    let mut ann = app.connect(Viewer::new("ann")).await;
    let id = app.liveops().enqueue(Countdown { left: 3 }, "ann").await.unwrap();
    ann.follow(id).await;
    let ends = ann.until_chain_ends().await;
    assert_eq!(ends.len(), 4, "{ends:?}");
    assert!(ends.iter().all(|end| end.state == OperationState::FinishedOk));
}

#[tokio::test]
async fn each_hand_over_is_told_once() {
    let app = countdowns().await;
    let mut ann = app.connect(Viewer::new("ann")).await;
    let id = app.liveops().enqueue(Countdown { left: 2 }, "ann").await.unwrap();
    ann.follow(id).await;
    let (second, third) = (ann.until_chained().await, ann.until_chained().await);
    assert_eq!(BTreeSet::from([id, second.id, third.id]).len(), 3, "{second:?}, {third:?}");
    let row = app.liveops().find(third.id).await.unwrap().unwrap();
    assert_eq!(row.chained_from, Some(second.id.as_uuid()));
}

#[tokio::test]
async fn a_region_is_given_with_everything_in_it_and_nothing_else() {
    let app = countdowns().await;
    let id = app.liveops().enqueue(Countdown { left: 0 }, "ann").await.unwrap();
    let mut ann = app.connect(Viewer::new("ann")).await;
    ann.follow(id).await;
    let trail = ann.until_shown("trail", "one").await;
    assert_eq!(trail, "<div>one</div><div>0</div>");
}

#[tokio::test]
async fn the_list_tells_when_it_has_changed() {
    let app = countdowns().await;
    let mut ann = app.connect(Viewer::new("ann")).await;
    ann.follow_list().await;
    ann.until("the list", |message| matches!(message, Message::Subscribed { .. })).await;
    app.liveops().enqueue(Countdown { left: 0 }, "bob").await.unwrap();
    app.liveops().enqueue(Countdown { left: 0 }, "ann").await.unwrap();
    let messages = ann.until("a change", |message| *message == Message::ListChanged).await;
    assert_eq!(messages, [Message::ListChanged]);
}

#[tokio::test]
async fn only_who_may_see_an_operation_follows_it() {
    let app = countdowns().await;
    let id = app.liveops().enqueue(Countdown { left: 0 }, "ann").await.unwrap();
    let mut admin = app.connect(Viewer::new("admin").with_staff(true)).await;
    admin.follow(id).await;
    admin.until_finished().await;

    let mut bob = app.connect(Viewer::new("bob")).await;
    let refused = AssertUnwindSafe(bob.follow(id)).catch_unwind().await.unwrap_err();
    let told = refused.downcast::<String>().unwrap();
    assert_eq!(*told, format!("expected an operation that bob may see, found {id}"));
}

#[tokio::test]
async fn what_does_not_come_is_told_with_where_it_was_awaited() {
    let gate = Gate::new();
    let app = Application::start(|builder| builder.state(gate).register::<Steps>()).await;
    let id = app.liveops().enqueue(Steps {}, "ann").await.unwrap();
    let mut ann = app.connect(Viewer::new("ann")).await;
    ann.follow(id).await;
    ann.until_shown("status", "in Load").await;
    app.liveops().shutdown(std::time::Duration::ZERO).await;
    let told = AssertUnwindSafe(ann.until_shown("status", "in Save")).catch_unwind().await;
    let told = told.unwrap_err().downcast::<String>().unwrap();
    let expected = "waited for \"in Save\" in the region status, Closed";
    assert!(told.contains(file!()) && told.contains(expected), "{told}");
}

#[tokio::test]
async fn an_application_of_ones_own_signs_its_users_in_itself() {
    let inner = countdowns().await;
    let router = Router::new()
        .route("/", get(|| async { "home" }))
        .merge(web::router::<HeaderUser, ()>(inner.liveops()));
    let app = Application::serve(inner.liveops().clone(), router).await;
    let id = app.liveops().enqueue(Countdown { left: 0 }, "bob").await.unwrap();
    let mut bob = app.connect_with(Viewer::new("bob"), &[("x-user", "bob")]).await;
    bob.follow(id).await;
    bob.until_finished().await;
    bob.close().await;
    let home = reqwest::get(app.server().url("/")).await.unwrap();
    assert_eq!(home.text().await.unwrap(), "home");
}

#[tokio::test]
async fn nobody_is_anybody_without_saying_so() {
    let app = countdowns().await;
    let answer = reqwest::get(app.server().url("/live/")).await.unwrap();
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn restarts_are_tried_in_a_whole_application() {
    let app = countdowns().await;
    let id = app.liveops().enqueue(Countdown { left: 0 }, "ann").await.unwrap();
    let mut ann = app.connect(Viewer::new("ann")).await;
    ann.follow(id).await;
    ann.until_finished().await;
    let refused = app.liveops().retry(id).await.unwrap_err();
    assert!(refused.to_string().contains("It is over"), "{refused}");
}

#[tokio::test]
async fn an_application_that_is_dropped_serves_nobody() {
    let server = Server::start(Router::new()).await;
    let address = server.address();
    drop(server);
    let gone = async {
        while tokio::net::TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), gone).await.unwrap();
}
