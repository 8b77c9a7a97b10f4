//! The application that the commands run, with its routes and its shutdown.

use std::{fmt, future, io, time::Duration};

use axum::Router;
use futures_util::future::BoxFuture;
use tokio::{net::TcpListener, time};
use tokio_util::sync::CancellationToken;

use super::{
    args::{ServeArgs, WorkerArgs},
    error::{BoxError, CommandError},
    messages, print, signals,
};
use crate::{
    config::Config,
    runner::{LiveOps, RunnerKind},
    web::{Serve, serve},
};

/// An application, as the commands of this module run it.
///
/// The [module](super) has an example.
pub struct App {
    liveops: LiveOps,
    router: Option<Router>,
    probes: Option<Router>,
    migrate: Option<BoxFuture<'static, Result<(), BoxError>>>,
    before_stop: Option<Box<dyn FnOnce() + Send>>,
    limits: Option<Box<dyn FnOnce(Serve) -> Serve + Send>>,
    drain: Duration,
    grace: Duration,
}

/// Time for requests in progress when an application shuts down.
const REQUEST_GRACE: Duration = Duration::from_secs(5);

/// Default time for running operations when an application shuts down.
const GRACE: Duration = Duration::from_secs(25);

impl App {
    /// Makes an application with these operations and without pages.
    pub fn new(liveops: &LiveOps) -> Self {
        Self {
            liveops: liveops.clone(),
            router: None,
            probes: None,
            migrate: None,
            before_stop: None,
            limits: None,
            drain: Duration::ZERO,
            grace: GRACE,
        }
    }

    /// Sets the routes for `serve`: the application's own routes and those of
    /// [`web::router`](crate::web::router).
    #[must_use]
    pub fn router(mut self, router: Router) -> Self {
        self.router = Some(router);
        self
    }

    /// Sets the routes for `worker --bind`: health and metrics, for monitoring.
    #[must_use]
    pub fn probes(mut self, probes: Router) -> Self {
        self.probes = Some(probes);
        self
    }

    /// Sets the migration for an application with tables of its own:
    /// [`store::migrate`](crate::store::migrate) with the application's migrations. The default is
    /// [`LiveOps::migrate`].
    #[must_use]
    pub fn migrate_with<E: Into<BoxError>>(
        mut self,
        migrate: impl Future<Output = Result<(), E>> + Send + 'static,
    ) -> Self {
        self.migrate = Some(Box::pin(async { migrate.await.map_err(Into::into) }));
        self
    }

    /// Sets a callback for the start of the shutdown, before [`drain`](Self::drain) begins. The callback
    /// can make a health page report the shutdown to load balancers.
    #[must_use]
    pub fn before_stop(mut self, before_stop: impl FnOnce() + Send + 'static) -> Self {
        self.before_stop = Some(Box::new(before_stop));
        self
    }

    /// Changes the timeouts and the maximum number of connections of [`serve`](Self::serve) and
    /// [`work`](Self::work). [`Serve`] has the defaults.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use liveops::cli::App;
    /// # fn behind_a_balancer(app: App) -> App {
    /// // The load balancer keeps idle connections for ten minutes.
    /// app.server(|server| server.idle_timeout(Duration::from_secs(620)))
    /// # }
    /// ```
    #[must_use]
    pub fn server(mut self, limits: impl FnOnce(Serve) -> Serve + Send + 'static) -> Self {
        self.limits = Some(Box::new(limits));
        self
    }

    /// Sets the time for which [`serve`](Self::serve) accepts new requests after the shutdown began;
    /// default 0.
    #[must_use]
    pub fn drain(mut self, drain: Duration) -> Self {
        self.drain = drain;
        self
    }

    /// Sets the time for which running operations may continue when the process shuts down. Operations
    /// that still run after this time are interrupted, as [`LiveOps::shutdown`] describes. Default
    /// 25 seconds.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Serves until `stop` is ready, and then shuts down gracefully. The server has the timeouts and the maximum
    /// number of connections of [`web::serve`](crate::web::serve).
    ///
    /// Requests in progress have 5 seconds after [`drain`](Self::drain), and running operations have
    /// [`grace`](Self::grace). Operations that have not ended by then are interrupted. Connected pages are
    /// disconnected, and reconnect.
    ///
    /// # Errors
    ///
    /// Returns an error if the application has no router, or if the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let router = self.router.ok_or_else(|| io::Error::other(messages::NO_PAGES))?;
        let stopping = CancellationToken::new();
        let limits = self.limits.unwrap_or_else(|| Box::new(|server| server));
        let serving = limits(serve(listener, router))
            .with_graceful_shutdown(stopping.clone().cancelled_owned());
        let overdue = async {
            stopping.cancelled().await;
            time::sleep(REQUEST_GRACE).await;
        };
        let serve = async {
            let served = tokio::select! {
                served = serving.into_future() => served,
                () = overdue => {
                    tracing::warn!(
                        "some requests were not answered within {REQUEST_GRACE:?}; stopping without them"
                    );
                    Ok(())
                }
            };
            stopping.cancel();
            served
        };
        let shut_down = async {
            tokio::select! {
                () = stop => print::log(format_args!("stopping")),
                () = stopping.cancelled() => {}
            }
            // A load balancer needs the time of `drain` to stop sending requests to this process.
            if let Some(before_stop) = self.before_stop {
                before_stop();
            }
            time::sleep(self.drain).await;
            stopping.cancel();
            // Ends the event streams: these requests would otherwise stay open.
            self.liveops.shutdown(self.grace).await;
        };
        tokio::join!(serve, shut_down).0
    }

    /// Runs operations until `stop` is ready. Operations that have not ended after
    /// [`grace`](Self::grace) are interrupted. With a listener, the
    /// [`probes`](Self::probes) are served until the end of the shutdown.
    ///
    /// # Errors
    ///
    /// Returns an error if the listener fails.
    pub async fn work(
        self,
        listener: Option<TcpListener>,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        self.liveops.start_worker();
        let limits = self.limits.unwrap_or_else(|| Box::new(|server| server));
        let serve = async {
            match listener {
                Some(listener) => limits(serve(listener, self.probes.unwrap_or_default())).await,
                None => future::pending().await,
            }
        };
        let work = async {
            stop.await;
            print::log(format_args!("stopping"));
            if let Some(before_stop) = self.before_stop {
                before_stop();
            }
            self.liveops.shutdown(self.grace).await;
        };
        tokio::select! {
            served = serve => served,
            () = work => Ok(()),
        }
    }

    pub(super) fn liveops(&self) -> &LiveOps {
        &self.liveops
    }

    pub(super) fn config(&self) -> &Config {
        &self.liveops.engine().config
    }

    pub(super) fn grace_of_operations(&self) -> Duration {
        self.grace
    }

    pub(super) async fn migrate(&mut self) -> Result<(), CommandError> {
        match self.migrate.take() {
            Some(migrate) => migrate.await?,
            None => self.liveops.migrate().await?,
        }
        Ok(())
    }

    pub(super) async fn serve_as(self, serve: &ServeArgs) -> Result<(), CommandError> {
        if self.router.is_none() {
            return Err(CommandError::new(messages::NO_PAGES));
        }
        let listener = listen(&serve.bind).await?;
        if !serve.no_worker && self.liveops.engine().runner != RunnerKind::Eager {
            self.liveops.start_worker();
        }
        print::log(format_args!("listening on http://{}", listener.local_addr()?));
        Ok(self.serve(listener, signals::stop()).await?)
    }

    pub(super) async fn work_as(self, worker: &WorkerArgs) -> Result<(), CommandError> {
        let listener = match &worker.bind {
            Some(bind) => Some(listen(bind).await?),
            None => None,
        };
        match &listener {
            Some(listener) => {
                let address = listener.local_addr()?;
                print::log(format_args!("working; health and metrics on http://{address}"));
            }
            None => print::log(format_args!("working")),
        }
        Ok(self.work(listener, signals::stop()).await?)
    }
}

impl WorkerArgs {
    /// Copies the settings of the command line into `config`.
    pub(super) fn apply(&self, config: &mut Config) {
        if let Some(concurrency) = self.concurrency {
            config.concurrency_max = concurrency;
        }
        if !self.queues.is_empty() {
            config.queues.clone_from(&self.queues);
        }
    }
}

async fn listen(bind: &str) -> Result<TcpListener, CommandError> {
    let listener = TcpListener::bind(bind).await;
    listener.map_err(|error| CommandError::new(format!("failed to listen on {bind}: {error}")))
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("liveops", &self.liveops)
            .field("drain", &self.drain)
            .field("grace", &self.grace)
            .finish_non_exhaustive()
    }
}
