//! Claims: each waiting operation goes to one worker, which can find what it has claimed.

use std::time::Duration;

use super::{
    database::on_every_database,
    operations::{LEASE, enqueued, store},
};
use crate::{
    operation::Attempt,
    store::{Claim, Model},
};

on_every_database! {
    async fn a_claim_whose_answer_was_lost_is_found_again(db: TestDatabase) {
        let store = store(&db).await;
        let id = enqueued(&store).await;
        store.claim(id, "w", Duration::from_secs(1)).await.unwrap().expect("the operation waits");
        let found = store.claimed_by("w").await.unwrap();
        assert_eq!(found.iter().map(Model::operation_id).collect::<Vec<_>>(), [id]);
        assert_eq!(store.claimed_by("another worker").await.unwrap(), []);
        let again = store.reclaim(id, Attempt(1), Duration::from_secs(9)).await.unwrap();
        assert!(again.is_some_and(|row| row.lease_until > found[0].lease_until));
        assert_eq!(store.reclaim(id, Attempt(2), Duration::ZERO).await.unwrap(), None);
    }

    async fn two_workers_never_claim_the_same_operation(db: TestDatabase) {
        let store = store(&db).await;
        let mut waiting = Vec::new();
        for _ in 0..300 {
            waiting.push(enqueued(&store).await);
        }
        let claims = (0..8).map(|worker| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut claimed = Vec::new();
                loop {
                    let worker = format!("w{worker}");
                    let claim = Claim {
                        op_types: &["test.steps"],
                        queues: &[],
                        worker: &worker,
                        lease: LEASE,
                        limit: 7,
                    };
                    let rows = store.claim_next(claim).await.unwrap();
                    assert!(rows.len() <= 7, "{} at once", rows.len());
                    assert!(rows.iter().all(|row| row.worker.as_deref() == Some(&*worker)));
                    if rows.is_empty() {
                        return claimed;
                    }
                    claimed.extend(rows.iter().map(Model::operation_id));
                }
            })
        });
        let mut claimed = Vec::new();
        for claims in futures_util::future::join_all(claims).await {
            claimed.extend(claims.unwrap());
        }
        claimed.sort_unstable();
        assert_eq!(claimed, waiting, "every operation is claimed exactly once");
    }
}
