use sea_orm::{
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, ExprTrait, Func, LikeExpr},
};

use super::{Column, Entity, transition::is_in};
use crate::operation::{OperationId, OperationState, UserId};

/// Which operations to list.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ListFilter {
    /// Those of this owner; everybody's if there is none.
    pub owner: Option<UserId>,
    /// Those in this state.
    pub state: Option<OperationState>,
    /// Those of this type.
    pub op_type: Option<String>,
    /// Those with this text in their type, owner or status, or with this id.
    pub search: Option<String>,
    /// Those made before this one: where the page before ended.
    pub before: Option<OperationId>,
}

impl ListFilter {
    /// The query: newest first, at most `limit`.
    pub(super) fn select(&self, limit: u64) -> Select<Entity> {
        let mut condition = Condition::all();
        if let Some(owner) = &self.owner {
            condition = condition.add(Column::Owner.eq(owner.as_str()));
        }
        if let Some(state) = self.state {
            condition = condition.add(is_in(state));
        }
        if let Some(op_type) = &self.op_type {
            condition = condition.add(Column::OpType.eq(op_type));
        }
        if let Some(search) = &self.search {
            condition = condition.add(matches(search));
        }
        if let Some(before) = self.before {
            condition = condition.add(Column::Id.lt(before.as_uuid()));
        }
        Entity::find().filter(condition).order_by_desc(Column::Id).limit(limit)
    }
}

fn matches(search: &str) -> Condition {
    if let Ok(id) = search.parse::<OperationId>() {
        return Condition::all().add(Column::Id.eq(id.as_uuid()));
    }
    let escaped: String = search
        .to_lowercase()
        .chars()
        .flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c]))
        .collect();
    let contains = |column: Column| {
        let pattern = LikeExpr::new(format!("%{escaped}%")).escape('\\');
        Expr::expr(Func::lower(Expr::col(column))).like(pattern)
    };
    Condition::any()
        .add(contains(Column::OpType))
        .add(contains(Column::Owner))
        .add(contains(Column::StatusText))
}
