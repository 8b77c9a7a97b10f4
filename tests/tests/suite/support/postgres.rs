use std::{net::SocketAddr, thread};

use liveops::store;
use sea_orm::{ConnectionTrait, DbErr};
use url::Url;
use uuid::Uuid;

use super::need::need;

/// A PostgreSQL database of one test's own, dropped with it.
#[derive(Debug)]
pub(crate) struct PostgresDatabase {
    server: Url,
    name: String,
}

impl PostgresDatabase {
    /// A new, empty database, or `None` where there is no server.
    pub(crate) async fn create() -> Option<Self> {
        let server = need("PostgreSQL", "LIVEOPS_TEST_POSTGRES_URL")?;
        let server = Url::parse(&server).unwrap();
        let name = format!("liveops_{}", Uuid::now_v7().simple());
        execute(&server, &format!("CREATE DATABASE {name}")).await.unwrap();
        Some(Self { server, name })
    }

    pub(crate) fn url(&self) -> String {
        let mut url = self.server.clone();
        url.set_path(&self.name);
        url.into()
    }

    /// Where the server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.server.socket_addrs(|| Some(5432)).unwrap()[0]
    }
}

impl Drop for PostgresDatabase {
    /// Every database is eight megabytes on disk, so none waits for the server to go.
    ///
    /// In a thread of its own, because the runtime of the test that drops this may be blocked by
    /// it, or gone.
    fn drop(&mut self) {
        let server = self.server.clone();
        // The application under test may still hold connections.
        let statement = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(execute(&server, &statement))
        });
        match dropping.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("failed to drop {}: {error}", self.name),
            Err(_) => eprintln!("failed to drop {}: the thread panicked", self.name),
        }
    }
}

async fn execute(server: &Url, statement: &str) -> Result<(), DbErr> {
    let db = store::connect(server.as_str()).await.unwrap();
    db.execute_unprepared(statement).await?;
    db.close().await
}
