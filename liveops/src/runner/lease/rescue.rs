//! The rescue of a run whose lease has expired.

use crate::{
    event::{Ending, Event},
    language::Text,
    metrics::{RescueOutcome, record_operation_ended, run_rescued},
    runner::{WakeUp, engine::Engine},
    store::{Lease, Model, RunConclusion, StoreError},
};

/// Takes over a run whose lease has expired. The operation goes back into the queue if another attempt
/// is allowed, and ends otherwise.
///
/// The decision depends on the row alone, so a process also rescues operations whose type it does not know: a
/// worker that knows the type runs the next attempt.
pub(in crate::runner) async fn rescue(engine: &Engine, lease: Lease) -> Result<(), StoreError> {
    let Some(row) = engine.store.find(lease.id).await? else { return Ok(()) };
    let (rescued, then) = match ending(engine, &row) {
        None => {
            let lost = engine.presenter.language(&row).translate(Text::WorkerLost);
            (engine.store.rescue(lease, &lost).await?, RescueOutcome::AnotherAttempt)
        }
        Some(ending) => (give_up(engine, &row, lease, ending).await?, RescueOutcome::GivenUp),
    };
    let Some(rescued) = rescued else { return Ok(()) };
    let op_type = engine.presenter.metric_op_type(&row);
    record_operation_ended(op_type, rescued.state());
    run_rescued(op_type, then);
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
    row: &Model,
    lease: Lease,
    ending: Ending,
) -> Result<Option<Model>, StoreError> {
    let kind = &engine.presenter.kind_of(row);
    let mut projection = row.projection(kind);
    projection.apply(Event::Ended(ending.clone()));
    let worker = row.worker.as_deref().unwrap_or("unknown");
    let traceback = format!(
        "worker `{worker}` of attempt {} did not renew its lease until {} (by its clock)",
        lease.attempt, lease.until,
    );
    let conclusion = RunConclusion {
        ending: &ending,
        traceback: Some(traceback),
        projection: &projection,
        kind,
    };
    engine.store.give_up(lease, conclusion).await
}
