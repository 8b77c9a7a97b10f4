use std::{error::Error, io, time::Duration};

use axum::{
    Router,
    extract::FromRef,
    http::header,
    routing::{get, post},
};
use axum_login::AuthManagerLayerBuilder;
use liveops::{LiveOps, store};
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

/// What the application works with. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Services {
    /// Where everything is kept.
    pub db: DatabaseConnection,
    /// What sends invoices.
    pub mailer: Mailer,
}

/// Sends mail: one for make-believe, which only takes its time.
#[derive(Debug, Clone)]
pub struct Mailer {
    /// How long a letter takes.
    pub pace: Duration,
}

/// The application. Its handlers take the part they need, such as `State<Services>`.
#[derive(Debug, Clone, FromRef)]
pub struct App {
    /// What was here before liveops.
    pub services: Services,
    /// live: the operations.
    pub liveops: LiveOps,
}

/// How long operations may go on when the application stops; the rest begins again at its next start.
const GRACE: Duration = Duration::from_secs(2);

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
    /// When the database fails.
    pub async fn start(database_url: &str, mailer: Mailer) -> Result<Self, Box<dyn Error>> {
        let db = store::connect(database_url).await?;
        store::migrate::<Migrator>(&db).await?;
        sample::fill(&db).await?;
        let services = Services { db, mailer };
        let liveops = live::build(&services)?; // live:
        Ok(Self { services, liveops })
    }

    /// Every route.
    pub fn router(&self) -> Router {
        // Sessions end with the process: an application for users has a store that outlives it.
        // Their cookie is not sent along from other sites, so no form over there is anybody's here.
        let sessions = SessionManagerLayer::new(MemoryStore::default())
            // The example is served without TLS: take this line out where there is some.
            .with_secure(false);
        let users = Users::new(self.services.db.clone());
        Router::new()
            .route("/", get(home::show))
            .route("/login", get(sign_in::show).post(sign_in::sign_in))
            .route("/logout", post(sign_in::sign_out))
            .route("/app.css", get(async || ([(header::CONTENT_TYPE, "text/css")], layout::STYLE)))
            .merge(live::routes(&self.liveops)) // live: what the application's own form is sent to
            .merge(liveops::web::router::<CurrentUser, Self>(&self.liveops)) // live:
            .layer(AuthManagerLayerBuilder::new(users, sessions).build())
            .with_state(self.clone())
    }

    /// Serves until Ctrl-C.
    ///
    /// # Errors
    ///
    /// When the listener fails.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let serve = axum::serve(listener, self.router()).with_graceful_shutdown(interrupted());
        // live: while the server finishes, as event streams do not end by themselves.
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
