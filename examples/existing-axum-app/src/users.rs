//! The users and their passwords, for axum-login.

use axum_login::{AuthUser, AuthnBackend, UserId};
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter};
use serde::Deserialize;
use tokio::task::spawn_blocking;

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
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    name: String,
    password: String,
}

impl Users {
    pub(crate) fn new(db: DatabaseConnection) -> Self {
        Self { db }
    }
}

impl AuthnBackend for Users {
    type User = Model;
    type Credentials = Credentials;
    type Error = DbErr;

    async fn authenticate(&self, credentials: Credentials) -> Result<Option<Model>, DbErr> {
        let by_name = Column::Name.eq(&credentials.name);
        let user = Entity::find().filter(by_name).one(&self.db).await?;
        // Password hashing is slow on purpose, so it must not run on the threads that serve requests.
        let is_right = move |user: &Model| {
            password_auth::verify_password(&credentials.password, &user.password_hash).is_ok()
        };
        // A panic counts as a wrong password.
        Ok(spawn_blocking(move || user.filter(is_right)).await.unwrap_or_default())
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<Model>, DbErr> {
        Entity::find_by_id(*id).one(&self.db).await
    }
}
