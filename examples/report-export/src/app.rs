//! The application: its state, its routes and its start.

use std::{error::Error, io, path::Path, time::Duration};

use axum::{Router, extract::FromRef, middleware::from_fn_with_state, routing::get};
use axum_extra::extract::cookie::Key;
use liveops::{Config, LiveOps, Templates, store, web};
use tokio::{net::TcpListener, signal, time};

use crate::{
    download,
    exports::Exports,
    order::{self, Migrator},
    orders_export::{self, OrdersExport, Reports},
    pages,
    sign_in::{self, CurrentUser},
};

/// The application state. Cheap to clone.
#[derive(Clone, FromRef)]
pub struct App {
    /// The handle of liveops.
    pub liveops: LiveOps,
    /// The state of the operations.
    pub reports: Reports,
    /// The key that signs the cookies of signed-in users.
    key: Key,
}

/// The age at which an export and its operation are deleted.
const KEEP: Duration = Duration::from_secs(7 * 24 * 60 * 60);

const HOUR: Duration = Duration::from_secs(60 * 60);

/// The time that running operations get at shutdown; the others are interrupted.
const GRACE: Duration = Duration::from_secs(25);

impl App {
    /// Opens the database and the exports in `folder`, and inserts `orders` sample orders if the table is
    /// empty.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails, or the folder is not writable.
    pub async fn start(folder: &Path, orders: u32) -> Result<Self, Box<dyn Error>> {
        let exports = Exports::in_folder(&folder.join("exports"))?;
        let database_url = format!("sqlite://{}", folder.join("orders.sqlite3").display());
        let db = store::connect(&database_url).await?;
        store::migrate::<Migrator>(&db).await?;
        order::make_up(&db, orders).await?;
        // A stream uses one connection until it ends, and a SQLite pool has one connection by default. With a
        // shared pool no user could cancel an export.
        let reports = Reports { db: store::connect(&database_url).await?, exports };
        let templates = Templates::new().result::<OrdersExport>(orders_export::result);
        let liveops = LiveOps::builder(db)
            .state(reports.clone())
            .register::<OrdersExport>()
            .templates(templates)
            .config(Config::default().with_allowed_hosts(["localhost", "127.0.0.1"]))
            .build()?;
        liveops.start_worker();
        Ok(Self { liveops, reports, key: Key::generate() })
    }

    /// Returns all routes.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", get(pages::home))
            .route("/login", get(pages::login).post(sign_in::sign_in))
            .route(download::ROUTE, get(download::download))
            .merge(web::router::<CurrentUser, Self>(&self.liveops))
            // Refuses forms of other sites, also those of the routes above.
            .layer(from_fn_with_state(self.liveops.clone(), web::guard))
            .with_state(self.clone())
    }

    /// Serves until Ctrl-C.
    ///
    /// # Errors
    ///
    /// Returns an error if the listener fails.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let serve = web::serve(listener, self.router()).with_graceful_shutdown(interrupted());
        let shut_down = async {
            interrupted().await;
            self.liveops.shutdown(GRACE).await;
            Ok(())
        };
        let until_the_end = async { tokio::try_join!(serve.into_future(), shut_down).map(|_| ()) };
        tokio::select! {
            served = until_the_end => served,
            () = self.keep_tidy() => Ok(()),
        }
    }

    /// Deletes operations and files that are older than `age`.
    ///
    /// # Errors
    ///
    /// Returns an error if the database or the folder fails; the next call deletes the rest.
    pub async fn delete_expired(&self, age: Duration) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.liveops.prune(age).await?;
        self.reports.exports.delete_older_than(age).await?;
        Ok(())
    }

    async fn keep_tidy(&self) {
        let mut hourly = time::interval(HOUR);
        loop {
            hourly.tick().await;
            if let Err(error) = self.delete_expired(KEEP).await {
                eprintln!("failed to delete what has expired: {error}");
            }
        }
    }
}

async fn interrupted() {
    signal::ctrl_c().await.expect("a process can listen for Ctrl-C");
}
