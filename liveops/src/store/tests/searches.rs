//! Searches of large tables, page by page.

use super::{
    database::on_every_database,
    operations::{fill, store},
};
use crate::{
    operation::{ListSort, OperationState},
    store::{Columns, ListFilter, PageCursor, PagePosition, Store},
};

/// Reads every page of a search, and returns the status texts in the order of the list with the number of pages.
async fn read_all(store: &Store, filter: &ListFilter, from: PagePosition) -> (Vec<String>, usize) {
    let (mut found, mut pages, mut position) = (Vec::new(), 0, Some(from));
    while let Some(at) = position {
        let filter = filter.clone().with_cursor(PageCursor(at));
        let page = store.list_page(&filter, 50, Columns::Small).await.unwrap();
        assert!(page.rows.len() <= 50);
        pages += 1;
        let texts = page.rows.into_iter().map(|row| row.status_text);
        if from == PagePosition::End {
            position = page.previous;
            found.extend(texts.rev());
        } else {
            position = page.next;
            found.extend(texts);
        }
    }
    (found, pages)
}

on_every_database! {
    async fn a_search_finds_every_match_once_in_pages_of_limited_cost(db: TestDatabase) {
        let store = store(&db).await;
        fill(&store).await;
        // Many matches, one near each end of the table, a few, and none.
        for (search, count) in [("row 7", 1_111), ("w 59999", 1), ("row 1234", 11), ("row 60001", 1), ("no such text", 0)] {
            for sort in [ListSort::Newest, ListSort::Oldest] {
                let filter = ListFilter::new().with_search(search).with_sort(sort);
                let (found, pages) = read_all(&store, &filter, PagePosition::Start).await;
                assert_eq!(found.len(), count, "{search}");
                assert!(found.iter().all(|text| text.contains(search)));
                assert!(found.is_sorted_by_key(|text| {
                    let number: i32 = text.trim_start_matches("row ").parse().unwrap();
                    if sort == ListSort::Newest { -number } else { number }
                }));
                // The table has six times as many rows as the search of one page reads.
                assert!((6..=count / 50 + 7).contains(&pages), "{pages} pages of {search}");
                let (mut back, _) = read_all(&store, &filter, PagePosition::End).await;
                back.reverse();
                assert_eq!(back, found, "{search} backwards");
            }
        }
    }

    async fn a_search_reads_only_what_the_other_filters_leave(db: TestDatabase) {
        let store = store(&db).await;
        fill(&store).await;
        let filter = ListFilter::new()
            .with_search("ROW")
            .with_owner("user_7")
            .with_state(OperationState::FinishedOk);
        let (found, pages) = read_all(&store, &filter, PagePosition::Start).await;
        assert_eq!((found.len(), pages), (80, 2));
    }
}
