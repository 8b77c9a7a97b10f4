//! The saved outputs of durable stages: only the attempt that owns the row writes them.

use std::time::Duration;

use tokio::time::timeout;

use super::{
    database::on_every_database,
    operations::{CANCEL, LEASE, claimed, rescued, store},
};
use crate::{
    operation::{Attempt, OperationId},
    store::Store,
};

async fn save(store: &Store, id: OperationId, attempt: Attempt, output: &str) -> bool {
    store.save_stage_output(id, attempt, "Load", output.to_owned()).await.unwrap()
}

/// Puts an operation back into the queue, as if its worker were lost. Repeats the rescue if the worker
/// renewed the lease in between.
async fn rescue(store: &Store, id: OperationId) {
    let rescued = async {
        loop {
            let leases = store.leases("another worker").await.unwrap();
            let lease =
                leases.into_iter().find(|lease| lease.id == id).expect("the operation has a lease");
            if rescued(store, lease).await.is_some() {
                return;
            }
        }
    };
    timeout(Duration::from_secs(30), rescued).await.expect("the rescue succeeds in time");
}

on_every_database! {
    async fn nothing_is_saved_after_a_rescue(db: TestDatabase) {
        let store = store(&db).await;
        for _ in 0..40 {
            let id = claimed(&store).await;
            let late = tokio::spawn({
                let store = store.clone();
                async move { save(&store, id, Attempt(1), "1").await }
            });
            rescue(&store, id).await;
            let at_the_rescue = store.stage_outputs(id).await.unwrap();
            let was_saved = late.await.unwrap();
            assert_eq!(store.stage_outputs(id).await.unwrap(), at_the_rescue);
            assert_eq!(at_the_rescue.contains_key("Load"), was_saved);
        }
    }

    async fn only_the_attempt_that_owns_the_row_may_save(db: TestDatabase) {
        let store = store(&db).await;
        let id = claimed(&store).await;
        assert!(save(&store, id, Attempt(1), "7").await);
        assert!(save(&store, id, Attempt(1), "8").await, "a second save replaces the first");
        assert!(!save(&store, id, Attempt(2), "9").await, "the attempt has not begun");
        assert_eq!(store.stage_outputs(id).await.unwrap()["Load"], "8");

        rescue(&store, id).await;
        assert!(!save(&store, id, Attempt(1), "9").await, "the attempt is stale");
        assert!(!save(&store, id, Attempt(2), "9").await, "the operation waits");
        store.claim(id, "w", LEASE).await.unwrap().expect("the operation waits");
        assert_eq!(store.stage_outputs(id).await.unwrap()["Load"], "8");
        assert!(save(&store, id, Attempt(2), "9").await);

        store.cancel(id, &CANCEL).await.unwrap();
        assert!(save(&store, id, Attempt(2), "10").await, "a cancelled run continues until its next check");
        assert!(!save(&store, OperationId::new(), Attempt(1), "11").await, "the operation does not exist");
    }
}
