use std::{any::Any, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::task::JoinError;

use crate::{
    error::{RunError, RunResult},
    event::Ending,
    operation::OperationId,
};

/// How a run ended, for its owner and for staff.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) ending: Ending,
    pub(super) traceback: Option<String>,
    /// Whether there is no other attempt after this, even if there might be.
    pub(super) is_final: bool,
}

impl Outcome {
    /// What the task of a run came to.
    pub(super) fn of(id: OperationId, joined: Result<RunResult<Value>, JoinError>) -> Self {
        match joined {
            Ok(Ok(output)) => Self::of_ending(Ending::Finished(Arc::new(output))),
            Ok(Err(error)) => Self::of_error(id, &error),
            Err(error) => Self::of_join_error(id, error),
        }
    }

    pub(super) fn of_error(id: OperationId, error: &RunError) -> Self {
        if error.is_cancelled() {
            return Self::cancelled();
        }
        let message = match error.user_message() {
            Some(message) => message.into(),
            None => neutral_message(id),
        };
        Self {
            traceback: Some(error.traceback()),
            is_final: error.is_final(),
            ..Self::of_ending(Ending::Failed(message))
        }
    }

    /// The run was asked to stop, and did or was made to.
    pub(super) fn cancelled() -> Self {
        Self::of_ending(Ending::Cancelled)
    }

    /// The run was stopped because it took longer than `timeout`.
    pub(super) fn timed_out(timeout: Duration) -> Self {
        let message = format!("It was stopped because it took longer than {timeout:?}.");
        Self {
            traceback: Some(format!("timed out after {timeout:?}")),
            ..Self::of_ending(Ending::Failed(message.into()))
        }
    }

    fn of_ending(ending: Ending) -> Self {
        Self { ending, traceback: None, is_final: false }
    }

    fn of_join_error(id: OperationId, error: JoinError) -> Self {
        let traceback = match error.try_into_panic() {
            Ok(payload) => format!("panicked: {}", panic_message(&*payload)),
            Err(_) => "the run was aborted".to_owned(),
        };
        Self { traceback: Some(traceback), ..Self::of_ending(Ending::Failed(neutral_message(id))) }
    }
}

/// What an owner reads about an error that is none of theirs.
fn neutral_message(id: OperationId) -> Arc<str> {
    format!("Something went wrong. If it happens again, tell support this number: {id}").into()
}

fn panic_message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("with something that is no text")
}
