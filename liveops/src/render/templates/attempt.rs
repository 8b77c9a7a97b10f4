use std::{
    any::Any,
    error::Error as StdError,
    panic::{AssertUnwindSafe, catch_unwind},
};

/// What `render` makes of a template; `None` when it fails or panics, which the application's log
/// then says. Whoever looks at a page is shown something else instead.
pub(super) fn attempt<T, E>(template: &str, render: impl FnOnce() -> Result<T, E>) -> Option<T>
where
    E: StdError + 'static,
{
    match catch_unwind(AssertUnwindSafe(render)) {
        Ok(Ok(rendered)) => Some(rendered),
        Ok(Err(error)) => {
            tracing::error!(template, error = &error as &dyn StdError, "a template failed");
            None
        }
        Err(payload) => {
            tracing::error!(template, panic = message(&*payload), "a template panicked");
            None
        }
    }
}

fn message(payload: &(dyn Any + Send)) -> Option<&str> {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}
