//! The operations before and after an operation in its chain, as far as a viewer may see them.

use serde::Serialize;
use uuid::Uuid;

use crate::{
    operation::OperationId,
    runner::Engine,
    store::{Model, StoreError},
    web::auth::viewer::Viewer,
};

/// The operations before and after an operation in its chain, as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct ChainJson {
    chained_from: Option<OperationId>,
    chained_to: Option<OperationId>,
}

impl ChainJson {
    /// Returns the operations that `row` names, also those that were pruned: for staff.
    pub(crate) fn of(row: &Model) -> Self {
        Self {
            chained_from: row.chained_from.map(OperationId::from),
            chained_to: row.chained_to.map(OperationId::from),
        }
    }

    /// Returns the operations that exist and that the viewer may see. Staff see all that `row` names.
    pub(in crate::web) async fn visible(
        engine: &Engine,
        viewer: &Viewer,
        row: &Model,
    ) -> Result<Self, StoreError> {
        if viewer.is_staff {
            return Ok(Self::of(row));
        }
        let id = |row: Option<Model>| row.map(|row| row.operation_id());
        Ok(Self {
            chained_from: id(find(engine, viewer, row.chained_from).await?),
            chained_to: id(find(engine, viewer, row.chained_to).await?),
        })
    }
}

/// Returns the small columns of an operation. Returns `None` if the operation does not exist, or if the viewer may not
/// see it.
pub(in crate::web) async fn find(
    engine: &Engine,
    viewer: &Viewer,
    id: Option<Uuid>,
) -> Result<Option<Model>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    let row = engine.store.find(id.into()).await?;
    Ok(row.filter(|row| engine.access.may_see(viewer, row)))
}
