//! Commits to PostgreSQL that wait until the test lets them go on.

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, TransactionTrait};

use super::{sql::value, until::until};

/// The lock behind which commits wait.
pub(crate) struct HeldCommits<'a> {
    db: &'a DatabaseConnection,
    lock: DatabaseTransaction,
}

impl<'a> HeldCommits<'a> {
    /// Holds the commits of every write of `event`, such as `UPDATE` with a condition, from now on.
    pub(crate) async fn hold(db: &'a DatabaseConnection, event: &str) -> Self {
        const LOCK: i32 = 7;
        let (kind, condition) = event.split_once(' ').unwrap_or((event, ""));
        let trigger = format!(
            "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ \
             BEGIN PERFORM pg_advisory_xact_lock({LOCK}); RETURN NULL; END $$; \
             CREATE CONSTRAINT TRIGGER hold AFTER {kind} ON liveops_operation \
             DEFERRABLE INITIALLY DEFERRED FOR EACH ROW {condition} EXECUTE FUNCTION hold()"
        );
        db.execute_unprepared(&trigger).await.unwrap();
        let lock = db.begin().await.unwrap();
        lock.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await.unwrap();
        Self { db, lock }
    }

    /// Waits until a commit waits.
    pub(crate) async fn until_one_waits(&self) {
        const WAITS: &str = "SELECT EXISTS \
            (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)";
        until("a commit waits", async || value(self.db, WAITS).await).await;
    }

    /// Lets the commits go on.
    pub(crate) async fn release(self) {
        self.lock.commit().await.unwrap();
    }

    /// Does not hold the commits of later writes.
    pub(crate) async fn remove(db: &DatabaseConnection) {
        let away = "DROP TRIGGER hold ON liveops_operation; DROP FUNCTION hold()";
        db.execute_unprepared(away).await.unwrap();
    }
}
