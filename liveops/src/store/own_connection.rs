//! Connections of liveops beside the pool of the application, with a deadline for every use.
//!
//! Leases must not depend on the pool of the application: the application may hold every connection of
//! the pool, and a connection that the network has dropped without notice never answers.

use std::{
    future::Future,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

#[cfg(any(feature = "postgres", feature = "sqlite"))]
use sea_orm::DatabaseConnectionType;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr};
use tokio::{
    runtime::Handle,
    sync::Semaphore,
    time::{self, Instant},
};
use tokio_util::context::TokioContext;

use super::{Store, StoreError, server::StatementLimits};
use crate::panic::CatchPanic;

/// Time for which uses have the application's pool after no connection could be opened, and before another try
/// to open one.
const BORROWED_FOR: Duration = Duration::from_secs(60);

/// A connection to the database of a [`Store`], opened with the options of the application's pool.
///
/// If no connection can be opened in half of the time, as at a limit of connections, the use has the
/// application's pool for the other half.
///
/// Each use has a deadline, which includes the time to connect. After an error or an expired deadline, the
/// connection is dropped, and the next use opens another one. On SQLite in memory, which has no second
/// connection, each use has the application's connection and no deadline.
#[derive(Debug)]
pub(crate) struct OwnConnection {
    application: Store,
    deadline: Duration,
    /// The number of uses at once.
    turns: Semaphore,
    is_kept: bool,
    /// `false` if a crash of the server may lose the last commits.
    is_durable: bool,
    /// `true` to use the application's connection on SQLite as well.
    is_for_servers: bool,
    /// The open connections, kept between two uses.
    kept: Mutex<Vec<Store>>,
    /// The runtime of the application, if the uses are on another one: the connections of its pool must not
    /// end with that one.
    runtime: Option<Handle>,
    /// The end of the time in which the uses have the application's pool.
    borrowed_until: Mutex<Option<Instant>>,
}

impl OwnConnection {
    /// Creates a connection that stays open between two uses. One use waits for the end of another.
    pub(crate) fn kept_open(application: &Store, deadline: Duration) -> Self {
        Self {
            application: application.clone(),
            deadline,
            turns: Semaphore::new(1),
            is_kept: true,
            is_durable: true,
            is_for_servers: false,
            kept: Mutex::default(),
            runtime: None,
            borrowed_until: Mutex::default(),
        }
    }

    /// Declares that the uses are on another runtime than that of the application, which is `runtime`.
    pub(crate) fn used_beside(self, runtime: Handle) -> Self {
        Self { runtime: Some(runtime), ..self }
    }

    /// Lets a PostgreSQL server commit without a wait for its disk. A crash of the server may lose the commits of the
    /// last second.
    pub(crate) fn without_durable_commits(self) -> Self {
        Self { is_durable: false, ..self }
    }

    /// Creates a connection to a server that stays open between two uses. SQLite has no network that could
    /// lose an answer, and a second connection would only wait for the first: there, each use has the
    /// application's connection and no deadline.
    pub(crate) fn kept_open_to_server(application: &Store, deadline: Duration) -> Self {
        Self { is_for_servers: true, ..Self::kept_open(application, deadline) }
    }

    /// Creates a source of connections to a server, with at most `uses_max` uses at once. The connections
    /// stay open until [`close_kept`](Self::close_kept).
    pub(crate) fn for_many_uses(application: &Store, deadline: Duration, uses_max: usize) -> Self {
        let turns = Semaphore::new(uses_max);
        Self { turns, ..Self::kept_open_to_server(application, deadline) }
    }

    /// Creates a source of connections to a server, one for each use, with at most `uses_max` uses at once.
    pub(crate) fn for_each_use(application: &Store, deadline: Duration, uses_max: usize) -> Self {
        let turns = Semaphore::new(uses_max);
        Self { turns, is_kept: false, ..Self::kept_open_to_server(application, deadline) }
    }

    /// Returns a connection that is not open yet. Returns `None` to use the connection of the application.
    fn open(&self) -> Option<DatabaseConnection> {
        let db = self.application.db();
        if self.is_for_servers && db.get_database_backend() != DbBackend::Postgres {
            return None;
        }
        open(db, self.deadline)
    }

    /// Runs `work` with a store on this connection.
    ///
    /// # Errors
    ///
    /// Returns the error of `work`, or an error if the deadline expires. The database may execute the
    /// statement of an expired use later.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: the database may have executed the statements or not. The connection is dropped.
    pub(crate) async fn run<T, Work>(
        &self,
        action: &'static str,
        work: impl FnOnce(Store) -> Work,
    ) -> Result<T, StoreError>
    where
        Work: Future<Output = Result<T, StoreError>>,
    {
        self.run_within(self.deadline, action, work).await
    }

    /// Runs `work` as [`run`](Self::run) does, with another deadline.
    ///
    /// # Errors
    ///
    /// Returns the error of `work`, or an error if the deadline expires.
    ///
    /// # Cancel safety
    ///
    /// As [`run`](Self::run).
    pub(crate) async fn run_within<T, Work>(
        &self,
        deadline: Duration,
        action: &'static str,
        work: impl FnOnce(Store) -> Work,
    ) -> Result<T, StoreError>
    where
        Work: Future<Output = Result<T, StoreError>>,
    {
        // The semaphore is never closed.
        let turn = self.turns.acquire().await.ok();
        let until = Instant::now() + deadline;
        let kept = self.lock_kept().pop();
        if kept.is_none() && self.is_borrowing() {
            return self
                .borrow(until, work)
                .await
                .unwrap_or_else(|| Err(no_answer(action, deadline)));
        }
        let opened = match kept {
            Some(store) => Ok(store),
            None => match self.open() {
                Some(db) => self.connect(db, deadline / 2).await,
                None => {
                    drop(turn);
                    return work(self.application.clone()).await;
                }
            },
        };
        let store = match opened {
            Ok(store) => store,
            Err(error) => {
                let Some(done) = self.borrow(until, work).await else {
                    return Err(StoreError::of(action)(error));
                };
                if done.is_ok() {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(
                        error,
                        "could not open a database connection for liveops; using the pool of the application, \
                         on which leases and claims wait for its queries; raise the limit of connections"
                    );
                }
                return done;
            }
        };
        let mut using = Box::pin(work(store.clone()));
        // Declared after the future, so that it is dropped before: a connection that returns to an open
        // pool in the middle of a query waits for the answer.
        let connection = Closing(Some(store.db()));
        let done = time::timeout_at(until, &mut using).await;
        let done = done.unwrap_or_else(|_| Err(no_answer(action, deadline)));
        if done.is_ok() && self.is_kept {
            connection.keep();
            self.lock_kept().push(store.clone());
        }
        done
    }

    /// Opens the connection `db`, and closes the pool after an error.
    async fn connect(&self, db: DatabaseConnection, deadline: Duration) -> Result<Store, DbErr> {
        let mut opening = Box::pin(self.configure(&db, deadline));
        // Dropped before the future, as a connection in use.
        let connection = Closing(Some(&db));
        let opened = time::timeout(deadline, &mut opening).await;
        let limits = opened.unwrap_or_else(|_| {
            Err(DbErr::Custom(format!(
                "no connection within {deadline:?}: the server does not answer, or the limit of \
                 connections of the server, the database or the role is reached"
            )))
        })?;
        connection.keep();
        drop(opening);
        let receivers = self.application.receivers().clone();
        Ok(Store::on_own_connection(db, limits).with_receivers(receivers))
    }

    /// Opens the connection, and sets limits with which the server cancels a statement before the deadline. A later
    /// read then shows whether the server executed a statement without an answer. Behind a connection pooler that does
    /// not keep these limits, returns the limits for each statement to set. Does the same if the detection of a pooler
    /// did not end in half of `time`.
    async fn configure(
        &self,
        db: &DatabaseConnection,
        time: Duration,
    ) -> Result<Option<StatementLimits>, DbErr> {
        db.execute_unprepared("SELECT 1").await?;
        if db.get_database_backend() != DbBackend::Postgres {
            return Ok(None);
        }
        let limits = StatementLimits::within(self.deadline).with_durable_commits(self.is_durable);
        match time::timeout(time / 2, self.application.keeps_sessions()).await {
            Ok(Ok(true)) => {
                db.execute_unprepared(&limits.set_for_session()).await?;
                Ok(None)
            }
            Ok(Ok(false)) | Err(_) => Ok(Some(limits)),
            Ok(Err(refused)) => Err(refused),
        }
    }

    /// Runs `work` with the pool of the application. Returns `None` if the work has not ended at `until`.
    /// After a success, the next uses have the pool as well.
    async fn borrow<T, Work>(
        &self,
        until: Instant,
        work: impl FnOnce(Store) -> Work,
    ) -> Option<Result<T, StoreError>>
    where
        Work: Future<Output = Result<T, StoreError>>,
    {
        let runtime = self.runtime.clone().unwrap_or_else(Handle::current);
        let work = TokioContext::new(work(self.application.clone()), runtime);
        // Timers of a runtime that has ended panic.
        let done = time::timeout_at(until, CatchPanic::new(work)).await.ok().and_then(Result::ok);
        let is_borrowed = matches!(done, Some(Ok(_)));
        *lock(&self.borrowed_until) = is_borrowed.then(|| Instant::now() + BORROWED_FOR);
        done
    }

    fn is_borrowing(&self) -> bool {
        lock(&self.borrowed_until).is_some_and(|until| Instant::now() < until)
    }

    /// Closes the connections that have no use at the moment. The next use opens another one.
    pub(crate) fn close_kept(&self) {
        self.lock_kept().drain(..).for_each(|store| close(store.db()));
    }

    fn lock_kept(&self) -> MutexGuard<'_, Vec<Store>> {
        lock(&self.kept)
    }
}

/// One connection beside the pool of the application, without deadlines, for a task with statements that depend
/// on each other's session. Closed by its drop, without a wait for the database.
pub(super) struct SingleConnection {
    db: DatabaseConnection,
    is_own: bool,
}

impl SingleConnection {
    /// Creates a connection that connects at its first use, within `timeout`. A database without a second
    /// connection keeps the application's.
    pub(super) fn open(application: &DatabaseConnection, timeout: Duration) -> Self {
        let own = open(application, timeout);
        let is_own = own.is_some();
        Self { db: own.unwrap_or_else(|| application.clone()), is_own }
    }

    /// Returns the connection.
    pub(super) fn db(&self) -> &DatabaseConnection {
        &self.db
    }
}

impl Drop for SingleConnection {
    fn drop(&mut self) {
        if self.is_own {
            close(&self.db);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection that is closed when dropped, without a wait for the database.
struct Closing<'a>(Option<&'a DatabaseConnection>);

impl Closing<'_> {
    fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        if let Some(db) = self.0 {
            close(db);
        }
    }
}

impl Store {
    /// Returns `true` if the database is in the memory of this process, so that no other process can reach
    /// the rows, and no second connection either.
    pub(crate) fn is_in_memory(&self) -> bool {
        // Which deadline makes no difference.
        open(self.db(), Duration::MAX).is_none()
    }

    /// Returns the file of a SQLite database.
    pub(crate) fn database_file(&self) -> Option<std::path::PathBuf> {
        #[cfg(feature = "sqlite")]
        if let DatabaseConnectionType::SqlxSqlitePoolConnection(_) = &self.db().inner {
            let options = self.db().get_sqlite_connection_pool().connect_options();
            return (!is_in_memory(&options)).then(|| options.get_filename().to_owned());
        }
        None
    }

    /// Runs `work` on the pool of the application. On PostgreSQL, a connection that does not answer before
    /// the end of `wait`, which returns its duration, is given up. A SQLite file has no network that could
    /// lose the answer.
    ///
    /// # Errors
    ///
    /// Returns the error of `work`, or an error if `wait` ends first.
    pub(crate) async fn run_within<T, Work>(
        &self,
        wait: impl Future<Output = Duration>,
        action: &'static str,
        work: impl FnOnce(Store) -> Work,
    ) -> Result<T, StoreError>
    where
        Work: Future<Output = Result<T, StoreError>>,
    {
        let work = work(self.clone());
        if self.db().get_database_backend() != DbBackend::Postgres {
            return work.await;
        }
        tokio::select! {
            biased;
            done = work => done,
            waited = wait => Err(no_answer(action, waited)),
        }
    }
}

fn no_answer(action: &'static str, deadline: Duration) -> StoreError {
    let error = format!("the database did not answer within {deadline:?}");
    StoreError::of(action)(DbErr::Custom(error))
}

/// Returns a pool of one connection to the database of `application`, which connects at its first use.
/// Returns `None` if the database has no second connection.
#[cfg_attr(
    not(any(feature = "postgres", feature = "sqlite")),
    expect(unused_variables, reason = "no database is supported")
)]
fn open(application: &DatabaseConnection, deadline: Duration) -> Option<DatabaseConnection> {
    #[cfg(feature = "postgres")]
    if let DatabaseConnectionType::SqlxPostgresPoolConnection(_) = &application.inner {
        let pool = application.get_postgres_connection_pool();
        // The hooks of the application stay: one of them may select the schema.
        let pool = one_connection(pool.options().clone(), deadline)
            .connect_lazy_with((*pool.connect_options()).clone());
        return Some(sea_orm::SqlxPostgresConnector::from_sqlx_postgres_pool(pool));
    }
    #[cfg(feature = "sqlite")]
    // SQLite gives up by itself before the deadline, so that no statement runs after it.
    if let Some(own) = open_file(application, 1, deadline, deadline / 2) {
        return Some(own);
    }
    None
}

/// Returns a pool of at most `connections_max` connections to the SQLite file of `application`, which connect at
/// their first use. A use waits for a connection for `acquire_timeout`, and a statement for another writer for
/// `busy_timeout`. Returns `None` if `application` is no SQLite file.
#[cfg(feature = "sqlite")]
pub(super) fn open_file(
    application: &DatabaseConnection,
    connections_max: u32,
    acquire_timeout: Duration,
    busy_timeout: Duration,
) -> Option<DatabaseConnection> {
    let DatabaseConnectionType::SqlxSqlitePoolConnection(_) = &application.inner else {
        return None;
    };
    let pool = application.get_sqlite_connection_pool();
    let options = (*pool.connect_options()).clone();
    if is_in_memory(&options) {
        return None;
    }
    let pool = one_connection(pool.options().clone(), acquire_timeout)
        .max_connections(connections_max)
        .connect_lazy_with(options.busy_timeout(busy_timeout));
    Some(sea_orm::SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

/// Closes a pool without a wait for its connections.
#[cfg_attr(
    not(any(feature = "postgres", feature = "sqlite")),
    expect(unused_variables, reason = "no database is supported")
)]
fn close(db: &DatabaseConnection) {
    // The call marks the pool as closed; only the unused future would wait for the connections.
    #[cfg(feature = "postgres")]
    if let DatabaseConnectionType::SqlxPostgresPoolConnection(_) = &db.inner {
        drop(db.get_postgres_connection_pool().close());
    }
    #[cfg(feature = "sqlite")]
    if let DatabaseConnectionType::SqlxSqlitePoolConnection(_) = &db.inner {
        drop(db.get_sqlite_connection_pool().close());
    }
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
fn one_connection<Database: sea_orm::sqlx::Database>(
    options: sea_orm::sqlx::pool::PoolOptions<Database>,
    deadline: Duration,
) -> sea_orm::sqlx::pool::PoolOptions<Database> {
    options
        .min_connections(0)
        .max_connections(1)
        .acquire_timeout(deadline)
        .idle_timeout(None)
        .max_lifetime(None)
        // A connection that is broken fails at its use, and the next use opens another one.
        .test_before_acquire(false)
}

#[cfg(feature = "sqlite")]
fn is_in_memory(options: &sea_orm::sqlx::sqlite::SqliteConnectOptions) -> bool {
    let file = options.get_filename();
    let has_name = !file.as_os_str().is_empty() && file.as_os_str() != ":memory:";
    // sqlx has no other access to the setting.
    !has_name || format!("{options:?}").contains("in_memory: true")
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;
    use crate::store;

    #[tokio::test]
    async fn a_database_in_memory_has_no_second_connection() {
        for url in ["sqlite::memory:", "sqlite://?mode=memory"] {
            let db = store::connect(url).await.unwrap();
            assert!(Store::new(db).is_in_memory(), "{url}");
        }
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("in_memory.sqlite3").display());
        assert!(!Store::new(store::connect(&url).await.unwrap()).is_in_memory());
    }

    #[tokio::test]
    async fn a_use_without_an_answer_ends_at_the_deadline_and_the_next_one_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.sqlite3").display());
        let store = Store::new(store::connect(&url).await.unwrap());
        store.migrate().await.unwrap();
        let own = OwnConnection::kept_open(&store, Duration::from_millis(100));
        let endless = own.run::<(), _>("answer", |_| std::future::pending()).await.unwrap_err();
        assert_eq!(endless.to_string(), "the database failed to answer");
        own.run("answer", |store| async move { store.ping().await }).await.unwrap();
    }

    #[tokio::test]
    async fn a_use_has_the_pool_of_the_application_if_no_connection_can_be_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (path, moved) = (folder.path().join("data"), folder.path().join("moved"));
        std::fs::create_dir(&path).unwrap();
        let url = format!("sqlite://{}", path.join("test.sqlite3").display());
        let store = Store::new(store::connect(&url).await.unwrap());
        store.migrate().await.unwrap();
        // Opens a connection of the store.
        store.ping().await.unwrap();
        // SQLite still reads and writes the open file, and finds none to open.
        std::fs::rename(path, moved).unwrap();
        let own = OwnConnection::kept_open(&store, Duration::from_secs(10));
        for _ in 0..2 {
            own.run("answer", |store| async move { store.ping().await }).await.unwrap();
        }
    }
}
