//! A whole application for tests.

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

/// A whole application on a free port: database, runner, router and WebSocket.
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
/// A dropped application accepts no new connections, and running operations end with the runtime of the
/// test. [`shutdown`](Self::shutdown) waits for running operations.
#[derive(Debug)]
pub struct Application {
    liveops: LiveOps,
    server: Server,
}

impl Application {
    /// Starts an application with SQLite in memory. `build` registers the operations, and may call any other
    /// method of [`Builder`].
    ///
    /// # Panics
    ///
    /// Panics with the reason if the application cannot be started.
    pub async fn start<S>(build: impl FnOnce(Builder<NoState>) -> Builder<S>) -> Self {
        Self::start_on("sqlite::memory:", build).await
    }

    /// Starts an application with the database at `database_url`, in the form of [`store::connect`].
    ///
    /// # Panics
    ///
    /// Panics like [`start`](Self::start).
    pub async fn start_on<S>(
        database_url: &str,
        build: impl FnOnce(Builder<NoState>) -> Builder<S>,
    ) -> Self {
        let db = store::connect(database_url).await;
        let db = db.unwrap_or_else(|error| panic!("failed to connect to {database_url}: {error}"));
        let liveops = build(LiveOps::builder(db)).build();
        let liveops = liveops.unwrap_or_else(|error| panic!("failed to build: {error}"));
        let migrated = liveops.migrate().await;
        migrated.unwrap_or_else(|error| panic!("failed to create the tables: {error}"));
        let router = web::router::<TestViewer, ()>(&liveops);
        Self::serve(liveops, router).await
    }

    /// Serves the router of a custom application. Clients sign in as the application's users do: see
    /// [`connect_with`](Self::connect_with).
    ///
    /// # Panics
    ///
    /// Panics if no port is free.
    pub async fn serve(liveops: LiveOps, router: Router) -> Self {
        Self { liveops, server: Server::start(router).await }
    }

    /// Returns the operations of the application, to enqueue, cancel, retry or find operations.
    pub fn liveops(&self) -> &LiveOps {
        &self.liveops
    }

    /// Returns the server of the application.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Connects a client for `viewer`.
    ///
    /// # Panics
    ///
    /// Panics if the server refuses the connection. An application from [`serve`](Self::serve) does not
    /// know the header of this method, and needs [`connect_with`](Self::connect_with).
    pub async fn connect(&self, viewer: Viewer) -> Client {
        let header = TestViewer::header(&viewer);
        self.connect_with(viewer, &[(VIEWER, &header)]).await
    }

    /// Connects a client with headers, such as a `Cookie`, from which the application reads `viewer`.
    ///
    /// # Panics
    ///
    /// Panics if the server refuses the connection.
    pub async fn connect_with(&self, viewer: Viewer, headers: &[(&str, &str)]) -> Client {
        let url = self.server.socket_url(&format!("{}/ws", self.liveops.mount()));
        let socket = Socket::connect(&url, headers).await;
        Client::new(self.liveops.clone(), viewer, socket)
    }

    /// Lets running operations end for at most 10 seconds, and disconnects all clients.
    pub async fn shutdown(self) {
        self.liveops.shutdown(GRACE).await;
    }
}

/// Time for running operations when an application shuts down.
const GRACE: Duration = Duration::from_secs(10);
