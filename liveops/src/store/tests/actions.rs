//! The actions on operations: each is recorded once, with its actor, and together with its effect.

use std::time::Duration;

use sea_orm::{ConnectionTrait, EntityTrait, TransactionTrait};

use super::{
    database::on_every_database,
    operations::{CANCEL, RETRY, claimed, enqueued, new_operation, store},
};
use crate::{
    LiveOps,
    operation::{Action, ActionKind, NewOperation, OperationId},
    store::{CancelTransition, Enqueued, RetryTransition, Store, action},
};

/// The actions on an operation, with their actors.
async fn actions(store: &Store, id: OperationId) -> Vec<(ActionKind, Option<String>)> {
    let row = store.find(id).await.unwrap().unwrap();
    let actions = store.actions(&row).await.unwrap().into_iter().map(|past| past.action);
    actions.map(|action| (action.kind, action.actor.map(|actor| actor.to_string()))).collect()
}

async fn recorded(store: &Store) -> usize {
    action::Entity::find().all(store.db()).await.unwrap().len()
}

fn by(kind: ActionKind, actor: &str) -> Action {
    Action::of(kind, &actor.into())
}

fn created_by_ann() -> NewOperation {
    NewOperation { created_by: Some("ann".into()), ..new_operation() }
}

on_every_database! {
    async fn each_action_is_recorded_with_its_actor(db: TestDatabase) {
        let store = store(&db).await;
        let Enqueued::New(row) = store.enqueue(created_by_ann()).await.unwrap() else { panic!() };
        let id = row.operation_id();
        store.cancel(id, &by(ActionKind::Cancel, "ben")).await.unwrap();
        store.retry(store.db(), id, &by(ActionKind::BulkRetry, "admin")).await.unwrap();
        store.cancel(id, &CANCEL).await.unwrap();
        let expected = [
            (ActionKind::Create, Some("ann".to_owned())),
            (ActionKind::Cancel, Some("ben".to_owned())),
            (ActionKind::BulkRetry, Some("admin".to_owned())),
            (ActionKind::Cancel, None),
        ];
        assert_eq!(actions(&store, id).await, expected);
    }

    async fn the_creation_by_the_application_costs_no_record(db: TestDatabase) {
        let store = store(&db).await;
        let id = enqueued(&store).await;
        assert_eq!(recorded(&store).await, 0);
        assert_eq!(actions(&store, id).await, [(ActionKind::Create, None)]);
    }

    async fn a_rolled_back_creation_is_not_recorded(db: TestDatabase) {
        let store = store(&db).await;
        let transaction = store.db().begin().await.unwrap();
        store.insert(&transaction, created_by_ann()).await.unwrap();
        transaction.rollback().await.unwrap();
        assert_eq!(recorded(&store).await, 0);
    }

    async fn a_duplicate_is_not_recorded_as_created(db: TestDatabase) {
        let store = store(&db).await;
        let unique = || NewOperation { unique_key: Some("once".to_owned()), ..created_by_ann() };
        let Enqueued::New(first) = store.enqueue(unique()).await.unwrap() else { panic!() };
        let Enqueued::Existing(_) = store.enqueue(unique()).await.unwrap() else { panic!() };
        let Enqueued::Existing(_) = store.insert(store.db(), unique()).await.unwrap() else { panic!() };
        assert_eq!(recorded(&store).await, 1);
        assert_eq!(actions(&store, first.operation_id()).await.len(), 1);
    }

    async fn an_action_without_effect_is_not_recorded(db: TestDatabase) {
        let store = store(&db).await;
        let running = claimed(&store).await;
        let refused = store.retry(store.db(), running, &RETRY).await.unwrap();
        assert_eq!(refused, RetryTransition::Unfinished);
        for _ in 0..3 {
            let requested = store.cancel(running, &by(ActionKind::Cancel, "ann")).await.unwrap();
            assert!(matches!(requested, CancelTransition::Requested(_)), "{requested:?}");
        }
        assert_eq!(store.cancel(OperationId::new(), &CANCEL).await.unwrap(), CancelTransition::Unknown);
        let waiting = enqueued(&store).await;
        for _ in 0..3 {
            store.cancel(waiting, &CANCEL).await.unwrap();
        }
        let cancelled = (ActionKind::Cancel, Some("ann".to_owned()));
        assert_eq!(actions(&store, running).await[1..], [cancelled]);
        assert_eq!(actions(&store, waiting).await[1..], [(ActionKind::Cancel, None)]);
    }

    async fn an_effect_whose_action_cannot_be_recorded_does_not_happen(db: TestDatabase) {
        let store = store(&db).await;
        let (waiting, running) = (enqueued(&store).await, claimed(&store).await);
        store.db().execute_unprepared("DROP TABLE liveops_action").await.unwrap();
        store.cancel(waiting, &CANCEL).await.unwrap_err();
        store.cancel(running, &CANCEL).await.unwrap_err();
        store.enqueue(created_by_ann()).await.unwrap_err();
        for id in [waiting, running] {
            let row = store.find(id).await.unwrap().unwrap();
            assert!(!row.cancel_requested && !row.state().is_terminal());
        }
    }

    async fn the_creation_stays_listed_with_many_later_actions(db: TestDatabase) {
        let store = store(&db).await;
        let Enqueued::New(row) = store.enqueue(created_by_ann()).await.unwrap() else { panic!() };
        let id = row.operation_id();
        for _ in 0..30 {
            store.cancel(id, &CANCEL).await.unwrap();
            store.retry(store.db(), id, &RETRY).await.unwrap();
        }
        let actions = actions(&store, id).await;
        assert_eq!(actions.len(), 51);
        assert_eq!(actions[0], (ActionKind::Create, Some("ann".to_owned())));
        assert_eq!(actions[50], (ActionKind::Retry, None));
    }

    async fn a_deletion_of_operations_is_recorded_with_their_number(db: TestDatabase) {
        let store = store(&db).await;
        let liveops = LiveOps::builder(store.db().clone()).build().unwrap();
        assert_eq!(liveops.prune(Duration::ZERO).await.unwrap(), 0);
        assert_eq!(store.last_prune().await.unwrap(), None, "nothing was deleted");
        for _ in 0..3 {
            let id = enqueued(&store).await;
            store.cancel(id, &CANCEL).await.unwrap();
        }
        assert_eq!(liveops.prune(Duration::ZERO).await.unwrap(), 3);
        let prune = store.last_prune().await.unwrap().expect("three were deleted");
        assert_eq!((prune.action, prune.count), (Action::of_application(ActionKind::Prune), Some(3)));
        assert_eq!(recorded(&store).await, 1, "the actions on the operations are deleted");
    }
}
