//! The outbox: an entry for each receiver in the commit of each end, and none for a write that was refused.

use std::time::Duration;

use chrono::Utc;
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};
use serde_json::json;

use super::{
    database::{TestDatabase, on_every_database},
    operations::{CANCEL, KIND, LEASE, RETRY, claim_of, claimed, enqueued, new_operation, store},
};
use crate::{
    event::{Ending, Event},
    operation::{ActionKind, NewOperation, OperationId, OperationState},
    projection::Projection,
    store::{
        CancelTransition, OUTBOX_WAIT_MAX, OutboxEntry, Receivers, RetryTransition, RunConclusion,
        Store, outbox,
    },
};

const HOOK: &str = "hook:test.steps";
const WEBHOOK: &str = "webhook:https://example.org/";

/// Returns a store with a hook and a webhook for the type of [`new_operation`].
async fn store_with_receivers(db: &TestDatabase) -> Store {
    let webhook = (WEBHOOK.to_owned(), Some([KIND.op_type.to_owned()].into()));
    let op_types = [(KIND.op_type, true), ("test.greeting", false)];
    store(db).await.with_receivers(Receivers::new(op_types, vec![webhook]))
}

async fn entries(store: &Store) -> Vec<OutboxEntry> {
    let all = outbox::Entity::find();
    let all = all.order_by_asc(outbox::Column::FinishedOn).order_by_asc(outbox::Column::Receiver);
    all.all(store.db()).await.unwrap()
}

async fn end(
    store: &Store,
    id: OperationId,
    attempt: u32,
    ending: &Ending,
    next: Option<NewOperation>,
) {
    let mut projection = Projection::new(3);
    projection.apply(Event::Ended(ending.clone()));
    let conclusion = RunConclusion { ending, traceback: None, projection: &projection, log: &[] };
    let ended = store.finish_run(&claim_of(id, attempt), conclusion, next).await.unwrap();
    ended.expect("the attempt owns the row");
}

fn finished() -> Ending {
    Ending::Finished(json!({ "rows": 3 }).into())
}

/// Ends an operation in each possible way, and returns the ID, the state and the number of the attempt.
async fn end_in_each_way(store: &Store) -> Vec<(OperationId, OperationState, i32)> {
    let mut ended = Vec::new();
    for (ending, next) in [
        (finished(), None),
        (finished(), Some(new_operation())),
        (Ending::Failed("no disk".into()), None),
        (Ending::Cancelled, None),
    ] {
        let id = claimed(store).await;
        end(store, id, 1, &ending, next).await;
        ended.push((id, ending.state(), 1));
    }
    // The end of a run that has saved the output of a stage is a transaction.
    let id = claimed(store).await;
    store.save_stage_output(id, crate::Attempt(1), "Load", "1".to_owned()).await.unwrap();
    end(store, id, 1, &finished(), None).await;
    ended.push((id, OperationState::FinishedOk, 1));

    let id = enqueued(store).await;
    let cancelled = store.cancel(id, &CANCEL).await.unwrap();
    assert!(matches!(cancelled, CancelTransition::Cancelled(_)), "{cancelled:?}");
    ended.push((id, OperationState::Cancelled, 1));

    let id = claimed(store).await;
    let lease = store.leases("another").await.unwrap().into_iter().find(|it| it.id == id).unwrap();
    let (lost, projection) = (Ending::Failed("lost".into()), Projection::new(3));
    let conclusion =
        RunConclusion { ending: &lost, traceback: None, projection: &projection, log: &[] };
    let claim = claim_of(id, 1);
    store.give_up(lease, (KIND.op_type, &claim), conclusion).await.unwrap().expect("not renewed");
    ended.push((id, OperationState::FinishedError, 2));
    ended
}

on_every_database! {
    async fn each_end_is_in_the_outbox_once_for_each_receiver(db: TestDatabase) {
        let store = store_with_receivers(&db).await;
        let ended = end_in_each_way(&store).await;
        let mut found: Vec<_> = entries(&store).await.into_iter()
            .map(|it| (it.receiver.clone(), OperationId::from(it.operation), it.state.clone(), it.attempt))
            .collect();
        let mut expected: Vec<_> = ended.iter()
            .flat_map(|(id, state, attempt)| {
                [HOOK, WEBHOOK].map(|it| (it.to_owned(), *id, state.to_string(), *attempt))
            })
            .collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }

    async fn an_entry_is_a_copy_of_the_end(db: TestDatabase) {
        let store = store_with_receivers(&db).await;
        let id = claimed(&store).await;
        end(&store, id, 1, &finished(), None).await;
        let row = store.find(id).await.unwrap().unwrap();
        let entry = entries(&store).await.remove(0);
        assert_eq!((&*entry.op_type, &*entry.owner), (KIND.op_type, "ann"));
        assert_eq!((entry.created_on, entry.started_on), (row.created_on, row.started_on));
        assert_eq!(Some(entry.finished_on), row.finished_on);
        assert_eq!((entry.input, entry.result), (row.input, row.result_context));
        assert_eq!(entry.error_message, None);
        assert_eq!(entry.tries, 0);

        let id = claimed(&store).await;
        end(&store, id, 1, &Ending::Failed("no disk".into()), None).await;
        let entry = entries(&store).await.remove(2);
        assert_eq!((entry.result, entry.error_message.as_deref()), (None, Some("no disk")));
    }

    async fn a_write_that_is_refused_leaves_the_outbox_empty(db: TestDatabase) {
        let store = store_with_receivers(&db).await;
        let id = claimed(&store).await;
        let (run, ending) = (Projection::new(3), finished());
        let conclusion = || RunConclusion { ending: &ending, traceback: None, projection: &run, log: &[] };
        for next in [None, Some(new_operation())] {
            let stale = claim_of(id, 9);
            assert_eq!(store.finish_run(&stale, conclusion(), next).await.unwrap(), None);
        }
        // Asks the run to stop, which is no end.
        store.cancel(id, &CANCEL).await.unwrap();
        store.cancel(OperationId::new(), &CANCEL).await.unwrap();
        assert_eq!(entries(&store).await, []);
    }

    async fn a_type_without_receivers_leaves_the_outbox_empty(db: TestDatabase) {
        let store = store(&db).await;
        end_in_each_way(&store).await;
        assert_eq!(entries(&store).await, [], "this process has no receivers");
        let store = store.with_receivers(Receivers::new([(KIND.op_type, false)], Vec::new()));
        end_in_each_way(&store).await;
        assert_eq!(entries(&store).await, [], "the type has none");
    }

    async fn the_end_of_a_type_that_another_process_knows_is_in_the_outbox(db: TestDatabase) {
        let store = store(&db).await.with_receivers(Receivers::new([("test.other", false)], Vec::new()));
        let id = enqueued(&store).await;
        store.cancel(id, &CANCEL).await.unwrap();
        let receivers: Vec<_> = entries(&store).await.into_iter().map(|it| it.receiver).collect();
        assert_eq!(receivers, [HOOK]);
    }

    async fn each_end_of_an_operation_has_a_key_of_its_own(db: TestDatabase) {
        let store = store_with_receivers(&db).await;
        let id = enqueued(&store).await;
        for attempt in 1..=3 {
            let cancelled = store.cancel(id, &CANCEL).await.unwrap();
            assert!(matches!(cancelled, CancelTransition::Cancelled(_)), "{attempt}: {cancelled:?}");
            let retried = store.retry(store.db(), id, &RETRY).await.unwrap();
            assert!(matches!(retried, RetryTransition::Retried(_)), "{attempt}: {retried:?}");
        }
        let mut keys: Vec<_> = entries(&store).await.iter().map(OutboxEntry::key).collect();
        keys.dedup();
        assert_eq!(keys, [1, 2, 3].map(|attempt| format!("{id}-{attempt}")));
    }

    async fn one_process_claims_an_entry_until_its_lease_ends(db: TestDatabase) {
        let store = store_with_receivers(&db).await;
        for _ in 0..3 {
            let id = claimed(&store).await;
            end(&store, id, 1, &finished(), None).await;
        }
        let other = store_with_receivers(&db).await;
        assert!(store.has_due_entries(&[HOOK, "hook:test.other"], LEASE).await.unwrap());
        assert!(!store.has_due_entries(&["hook:test.other"], LEASE).await.unwrap());
        let (mine, theirs) =
            tokio::join!(store.claim_entries(HOOK, 2, LEASE), other.claim_entries(HOOK, 2, LEASE));
        let all = [mine.unwrap(), theirs.unwrap()].concat();
        let mut ids: Vec<_> = all.iter().map(|entry| entry.operation).collect();
        ids.sort();
        ids.dedup();
        assert!(all.iter().all(|entry| entry.receiver == HOOK && entry.tries == 1));
        assert_eq!((all.len(), ids.len()), (3, 3));
        assert!(!store.has_due_entries(&[HOOK], LEASE).await.unwrap());
        assert_eq!(store.claim_entries(HOOK, 9, LEASE).await.unwrap(), []);

        // The lease of a claim has ended: another process gets the entry, and the first one has no say.
        store.postpone_entry(&all[0], Duration::ZERO).await.unwrap();
        let again = other.claim_entries(HOOK, 9, LEASE).await.unwrap();
        assert_eq!((again.len(), again[0].tries), (1, 2));
        store.delete_entry(&all[0]).await.unwrap();
        store.postpone_entry(&all[0], Duration::ZERO).await.unwrap();
        store.give_up_entry(&all[0]).await.unwrap();
        assert!(entries(&store).await.contains(&again[0]));
        other.delete_entry(&again[0]).await.unwrap();
        assert!(entries(&store).await.iter().all(|entry| entry.key() != again[0].key() || entry.receiver != HOOK));
    }

    async fn an_entry_that_is_given_up_is_an_action_for_staff(db: TestDatabase) {
        let store = store_with_receivers(&db).await;
        let id = claimed(&store).await;
        end(&store, id, 1, &finished(), None).await;
        let entry = store.claim_entries(HOOK, 1, LEASE).await.unwrap().remove(0);
        store.give_up_entry(&entry).await.unwrap();
        let row = store.find(id).await.unwrap().unwrap();
        let actions = store.actions(&row).await.unwrap();
        assert_eq!(actions.last().map(|past| past.action.kind), Some(ActionKind::GiveUpHook));
        assert_eq!(store.claim_entries(HOOK, 1, Duration::ZERO).await.unwrap(), []);
    }

    async fn a_clock_that_is_ahead_delays_no_entry(db: TestDatabase) {
        let store = store_with_receivers(&db).await;
        let id = claimed(&store).await;
        end(&store, id, 1, &finished(), None).await;
        // Claimed or postponed by a process that is gone, whose clock was half a day ahead.
        let half_a_day = Duration::from_secs(12 * 60 * 60);
        assert_eq!(store.claim_entries(HOOK, 1, half_a_day).await.unwrap().len(), 1);
        assert!(store.has_due_entries(&[HOOK], LEASE).await.unwrap());
        let entry = store.claim_entries(HOOK, 1, LEASE).await.unwrap().remove(0);
        // The longest wait of a process whose clock is right.
        store.postpone_entry(&entry, OUTBOX_WAIT_MAX).await.unwrap();
        assert!(!store.has_due_entries(&[HOOK], LEASE).await.unwrap());
        assert_eq!(store.claim_entries(HOOK, 1, LEASE).await.unwrap(), []);
    }

    async fn prune_keeps_the_entries_of_the_operations_it_deletes(db: TestDatabase) {
        let store = store_with_receivers(&db).await;
        let id = claimed(&store).await;
        end(&store, id, 1, &finished(), None).await;
        let before = entries(&store).await;
        let pruned = store.prune(Utc::now() + Duration::from_secs(9), None, 500).await.unwrap();
        assert_eq!(pruned.deleted, 1);
        assert_eq!(entries(&store).await, before);

        // No process has had these receivers for twice the retention.
        let set = "UPDATE liveops_outbox SET finished_on = '2020-01-01 00:00:00+00:00'";
        store.db().execute_unprepared(set).await.unwrap();
        store.prune_outbox(Utc::now()).await.unwrap();
        assert_eq!(entries(&store).await, []);
    }
}
