use std::error::Error as StdError;

use crate::panic;

/// What `render` makes of a template; `None` when it fails or panics, which the application's log
/// then says. Whoever looks at a page is shown something else instead.
pub(super) fn attempt<T, E>(template: &str, render: impl FnOnce() -> Result<T, E>) -> Option<T>
where
    E: StdError + 'static,
{
    match panic::catch(render) {
        Ok(Ok(rendered)) => Some(rendered),
        Ok(Err(error)) => {
            tracing::error!(template, error = &error as &dyn StdError, "a template failed");
            None
        }
        Err(panicked) => {
            tracing::error!(template, %panicked, "a template panicked");
            None
        }
    }
}
