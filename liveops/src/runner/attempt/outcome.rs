//! The outcome of an attempt: the ending for the owner, and the traceback for staff.
//!
//! The run is polled, its error is formatted and dropped, and the run itself is dropped, each under
//! [`panic::catch`](crate::panic::catch). So no panic of a run ends its supervisor.

use std::{
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use crate::{
    error::{RunError, RunResult},
    event::Ending,
    language::{Language, Text},
    operation::{FieldOrder, NewOperation, OperationId, json_len},
    panic::{self, Panicked},
    plain_text::without_sequences,
    progress::NextOperation,
    projection::{ERROR_BYTES_MAX, TRACEBACK_BYTES_MAX, kept},
    runner::Output,
};
use futures_util::{FutureExt, future::BoxFuture};
use serde_json::Value;

/// The ending of a run, with its traceback for staff.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) ending: Ending,
    /// The order of the fields of the output.
    pub(crate) order: FieldOrder,
    pub(crate) traceback: Option<String>,
    /// `true` if no other attempt may follow, even if `max_attempts` allows one.
    pub(crate) is_final: bool,
    /// A warning for the status line and the log, shown together with the ending.
    pub(crate) warning: Option<String>,
}

/// The traceback of a run that a shutdown has interrupted.
pub(crate) const INTERRUPTED_RUN: &str = "stopped by the shutdown of its worker";

/// Builds messages about internal errors, in the owner's language.
#[derive(Debug, Clone)]
pub(crate) struct OutcomeMessages {
    pub(crate) id: OperationId,
    pub(crate) language: Language,
}

impl OutcomeMessages {
    /// Returns the message that the owner reads about an internal error.
    fn internal_error(&self) -> String {
        self.with_id(Text::WentWrong)
    }

    fn with_id(&self, text: Text) -> String {
        self.language.translate_with(text, [("id", self.id.to_string().into())])
    }
}

/// The future of a run, with panics caught when it is polled and when it is dropped.
struct PanicBoundary<T> {
    run: Option<BoxFuture<'static, RunResult<T>>>,
}

impl Outcome {
    /// Returns the outcome of `run`: its result as converted by `to_outcome`, or its panic.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the run.
    pub(crate) async fn of_run<T>(
        messages: OutcomeMessages,
        run: BoxFuture<'static, RunResult<T>>,
        mut to_outcome: impl FnMut(&OutcomeMessages, RunResult<T>) -> Self,
    ) -> Self {
        let mut contained = PanicBoundary { run: Some(run) };
        // Conversion reads and drops the application's error, which may panic too.
        let mut to_outcome = |result| to_outcome(&messages, result);
        poll_fn(|cx| match panic::catch(|| contained.poll(cx).map(&mut to_outcome)) {
            Ok(polled) => polled,
            Err(panicked) => Poll::Ready(Self::of_panic(&messages, &panicked)),
        })
        .await
    }

    /// Returns the outcome of a run that the runtime has dropped.
    pub(super) fn lost(messages: &OutcomeMessages) -> Self {
        Self::failed(messages.internal_error(), "the runtime dropped the run before its end")
    }

    pub(crate) fn of_error(messages: &OutcomeMessages, error: &RunError) -> Self {
        if error.is_cancelled() {
            return Self::cancelled();
        }
        let message = error.user_message().map_or_else(|| messages.internal_error(), str::to_owned);
        Self { is_final: error.is_final(), ..Self::failed(message, &error.traceback()) }
    }

    /// Returns the outcome of a run that stopped, or was stopped, after a cancel request.
    pub(crate) fn cancelled() -> Self {
        Self::of_ending(Ending::Cancelled)
    }

    /// Returns the outcome of a run that was stopped because it took longer than `timeout`.
    pub(crate) fn timed_out(
        OutcomeMessages { language, .. }: &OutcomeMessages,
        timeout: Duration,
    ) -> Self {
        let time = language.duration(timeout);
        let message = language.translate_with(Text::TookTooLong, [("time", time.into())]);
        Self::failed(message, &format!("timed out after {timeout:?}"))
    }

    /// Returns the outcome of a run that a shutdown stopped and that may not run again.
    pub(super) fn interrupted(OutcomeMessages { language, .. }: &OutcomeMessages) -> Self {
        let message = language.translate(Text::Interrupted);
        let failed = Self::failed(message, INTERRUPTED_RUN);
        Self { is_final: true, ..failed }
    }

    /// Returns the outcome of a run that was stopped and still executes. No other attempt may begin beside
    /// the run.
    pub(crate) fn of_executing_run(self, messages: &OutcomeMessages) -> Self {
        let language = &messages.language;
        let ending = match self.ending {
            Ending::Failed(message) => {
                let may_execute = language.translate(Text::MayStillRun);
                Ending::Failed(format!("{message} {may_execute}").into())
            }
            ending => ending,
        };
        let warning = Some(language.translate(Text::CannotBeStopped));
        Self { ending, is_final: true, warning, ..self }
    }

    /// Returns the outcome with the next operation that a finished run asked for. If that operation
    /// does not serialize, cannot be stored or fails `check`, the outcome becomes a failure. After a cancel
    /// request no operation follows, and the outcome becomes a cancellation.
    pub(crate) fn with_next(
        self,
        messages: &OutcomeMessages,
        chain: Option<NextOperation>,
        cancel_requested: bool,
        check: impl FnOnce(&NewOperation) -> RunResult<()>,
    ) -> (Self, Option<NewOperation>) {
        let chain = chain.filter(|_| matches!(self.ending, Ending::Finished(_)));
        if chain.is_some() && cancel_requested {
            return (Self::cancelled(), None);
        }
        let checked = |next: NextOperation| {
            let next = next?;
            check_texts("the next operation's input", &next.input)?;
            check(&next).map(|()| next)
        };
        match chain.map(checked) {
            None => (self, None),
            Some(Ok(next)) => (self, Some(next)),
            Some(Err(error)) => (Self::of_error(messages, &error), None),
        }
    }

    fn of_ending(ending: Ending) -> Self {
        let order = FieldOrder::default();
        Self { ending, order, traceback: None, is_final: false, warning: None }
    }

    /// Returns the outcome of a result whose output may have at most `output_bytes_max` bytes as JSON.
    pub(crate) fn of_result(
        messages: &OutcomeMessages,
        result: RunResult<Output>,
        output_bytes_max: usize,
    ) -> Self {
        let kept = result.and_then(|output| {
            check_output(messages, &output.value, output_bytes_max)?;
            Ok(output)
        });
        match kept {
            Ok(Output { value, order }) => {
                Self { order, ..Self::of_ending(Ending::Finished(Arc::new(value))) }
            }
            Err(error) => Self::of_error(messages, &error),
        }
    }

    fn of_panic(messages: &OutcomeMessages, panicked: &Panicked) -> Self {
        Self::failed(messages.internal_error(), &panicked.to_string())
    }

    fn failed(message: String, traceback: &str) -> Self {
        let message = without_sequences(&message);
        let message = kept(&message, ERROR_BYTES_MAX);
        Self {
            traceback: Some(kept(&without_sequences(traceback), TRACEBACK_BYTES_MAX).into_owned()),
            ..Self::of_ending(Ending::Failed(message.into()))
        }
    }
}

impl<T> PanicBoundary<T> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<RunResult<T>> {
        self.run.as_mut().expect("the run is taken only on drop").poll_unpin(cx)
    }
}

impl<T> Drop for PanicBoundary<T> {
    fn drop(&mut self) {
        if let Err(panicked) = panic::catch(|| drop(self.run.take())) {
            tracing::error!(%panicked, "run panicked while it was dropped; its outcome stays");
        }
    }
}

/// An output that is too large to store.
#[derive(Debug, thiserror::Error)]
#[error("expected an output of at most {bytes_max} bytes as JSON, found {found}")]
struct TooLarge {
    bytes_max: usize,
    found: usize,
}

/// A text with NUL characters. PostgreSQL cannot store it, so it is refused with every database.
#[derive(Debug, thiserror::Error)]
#[error("expected {what} without NUL characters, which PostgreSQL cannot store, found one")]
struct ContainsNul {
    what: &'static str,
}

/// Checks that every database can store the output.
fn check_output(messages: &OutcomeMessages, output: &Value, bytes_max: usize) -> RunResult<()> {
    let found = json_len(output);
    if found > bytes_max {
        let message = messages.with_id(Text::ResultTooLarge);
        let error = RunError::user_because(message, TooLarge { bytes_max, found });
        return Err(error.without_next_attempt());
    }
    check_texts("an output", output)
}

/// Checks that every database can store the texts in `value`. `what` names the value in the error.
fn check_texts(what: &'static str, value: &Value) -> RunResult<()> {
    if has_nul(value) {
        Err(RunError::from(ContainsNul { what }).without_next_attempt())
    } else {
        Ok(())
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains('\0') || has_nul(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn outcome(result: RunResult<Value>, output_bytes_max: usize) -> Outcome {
        let messages = OutcomeMessages { id: OperationId::new(), language: Language::default() };
        let result = result.map(|value| Output { value, order: FieldOrder::default() });
        Outcome::of_result(&messages, result, output_bytes_max)
    }

    #[test]
    fn an_output_at_the_limit_is_kept_and_a_byte_more_is_an_error() {
        let output = json!({ "rows": ["\u{1}", "ż"] });
        let bytes = output.to_string().len();
        assert_eq!(
            outcome(Ok(output.clone()), bytes).ending,
            Ending::Finished(output.clone().into())
        );

        let Outcome { ending: Ending::Failed(message), traceback, .. } =
            outcome(Ok(output), bytes - 1)
        else {
            panic!("expected a failure, as the output is too large");
        };
        assert!(message.starts_with("The result is too large to be stored."), "{message}");
        let traceback = traceback.unwrap();
        let cause = format!(
            "caused by: expected an output of at most {} bytes as JSON, found {bytes}",
            bytes - 1
        );
        assert_eq!(traceback.lines().last(), Some(&*cause));
    }

    #[test]
    fn an_output_with_nul_characters_is_an_error() {
        for output in [json!("a\0b"), json!([{ "rows": ["\0"] }]), json!({ "\0": 1 })] {
            let outcome = outcome(Ok(output.clone()), 1 << 20);
            assert!(matches!(outcome.ending, Ending::Failed(_)), "{output}");
        }
        let escaped = json!("a\\u0000b");
        assert!(matches!(outcome(Ok(escaped), 1 << 20).ending, Ending::Finished(_)));
    }

    #[test]
    fn stored_error_texts_are_bounded() {
        let result = Err(RunError::user_because("ż\0".repeat(1 << 20), "x".repeat(1 << 20)));
        let Outcome { ending: Ending::Failed(message), traceback, .. } = outcome(result, 1 << 20)
        else {
            panic!("expected a failure, as the result is an error");
        };
        assert!(message.len() < 2 * ERROR_BYTES_MAX, "{} bytes", message.len());
        assert!(message.ends_with("of 3145728 bytes]") && !message.contains('\0'));
        assert!(traceback.unwrap().len() < 3 * ERROR_BYTES_MAX);
    }
}
