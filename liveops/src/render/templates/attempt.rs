//! The call of a template function or file, with errors and panics logged.

use std::error::Error as StdError;

use crate::panic;

/// Calls `render`; `None` if it fails or panics. The failure is logged, and the viewer gets a fallback.
pub(super) fn attempt<T, E>(template: &str, render: impl FnOnce() -> Result<T, E>) -> Option<T>
where
    E: StdError + 'static,
{
    match panic::catch(render) {
        Ok(Ok(rendered)) => Some(rendered),
        Ok(Err(error)) => {
            tracing::error!(
                template,
                error = &error as &dyn StdError,
                "template failed; showing the fallback"
            );
            None
        }
        Err(panicked) => {
            tracing::error!(template, %panicked, "template panicked; showing the fallback");
            None
        }
    }
}
