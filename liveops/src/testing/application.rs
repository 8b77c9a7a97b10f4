use std::time::Duration;

use axum::Router;

use super::{
    Client, Server, Socket,
    viewer::{TestViewer, VIEWER},
};
use crate::{
    operation::NoState,
    runner::{Builder, LiveOps},
    store,
    web::{self, Viewer},
};

/// A whole application, served on a free port: database, runner, router and WebSocket.
///
/// ```
/// use liveops::{OperationState, Viewer, testing::Application};
/// # use liveops::{LiveOperation, Progress, Run, RunResult};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(LiveOperation, Serialize, Deserialize)]
/// # #[liveop(app = "demo")]
/// # struct Greeting {
/// #     name: String,
/// # }
/// # impl Run for Greeting {
/// #     type Output = ();
/// #     async fn run(&self, p: Progress<Self>) -> RunResult<()> {
/// #         Ok(p.status(format!("Hello, {}!", self.name)))
/// #     }
/// # }
/// # #[tokio::main]
/// # async fn main() {
///
/// let app = Application::start(|builder| builder.register::<Greeting>()).await;
/// let greeting = Greeting { name: "Ann".into() };
/// let id = app.liveops().enqueue(greeting, "ann").await.unwrap();
///
/// let mut ann = app.connect(Viewer::new("ann")).await;
/// ann.follow(id).await;
/// ann.until_shown("status", "Hello, Ann!").await;
/// assert_eq!(ann.until_finished().await.state, OperationState::FinishedOk);
/// app.shutdown().await;
/// # }
/// ```
///
/// Dropped, it serves nobody any more, and what runs ends with the test's runtime;
/// [`shutdown`](Self::shutdown) waits for that.
#[derive(Debug)]
pub struct Application {
    liveops: LiveOps,
    server: Server,
}

impl Application {
    /// Starts an application with SQLite in memory. `build` registers its operations, and says what else
    /// there is to say to a [`Builder`].
    ///
    /// # Panics
    ///
    /// When it cannot be started; then the message says why.
    pub async fn start<S>(build: impl FnOnce(Builder<NoState>) -> Builder<S>) -> Self {
        Self::start_on("sqlite::memory:", build).await
    }

    /// Starts an application with the database that [`store::connect`] finds at `database_url`.
    ///
    /// # Panics
    ///
    /// Those of [`start`](Self::start).
    pub async fn start_on<S>(
        database_url: &str,
        build: impl FnOnce(Builder<NoState>) -> Builder<S>,
    ) -> Self {
        let db = store::connect(database_url).await;
        let db = db.unwrap_or_else(|error| panic!("failed to connect to {database_url}: {error}"));
        let liveops = build(LiveOps::builder(db)).build();
        let liveops = liveops.unwrap_or_else(|error| panic!("failed to build: {error}"));
        let migrated = liveops.migrate().await;
        migrated.unwrap_or_else(|error| panic!("failed to make the tables: {error}"));
        let router = web::router::<TestViewer, ()>(&liveops);
        Self::serve(liveops, router).await
    }

    /// Serves an application of one's own, with whatever else its router has. Its clients sign in as its
    /// users do: see [`connect_with`](Self::connect_with).
    ///
    /// # Panics
    ///
    /// Where there is no free port.
    pub async fn serve(liveops: LiveOps, router: Router) -> Self {
        Self { liveops, server: Server::start(router).await }
    }

    /// Its operations: to enqueue, cancel, restart and look up.
    pub fn liveops(&self) -> &LiveOps {
        &self.liveops
    }

    /// Where it is.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Connects a client who is `viewer`.
    ///
    /// # Panics
    ///
    /// When the server refuses; one that was started with [`serve`](Self::serve) knows nothing of this.
    pub async fn connect(&self, viewer: Viewer) -> Client {
        let header = TestViewer::header(&viewer);
        self.connect_with(viewer, &[(VIEWER, &header)]).await
    }

    /// Connects a client whom the application takes for `viewer` because of its headers: a `Cookie`, say.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub async fn connect_with(&self, viewer: Viewer, headers: &[(&str, &str)]) -> Client {
        let url = self.server.socket_url(&format!("{}/ws", self.liveops.mount()));
        let socket = Socket::connect(&url, headers).await;
        Client::new(self.liveops.clone(), viewer, socket)
    }

    /// Lets what runs end, for 10 seconds at most, and sends everybody away.
    pub async fn shutdown(self) {
        self.liveops.shutdown(GRACE).await;
    }
}

/// How long what runs may take when an application is shut down.
const GRACE: Duration = Duration::from_secs(10);
