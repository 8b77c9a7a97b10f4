//! Sorted lists, read page by page while operations are enqueued, run and end.

use std::collections::HashMap;

use chrono::{TimeDelta, Utc};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

use super::{
    database::{TestDatabase, on_every_database},
    operations::{KIND, LEASE, RETRY, Steps, enqueued, store},
};
use crate::{
    event::Ending,
    operation::{ListSort, NewOperation, OperationId, OperationState},
    projection::Projection,
    store::{
        Column, Columns, Entity, ListFilter, Model, PageCursor, PagePosition, RunConclusion,
        SortKey, Store,
    },
};

/// A store whose operations change their states, in the same sequence in every run of the test.
struct World {
    store: Store,
    ids: Vec<OperationId>,
    step: usize,
}

impl World {
    async fn new(db: &TestDatabase) -> Self {
        let mut world = Self { store: store(db).await, ids: Vec::new(), step: 0 };
        for _ in 0..20 {
            world.enqueue().await;
        }
        for _ in 0..40 {
            world.step().await;
        }
        world
    }

    async fn enqueue(&mut self) {
        self.ids.push(enqueued(&self.store).await);
    }

    /// Enqueues an operation, or changes the state of an operation.
    async fn step(&mut self) {
        self.step += 1;
        if self.step.is_multiple_of(5) {
            return self.enqueue().await;
        }
        let id = self.ids[self.step * 7_919 % self.ids.len()];
        let row = self.store.find(id).await.unwrap().unwrap();
        if row.state().is_terminal() {
            self.store.retry(self.store.db(), id, &RETRY).await.unwrap();
        } else if row.started_on.is_some() {
            let projection = Projection::new(3);
            let ending = Ending::Failed("broken".into());
            let conclusion = RunConclusion {
                ending: &ending,
                traceback: None,
                projection: &projection,
                log: &[],
            };
            self.store.finish_run(&row.claimed(&KIND), conclusion, None).await.unwrap();
        } else {
            self.store.claim(id, "w", LEASE).await.unwrap();
        }
    }

    async fn all(&self, sort: ListSort) -> Vec<Model> {
        self.store.list(&filter(sort, PagePosition::Start), 10_000, Columns::All).await.unwrap()
    }

    async fn positions(&self, sort: ListSort) -> HashMap<OperationId, SortKey> {
        let rows = self.all(sort).await;
        rows.iter().map(|row| (row.operation_id(), SortKey::of(sort, row))).collect()
    }
}

fn filter(sort: ListSort, position: PagePosition) -> ListFilter {
    ListFilter::new().with_sort(sort).with_cursor(PageCursor(position))
}

/// Returns the sort key of a row as a value that grows from row to row.
fn rank(sort: ListSort, row: &Model) -> (i64, i128) {
    let nanos = |on: chrono::DateTime<Utc>| on.timestamp_nanos_opt().unwrap();
    let id = row.id.as_u128().cast_signed();
    match sort {
        ListSort::Newest => (0, -id),
        ListSort::Oldest => (0, id),
        ListSort::LastFinished => (-nanos(row.finished_on.unwrap()), -id),
        ListSort::LongestRunning => (nanos(row.started_on.unwrap()), id),
    }
}

/// Asserts that every operation that kept its position in the list was seen on exactly one page.
#[track_caller]
fn assert_each_once(
    seen: &[OperationId],
    before: &HashMap<OperationId, SortKey>,
    after: &HashMap<OperationId, SortKey>,
    what: &str,
) {
    let stayed: Vec<_> = before.iter().filter(|(id, key)| after.get(*id) == Some(key)).collect();
    assert!(stayed.len() > 2, "{what}: too few operations kept their position for a test");
    for (id, key) in stayed {
        let times = seen.iter().filter(|seen| *seen == id).count();
        assert_eq!(times, 1, "{what}: {id} at {key} was on {times} pages");
    }
}

on_every_database! {
    async fn every_order_sorts_by_its_time_and_then_by_id(db: TestDatabase) {
        let world = World::new(&db).await;
        for sort in ListSort::ALL {
            let ranks: Vec<_> = world.all(sort).await.iter().map(|row| rank(sort, row)).collect();
            assert!(ranks.len() > 3, "{sort} lists too few operations to check their order: {}", ranks.len());
            assert!(ranks.windows(2).all(|pair| pair[0] < pair[1]), "{sort}: {ranks:?}");
        }
    }

    async fn a_row_that_keeps_its_position_is_on_exactly_one_page(db: TestDatabase) {
        let mut world = World::new(&db).await;
        for (sort, len) in ListSort::ALL.into_iter().flat_map(|sort| [(sort, 1), (sort, 4)]) {
            // Reads all pages forwards, then backwards, and changes operations between two pages. The number
            // of changes is limited, so that the list has an end.
            let mut position = PagePosition::Start;
            for direction in ["forwards", "backwards"] {
                let what = format!("{sort}, pages of {len}, {direction}");
                let before = world.positions(sort).await;
                let (mut seen, mut happened) = (Vec::new(), 0);
                loop {
                    let page = world.store.list_page(&filter(sort, position), len, Columns::Small).await.unwrap();
                    let mut ids: Vec<_> = page.rows.iter().map(Model::operation_id).collect();
                    assert!(ids.len() as u64 <= len, "{what}");
                    if direction == "backwards" {
                        ids.reverse();
                    }
                    seen.extend(ids);
                    let next = match direction {
                        "forwards" => page.next,
                        _ => page.previous,
                    };
                    let Some(next) = next else { break };
                    position = next;
                    if happened < 12 {
                        world.step().await;
                        happened += 1;
                    }
                }
                assert_each_once(&seen, &before, &world.positions(sort).await, &what);
                position = PagePosition::End;
            }
        }
    }

    async fn a_list_of_several_states_is_one_list_in_its_order(db: TestDatabase) {
        let world = World::new(&db).await;
        let states = [OperationState::FinishedError, OperationState::NotStarted, OperationState::FinishedError];
        for sort in ListSort::ALL {
            let all = world.all(sort).await;
            let expected: Vec<_> = all.into_iter().filter(|row| states.contains(&row.state())).collect();
            assert_eq!(expected.is_empty(), sort == ListSort::LongestRunning);
            let list = |position| filter(sort, position).with_states(states);
            let rows = world.store.list(&list(PagePosition::Start), 10_000, Columns::All).await.unwrap();
            assert_eq!(rows, expected, "{sort}");
            assert_eq!(world.store.count(&list(PagePosition::Start)).await.unwrap(), rows.len() as u64);
            let mut walked = Vec::new();
            let mut next = Some(PagePosition::Start);
            while let Some(position) = next {
                let page = world.store.list_page(&list(position), 3, Columns::All).await.unwrap();
                (walked, next) = ([walked, page.rows].concat(), page.next);
            }
            assert_eq!(walked, expected, "{sort}");
            let searched = list(PagePosition::Start).with_search("ann");
            let page = world.store.list_page(&searched, 10_000, Columns::All).await.unwrap();
            assert_eq!(page.rows, expected, "{sort}");
        }
        let all = ListFilter::new().with_states(OperationState::ALL);
        assert_eq!(world.store.list(&all, 10_000, Columns::All).await.unwrap(), world.all(ListSort::Newest).await);
    }

    async fn a_page_links_to_its_neighbours_only(db: TestDatabase) {
        let world = World::new(&db).await;
        let list = async |position| {
            let filter = filter(ListSort::Newest, position);
            world.store.list_page(&filter, 10, Columns::All).await.unwrap()
        };
        let first = list(PagePosition::Start).await;
        assert_eq!((first.rows.len(), first.previous), (10, None));
        let second = list(first.next.unwrap()).await;
        let back = list(second.previous.unwrap()).await;
        assert_eq!((&back.rows, back.previous), (&first.rows, None));
        assert_eq!(back.next, first.next);

        let all = world.all(ListSort::Newest).await;
        let last = SortKey::of(ListSort::Newest, all.last().unwrap());
        let behind = list(PagePosition::After(last)).await;
        assert_eq!((behind.rows, behind.next), (vec![], None));
        let end = list(behind.previous.unwrap()).await;
        assert_eq!((end.rows.last(), end.next), (all.last(), None), "the last page ends with the last row");
        let first = SortKey::of(ListSort::Newest, &all[0]);
        let in_front = list(PagePosition::Before(first)).await;
        assert_eq!((in_front.rows, in_front.next), (vec![], Some(PagePosition::Start)));
    }

    async fn a_cursor_of_another_order_selects_no_rows(db: TestDatabase) {
        let world = World::new(&db).await;
        let key = SortKey::of(ListSort::Newest, &world.all(ListSort::Newest).await[3]);
        for position in [PagePosition::After(key), PagePosition::Before(key)] {
            let filter = filter(ListSort::LastFinished, position);
            assert_eq!(world.store.list(&filter, 10, Columns::All).await.unwrap(), []);
        }
    }

    async fn a_search_finds_letters_of_any_script_as_they_are(db: TestDatabase) {
        let world = World::new(&db).await;
        let owned_by = async |owner: &str| {
            let new = NewOperation::new(&Steps {}, owner).unwrap();
            world.store.insert(world.store.db(), new).await.unwrap().operation_id()
        };
        let (zaneta, elodie) = (owned_by("Żaneta").await, owned_by("ÉLODIE_1").await);
        let found = async |search: &str| {
            let filter = ListFilter::new().with_search(search);
            let rows = world.store.list(&filter, 10, Columns::All).await.unwrap();
            rows.iter().map(Model::operation_id).collect::<Vec<_>>()
        };
        let searches = [("Ża", zaneta), ("ANETA", zaneta), ("ÉLODIE_", elodie), ("lodie_1", elodie)];
        for (search, id) in searches {
            assert_eq!(found(search).await, [id], "{search}");
        }
        for unmatched in ["É%", "ÉLODIE%1", "Ż_n"] {
            assert_eq!(found(unmatched).await, [], "{unmatched}");
        }
    }

    async fn creation_times_are_compared_by_id(db: TestDatabase) {
        let world = World::new(&db).await;
        let now = Utc::now();
        let made = async |on: chrono::DateTime<Utc>| {
            let ms = u128::try_from(on.timestamp_millis()).unwrap();
            let mut new = NewOperation::new(&Steps {}, "bob").unwrap();
            new.id = OperationId::from(Uuid::from_u128((ms << 80) | 7));
            world.store.insert(world.store.db(), new).await.unwrap().operation_id()
        };
        let day = now - TimeDelta::days(1);
        let (older, on_it) = (made(day - TimeDelta::milliseconds(1)).await, made(day).await);
        let found = async |change: fn(&mut ListFilter, chrono::DateTime<Utc>)| {
            let mut filter = ListFilter::new().with_owner("bob");
            change(&mut filter, day);
            let rows = world.store.list(&filter, 10, Columns::All).await.unwrap();
            rows.iter().map(Model::operation_id).collect::<Vec<_>>()
        };
        assert_eq!(found(|filter, on| filter.made_since = Some(on)).await, [on_it]);
        assert_eq!(found(|filter, on| filter.made_before = Some(on)).await, [older]);
        let extremes = |filter: &mut ListFilter, _| {
            filter.made_since = Some(chrono::DateTime::<Utc>::MIN_UTC);
            filter.made_before = Some(chrono::DateTime::<Utc>::MAX_UTC);
        };
        assert_eq!(found(extremes).await, [on_it, older]);
    }

    async fn the_last_ended_of_a_day_include_those_whose_end_has_the_time_of_a_slower_clock(db: TestDatabase) {
        let store = store(&db).await;
        let day = Utc::now() - TimeDelta::days(1);
        let mut ids = Vec::new();
        // The clock of the process that ended the second operation was more than an hour slow.
        for minutes in [59, 61] {
            let id = enqueued(&store).await;
            Entity::update_many()
                .filter(Column::Id.eq(id.as_uuid()))
                .col_expr(Column::FinishedOn, Expr::value(day - TimeDelta::minutes(minutes)))
                .exec(store.db())
                .await
                .unwrap();
            ids.push(id);
        }
        for (sort, expected) in [(ListSort::LastFinished, &ids[..1]), (ListSort::Oldest, &ids[..])] {
            let list = filter(sort, PagePosition::Start).with_made_since(day);
            let rows = store.list(&list, 10, Columns::All).await.unwrap();
            assert_eq!(rows.iter().map(Model::operation_id).collect::<Vec<_>>(), expected);
        }
    }
}
