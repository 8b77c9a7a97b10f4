//! The demo application: opens the database, builds liveops and the site, and serves them.

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use liveops::{
    LiveOps, RunnerKind, Templates,
    channel::{ChannelError, PostgresChannelLayer, RedisChannelLayer},
    cli::App,
    language::LanguageError,
    runner::BuildError,
    store,
    token::TokenError,
};
use metrics_exporter_prometheus::PrometheusHandle;
use sea_orm::{DatabaseConnection, DbBackend};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    AppState, Settings,
    endings::Endings,
    executions::Executions,
    library::Library,
    operations::{self, HookTask},
    recorder,
    scores::{Migrator, Scores},
    site::{self, Sessions, Site},
};

/// The application, connected and ready to serve.
#[derive(Debug, Clone)]
pub struct Demo {
    liveops: LiveOps,
    scores: Scores,
    endings: Endings,
    router: Router,
    /// The routes of a worker process, which serves nothing else.
    probes: Router,
    recorder: PrometheusHandle,
    leaving: CancellationToken,
    drain: Duration,
    grace: Duration,
}

/// An error at the start of the demo.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The database cannot be reached.
    #[error("failed to open the database {url}")]
    Connect {
        /// The URL without the password.
        url: String,
        /// The error of the connection.
        source: store::StoreError,
    },
    /// The migration failed.
    #[error("failed to migrate the database")]
    Migrate(#[source] store::StoreError),
    /// The secret keys are invalid.
    #[error("failed to use the secret keys")]
    Secrets(#[source] TokenError),
    /// The channel layer cannot be used.
    #[error("failed to set up the channel layer")]
    Channels(#[source] ChannelError),
    /// The texts are invalid.
    #[error("failed to read the texts")]
    Texts(#[from] LanguageError),
    /// The configuration of liveops is invalid.
    #[error("failed to set up liveops")]
    Build(#[from] BuildError),
}

/// Opens the database and brings its tables up to date.
///
/// # Errors
///
/// Returns [`StartError`] if the database cannot be opened or migrated.
pub async fn migrate(settings: &Settings) -> Result<DatabaseConnection, StartError> {
    let url = &settings.database_url;
    let db = store::connect(url)
        .await
        .map_err(|source| StartError::Connect { url: without_password(url), source })?;
    store::migrate::<Migrator>(&db).await.map_err(StartError::Migrate)?;
    Ok(db)
}

impl Demo {
    /// Opens the database, brings its tables up to date, and continues the operations that were waiting when
    /// the demo was last stopped.
    ///
    /// # Errors
    ///
    /// Returns [`StartError`] with the cause.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        // The recorder must exist before the first metric is counted.
        let recorder = recorder::recorder();
        let db = migrate(&settings).await?;
        let scores = Scores::new(db.clone());
        let library = Library::new(&settings.upload_dir, &settings.samples_dir);
        let mut templates = operations::templates(Templates::new().layout(site::layout));
        if let Some(folder) = &settings.templates_dir {
            templates = templates.folder(folder);
        }
        let keys = settings.secrets.signing_keys().map_err(StartError::Secrets)?;
        let mut builder = LiveOps::builder(db.clone())
            .state(AppState {
                scores: scores.clone(),
                executions: Executions::new(db.clone()),
                library: Arc::new(library),
            })
            .templates(templates)
            .languages(operations::languages()?)
            .config(settings.liveops.with_upload_dir(settings.upload_dir))
            .signing_keys(keys.with_ttl(settings.token_ttl))
            .runner(settings.runner);
        if let Some(url) = &settings.redis_url {
            let mut layer = RedisChannelLayer::new(url).map_err(StartError::Channels)?;
            if let Some(prefix) = &settings.redis_prefix {
                layer = layer.with_prefix(prefix);
            }
            builder = builder.channel_layer(layer);
        } else if db.get_database_backend() == DbBackend::Postgres {
            let layer = PostgresChannelLayer::new(&db).map_err(StartError::Channels)?;
            builder = builder.channel_layer(layer);
        }
        let endings = Endings::new(db);
        let liveops = (settings.operations)(builder)
            .on_end::<HookTask>(operations::add_end_to(endings.clone()))
            .build()?;
        if settings.works && settings.runner != RunnerKind::Eager {
            liveops.start_worker();
        }

        let sessions = Sessions::new(&settings.secrets);
        let leaving = CancellationToken::new();
        let site = Site {
            liveops: liveops.clone(),
            sessions,
            recorder: recorder.clone(),
            leaving: leaving.clone(),
        };
        let probes = site::probes().with_state(site.clone());
        let router = site::router(site);
        let (drain, grace) = (settings.drain, settings.grace);
        Ok(Self { liveops, scores, endings, router, probes, recorder, leaving, drain, grace })
    }

    /// Returns all routes.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Returns the handle of liveops.
    pub fn liveops(&self) -> &LiveOps {
        &self.liveops
    }

    /// Returns the imported scores.
    pub fn scores(&self) -> &Scores {
        &self.scores
    }

    /// Returns the ends that the hook was called for.
    pub fn endings(&self) -> &Endings {
        &self.endings
    }

    /// Returns the application for the commands of the command line.
    pub fn app(self) -> App {
        let leaving = self.leaving;
        tokio::spawn(recorder::keep(self.recorder));
        App::new(&self.liveops)
            .router(self.router)
            .probes(self.probes)
            // `start` has already run the migrations.
            .migrate_with(async { Ok::<_, StartError>(()) })
            .before_stop(move || leaving.cancel())
            .drain(self.drain)
            .grace(self.grace)
    }

    /// Serves until `stop` is ready, as [`App::serve`] does. `/readyz` answers 503 as soon as `stop` is
    /// ready; the rest of the shutdown begins after [`drain`](Settings::drain).
    ///
    /// # Errors
    ///
    /// Returns an error if the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        self.app().serve(listener, stop).await
    }
}

/// Returns a database URL for a message, without its password.
fn without_password(url: &str) -> String {
    let scheme = url.split(':').next().unwrap_or_default();
    if scheme == "sqlite" {
        return url.split('?').next().unwrap_or_default().to_owned();
    }
    let address = url.split_once("://").and_then(|(_, rest)| {
        let authority = rest.split(['/', '?', '#']).next()?;
        let behind = &rest[authority.len()..];
        let database = behind.split(['?', '#']).next()?;
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        // A password without percent-encoding may contain these characters, so no part of the URL is safe to show.
        (!behind.contains('@')).then(|| format!("{scheme}://…@{host}{database}"))
    });
    address.unwrap_or_else(|| format!("{scheme}:…"))
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_message_does_not_give_the_password_away() {
        for (url, shown) in [
            ("sqlite://demo.sqlite3", "sqlite://demo.sqlite3"),
            ("sqlite::memory:", "sqlite::memory:"),
            ("sqlite://demo.sqlite3?mode=rwc", "sqlite://demo.sqlite3"),
            ("postgres://ann:p@ss@db/demo", "postgres://…@db/demo"),
            ("postgres://ann:pass@db:5432/demo?sslmode=require", "postgres://…@db:5432/demo"),
            ("postgres://db/demo?user=ann&password=pass", "postgres://…@db/demo"),
            ("postgres://db?password=p@ss", "postgres:…"),
            ("postgres://ann:p/ss@db/demo", "postgres:…"),
            ("postgres://ann:p?ss@db/demo", "postgres:…"),
            ("postgres:ann:pass@db/demo", "postgres:…"),
            ("ann:pass@db/demo", "ann:…"),
        ] {
            assert_eq!(without_password(url), shown, "{url}");
        }
    }
}
