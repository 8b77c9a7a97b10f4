use std::{
    collections::BTreeSet,
    mem,
    sync::{Mutex, MutexGuard, PoisonError, Weak},
};

use tokio::time;

use super::engine::Engine;
use crate::{
    channel::ListChange,
    operation::{OperationId, UserId},
    store::{RETRY_AFTER, StoreError},
};

/// How many operations are remembered, the newest of them. Pages of the others hear of it when they
/// have been quiet for long.
const COUNT_MAX: usize = 10_000;

/// What the channel layer was to be told while it could not be reached: told again until it can.
#[derive(Debug)]
pub(super) struct Untold {
    engine: Weak<Engine>,
    news: Mutex<News>,
}

#[derive(Debug, Default)]
struct News {
    /// Operations whose rows were not shown.
    operations: BTreeSet<OperationId>,
    /// Owners of lists that did not hear of a change.
    owners: BTreeSet<UserId>,
    /// Whether somebody sees to it.
    is_seen_to: bool,
}

impl Untold {
    pub(super) fn new(engine: Weak<Engine>) -> Self {
        Self { engine, news: Mutex::default() }
    }

    /// Shows the row of an operation as soon as that can be done.
    pub(super) fn operation(&self, id: OperationId) {
        let mut news = self.news();
        news.operations.insert(id);
        if news.operations.len() > COUNT_MAX {
            news.operations.pop_first();
        }
        self.see_to(&mut news);
    }

    /// Tells the lists with the operations of an owner that they changed, as soon as that can be
    /// done.
    pub(super) fn owner(&self, owner: UserId) {
        let mut news = self.news();
        news.owners.insert(owner);
        self.see_to(&mut news);
    }

    fn see_to(&self, news: &mut News) {
        if !news.is_seen_to {
            news.is_seen_to = true;
            tokio::spawn(tell(self.engine.clone()));
        }
    }

    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there is to tell; `None` ends the telling.
    fn take(&self) -> Option<(BTreeSet<OperationId>, BTreeSet<UserId>)> {
        let mut news = self.news();
        let operations = mem::take(&mut news.operations);
        let owners = mem::take(&mut news.owners);
        news.is_seen_to = !operations.is_empty() || !owners.is_empty();
        news.is_seen_to.then_some((operations, owners))
    }
}

/// Tells until everything is told.
async fn tell(engine: Weak<Engine>) {
    loop {
        time::sleep(RETRY_AFTER).await;
        let Some(engine) = engine.upgrade() else { return };
        let Some((operations, owners)) = engine.untold.take() else { return };
        for owner in owners {
            engine.announce(&owner, ListChange::Rows).await;
        }
        for id in operations {
            if let Err(error) = show(&engine, id).await {
                tracing::debug!(%id, error = &error as &dyn std::error::Error, "not shown");
                engine.untold.operation(id);
            }
        }
    }
}

async fn show(engine: &Engine, id: OperationId) -> Result<(), StoreError> {
    if let Some(row) = engine.store.find(id).await?
        && let Some(operation) = engine.registry.find(&row.op_type)
    {
        engine.show_row(operation, &row).await;
    }
    Ok(())
}
