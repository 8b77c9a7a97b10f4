use std::{future, process, process::ExitCode, thread, time::Duration};

use tokio::{task::spawn_blocking, time};
use tokio_util::sync::CancellationToken;

use super::{
    App,
    args::Run,
    error::{FAILED, Failure},
    input, locale,
    output::{self, Printer},
    say, signals, words,
};
use crate::{
    operation::{NewOperation, OperationId, OperationState},
    publish::EventSender,
    runner::{EnqueueError, Foreground, LiveOps, RanHere},
};

/// How long an operation may take to stop that is aborted.
const ABORT_TIMEOUT: Duration = Duration::from_secs(5);

/// What a shell gives for a process that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// The same for SIGTERM.
const TERMINATED: u8 = 143;

/// Runs an operation, shows it, and gives the exit code that says how it ended.
pub(super) async fn run(app: &App, run: Run) -> Result<ExitCode, Failure> {
    let liveops = app.liveops();
    let renderer = locale::renderer(liveops);
    let new = input::read(liveops.engine(), renderer.language(), &run)?;
    let printer = output::printer(run.json, &renderer);
    let (cancel, abort) = (CancellationToken::new(), CancellationToken::new());
    let obeying = obey(liveops, app.grace_of_operations(), &cancel, &abort);
    let ran = tokio::select! {
        // Whoever presses Ctrl-C is heard from the first moment on.
        biased;
        () = obeying => {
            say::error(words::LEFT_BEHIND);
            process::exit(INTERRUPTED.into());
        }
        ran = show(liveops, new, printer, cancel.clone(), abort.clone()) => ran?,
    };
    let code = match ran {
        RanHere::Existing(same) => Err(Failure::new(words::same_is_there(same))),
        RanHere::Last(last) => exit_code(liveops, last).await,
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
) -> Result<RanHere, EnqueueError> {
    let (events, told) = EventSender::new();
    // A thread of its own, as whoever reads may take as long as they like.
    let written = thread::spawn(move || output::write(printer, &told));
    let ran = liveops.run_here(new, Foreground { events, cancel, abort }).await;
    let _ = spawn_blocking(move || written.join()).await;
    ran
}

/// Does what the signals ask for. Ends when the operation was aborted and does not stop.
async fn obey(
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

async fn exit_code(liveops: &LiveOps, id: OperationId) -> Result<ExitCode, Failure> {
    let row = liveops.find(id).await?;
    let row = row.ok_or_else(|| Failure::new(words::unknown_operation(id)))?;
    let shuts_down = liveops.engine().running.is_closing();
    match row.state() {
        OperationState::FinishedOk => Ok(ExitCode::SUCCESS),
        OperationState::FinishedError => {
            // Whoever is at the terminal may know more than what users are told.
            if row.traceback != row.error_message {
                say::note(&words::traceback_of(id));
            }
            Ok(ExitCode::from(FAILED))
        }
        OperationState::Cancelled => Ok(ExitCode::from(INTERRUPTED)),
        OperationState::NotStarted if shuts_down => {
            Err(Failure { message: words::handed_back(id), exit_code: TERMINATED })
        }
        // So soon did somebody else take it out of the queue.
        OperationState::Started if shuts_down => {
            Err(Failure { message: words::taken_over(id), exit_code: TERMINATED })
        }
        OperationState::NotStarted | OperationState::Started => {
            Err(Failure::new(words::taken_over(id)))
        }
    }
}
