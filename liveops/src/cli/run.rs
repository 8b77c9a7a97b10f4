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
    runner::{EnqueueError, ForegroundOutcome, ForegroundRun, LiveOps},
};

/// How long an operation may take to stop that is aborted.
const ABORT_TIMEOUT: Duration = Duration::from_secs(5);

/// What a shell gives for a process that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// The same for SIGTERM.
const TERMINATED: u8 = 143;

/// Runs an operation, shows it, and gives the exit code that says how it ended.
pub(super) async fn run(app: &App, run: RunArgs) -> Result<ExitCode, CommandError> {
    let liveops = app.liveops();
    let renderer = locale::renderer(liveops);
    let new = input::read(liveops.engine(), renderer.language(), &run)?;
    let printer = output::printer(run.json, &renderer);
    let (cancel, abort) = (CancellationToken::new(), CancellationToken::new());
    let obeying = handle_signals(liveops, app.grace_of_operations(), &cancel, &abort);
    let ran = tokio::select! {
        // Whoever presses Ctrl-C is heard from the first moment on.
        biased;
        () = obeying => {
            print::error(messages::DID_NOT_STOP);
            process::exit(INTERRUPTED.into());
        }
        ran = show(liveops, new, printer, cancel.clone(), abort.clone()) => ran?,
    };
    let code = match ran {
        ForegroundOutcome::Existing(same) => {
            Err(CommandError::new(messages::duplicate_exists(same)))
        }
        ForegroundOutcome::Last(last) => exit_code(liveops, last).await,
    };
    liveops.shutdown(Duration::ZERO).await;
    if abort.is_cancelled() {
        // A thread that the operation left behind is not waited for either.
        process::exit(INTERRUPTED.into());
    }
    code
}

/// Runs an operation, and has everything written that happens in it.
async fn show(
    liveops: &LiveOps,
    new: NewOperation,
    printer: Box<dyn Printer>,
    cancel: CancellationToken,
    abort: CancellationToken,
) -> Result<ForegroundOutcome, EnqueueError> {
    let (events, told) = EventSender::new();
    // A thread of its own, as whoever reads may take as long as they like.
    let written = thread::spawn(move || output::write(printer, &told));
    let ran = liveops.run_in_foreground(new, ForegroundRun { events, cancel, abort }).await;
    let _ = spawn_blocking(move || written.join()).await;
    ran
}

/// Does what the signals ask for. Ends when the operation was aborted and does not stop.
async fn handle_signals(
    liveops: &LiveOps,
    grace: Duration,
    cancel: &CancellationToken,
    abort: &CancellationToken,
) {
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
        future::pending::<()>().await;
    };
    tokio::select! {
        () = interrupts => {}
        () = terminated => {}
    }
}

async fn exit_code(liveops: &LiveOps, id: OperationId) -> Result<ExitCode, CommandError> {
    let row = liveops.find(id).await?;
    let row = row.ok_or_else(|| CommandError::new(messages::unknown_operation(id)))?;
    let shuts_down = liveops.engine().active_runs.is_closing();
    match row.state() {
        OperationState::FinishedOk => Ok(ExitCode::SUCCESS),
        OperationState::FinishedError => {
            // Whoever is at the terminal may know more than what users are told.
            if row.traceback != row.error_message {
                print::note(&messages::traceback_of(id));
            }
            Ok(ExitCode::from(FAILED))
        }
        OperationState::Cancelled => Ok(ExitCode::from(INTERRUPTED)),
        OperationState::NotStarted if shuts_down => {
            Err(CommandError { message: messages::handed_back(id), exit_code: TERMINATED })
        }
        // So soon did somebody else take it out of the queue.
        OperationState::Started if shuts_down => Err(CommandError {
            message: messages::moved_to_other_process(id),
            exit_code: TERMINATED,
        }),
        OperationState::NotStarted | OperationState::Started => {
            Err(CommandError::new(messages::moved_to_other_process(id)))
        }
    }
}
