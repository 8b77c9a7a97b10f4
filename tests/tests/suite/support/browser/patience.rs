use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// How long a page may take: far longer than it does on the slowest machine.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// The time left for one thing to happen, however many documents it takes.
#[derive(Debug)]
pub(super) struct Deadline {
    end: Instant,
}

impl Deadline {
    pub(super) fn new() -> Self {
        Self { end: Instant::now() + TIMEOUT }
    }

    pub(super) fn has_passed(&self) -> bool {
        Instant::now() >= self.end
    }

    /// The argument of [`await_in_page`]'s script.
    pub(super) fn argument(&self) -> Value {
        let left = self.end.saturating_duration_since(Instant::now());
        json!(u64::try_from(left.as_millis()).unwrap())
    }
}

/// A script that answers `null` once `expression` holds in the page, or what stood against it.
///
/// A mutation wakes it, and a timer for what is not in the document; an animation frame would
/// not do, because a tab in the background has none. The expression is part of the script, not an
/// argument to evaluate, because the page's content security policy may forbid that.
pub(super) fn await_in_page(expression: &str) -> String {
    format!(
        "const [patience, done] = arguments;
        let objection = 'it is false';
        const answer = value => {{
            observer.disconnect();
            clearInterval(timer);
            clearTimeout(deadline);
            done(value);
        }};
        const check = () => {{
            try {{
                if ({expression}) return answer(null);
                objection = 'it is false';
            }} catch (error) {{
                objection = String(error);
            }}
        }};
        const observer = new MutationObserver(check);
        const everything = {{
            attributes: true, characterData: true, childList: true, subtree: true,
        }};
        observer.observe(document, everything);
        const timer = setInterval(check, 50);
        const deadline = setTimeout(() => answer(objection), patience);
        check();"
    )
}
