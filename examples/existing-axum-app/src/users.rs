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

/// The verification of passwords. Each one takes 19 MiB and a core on purpose, so only as many run as there are
/// cores.
#[derive(Debug)]
struct Passwords {
    permits: Semaphore,
    /// The hash of a password that nobody knows.
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
    /// Too many others sign in at the same time.
    Busy,
}

/// Maximum time that a sign-in waits for others.
const WAIT_MAX: Duration = Duration::from_secs(5);

impl Users {
    pub(crate) fn new(db: DatabaseConnection) -> Self {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let passwords = Passwords { permits: Semaphore::new(cores), unknown: OnceCell::new() };
        Self { db, passwords: Arc::new(passwords) }
    }
}

impl Passwords {
    /// Returns `true` if the password of a user has this hash. Takes as long for an unknown user, so that the time
    /// of the answer does not tell which names exist.
    async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, SignInError> {
        let permit = timeout(WAIT_MAX, self.permits.acquire()).await;
        let _permit = permit.map_err(|_| SignInError::Busy)?;
        let unknown = self.unknown.get_or_init(unknown_hash).await;
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| unknown.clone());
        // Not on the threads that serve requests.
        let verified =
            spawn_blocking(move || password_auth::verify_password(password, &hash).is_ok()).await;
        // A panic counts as a wrong password.
        Ok(verified.unwrap_or_default() && is_known)
    }
}

async fn unknown_hash() -> String {
    // A new ID has random bits, and nobody learns this one.
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
