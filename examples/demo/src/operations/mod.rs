//! The operations of the demo: one file each, in the order of the start page.

mod bounded;
mod pause;
mod short_text;
mod thousands;

mod blocking_task;
mod chain;
mod demo_import;
mod durable_task;
mod echo_task;
mod endless_task;
mod failing_task;
mod flaky_task;
mod flood_task;
mod hook_task;
mod panicking_task;
mod quick_task;
mod redirecting_task;
pub mod score_import;

pub use blocking_task::{BlockingMode, BlockingTask};
pub use bounded::{Bounded, OutOfBounds};
pub use chain::{ChainEnd, ChainStart};
pub use demo_import::{DemoImport, Imported};
pub use durable_task::{DurableTask, Executed};
pub use echo_task::{EchoTask, Echoed};
pub use endless_task::EndlessTask;
pub use failing_task::{FailingTask, MESSAGE};
pub use flaky_task::FlakyTask;
pub use flood_task::{FloodTask, Flooded};
pub use hook_task::{HookTask, add_to as add_end_to};
pub use panicking_task::PanickingTask;
pub use quick_task::QuickTask;
pub use redirecting_task::RedirectingTask;
pub use score_import::ScoreImport;
pub use short_text::{NotShort, ShortText};
use thousands::thousands;

use liveops::{
    Templates,
    language::{LanguageError, Languages},
    runner::Builder,
};

use crate::AppState;
use pause::pause;

/// Registers every operation.
pub fn register(builder: Builder<AppState>) -> Builder<AppState> {
    builder
        .register::<ScoreImport>()
        .register::<DemoImport>()
        .register::<QuickTask>()
        .register::<FailingTask>()
        .register::<PanickingTask>()
        .register::<ChainStart>()
        .register::<ChainEnd>()
        .register::<RedirectingTask>()
        .register::<EndlessTask>()
        .register::<FlakyTask>()
        .register::<DurableTask>()
        .register::<HookTask>()
        .register::<FloodTask>()
        .register::<EchoTask>()
        .register::<BlockingTask>()
}

/// Returns the languages in which the operations have titles and stages.
///
/// # Errors
///
/// Returns an error if a file of texts is invalid.
pub fn languages() -> Result<Languages, LanguageError> {
    Languages::new().with("pl", include_str!("../../texts/pl.ftl"))
}

/// Adds the templates of the operations that have some.
pub fn templates(templates: Templates) -> Templates {
    score_import::templates(templates)
}
