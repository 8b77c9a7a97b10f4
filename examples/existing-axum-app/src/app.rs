//! The application: its state, its routes and its start.

use std::{error::Error, io, time::Duration};

use axum::{
    Router,
    extract::FromRef,
    http::header,
    middleware::from_fn_with_state,
    routing::{get, post},
};
use axum_login::AuthManagerLayerBuilder;
use liveops::{LiveOps, store, web};
use sea_orm::DatabaseConnection;
use tokio::{net::TcpListener, signal, time};
use tower_sessions::{MemoryStore, SessionManagerLayer};

use crate::{
    home, layout, live,
    migrations::Migrator,
    sample,
    sign_in::{self, CurrentUser},
    users::Users,
};

/// The services of the application. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Services {
    /// The database.
    pub db: DatabaseConnection,
    /// The mailer.
    pub mailer: Mailer,
}

/// A simulated mailer: it only takes time.
#[derive(Debug, Clone)]
pub struct Mailer {
    /// The duration of sending one mail.
    pub pace: Duration,
}

/// The application state. Handlers extract the part they need, such as `State<Services>`.
#[derive(Debug, Clone, FromRef)]
pub struct App {
    /// The state from before liveops.
    pub services: Services,
    /// live: the handle of liveops.
    pub liveops: LiveOps,
}

/// The time that running operations get at shutdown; the others are interrupted.
const GRACE: Duration = Duration::from_secs(25);

impl Mailer {
    pub(crate) async fn send(&self, _to: &str, _cents: i64) {
        time::sleep(self.pace).await;
    }
}

impl App {
    /// Opens the database and brings its tables up to date.
    ///
    /// # Errors
    ///
    /// Returns an error if the database fails.
    pub async fn start(database_url: &str, mailer: Mailer) -> Result<Self, Box<dyn Error>> {
        let db = store::connect(database_url).await?;
        store::migrate::<Migrator>(&db).await?;
        sample::fill(&db).await?;
        let services = Services { db, mailer };
        let liveops = live::build(&services)?; // live:
        Ok(Self { services, liveops })
    }

    /// Returns all routes.
    pub fn router(&self) -> Router {
        // Sessions end with the process; a production application uses a persistent store. Browsers do not
        // send the cookie with requests from other sites, so their forms have no access.
        let sessions = SessionManagerLayer::new(MemoryStore::default())
            // The example is served without TLS: remove this line if the application uses TLS.
            .with_secure(false);
        let users = Users::new(self.services.db.clone());
        Router::new()
            .route("/", get(home::show))
            .route("/login", get(sign_in::show).post(sign_in::sign_in))
            .route("/logout", post(sign_in::sign_out))
            .route("/app.css", get(async || ([(header::CONTENT_TYPE, "text/css")], layout::STYLE)))
            .merge(live::routes(&self.liveops)) // live: what the application's own form is sent to
            .merge(web::router::<CurrentUser, Self>(&self.liveops)) // live:
            .layer(AuthManagerLayerBuilder::new(users, sessions).build())
            // live: refuses forms of other sites, also of the application's own routes such as `/login`.
            .layer(from_fn_with_state(self.liveops.clone(), web::guard))
            .with_state(self.clone())
    }

    /// Serves until Ctrl-C.
    ///
    /// # Errors
    ///
    /// Returns an error if the listener fails.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        // live: instead of `axum::serve`, which has no timeouts.
        let serve = web::serve(listener, self.router()).with_graceful_shutdown(interrupted());
        // live: at the same time as the server finishes, because event streams do not end by themselves.
        let shut_down = async {
            interrupted().await;
            self.liveops.shutdown(GRACE).await;
            Ok(())
        };
        tokio::try_join!(serve.into_future(), shut_down).map(|_| ())
    }
}

async fn interrupted() {
    signal::ctrl_c().await.expect("a process can listen for Ctrl-C");
}
