//! The rescue of a run whose lease has expired.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use tokio::{runtime::Handle, sync::Semaphore};

use crate::{
    event::{Ending, Event},
    language::Text,
    metrics::{RescueOutcome, record_operation_ended, run_rescued},
    operation::OperationId,
    runner::{WakeUp, engine::Engine},
    store::{Lease, LostAttempt, Model, RunConclusion, Store, StoreError},
};

/// Maximum number of rescues at once.
pub(in crate::runner) const RESCUES_MAX: usize = 4;

/// Time that a rescue has at least, also if leases are short: nothing waits for a rescue.
pub(in crate::runner) const RESCUE_WAIT: Duration = Duration::from_secs(2);

/// The rescues of this process, each in a task on the runtime of the application, so that a slow one
/// delays neither the heartbeat nor the others.
pub(super) struct Rescues {
    engine: Weak<Engine>,
    application: Handle,
    turns: Arc<Semaphore>,
    /// The operations with a rescue under way.
    under_way: Arc<Mutex<HashSet<OperationId>>>,
}

impl Rescues {
    pub(super) fn new(engine: Weak<Engine>, application: Handle) -> Self {
        let turns = Arc::new(Semaphore::new(RESCUES_MAX));
        Self { engine, application, turns, under_way: Arc::default() }
    }

    /// Begins to rescue the runs of these leases, apart from those with a rescue under way.
    pub(super) fn begin(&self, expired: Vec<Lease>) {
        for lease in expired {
            if !lock(&self.under_way).insert(lease.id) {
                continue;
            }
            let guard = UnderWay { rescues: self.under_way.clone(), id: lease.id };
            let (engine, turns) = (self.engine.clone(), self.turns.clone());
            self.application.spawn(async move {
                let under_way = guard;
                // The semaphore is never closed.
                let _turn = turns.acquire().await.ok();
                let Some(engine) = engine.upgrade() else { return };
                if let Err(error) = rescue(&engine, lease).await {
                    tracing::warn!(
                        id = %lease.id,
                        attempt = %lease.attempt,
                        error = &error as &dyn std::error::Error,
                        "could not rescue a run whose worker stopped responding; retrying"
                    );
                }
                if under_way.was_last() {
                    engine.rescue_connections.close_kept();
                }
            });
        }
    }
}

/// The entry of a rescue under way, removed when dropped.
struct UnderWay {
    rescues: Arc<Mutex<HashSet<OperationId>>>,
    id: OperationId,
}

impl UnderWay {
    /// Removes the entry. Returns `true` if no rescue is left.
    fn was_last(self) -> bool {
        let mut rescues = lock(&self.rescues);
        rescues.remove(&self.id);
        rescues.is_empty()
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        lock(&self.rescues).remove(&self.id);
    }
}

fn lock(rescues: &Mutex<HashSet<OperationId>>) -> std::sync::MutexGuard<'_, HashSet<OperationId>> {
    rescues.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes over a run whose lease has expired. The operation goes back into the queue if another attempt
/// is allowed, and ends otherwise.
///
/// The decision depends on the row alone, so a process also rescues operations whose type it does not know: a
/// worker that knows the type runs the next attempt.
async fn rescue(engine: &Engine, lease: Lease) -> Result<(), StoreError> {
    let take_over = |store| take_over(engine, store, lease);
    let taken_over = engine.rescue_connections.run("rescue a run", take_over).await?;
    let Some(TakenOver { row, rescued, then }) = taken_over else { return Ok(()) };
    let op_type = engine.presenter.metric_op_type(&row);
    record_operation_ended(op_type, rescued.state());
    run_rescued(op_type, then);
    engine.dispatcher.wake();
    tracing::warn!(
        op_type = row.op_type,
        id = %lease.id,
        attempt = %lease.attempt,
        worker = row.worker,
        state = %rescued.state(),
        "rescued a run whose worker stopped responding"
    );
    engine.publisher.publish_row(&rescued).await;
    engine.wake_workers(WakeUp::of(&rescued)).await;
    Ok(())
}

/// The result of a rescue.
struct TakenOver {
    /// The row before the rescue.
    row: Model,
    rescued: Model,
    then: RescueOutcome,
}

/// Returns `None` if the run is not lost, or another process acted first.
async fn take_over(
    engine: &Engine,
    store: Store,
    lease: Lease,
) -> Result<Option<TakenOver>, StoreError> {
    let Some(row) = store.find(lease.id).await? else { return Ok(None) };
    let (rescued, then) = match ending(engine, &row) {
        None => {
            let message = engine.presenter.language(&row).translate(Text::WorkerLost);
            let kind = engine.presenter.kind_of(&row);
            let lost = LostAttempt {
                claimed: &row.claimed(&kind),
                projection: &row.projection(&kind),
                traceback: &traceback(&row, lease),
            };
            (store.rescue(lease, lost, &message).await?, RescueOutcome::AnotherAttempt)
        }
        Some(ending) => {
            (give_up(engine, &store, &row, lease, ending).await?, RescueOutcome::GivenUp)
        }
    };
    Ok(rescued.map(|rescued| TakenOver { row, rescued, then }))
}

/// Returns the ending of the operation if no other attempt is allowed.
fn ending(engine: &Engine, row: &Model) -> Option<Ending> {
    let attempts = row.attempts();
    let failed = |text| Ending::Failed(engine.presenter.language(row).translate(text).into());
    let rescues = u32::try_from(row.rescues).unwrap_or(0) + 1;
    if row.cancel_requested {
        Some(Ending::Cancelled)
    } else if attempts.number >= attempts.max {
        Some(failed(Text::WorkerLost))
    } else if rescues >= engine.config.rescues_max {
        Some(failed(Text::WorkerLostEachTime))
    } else {
        None
    }
}

async fn give_up(
    engine: &Engine,
    store: &Store,
    row: &Model,
    lease: Lease,
    ending: Ending,
) -> Result<Option<Model>, StoreError> {
    let kind = &engine.presenter.kind_of(row);
    let mut projection = row.projection(kind);
    projection.apply(Event::Ended(ending.clone()));
    let traceback = Some(traceback(row, lease));
    let projection = &projection;
    let conclusion = RunConclusion { ending: &ending, traceback, projection, log: &[] };
    store.give_up(lease, (&row.op_type, &row.claimed(kind)), conclusion).await
}

/// Returns the error details for staff.
fn traceback(row: &Model, lease: Lease) -> String {
    let worker = row.worker.as_deref().unwrap_or("unknown");
    format!(
        "worker `{worker}` of attempt {} did not renew its lease until {} (by its clock)",
        lease.attempt, lease.until,
    )
}
