use std::{fmt, future, io, time::Duration};

use axum::{Router, serve::ListenerExt};
use futures_util::future::BoxFuture;
use tokio::{
    net::{TcpListener, TcpStream},
    time,
};
use tokio_util::sync::CancellationToken;

use super::{
    args::{ServeArgs, WorkerArgs},
    error::{BoxError, CommandError},
    messages, print, signals,
};
use crate::{
    config::Config,
    runner::{LiveOps, RunnerKind},
};

/// An application as its commands need it.
///
/// See the [module](super) for a whole one.
pub struct App {
    liveops: LiveOps,
    router: Option<Router>,
    probes: Option<Router>,
    migrate: Option<BoxFuture<'static, Result<(), BoxError>>>,
    before_stop: Option<Box<dyn FnOnce() + Send>>,
    drain: Duration,
    grace: Duration,
}

/// How long requests that are being answered may take when an application shall stop.
const REQUEST_GRACE: Duration = Duration::from_secs(5);

/// How long operations may go on then.
const GRACE: Duration = Duration::from_secs(2);

impl App {
    /// An application that has these operations and no pages.
    pub fn new(liveops: &LiveOps) -> Self {
        Self {
            liveops: liveops.clone(),
            router: None,
            probes: None,
            migrate: None,
            before_stop: None,
            drain: Duration::ZERO,
            grace: GRACE,
        }
    }

    /// What `serve` serves: the application's own routes with those of
    /// [`web::router`](crate::web::router).
    #[must_use]
    pub fn router(mut self, router: Router) -> Self {
        self.router = Some(router);
        self
    }

    /// What `worker --bind` serves: health and metrics, for those who watch over processes.
    #[must_use]
    pub fn probes(mut self, probes: Router) -> Self {
        self.probes = Some(probes);
        self
    }

    /// What brings the tables up to date, for an application that has tables of its own:
    /// [`store::migrate`](crate::store::migrate) with its migrations. [`LiveOps::migrate`] unless
    /// given.
    #[must_use]
    pub fn migrate_with<E: Into<BoxError>>(
        mut self,
        migrate: impl Future<Output = Result<(), E>> + Send + 'static,
    ) -> Self {
        self.migrate = Some(Box::pin(async { migrate.await.map_err(Into::into) }));
        self
    }

    /// Called when the process is told to stop, before [`drain`](Self::drain) begins: for a page that
    /// tells load balancers so.
    #[must_use]
    pub fn before_stop(mut self, before_stop: impl FnOnce() + Send + 'static) -> Self {
        self.before_stop = Some(Box::new(before_stop));
        self
    }

    /// How long [`serve`](Self::serve) still takes requests after that; not at all unless set.
    #[must_use]
    pub fn drain(mut self, drain: Duration) -> Self {
        self.drain = drain;
        self
    }

    /// How long operations may go on when the process shall stop, before they go back to the queue; 2
    /// seconds unless set.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Serves until `stop` is ready, and a few seconds longer for what is being answered then.
    /// Operations that have not ended by that time go back to the queue, for the next start, and the
    /// pages that are connected are sent away, to connect again.
    ///
    /// # Errors
    ///
    /// When the application has no router, or the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let router = self.router.ok_or_else(|| io::Error::other(messages::NO_PAGES))?;
        let stopping = CancellationToken::new();
        let serving = axum::serve(listener.tap_io(send_at_once), router)
            .with_graceful_shutdown(stopping.clone().cancelled_owned());
        let overdue = async {
            stopping.cancelled().await;
            time::sleep(REQUEST_GRACE).await;
        };
        let serve = async {
            let served = tokio::select! {
                served = serving.into_future() => served,
                () = overdue => {
                    tracing::warn!("some requests were not answered in time");
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
            // Who watches over this process sends requests elsewhere before they would be refused.
            if let Some(before_stop) = self.before_stop {
                before_stop();
            }
            time::sleep(self.drain).await;
            stopping.cancel();
            // Event streams are requests that are answered for as long as they are not sent away.
            self.liveops.shutdown(self.grace).await;
        };
        tokio::join!(serve, shut_down).0
    }

    /// Executes operations until `stop` is ready. Those that have not ended a few seconds later go back
    /// to the queue, for another worker. The [`probes`](Self::probes) are served all the while, where
    /// there is a listener for them.
    ///
    /// # Errors
    ///
    /// When the listener fails.
    pub async fn work(
        self,
        listener: Option<TcpListener>,
        stop: impl Future<Output = ()>,
    ) -> io::Result<()> {
        self.liveops.start_worker();
        let serve = async {
            match listener {
                Some(listener) => axum::serve(listener, self.probes.unwrap_or_default()).await,
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
                print::log(format_args!("working; health on http://{address}"));
            }
            None => print::log(format_args!("working")),
        }
        Ok(self.work(listener, signals::stop()).await?)
    }
}

impl WorkerArgs {
    /// Has the application built as the command line says.
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

/// An update is small, and must not wait until the one before it was acknowledged.
fn send_at_once(stream: &mut TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "updates may be late");
    }
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
