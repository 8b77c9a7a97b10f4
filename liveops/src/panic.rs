//! Panics of a run or a template, as values.
//!
//! Whoever catches a panic gets what it was thrown with; where it happened is told to the hook of the
//! process alone. So there is one of ours in front of the application's own. It only listens: what
//! the application does about panics stays as it is, and panics outside of those are none of its
//! business.

use std::{
    any::Any,
    backtrace::{Backtrace, BacktraceStatus},
    cell::Cell,
    fmt, mem,
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    sync::Once,
    thread,
};

thread_local! {
    static CAPTURE: Cell<CaptureState> = const { Cell::new(CaptureState::Closed) };
}

/// What this thread hears of panics.
#[derive(Default)]
enum CaptureState {
    /// Nothing: nobody here would catch one.
    #[default]
    Closed,
    /// The newest one.
    Open(Option<CapturedPanic>),
}

/// A panic, as the hook is told of it.
struct CapturedPanic {
    message: Option<String>,
    /// `file:line:column`.
    location: Option<String>,
    /// Only where the environment asks for backtraces.
    backtrace: Option<Backtrace>,
}

/// A panic that was caught: what it said and where it happened, as far as that is known.
#[derive(Debug)]
pub(crate) struct Panicked {
    message: Option<String>,
    location: Option<String>,
    backtrace: Option<Backtrace>,
}

/// Does `work`, whatever it does.
///
/// What a panic leaves half done must not be used any more: callers only drop it.
pub(crate) fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    install_hook();
    let outer = CAPTURE.replace(CaptureState::Open(None));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    let state = CAPTURE.replace(outer);
    result.map_err(|payload| Panicked::new(payload, state))
}

impl Panicked {
    fn new(payload: Box<dyn Any + Send>, state: CaptureState) -> Self {
        let message = message(&*payload).map(str::to_owned);
        discard(payload);
        // What is thrown on, from another thread say, passes by the hook, which may have heard of
        // another panic that the run caught itself.
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
        let location = self.location.as_deref().unwrap_or("a place that is not known");
        let message = self.message.as_deref().unwrap_or("(with something that is no text)");
        write!(f, "panicked at {location}:\n{message}")?;
        match &self.backtrace {
            Some(backtrace) => write!(f, "\n\n{backtrace}"),
            None => Ok(()),
        }
    }
}

/// Puts our hook in front of the one there is, once.
fn install_hook() {
    static LISTENING: Once = Once::new();
    // Whoever is panicking may not touch the hook; the next one will.
    if LISTENING.is_completed() || thread::panicking() {
        return;
    }
    LISTENING.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            capture(info);
            previous(info);
        }));
    });
}

fn capture(info: &PanicHookInfo<'_>) {
    // A thread that ends has no ear any more.
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

/// Drops what a panic was thrown with, which may panic, and what that was thrown with may as well:
/// then it is leaked, as this could go on for ever.
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
    fn a_panic_says_what_and_where() {
        let (line, panicked) = (line!(), panicked(|| panic!("row {} is bad", 7)));
        let text = panicked.to_string();
        let expected = format!("panicked at {}:{line}:", file!());
        assert!(text.starts_with(&expected), "{text}");
        assert_eq!(text.lines().nth(1), Some("row 7 is bad"));
    }

    #[test]
    fn a_panic_without_a_text_still_says_where() {
        let panicked = panicked(|| panic::panic_any(7));
        assert_eq!(panicked.message, None);
        assert!(panicked.location.is_some());
    }

    #[test]
    fn a_panic_thrown_on_does_not_take_the_place_of_another() {
        let panicked = panicked(|| {
            panic::catch_unwind(|| panic!("caught by the run")).unwrap_err();
            panic::resume_unwind(Box::new("from another thread"));
        });
        assert_eq!(panicked.message.as_deref(), Some("from another thread"));
        assert_eq!(panicked.location, None);
    }

    #[test]
    fn what_is_caught_inside_is_not_heard_outside() {
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
