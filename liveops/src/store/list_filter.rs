use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, ExprTrait, Func, LikeExpr, Order},
};
use uuid::Uuid;

use super::{
    Column, Entity, PageCursor,
    list_key::{column, direction},
    transition::is_in,
};
use crate::operation::{ListSort, OperationId, OperationState, UserId};

/// Which operations to list.
///
/// # Pages
///
/// A page begins behind, or ends before, the [position](Self::position) of a row in the order. A row that is
/// listed all the time, and keeps its place, is on exactly one of the pages that lead from one end of
/// the list to the other, whatever is added and changed meanwhile. By id, [`ListSort::Newest`] and
/// [`ListSort::Oldest`], no row changes its place. A row that does, because it ended, or was started
/// once more, between two pages, is where it is by then: on a page that is yet to be read, on one that
/// was read already, or on both.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ListFilter {
    /// Those of this owner; everybody's if there is none.
    pub owner: Option<UserId>,
    /// Those in this state.
    pub state: Option<OperationState>,
    /// Those of this type.
    pub op_type: Option<String>,
    /// Those with this text in their type, owner or status, or with this id. Capital letters are found as
    /// small ones too; in SQLite only those of ASCII are.
    pub search: Option<String>,
    /// Those made before this one, in whichever order they are listed.
    pub before: Option<OperationId>,
    /// Those made at this moment or later: to the millisecond, as their ids say.
    pub made_since: Option<DateTime<Utc>>,
    /// Those made before this moment: to the millisecond, as their ids say.
    pub made_before: Option<DateTime<Utc>>,
    /// In which order.
    pub sort: ListSort,
    /// Which part of the list.
    pub position: PagePosition,
}

/// Which part of a sorted list to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PagePosition {
    /// What it begins with.
    #[default]
    Start,
    /// What comes next after this place. Nothing does after a place in
    /// [another order](PageCursor::is_of).
    After(PageCursor),
    /// What comes last before this place. Nothing does before a place in
    /// [another order](PageCursor::is_of).
    Before(PageCursor),
    /// What it ends with.
    End,
}

impl PagePosition {
    /// Whether the list is read from its end to its beginning.
    pub(super) fn is_backwards(self) -> bool {
        matches!(self, Self::Before(_) | Self::End)
    }
}

impl ListFilter {
    /// The query: at most `limit`, and backwards if the place is.
    pub(super) fn select(&self, limit: u64) -> Select<Entity> {
        let order = match (direction(self.sort), self.position.is_backwards()) {
            (Order::Desc, false) | (Order::Asc, true) => Order::Desc,
            _ => Order::Asc,
        };
        let mut query = Entity::find().filter(self.condition()).filter(self.sorted());
        query = match self.position {
            PagePosition::Start | PagePosition::End => query,
            PagePosition::After(key) | PagePosition::Before(key) => {
                query.filter(self.beyond(key, &order))
            }
        };
        if let Some(column) = column(self.sort) {
            query = query.order_by(column, order.clone());
        }
        query.order_by(Column::Id, order).limit(limit)
    }

    fn condition(&self) -> Condition {
        Condition::all()
            .add_option(self.owner.as_ref().map(|owner| Column::Owner.eq(owner.as_str())))
            .add_option(self.state.map(is_in))
            .add_option(self.op_type.as_ref().map(|op_type| Column::OpType.eq(op_type)))
            .add_option(self.search.as_deref().map(matches))
            .add_option(self.before.map(|before| Column::Id.lt(before.as_uuid())))
            .add_option(self.made_since.map(|on| Column::Id.gte(first_id_of(on))))
            .add_option(self.made_before.map(|on| Column::Id.lt(first_id_of(on))))
    }

    /// The rows that have a place in the order.
    fn sorted(&self) -> Condition {
        match self.sort {
            ListSort::Newest | ListSort::Oldest => Condition::all(),
            ListSort::LastFinished => Condition::all().add(Column::FinishedOn.is_not_null()),
            ListSort::LongestRunning => is_in(OperationState::Started),
        }
    }

    /// The rows that come after `key` when they are read in `order`.
    fn beyond(&self, key: PageCursor, order: &Order) -> Condition {
        if !key.is_of(self.sort) {
            return Condition::all().add(Expr::value(1).eq(0));
        }
        let is_desc = *order == Order::Desc;
        let id = key.id.as_uuid();
        let later_id = if is_desc { Column::Id.lt(id) } else { Column::Id.gt(id) };
        let Some((column, at)) = column(self.sort).zip(key.at) else {
            return Condition::all().add(later_id);
        };
        let (later, not_earlier) =
            if is_desc { (column.lt(at), column.lte(at)) } else { (column.gt(at), column.gte(at)) };
        // What either side of the other condition says: it is what an index is searched by.
        Condition::all().add(not_earlier).add(Condition::any().add(later).add(later_id))
    }
}

/// The smallest id that can be made in the millisecond of `on`.
fn first_id_of(on: DateTime<Utc>) -> Uuid {
    let ms = u64::try_from(on.timestamp_millis()).unwrap_or(0);
    // An id has 48 bits for it.
    Uuid::from_u128(u128::from(Ord::min(ms, (1 << 48) - 1)) << 80)
}

fn matches(search: &str) -> Condition {
    if let Ok(id) = search.parse::<OperationId>() {
        return Condition::all().add(Column::Id.eq(id.as_uuid()));
    }
    let (lowered, as_it_is) = (pattern(&search.to_lowercase()), pattern(search));
    // SQLite's `lower` leaves all but ASCII alone, so a `Ż` is only found as it was typed.
    let contains = |column: Column| {
        let lower = Expr::expr(Func::lower(Expr::col(column)));
        Condition::any().add(lower.like(lowered.clone())).add(column.like(as_it_is.clone()))
    };
    Condition::any()
        .add(contains(Column::OpType))
        .add(contains(Column::Owner))
        .add(contains(Column::StatusText))
}

/// What a column is like that has this text in it.
fn pattern(text: &str) -> LikeExpr {
    let escaped: String = text
        .chars()
        .flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c]))
        .collect();
    LikeExpr::new(format!("%{escaped}%")).escape('\\')
}
