//! Long-running operations for Rust web applications, watched live.
//!
//! An application has work that takes seconds to hours. Its developer writes a struct with
//! [`#[derive(LiveOperation)]`](derive@LiveOperation) and one async method, [`Run::run`]. Whoever
//! started the work watches it on one page that never reloads: stages, progress bar, status, log,
//! result, Cancel and Retry.
//!
//! The same method runs in this process or in any number of others, and in a test.
//!
//! # Quick start
//!
//! What an application depends on; besides Rust there has to be a C compiler, for SQLite:
//!
//! ```toml
//! [dependencies]
//! axum = { version = "0.8", features = ["macros"] }
//! liveops = "0.1"
//! serde = { version = "1", features = ["derive"] }
//! tokio = { version = "1", features = ["full"] }
//! ```
//!
//! `src/main.rs`, all of it:
//!
//! ```no_run
//! use axum::{extract::FromRequestParts, response::Redirect, routing::get};
//! use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, Viewer, store, web};
//! use serde::{Deserialize, Serialize};
//! use tokio::net::TcpListener;
//!
//! /// Counts the letters of a text.
//! // The input: kept in the database, and read by whichever process runs it.
//! #[derive(LiveOperation, Serialize, Deserialize)]
//! #[stages("Split", "Count")]
//! #[liveop(app = "words", form)]
//! struct WordCount {
//!     #[field(kind = "multiline", default = "to be or not to be")]
//!     text: String,
//! }
//!
//! impl Run for WordCount {
//!     type Output = usize;
//!
//!     async fn run(&self, p: Progress<Self>) -> RunResult<usize> {
//!         use WordCountStage::*; // made by the derive; a typo does not compile
//!
//!         let words: Vec<&str> =
//!             p.stage(Split, async { Ok(self.text.split_whitespace().collect()) }).await?;
//!         p.stage(Count, async {
//!             let mut letters = 0;
//!             for word in p.track(words).unit("words") {
//!                 letters += word?.len(); // `?` ends the run when somebody cancels it
//!                 tokio::time::sleep(std::time::Duration::from_millis(500)).await;
//!             }
//!             p.log(format!("{letters} letters"));
//!             Ok(letters)
//!         })
//!         .await
//!     }
//! }
//!
//! // Whoever sends a request. An application with users takes them from its session.
//! #[derive(FromRequestParts)]
//! struct Anybody;
//!
//! impl From<Anybody> for Viewer {
//!     fn from(Anybody: Anybody) -> Self {
//!         Viewer::new("anybody")
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let db = store::connect("sqlite://words.sqlite3").await?;
//!     let liveops = LiveOps::builder(db).register::<WordCount>().build()?;
//!     liveops.migrate().await?;
//!     liveops.start_worker();
//!
//!     let form = Redirect::to(&liveops.create_url(WordCount::OP_TYPE));
//!     let app = web::router::<Anybody, _>(&liveops).route("/", get(form));
//!     axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?;
//!     Ok(())
//! }
//! ```
//!
//! `cargo run`, and <http://127.0.0.1:3000> is a form that leads to the page of the operation: both stages, a
//! bar with its rate and the time left, the log, Cancel, and at the end the result. Reload it, open it
//! twice, cut the network: each page shows where the operation is. <http://127.0.0.1:3000/live/> lists all of
//! them, and `curl -H 'Accept: application/json'` gives either as JSON.
//!
//! From code an operation is started with [`LiveOps::enqueue`], and a test runs it with [`testing::run`],
//! without any of this:
//!
//! ```
//! # use liveops::{LiveOperation, LiveOps, Progress, Run, RunResult, runner::EnqueueError, store, testing};
//! # use serde::{Deserialize, Serialize};
//! # #[derive(LiveOperation, Serialize, Deserialize)]
//! # struct WordCount {
//! #     text: String,
//! # }
//! # impl Run for WordCount {
//! #     type Output = usize;
//! #     async fn run(&self, p: Progress<Self>) -> RunResult<usize> {
//! #         p.log("13 letters");
//! #         Ok(13)
//! #     }
//! # }
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let db = store::connect("sqlite::memory:").await?;
//! # let liveops = LiveOps::builder(db).register::<WordCount>().build()?;
//! # liveops.migrate().await?;
//! // Committed means that it will run.
//! liveops.enqueue(WordCount { text: "to be or not to be".into() }, "ann").await?;
//!
//! let recording = testing::run(WordCount { text: "to be or not to be".into() }).await;
//! assert_eq!(recording.log(), ["13 letters"]);
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//!
//! | you want to | see |
//! |---|---|
//! | say what an operation is | [`LiveOperation`](derive@LiveOperation), [`Run`] |
//! | ask for its input, and check it | [`form`] |
//! | report what it is doing | [`Progress`] |
//! | fail with a message for its owner | [`RunError::user`] |
//! | enqueue, cancel, restart | [`LiveOps`] |
//! | put the pages into an application | [`web::router`], [`Viewer`] |
//! | delete what ended long ago | [`LiveOps::prune`] |
//! | show a page, a result or a region in your own way | [`Templates`] |
//! | say it in other languages | [`language::Languages`] |
//! | turn a number | [`Config`] |
//! | test an operation, or a whole application | [`testing`] |
//! | know how it does in production | [`metrics`], [`LiveOps::health`] |
//! | run an operation in a terminal, and have commands for the rest | `cli`, with the feature of that name |
//! | carry frames in another way | [`channel::ChannelLayer`] |
//! | have workers woken by a queue you run anyway | [`runner::WakeUpSender`] |
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | `sqlite`, by default | Operations stored in SQLite, embedded in the application. |
//! | `postgres`, by default | Operations stored in PostgreSQL, which also carries frames and hints between processes. |
//! | `i18n`, by default | Languages other than English, numbers and dates in their formats, and texts of the application. |
//! | `minijinja` | Templates that are files, in the syntax of Jinja, and take effect without a compiler. |
//! | `redis` | Frames and hints over Redis, for more than one process. |
//! | `apalis` | Wake-ups for workers by way of apalis, through any of its backends. |
//! | `cli` | Commands for an application's command line: serve, worker, run in a terminal, list and so on. |
//! | `log-layer` | What operations log with `tracing` in their live logs. |
//! | `testing` | Whole applications in tests, with a client of the WebSocket. |
//!
//! It compiles without any of them, and then has no database to keep operations in.

// What a feature brings has a badge on docs.rs, which alone sets this.
#![cfg_attr(docsrs, feature(doc_cfg))]

// The house, ground floor first. A module uses only modules listed above it in `lib.rs`, so the module
// graph has no cycle.
pub mod config;
pub mod operation;
mod panic;

pub mod event;
pub mod language;
pub mod metrics;
mod rate_limit;
mod span;
pub mod token;

pub mod form;
mod projection;

pub mod error;

pub mod render;

pub mod channel;
pub mod store;

pub mod progress;

pub(crate) mod publish;

pub mod runner;

pub mod web;

#[cfg(feature = "cli")]
pub mod cli;

// Beside the house.
pub mod testing;

pub use config::Config;
pub use error::{Cancelled, RunError, RunResult};
/// Makes a struct an operation, with an enum of its stages. [`operation::keys`] has the keys of
/// `#[liveop(…)]`.
///
/// ```
/// use liveops::{LiveOperation, Stage};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[stages("Load" = 1, Process = "Process data" = 8, "Save" = 1)]
/// #[liveop(app = "demo", title = "Scores of a tournament")]
/// pub struct ScoreImport {
///     file: String,
/// }
///
/// assert_eq!(ScoreImport::OP_TYPE, "demo.score_import");
/// assert_eq!(ScoreImport::STAGES, ["Load", "Process data", "Save"]);
///
/// const PROCESS: &str = ScoreImport::STAGES[ScoreImportStage::Process.index()];
/// assert_eq!(PROCESS, "Process data");
/// assert_eq!(ScoreImportStage::Process.to_string(), "Process data");
/// assert_eq!("Process data".parse(), Ok(ScoreImportStage::Process));
/// assert_eq!(ScoreImportStage::COUNT, 3);
/// assert_eq!(serde_json::to_value(ScoreImportStage::Process).unwrap(), "Process data");
/// assert_eq!(ScoreImportStage::WEIGHTS[ScoreImportStage::Process.index()], 8);
///
/// match "demo.score_import" {
///     ScoreImport::OP_TYPE => {}
///     other => panic!("{other} is a different operation"),
/// }
/// const fn is_slow(stage: ScoreImportStage) -> bool {
///     match stage {
///         ScoreImportStage::Load | ScoreImportStage::Save => false,
///         ScoreImportStage::Process => true,
///     }
/// }
/// assert!(is_slow(ScoreImportStage::Process));
/// ```
///
/// Every key of `#[liveop(…)]` at once:
///
/// ```
/// use std::{sync::Arc, time::Duration};
///
/// use liveops::{CancelMode, LiveOperation};
/// use serde::{Deserialize, Serialize};
///
/// struct Mailer;
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[liveop(
///     app = "letters",
///     name = "monthly",
///     title = "Monthly letter",
///     host_template = "letters/page.html",
///     result_template = "letters/sent.html",
///     result_text_template = "letters/sent.txt",
///     queue = "mail",
///     priority = -10,
///     max_attempts = 5,
///     backoff = "10 s..1 h",
///     timeout = "1h 30min",
///     unique = Newsletter::issue,
///     cancel = "abort",
///     version = 2,
///     state = Arc<Mailer>,
///     crate = ::liveops
/// )]
/// struct Newsletter {
///     issue: u32,
/// }
///
/// impl Newsletter {
///     fn issue(&self) -> String {
///         self.issue.to_string()
///     }
/// }
///
/// assert_eq!(Newsletter::OP_TYPE, "letters.monthly");
/// assert_eq!(Newsletter::HOST_TEMPLATE, "letters/page.html");
/// assert_eq!(Newsletter::POLICY.queue, "mail");
/// assert_eq!(Newsletter::POLICY.timeout, Some(Duration::from_secs(90 * 60)));
/// assert_eq!(Newsletter::POLICY.cancel, CancelMode::Abort);
/// ```
///
pub use liveops_derive::LiveOperation;
pub use operation::{
    Attempt, Backoff, CancelMode, ChannelName, FromState, LiveOperation, Names, NoStages, NoState,
    OperationId, OperationState, ParseStageError, Policy, Stage, StageToken, Storable, Unique,
    UserId,
};
#[cfg(feature = "log-layer")]
pub use progress::LogLayer;
pub use progress::{Progress, RetryContext, Run, WebProgress};
pub use render::Templates;
pub use runner::{LiveOps, RunnerKind};
pub use token::{SigningKeys, SubscriptionToken, SubscriptionTokens};
pub use web::Viewer;

/// What generated code needs beside the public names.
#[doc(hidden)]
pub mod __private {
    pub use serde;
}
