//! Claims: each waiting operation goes to one worker, which can find what it has claimed.

use std::{collections::HashMap, time::Duration};

use chrono::{TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbBackend, TransactionTrait};

use super::{
    database::on_every_database,
    operations::{LEASE, enqueued, new_operation, store},
};
use crate::{
    operation::{Attempt, NewOperation, UserId},
    store::{Claim, Model, OwnerLimits, OwnerTurn, Store},
};

async fn claim(store: &Store, inputs: &[(&str, i32)], queues: &[String], limit: u64) -> Vec<Model> {
    let (running, turn) = (HashMap::new(), OwnerTurn::default());
    let owners = OwnerLimits { running_max: u64::MAX, running: &running, turn: &turn };
    let claim = Claim { inputs, queues, worker: "w", lease: LEASE, limit, owners };
    store.claim_next(claim).await.unwrap()
}

/// A worker that remembers the turn of the owners and runs what it has claimed.
#[derive(Default)]
struct Worker {
    turn: OwnerTurn,
    running: HashMap<UserId, u64>,
}

impl Worker {
    /// Returns the owners of the claimed operations, each with the priority.
    async fn claim(&mut self, store: &Store, running_max: u64, limit: u64) -> Vec<(String, i32)> {
        let owners = OwnerLimits { running_max, running: &self.running, turn: &self.turn };
        let inputs = &[("test.steps", 1), ("test.greeting", 1)];
        let claim = Claim { inputs, queues: &[], worker: "w", lease: LEASE, limit, owners };
        let rows = store.claim_next(claim).await.unwrap();
        for row in &rows {
            *self.running.entry(row.owner_id()).or_default() += 1;
        }
        rows.into_iter().map(|row| (row.owner, row.priority)).collect()
    }
}

async fn enqueue_for(store: &Store, owner: &str, priority: i32, count: usize) {
    for at in 0..count {
        let op_type = if at % 3 == 2 { "test.greeting" } else { "test.steps" };
        let new = NewOperation { owner: owner.into(), priority, op_type, ..new_operation() };
        store.enqueue(new).await.unwrap();
    }
}

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

    async fn the_highest_priority_of_all_queues_and_types_is_claimed_first(db: TestDatabase) {
        let store = store(&db).await;
        let mut expected = Vec::new();
        for (priority, queue) in [(0, "a"), (5, "b"), (0, "c"), (9, "a"), (5, "a"), (0, "a")] {
            for op_type in ["test.steps", "test.greeting"] {
                let new = NewOperation { priority, queue: queue.into(), op_type, ..new_operation() };
                let id = store.enqueue(new).await.unwrap().operation_id();
                expected.push((std::cmp::Reverse(priority), id));
            }
        }
        expected.sort_unstable();
        let mut found = Vec::new();
        while let rows = claim(&store, &[("test.steps", 1), ("test.greeting", 1)], &[], 5).await
            && !rows.is_empty()
        {
            found.extend(rows.iter().map(|row| (std::cmp::Reverse(row.priority), row.operation_id())));
        }
        assert_eq!(found, expected);
    }

    async fn a_worker_claims_only_the_versions_that_it_can_read(db: TestDatabase) {
        let store = store(&db).await;
        let mut ids = Vec::new();
        for payload_version in [2, 1, 4, 3, 1, 2, 4] {
            let new = NewOperation { payload_version, ..new_operation() };
            ids.push(store.enqueue(new).await.unwrap().operation_id());
        }
        let claimed = async |versions: &[i32], limit| -> Vec<_> {
            let inputs: Vec<_> = versions.iter().map(|version| ("test.steps", *version)).collect();
            claim(&store, &inputs, &[], limit).await.iter().map(Model::operation_id).collect()
        };
        assert_eq!(claimed(&[5, 6], 9).await, []);
        // Of one owner, the oldest first, also among different versions.
        assert_eq!(claimed(&[2, 1], 1).await, [ids[0]]);
        assert_eq!(claimed(&[2, 1], 2).await, [ids[1], ids[4]]);
        assert_eq!(claimed(&[2, 1], 9).await, [ids[5]]);
        assert_eq!(claimed(&[3], 9).await, [ids[3]]);
        let waiting = store.waiting().await.unwrap();
        let waiting: Vec<_> = waiting.iter().map(|line| (line.payload_version, line.count)).collect();
        assert_eq!(waiting, [(4, 2)]);
    }

    async fn versions_of_a_type_take_no_turn_of_another_owner(db: TestDatabase) {
        let store = store(&db).await;
        for (owner, versions) in [("ann", [1, 2, 3]), ("bob", [1, 1, 1]), ("eve", [3, 3, 3])] {
            for payload_version in versions {
                let new = NewOperation { owner: owner.into(), payload_version, ..new_operation() };
                store.enqueue(new).await.unwrap();
            }
        }
        let (running, turn) = (HashMap::new(), OwnerTurn::default());
        let owners = OwnerLimits { running_max: u64::MAX, running: &running, turn: &turn };
        let inputs: &[_] = &[("test.steps", 1), ("test.steps", 2), ("test.steps", 3)];
        for limit in [3, 1, 1, 1, 3] {
            let claim = Claim { inputs, queues: &[], worker: "w", lease: LEASE, limit, owners };
            let rows = store.claim_next(claim).await.unwrap();
            assert_eq!(rows.len() as u64, limit);
            if limit == 3 {
                let mut owners: Vec<_> = rows.iter().map(|row| &*row.owner).collect();
                owners.sort_unstable();
                assert_eq!(owners, ["ann", "bob", "eve"]);
            }
        }
    }

    async fn owners_are_served_in_turn(db: TestDatabase) {
        let store = store(&db).await;
        enqueue_for(&store, "ann", 0, 40).await;
        for owner in ["Zoe", "bob", "eve", "żaba"] {
            enqueue_for(&store, owner, 0, 3).await;
        }
        for limit in [1, 2, 3, 4] {
            let mut worker = Worker::default();
            let mut served: HashMap<String, usize> = HashMap::new();
            // One round: each owner gets one operation, in claims of any size.
            let mut left = 5;
            while left > 0 {
                let claimed = worker.claim(&store, u64::MAX, limit.min(left)).await;
                assert_eq!(claimed.len() as u64, limit.min(left));
                left -= claimed.len() as u64;
                for (owner, _) in claimed {
                    *served.entry(owner).or_default() += 1;
                }
            }
            let expected = if limit == 4 { 1 } else { 5 };
            assert_eq!(served.len(), expected, "claims of {limit}: {served:?}");
        }
    }

    async fn a_claim_is_filled_by_the_owners_that_have_more(db: TestDatabase) {
        let store = store(&db).await;
        enqueue_for(&store, "ann", 0, 30).await;
        enqueue_for(&store, "bob", 0, 2).await;
        let claimed = Worker::default().claim(&store, u64::MAX, 10).await;
        let of = |owner: &str| claimed.iter().filter(|(found, _)| found == owner).count();
        assert_eq!((of("ann"), of("bob")), (8, 2));
    }

    async fn a_higher_priority_is_claimed_before_the_turn_of_an_owner(db: TestDatabase) {
        let store = store(&db).await;
        for owner in 0..20 {
            enqueue_for(&store, &format!("user_{owner:02}"), owner % 3, 2).await;
        }
        let mut worker = Worker::default();
        let mut priorities = Vec::new();
        for limit in [1, 1, 5, 2, 7, 3].into_iter().cycle() {
            let claimed = worker.claim(&store, u64::MAX, limit).await;
            if claimed.is_empty() {
                break;
            }
            priorities.extend(claimed.into_iter().map(|(_, priority)| priority));
        }
        assert_eq!(priorities.len(), 40);
        assert!(priorities.is_sorted_by(|one, other| one >= other), "{priorities:?}");
    }

    async fn a_higher_priority_does_not_change_the_turn_of_the_others(db: TestDatabase) {
        let store = store(&db).await;
        for owner in ["ann", "bob"] {
            enqueue_for(&store, owner, 0, 9).await;
        }
        let mut worker = Worker::default();
        let mut served = Vec::new();
        for _ in 0..4 {
            enqueue_for(&store, "zoe", 5, 1).await;
            for _ in 0..2 {
                served.extend(worker.claim(&store, u64::MAX, 1).await);
            }
        }
        let owners: Vec<&str> = served.iter().map(|(owner, _)| &**owner).collect();
        assert_eq!(owners, ["zoe", "ann", "zoe", "bob", "zoe", "ann", "zoe", "bob"]);
    }

    async fn owners_behind_a_higher_priority_are_served_in_turn(db: TestDatabase) {
        let store = store(&db).await;
        let owners = ["ann", "bob", "eve", "ida", "uma"];
        for owner in owners {
            enqueue_for(&store, owner, 0, 6).await;
        }
        enqueue_for(&store, "zoe", 5, 9).await;
        let mut worker = Worker::default();
        // Zoe may start no operation now.
        worker.running.insert("zoe".into(), 40);
        let mut served = Vec::new();
        for limit in [1, 1, 1, 1, 1, 2, 2, 2, 2, 2] {
            served.extend(worker.claim(&store, 40, limit).await);
        }
        let of = |owner: &str| served.iter().filter(|(found, _)| found == owner).count();
        assert_eq!(owners.map(of), [3; 5], "{served:?}");
    }

    async fn an_owner_runs_no_more_than_the_limit(db: TestDatabase) {
        let store = store(&db).await;
        // All of ann's come before those of bob, and she has several priorities.
        for priority in 0..12 {
            enqueue_for(&store, "ann", priority, 5).await;
        }
        enqueue_for(&store, "bob", 0, 9).await;
        let mut worker = Worker::default();
        let claimed = worker.claim(&store, 3, 64).await;
        let of = |owner: &str| claimed.iter().filter(|(found, _)| found == owner).count();
        assert_eq!((of("ann"), of("bob")), (3, 3));
        assert_eq!(worker.claim(&store, 3, 64).await, []);
        worker.running.insert("bob".into(), 1);
        let claimed = worker.claim(&store, 3, 1).await;
        assert_eq!(claimed, [("bob".to_owned(), 0)]);
    }

    async fn the_waiting_operations_of_an_owner_are_counted_up_to_a_limit(db: TestDatabase) {
        let store = store(&db).await;
        enqueue_for(&store, "ann", 0, 5).await;
        enqueue_for(&store, "bob", 0, 1).await;
        Worker::default().claim(&store, u64::MAX, 2).await;
        for (max, expected) in [(1, 1), (4, 4), (9, 4)] {
            assert_eq!(store.waiting_of(&"ann".into(), max).await.unwrap(), expected);
        }
        assert_eq!(store.waiting_of(&"bob".into(), 9).await.unwrap(), 0);
    }

    async fn a_worker_claims_of_its_queues_and_types_only(db: TestDatabase) {
        let store = store(&db).await;
        let new = |op_type, queue: &str| NewOperation { op_type, queue: queue.into(), ..new_operation() };
        for (op_type, queue) in [("test.gone", "a"), ("test.steps", "b"), ("test.steps", "a"), ("test.gone", "b")] {
            // In front of the others.
            let first = NewOperation { priority: 9, ..new(op_type, queue) };
            store.enqueue(first).await.unwrap();
        }
        let own = store.enqueue(new("test.steps", "a")).await.unwrap().operation_id();
        let queues = ["a".to_owned()];
        let claimed = claim(&store, &[("test.steps", 1)], &queues, 10).await;
        assert_eq!(claimed.len(), 2);
        assert_eq!(claimed[1].operation_id(), own);
        assert_eq!(claim(&store, &[("test.steps", 1)], &[], 10).await.len(), 1, "of all queues");
        assert_eq!(claim(&store, &[], &[], 10).await, [], "of no type");
    }

    async fn an_operation_is_claimed_when_it_is_due(db: TestDatabase) {
        let store = store(&db).await;
        let later = |seconds| Some(Utc::now() + TimeDelta::seconds(seconds));
        for run_after in [later(3_600), later(-3_600), None, later(-1)] {
            let new = NewOperation { run_after, ..new_operation() };
            store.enqueue(new).await.unwrap();
        }
        let claimed = claim(&store, &[("test.steps", 1)], &[], 10).await;
        assert_eq!(claimed.len(), 3);
        assert!(claimed.iter().all(|row| row.run_after.is_none()));
        assert_eq!(claim(&store, &[("test.steps", 1)], &[], 10).await, []);
    }

    async fn the_count_of_waiting_operations_includes_those_that_are_due(db: TestDatabase) {
        let store = store(&db).await;
        let later = |seconds| Some(Utc::now() + TimeDelta::seconds(seconds));
        let mut oldest = HashMap::new();
        for (queue, run_after) in
            [("a", None), ("a", later(-9)), ("a", later(3_600)), ("b", later(-3)), ("a", None), ("c", later(60))]
        {
            let new = NewOperation { queue: queue.into(), run_after, ..new_operation() };
            let due_on = store.enqueue(new).await.unwrap().into_row().due_on;
            let first = oldest.entry(queue.to_owned()).or_insert(due_on);
            *first = std::cmp::min(due_on, *first);
        }
        let claimed = enqueued(&store).await;
        store.claim(claimed, "w", LEASE).await.unwrap().expect("it waits");
        let waiting = store.waiting().await.unwrap();
        let counts: Vec<_> = waiting.iter().map(|found| (&*found.queue, found.count)).collect();
        assert_eq!(counts, [("a", 3), ("b", 1)]);
        for found in &waiting {
            assert_eq!(found.op_type, "test.steps");
            // PostgreSQL keeps microseconds.
            let apart = (found.oldest_due_on - oldest[&found.queue]).abs();
            assert!(apart < TimeDelta::milliseconds(1), "{found:?}");
        }
    }

    async fn more_queues_than_one_claim_serves_are_all_served(db: TestDatabase) {
        let store = store(&db).await;
        for queue in 0..150 {
            let new = NewOperation { queue: format!("customer-{queue}"), ..new_operation() };
            store.enqueue(new).await.unwrap();
        }
        let mut left = 150;
        while left > 0 {
            let claimed = claim(&store, &[("test.steps", 1)], &[], 100).await.len();
            assert!((1..=64).contains(&claimed), "{claimed} with {left} left");
            left -= claimed;
        }
    }

    async fn an_operation_that_a_transaction_holds_does_not_stop_the_others(db: TestDatabase) {
        let store = store(&db).await;
        enqueue_for(&store, "zoe", 5, 1).await;
        enqueue_for(&store, "ann", 5, 1).await;
        enqueue_for(&store, "ann", 0, 2).await;
        // SQLite locks no rows.
        if store.backend() == DbBackend::Postgres {
            let application = db.connect().await;
            let held = application.begin().await.unwrap();
            held.execute_unprepared("SELECT id FROM liveops_operation WHERE priority = 5 FOR UPDATE")
                .await
                .unwrap();
            let mut worker = Worker::default();
            for _ in 0..2 {
                let claimed = worker.claim(&store, u64::MAX, 1).await;
                assert_eq!(claimed, [("ann".to_owned(), 0)]);
            }
            assert_eq!(worker.claim(&store, u64::MAX, 1).await, []);
            held.rollback().await.unwrap();
            assert_eq!(worker.claim(&store, u64::MAX, 9).await.len(), 2);
        }
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
                    let (running, turn) = (HashMap::new(), OwnerTurn::default());
                    let claim = Claim {
                        inputs: &[("test.steps", 1)],
                        queues: &[],
                        worker: &worker,
                        lease: LEASE,
                        limit: 7,
                        owners: OwnerLimits { running_max: u64::MAX, running: &running, turn: &turn },
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
