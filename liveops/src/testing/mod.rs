//! Tests of one operation, or of a whole application.
//!
//! [`run`] runs an operation without database, server or worker, and returns a [`Recording`] of its reports
//! and its ending. The test sets the environment of the run: [`TestRun`] has a method for the state, the
//! owner, the attempt, and everything else on which a run can depend.
//!
//! ```
//! use liveops::{LiveOperation, Progress, Run, RunError, RunResult, testing};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(LiveOperation, Serialize, Deserialize)]
//! #[stages("Count", "Report")]
//! #[liveop(app = "demo")]
//! struct WordCount {
//!     text: String,
//! }
//!
//! impl Run for WordCount {
//!     type Output = usize;
//!
//!     async fn run(&self, p: Progress<Self>) -> RunResult<usize> {
//!         let words = p
//!             .stage(WordCountStage::Count, async {
//!                 if self.text.is_empty() {
//!                     return Err(RunError::user("There is no text").without_next_attempt());
//!                 }
//!                 let mut words = 0;
//!                 for word in p.track(self.text.split(' ')) {
//!                     words += usize::from(!word?.is_empty());
//!                 }
//!                 Ok(words)
//!             })
//!             .await?;
//!         p.chain_to(Praise { of: p.owner().to_string() });
//!         p.stage(WordCountStage::Report, async { Ok(p.status(format!("{words} words"))) }).await?;
//!         Ok(words)
//!     }
//! }
//!
//! #[derive(LiveOperation, Serialize, Deserialize)]
//! #[liveop(app = "demo")]
//! struct Praise {
//!     of: String,
//! }
//!
//! impl Run for Praise {
//!     type Output = ();
//!
//!     async fn run(&self, p: Progress<Self>) -> RunResult<()> {
//!         Ok(p.log(format!("Well done, {}", self.of)))
//!     }
//! }
//!
//! # #[tokio::main]
//! # async fn main() {
//! use liveops::testing::StageOutcome::{Cancelled, Done, Failed};
//! # use WordCountStage::{Count, Report};
//! # let text = |text: &str| WordCount { text: text.to_owned() };
//!
//! // A finished run: its reports and its output.
//! let recording = testing::run(text("to be or")).owner("ann").await;
//! assert_eq!(recording.statuses(), ["3 words"]);
//! assert_eq!(recording.stages(), [(Count, Done), (Report, Done)]);
//! // The next operation of the chain; a test runs it like any other operation.
//! let praise: Praise = recording.chained().unwrap();
//! assert_eq!(testing::run(praise).await.log(), ["Well done, ann"]);
//! assert_eq!(recording.expect_finished(), 3);
//!
//! // A failed run: its message for the owner, and no next attempt.
//! let recording = testing::run(text("")).await;
//! assert_eq!(recording.expect_failed(), "There is no text");
//! assert_eq!(recording.stages(), [(Count, Failed)]);
//! assert!(!recording.has_next_attempt() && recording.chained::<Praise>().is_none());
//!
//! // A cancelled run: entering the stage is the first check, the word "to" the second.
//! let recording = testing::run(text("to be or not")).cancel_after(2).await;
//! recording.expect_cancelled();
//! assert_eq!(recording.stages(), [(Count, Cancelled)]);
//!
//! // The whole transcript, one event per line.
//! let recording = testing::run(text("yes")).await;
//! assert_eq!(
//!     recording.transcript(),
//!     "\
//! started
//! stage Count: active
//! bar: 0 of ?
//! bar: 1 of ?
//! stage Count: done
//! stage Report: active
//! status: 1 words
//! stage Report: done
//! chained to demo.praise: {\"of\":\"tester\"}
//! finished: 1
//! "
//! );
//! # }
//! ```
//!
//! # Whole applications
//!
//! With the feature `testing`, `Application` starts an application on a free port. The default database is
//! SQLite in memory. `Client` subscribes to the application's operations over a WebSocket, as a page does:
//!
//! ```
//! # #[cfg(feature = "testing")]
//! # mod with_feature {
//! # use liveops::{LiveOperation, Progress, Run, RunResult};
//! # use serde::{Deserialize, Serialize};
//! # #[derive(LiveOperation, Serialize, Deserialize)]
//! # #[liveop(app = "demo")]
//! # struct Greeting {
//! #     name: String,
//! # }
//! # impl Run for Greeting {
//! #     type Output = String;
//! #     async fn run(&self, p: Progress<Self>) -> RunResult<String> {
//! #         p.chain_to(Farewell {});
//! #         Ok(format!("Hello, {}!", self.name))
//! #     }
//! # }
//! # #[derive(LiveOperation, Serialize, Deserialize)]
//! # #[liveop(app = "demo")]
//! # struct Farewell {}
//! # impl Run for Farewell {
//! #     type Output = ();
//! #     async fn run(&self, _: Progress<Self>) -> RunResult<()> {
//! #         Ok(())
//! #     }
//! # }
//! # #[tokio::main]
//! # pub async fn main() {
//! use liveops::{OperationState, Viewer, testing::Application};
//!
//! let app =
//!     Application::start(|builder| builder.register::<Greeting>().register::<Farewell>()).await;
//! let mut ann = app.connect(Viewer::new("ann")).await;
//! let id = app.liveops().enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
//! ann.follow(id).await;
//! let ends = ann.until_chain_ends().await;
//! assert_eq!(ends.len(), 2, "the greeting and the farewell");
//! assert!(ends.iter().all(|end| end.state == OperationState::FinishedOk));
//! # }
//! # }
//! # #[cfg(feature = "testing")]
//! # with_feature::main();
//! ```
//!
//! # Time
//!
//! In a test with `#[tokio::test(start_paused = true)]` time advances only in sleeps, and sleeps end at
//! once. The duration of a bar, and with it the rate and the time left, is then equal in every run. Log
//! lines of a test run have times of the same clock, which begins at 1970-01-01 00:00:00.
//!
//! # Panics
//!
//! An operation that panics fails, in a test run as on a worker; the test continues. The error in
//! [`Recording::result`] has the message and the location of the panic, so a test that unwraps the output
//! fails with both. [`Recording::panicked`] and [`Recording::stages`] distinguish a panic from an error.

#[cfg(feature = "testing")]
mod application;
mod canceller;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod channel_layer;
#[cfg(feature = "testing")]
mod client;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod lock;
#[cfg(feature = "testing")]
mod message;
mod recording;
#[cfg(feature = "testing")]
mod server;
#[cfg(feature = "testing")]
mod socket;
mod stage_outcome;
mod test_run;
mod transcript;
#[cfg(feature = "testing")]
mod viewer;

#[cfg(feature = "testing")]
pub use application::Application;
pub use canceller::CancelHandle;
#[cfg(feature = "testing")]
#[doc(inline)]
pub use channel_layer::channel_layer_tests;
#[cfg(feature = "testing")]
pub use client::Client;
#[cfg(feature = "testing")]
#[doc(inline)]
pub use lock::assert_shapes;
#[cfg(feature = "testing")]
pub use message::{Chain, Finished, Message, ShownRegions};
pub use recording::Recording;
#[cfg(feature = "testing")]
pub use server::Server;
#[cfg(feature = "testing")]
pub use socket::Socket;
pub use stage_outcome::StageOutcome;
pub use test_run::{TestRun, run};
