//! The position of a row in a sorted list, with its text form for URLs.
//!
//! Creation time is read from the ID, a UUID of version 7, which is part of the index of the list.

use std::{fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::sea_query::Order;

use super::{Column, Model};
use crate::{
    operation::{ListSort, OperationId},
    parse_error::ParseError,
};

/// The position of a row in a sorted list: its sort time and its ID.
///
/// The text form is safe in URLs and parses back to an equal key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SortKey {
    /// The time by which the list is sorted; `None` for an order by ID alone.
    pub(super) at: Option<DateTime<Utc>>,
    pub(super) id: OperationId,
}

impl SortKey {
    /// Returns the position of `row` in the order `sort`.
    pub(crate) fn of(sort: ListSort, row: &Model) -> Self {
        let at = match sort {
            ListSort::Newest | ListSort::Oldest => None,
            ListSort::LastFinished => row.finished_on,
            ListSort::LongestRunning => row.started_on,
        };
        Self { at, id: row.operation_id() }
    }

    /// Returns `true` if the key fits the order `sort`.
    pub(crate) fn is_of(self, sort: ListSort) -> bool {
        self.at.is_some() == column(sort).is_some()
    }
}

/// Returns the column that precedes the ID in the sort order. IDs alone sort by creation time.
pub(super) fn column(sort: ListSort) -> Option<Column> {
    match sort {
        ListSort::Newest | ListSort::Oldest => None,
        ListSort::LastFinished => Some(Column::FinishedOn),
        ListSort::LongestRunning => Some(Column::StartedOn),
    }
}

pub(super) fn direction(sort: ListSort) -> Order {
    match sort {
        ListSort::Newest | ListSort::LastFinished => Order::Desc,
        ListSort::Oldest | ListSort::LongestRunning => Order::Asc,
    }
}

impl fmt::Display for SortKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = self.at {
            write!(f, "{}_", at.to_rfc3339_opts(SecondsFormat::AutoSi, true))?;
        }
        self.id.fmt(f)
    }
}

/// The valid texts, for the error.
const EXPECTED: &str = "an ID, or a time and an ID separated by `_`";

impl FromStr for SortKey {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let refused = || ParseError::new(EXPECTED, text);
        let (at, id) = match text.split_once('_') {
            None => (None, text),
            Some((at, id)) => {
                let at = DateTime::parse_from_rfc3339(at).map_err(|_| refused())?;
                (Some(at.to_utc()), id)
            }
        };
        Ok(Self { at, id: id.parse().map_err(|_| refused())? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_read_back(nanos in proptest::option::of(any::<i64>()), id in any::<u128>()) {
            let id = OperationId::from(uuid::Uuid::from_u128(id));
            let key = SortKey { at: nanos.map(DateTime::from_timestamp_nanos), id };
            prop_assert_eq!(key.to_string().parse(), Ok(key));
        }

        #[test]
        fn no_text_panics(text in ".{0,60}") {
            if let Ok(key) = text.parse::<SortKey>() {
                prop_assert_eq!(key.to_string().parse(), Ok(key));
            }
        }
    }
}
