//! Panics of a run or a template, as values.
//!
//! `catch_unwind` returns only the payload of a panic; the location goes to the panic hook of the process
//! alone. This module therefore installs a hook in front of the application's hook. The hook records panics
//! under [`catch`] and passes every panic on, so the application's own handling of panics does not change.

use std::{
    any::Any,
    backtrace::{Backtrace, BacktraceStatus},
    cell::Cell,
    fmt,
    future::Future,
    mem,
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    pin::Pin,
    sync::Once,
    task::{Context, Poll},
    thread,
};

thread_local! {
    static CAPTURE: Cell<CaptureState> = const { Cell::new(CaptureState::Closed) };
}

/// The panics that this thread records.
#[derive(Default)]
enum CaptureState {
    /// No recording: no `catch` is active on this thread.
    #[default]
    Closed,
    /// Recording; holds the newest panic.
    Open(Option<CapturedPanic>),
}

/// A panic as the hook receives it.
struct CapturedPanic {
    message: Option<String>,
    /// `file:line:column`.
    location: Option<String>,
    /// Present only if the environment requests backtraces.
    backtrace: Option<Backtrace>,
}

/// A caught panic: its message, location and backtrace, as far as they are known.
#[derive(Debug)]
pub(crate) struct Panicked {
    message: Option<String>,
    location: Option<String>,
    backtrace: Option<Backtrace>,
}

/// Runs `work` and catches a panic.
///
/// Callers must drop every value that `work` may have left half changed.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    install_hook();
    let outer = CAPTURE.replace(CaptureState::Open(None));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    let state = CAPTURE.replace(outer);
    result.map_err(|payload| Panicked::new(payload, state))
}

/// A future that returns the panic of another future, and catches the panics of its drop.
///
/// The other future is dropped after a panic, so no caller sees it half changed.
pub(crate) struct CatchPanic<F>(Option<Pin<Box<F>>>);

impl<F: Future> CatchPanic<F> {
    pub(crate) fn new(future: F) -> Self {
        Self(Some(Box::pin(future)))
    }
}

impl<F: Future> Future for CatchPanic<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.0.as_mut().expect("a future is not polled after it is ready");
        let polled = match catch(|| future.as_mut().poll(cx)) {
            Ok(polled) => polled.map(Ok),
            Err(panicked) => Poll::Ready(Err(panicked)),
        };
        if polled.is_ready() {
            drop_caught(&mut self.0);
        }
        polled
    }
}

impl<F> Drop for CatchPanic<F> {
    fn drop(&mut self) {
        drop_caught(&mut self.0);
    }
}

fn drop_caught<T>(value: &mut Option<T>) {
    if let Err(panicked) = catch(|| drop(value.take())) {
        tracing::error!(%panicked, "a future panicked while it was dropped; its result stays");
    }
}

impl Panicked {
    fn new(payload: Box<dyn Any + Send>, state: CaptureState) -> Self {
        let message = message(&*payload).map(str::to_owned);
        discard(payload);
        // `resume_unwind`, used for a panic of another thread, does not call the hook. The recorded panic may
        // then be an earlier one that the run caught itself.
        let captured = match state {
            CaptureState::Open(Some(captured)) if captured.message == message => Some(captured),
            _ => None,
        };
        let (location, backtrace) =
            captured.map_or((None, None), |captured| (captured.location, captured.backtrace));
        Self { message, location, backtrace }
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let location = self.location.as_deref().unwrap_or("an unknown location");
        let message = self.message.as_deref().unwrap_or("(the payload is not a text)");
        write!(f, "panicked at {location}:\n{message}")?;
        match &self.backtrace {
            Some(backtrace) => write!(f, "\n\n{backtrace}"),
            None => Ok(()),
        }
    }
}

/// Installs the hook in front of the current hook, once.
fn install_hook() {
    static INSTALLED: Once = Once::new();
    // A panicking thread must not change the hook; the next call installs it.
    if INSTALLED.is_completed() || thread::panicking() {
        return;
    }
    INSTALLED.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            capture(info);
            previous(info);
        }));
    });
}

fn capture(info: &PanicHookInfo<'_>) {
    // The thread-local value is gone while the thread ends.
    let _ = CAPTURE.try_with(|state| {
        if let CaptureState::Open(_) = state.take() {
            let backtrace = Backtrace::capture();
            let is_captured = backtrace.status() == BacktraceStatus::Captured;
            state.set(CaptureState::Open(Some(CapturedPanic {
                message: message(info.payload()).map(str::to_owned),
                location: info.location().map(ToString::to_string),
                backtrace: is_captured.then_some(backtrace),
            })));
        }
    });
}

fn message(payload: &(dyn Any + Send)) -> Option<&str> {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

/// Drops the payload of a panic. The drop may panic, and the drop of that second payload may panic again, so
/// the second payload is leaked to end the chain.
fn discard(payload: Box<dyn Any + Send>) {
    if let Err(another) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(another);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panicked(work: impl FnOnce()) -> Panicked {
        catch(work).expect_err("it panics")
    }

    #[test]
    fn a_panic_has_its_message_and_location() {
        let (line, panicked) = (line!(), panicked(|| panic!("row {} is bad", 7)));
        let text = panicked.to_string();
        let expected = format!("panicked at {}:{line}:", file!());
        assert!(text.starts_with(&expected), "{text}");
        assert_eq!(text.lines().nth(1), Some("row 7 is bad"));
    }

    #[test]
    fn a_panic_without_text_still_has_its_location() {
        let panicked = panicked(|| panic::panic_any(7));
        assert_eq!(panicked.message, None);
        assert!(panicked.location.is_some());
    }

    #[test]
    fn a_resumed_panic_does_not_get_the_location_of_another() {
        let panicked = panicked(|| {
            panic::catch_unwind(|| panic!("caught by the run")).unwrap_err();
            panic::resume_unwind(Box::new("from another thread"));
        });
        assert_eq!(panicked.message.as_deref(), Some("from another thread"));
        assert_eq!(panicked.location, None);
    }

    #[test]
    fn a_panic_caught_inside_is_not_recorded_outside() {
        let outer = panicked(|| {
            panicked(|| panic!("inside"));
            panic!("outside");
        });
        assert_eq!(outer.message.as_deref(), Some("outside"));
        assert!(outer.location.is_some());
    }

    #[test]
    fn a_payload_may_panic_when_it_is_dropped() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic::panic_any(Bomb);
            }
        }
        assert_eq!(panicked(|| panic::panic_any(Bomb)).message, None);
    }
}
