//! Reads of rows without their large columns.

use serde_json::json;

use super::{
    database::on_every_database,
    operations::{LEASE, Steps, claim_of, enqueued, store},
};
use crate::{
    event::Ending,
    operation::{NewOperation, OperationId},
    projection::Projection,
    store::{Columns, ListFilter, Model, RunConclusion, Store},
};

/// Runs an operation to its end. Every large column of its row has a value.
pub(super) async fn ended(store: &Store) -> OperationId {
    let mut new = NewOperation::new(&Steps {}, "ann").unwrap();
    new.input = json!({ "rows": "r".repeat(1_000) });
    let row = store.enqueue(new).await.unwrap().into_row();
    let id = row.operation_id();
    store.claim(id, "w1", LEASE).await.unwrap().expect("it waits");
    let projection = Projection::new(3);
    let ending = Ending::Finished(json!({ "output": "o".repeat(1_000) }).into());
    let conclusion = RunConclusion {
        ending: &ending,
        traceback: Some("t".repeat(1_000)),
        projection: &projection,
        log: &[],
    };
    store.finish_run(&claim_of(id, 1), conclusion, None).await.unwrap().expect("it runs");
    id
}

/// Returns `row` with the empty values of `columns`.
fn without_large(row: Model, columns: Columns) -> Model {
    let row = match columns {
        Columns::All => return row,
        Columns::Json => row,
        Columns::Small => Model {
            result_context: None,
            result_order: None,
            traceback: None,
            stage_states: json!([]),
            stage_timings: None,
            ..row
        },
    };
    Model { input: json!(null), ..row }
}

on_every_database! {
    async fn a_row_without_its_large_columns_is_otherwise_whole(db: TestDatabase) {
        let store = store(&db).await;
        let whole = store.find(ended(&store).await).await.unwrap().unwrap();
        assert!(whole.input.to_string().len() > 1_000);
        for columns in [Columns::All, Columns::Json, Columns::Small] {
            let listed = store.list(&ListFilter::default(), 10, columns).await.unwrap();
            assert_eq!(listed, [without_large(whole.clone(), columns)], "{columns:?}");
        }
        let small = without_large(whole.clone(), Columns::Small);
        assert_eq!(store.find_small(whole.operation_id()).await.unwrap(), Some(small));
    }

    async fn the_outcome_of_an_end_has_the_small_columns(db: TestDatabase) {
        let store = store(&db).await;
        let next = NewOperation::new(&Steps {}, "ann").unwrap();
        for next in [None, Some(next)] {
            let id = enqueued(&store).await;
            store.claim(id, "w1", LEASE).await.unwrap().expect("it waits");
            let conclusion = RunConclusion {
                ending: &Ending::Finished(json!(7).into()),
                traceback: Some("why".into()),
                projection: &Projection::new(3),
                log: &[],
            };
            let ended = store.finish_run(&claim_of(id, 1), conclusion, next).await.unwrap();
            let whole = store.find(id).await.unwrap().unwrap();
            assert_eq!(whole.output::<u8>().unwrap(), Some(7));
            assert_eq!(ended, Some(without_large(whole, Columns::Small)));
        }
    }

    async fn a_list_does_not_read_the_large_columns(db: TestDatabase) {
        let backend = store(&db).await.backend();
        let large = ["input", "result_context", "traceback", "stage_states", "stage_timings"];
        for (columns, read) in [(Columns::All, 5), (Columns::Json, 4), (Columns::Small, 0)] {
            let query = ListFilter::default().select(columns, 50, backend);
            let sql = backend.build(&query).to_string();
            let of_the_table = |column: &&&str| sql.contains(&format!(r#""liveops_operation"."{column}""#))
                || sql.contains(&format!(r#", "{column}","#));
            assert_eq!(large.iter().filter(of_the_table).count(), read, "{columns:?}: {sql}");
        }
    }
}
