//! The users and their passwords, for axum-login.

use std::{error::Error, fmt, sync::Arc, thread, time::Duration};

use axum_login::{AuthUser, AuthnBackend, UserId};
use liveops::OperationId;
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter};
use serde::Deserialize;
use tokio::{
    sync::{OnceCell, Semaphore},
    task::spawn_blocking,
    time::timeout,
};

use crate::models::user::{Column, Entity, Model};

impl AuthUser for Model {
    type Id = i32;

    fn id(&self) -> i32 {
        self.id
    }

    /// A change of the password ends all sessions of the user.
    fn session_auth_hash(&self) -> &[u8] {
        self.password_hash.as_bytes()
    }
}

/// The user store of axum-login.
#[derive(Debug, Clone)]
pub(crate) struct Users {
    db: DatabaseConnection,
    passwords: Arc<Passwords>,
}

/// The verification of passwords. Each verification uses 19 MiB and one core on purpose, so at most one per core runs
/// at a time.
#[derive(Debug)]
struct Passwords {
    permits: Arc<Semaphore>,
    /// The hash of a random password, for unknown users.
    unknown: OnceCell<String>,
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    name: String,
    password: String,
}

/// An error of a sign-in.
#[derive(Debug)]
pub(crate) enum SignInError {
    Database(DbErr),
    /// Too many other sign-ins are in progress.
    Busy,
}

/// Maximum time that a sign-in waits for other sign-ins.
const WAIT_MAX: Duration = Duration::from_secs(5);

impl Users {
    pub(crate) fn new(db: DatabaseConnection) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self { db, passwords: Arc::new(Passwords::new(cores)) }
    }
}

impl Passwords {
    fn new(at_once: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(at_once)), unknown: OnceCell::new() }
    }

    /// Returns `true` if the password of a user has this hash. Takes as long for an unknown user, so that the time of
    /// the answer does not reveal the names of users.
    async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, SignInError> {
        let permit = timeout(WAIT_MAX, self.permits.clone().acquire_owned()).await;
        let permit = permit.map_err(|_| SignInError::Busy)?;
        let unknown = self.unknown.get_or_init(unknown_hash).await;
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| unknown.clone());
        // Uses a blocking thread and not the threads that serve requests.
        let verify = move || {
            // A client that disconnects ends the request, but not the verification.
            let _permit = permit;
            password_auth::verify_password(password, &hash).is_ok()
        };
        // A panic counts as a wrong password.
        Ok(spawn_blocking(verify).await.unwrap_or_default() && is_known)
    }
}

async fn unknown_hash() -> String {
    // A new ID has random bits, and no one knows this ID.
    let random = || password_auth::generate_hash(OperationId::new().to_string());
    spawn_blocking(random).await.unwrap_or_default()
}

impl fmt::Display for SignInError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => error.fmt(f),
            Self::Busy => f.write_str("too many users sign in at the same time"),
        }
    }
}

impl Error for SignInError {}

impl From<DbErr> for SignInError {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl AuthnBackend for Users {
    type User = Model;
    type Credentials = Credentials;
    type Error = SignInError;

    async fn authenticate(&self, credentials: Credentials) -> Result<Option<Model>, SignInError> {
        let by_name = Column::Name.eq(&credentials.name);
        let user = Entity::find().filter(by_name).one(&self.db).await?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let is_right = self.passwords.verify(credentials.password, hash).await?;
        Ok(user.filter(|_| is_right))
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<Model>, SignInError> {
        Ok(Entity::find_by_id(*id).one(&self.db).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, sync::mpsc, task::Poll};

    use super::*;

    #[test]
    fn clients_that_disconnect_do_not_raise_the_number_of_verifications() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().max_blocking_threads(1).build().expect("a runtime");
        runtime.block_on(async {
            let passwords = Passwords::new(1);
            passwords.unknown.get_or_init(unknown_hash).await;
            // The only thread for verifications is busy, so that none of them ends.
            let (release, released) = mpsc::channel::<()>();
            spawn_blocking(move || released.recv());
            {
                let mut request = pin!(passwords.verify("secret".to_owned(), None));
                poll_fn(|context| {
                    assert!(request.as_mut().poll(context).is_pending());
                    Poll::Ready(())
                })
                .await;
            }
            assert_eq!(passwords.permits.available_permits(), 0);
            drop(release);
            let _free = passwords.permits.acquire().await.expect("the semaphore is open");
        });
    }
}
