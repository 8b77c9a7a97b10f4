//! The command `run`: one operation in this process, with its signals and exit codes.

use std::{future, process, process::ExitCode, thread, time::Duration};

use tokio::{task::spawn_blocking, time};
use tokio_util::sync::CancellationToken;

use super::{
    App,
    args::RunArgs,
    error::{CommandError, FAILED},
    input, locale, messages,
    output::{self, Printer},
    print, signals,
};
use crate::{
    operation::{NewOperation, OperationId, OperationState},
    publish::EventSender,
    runner::{EnqueueError, ForegroundOutcome, ForegroundRun, INTERRUPTED_RUN, LiveOps},
    store::Model,
};

/// Time for an aborted operation to stop.
const ABORT_TIMEOUT: Duration = Duration::from_secs(5);

/// Exit code that shells report for a process ended by Ctrl-C.
const INTERRUPTED: u8 = 130;

/// Exit code that shells report for a process ended by SIGTERM.
const TERMINATED: u8 = 143;

/// Runs an operation, prints its progress, and returns the exit code for its ending.
pub(super) async fn run(app: &App, run: RunArgs) -> Result<ExitCode, CommandError> {
    let liveops = app.liveops();
    let renderer = locale::renderer(liveops);
    let new = input::read(liveops.engine(), renderer.language(), &run)?;
    let printer = output::printer(run.json, &renderer);
    let (cancel, abort) = (CancellationToken::new(), CancellationToken::new());
    let signalled = handle_signals(liveops, app.grace_of_operations(), &cancel, &abort);
    let ran = tokio::select! {
        // Polled first, so that the signal handlers exist before the operation starts.
        biased;
        signalled = signalled => {
            let message = if signalled == TERMINATED { messages::LEFT_BEHIND } else { messages::DID_NOT_STOP };
            print::error(message);
            process::exit(signalled.into());
        }
        ran = show(liveops, new, printer, cancel.clone(), abort.clone()) => ran?,
    };
    let code = match ran {
        ForegroundOutcome::Existing(existing) => {
            Err(CommandError::new(messages::duplicate_exists(existing)))
        }
        ForegroundOutcome::Last(last) => exit_code(liveops, last).await,
    };
    liveops.shutdown(Duration::ZERO).await;
    if abort.is_cancelled() {
        // Returning would wait for a thread that the operation left running.
        process::exit(INTERRUPTED.into());
    }
    code
}

/// Runs an operation, and prints every event of the run.
async fn show(
    liveops: &LiveOps,
    new: NewOperation,
    printer: Box<dyn Printer>,
    cancel: CancellationToken,
    abort: CancellationToken,
) -> Result<ForegroundOutcome, EnqueueError> {
    let (events, received) = EventSender::new();
    // A thread of its own: writing to a slow reader of the output blocks.
    let writer = thread::spawn(move || output::write(printer, &received));
    let ran = liveops.run_in_foreground(new, ForegroundRun { events, cancel, abort }).await;
    let _ = spawn_blocking(move || writer.join()).await;
    ran
}

/// Cancels, aborts or interrupts the operation on signals. Returns the exit code when an aborted operation has
/// not stopped within [`ABORT_TIMEOUT`], or an interrupted one not before the end of the shutdown.
async fn handle_signals(
    liveops: &LiveOps,
    grace: Duration,
    cancel: &CancellationToken,
    abort: &CancellationToken,
) -> u8 {
    let interrupts = async {
        signals::interrupt().await;
        cancel.cancel();
        signals::interrupt().await;
        abort.cancel();
        tokio::select! {
            () = time::sleep(ABORT_TIMEOUT) => {}
            () = signals::interrupt() => process::exit(INTERRUPTED.into()),
        }
    };
    let terminated = async {
        signals::terminate().await;
        liveops.shutdown(grace).await;
        if liveops.engine().active_runs.is_idle() {
            // The caller gets the outcome of the run.
            future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = interrupts => INTERRUPTED,
        () = terminated => TERMINATED,
    }
}

/// Returns `true` if a shutdown has ended the operation.
fn is_interrupted(row: &Model) -> bool {
    row.traceback.as_deref() == Some(INTERRUPTED_RUN)
}

async fn exit_code(liveops: &LiveOps, id: OperationId) -> Result<ExitCode, CommandError> {
    let row = liveops.find(id).await?;
    let row = row.ok_or_else(|| CommandError::new(messages::unknown_operation(id)))?;
    let shuts_down = liveops.engine().active_runs.is_closing();
    match row.state() {
        OperationState::FinishedOk => Ok(ExitCode::SUCCESS),
        OperationState::FinishedError if shuts_down && is_interrupted(&row) => {
            Err(CommandError { message: messages::interrupted(id), exit_code: TERMINATED })
        }
        OperationState::FinishedError => {
            // The owner's message of an internal error is neutral; the traceback has the cause.
            if row.traceback != row.error_message {
                print::note(&messages::traceback_of(id));
            }
            Ok(ExitCode::from(FAILED))
        }
        OperationState::Cancelled => Ok(ExitCode::from(INTERRUPTED)),
        OperationState::NotStarted if shuts_down => {
            Err(CommandError { message: messages::handed_back(id), exit_code: TERMINATED })
        }
        // Another worker has already claimed the operation that was handed back.
        OperationState::Started if shuts_down => Err(CommandError {
            message: messages::moved_to_other_process(id),
            exit_code: TERMINATED,
        }),
        OperationState::NotStarted | OperationState::Started => {
            Err(CommandError::new(messages::moved_to_other_process(id)))
        }
    }
}
