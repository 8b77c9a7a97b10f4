use std::{fmt, str::FromStr};

use chrono::{DateTime, SecondsFormat, Utc};
use sea_orm::sea_query::Order;

use super::{Column, Model};
use crate::operation::{ListSort, OperationId};

/// Where a row is in a list that is sorted: what it is sorted by, and its id.
///
/// As a text it goes into addresses, and reads back as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PageCursor {
    /// The moment it is sorted by; none where the id alone decides.
    pub(super) at: Option<DateTime<Utc>>,
    pub(super) id: OperationId,
}

impl PageCursor {
    /// Where `row` is in the order `sort`.
    pub fn of(sort: ListSort, row: &Model) -> Self {
        let at = match sort {
            ListSort::Newest | ListSort::Oldest => None,
            ListSort::LastFinished => row.finished_on,
            ListSort::LongestRunning => row.started_on,
        };
        Self { at, id: row.operation_id() }
    }

    /// Whether it says where in the order `sort` a row is.
    pub fn is_of(self, sort: ListSort) -> bool {
        self.at.is_some() == column(sort).is_some()
    }
}

/// What is sorted by before the id, which sorts by time itself.
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

impl fmt::Display for PageCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = self.at {
            write!(f, "{}_", at.to_rfc3339_opts(SecondsFormat::AutoSi, true))?;
        }
        self.id.fmt(f)
    }
}

/// A text that is no place in a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id, or a moment and an id with `_` between them, found `{found}`")]
pub struct ParsePageCursorError {
    found: String,
}

impl FromStr for PageCursor {
    type Err = ParsePageCursorError;

    fn from_str(text: &str) -> Result<Self, ParsePageCursorError> {
        let refused = || ParsePageCursorError { found: text.to_owned() };
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
            let key = PageCursor { at: nanos.map(DateTime::from_timestamp_nanos), id };
            prop_assert_eq!(key.to_string().parse(), Ok(key));
        }

        #[test]
        fn no_text_panics(text in ".{0,60}") {
            if let Ok(key) = text.parse::<PageCursor>() {
                prop_assert_eq!(key.to_string().parse(), Ok(key));
            }
        }
    }
}
