//! The traits that connect an operation to the framework and to the state of the application.

use super::{ChannelName, Earlier, Names, OperationId, Policy, Stage, Storable, Unique};

/// The static properties of one type of operation: its names, templates and stages.
///
/// `#[derive(LiveOperation)]` implements this trait, so every name is a constant and a typo in a stage does
/// not compile. [`Run`](crate::Run) does the work.
///
/// A value of the type is the input of one operation. The value is serialized into the row of the operation
/// when the operation is enqueued, and deserialized in the process that runs the operation.
///
/// ```
/// use liveops::LiveOperation;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[stages("Load", "Save")]
/// #[liveop(app = "demo")]
/// struct ScoreImport {
///     file: String,
/// }
///
/// assert_eq!(ScoreImport::OP_TYPE, "demo.score_import");
/// assert_eq!(ScoreImport::RESULT_TEMPLATE, "demo/score_import_result.html");
/// const SAVE: usize = ScoreImportStage::Save.index();
/// assert_eq!(ScoreImport::STAGES[SAVE], "Save");
/// match "demo.score_import" {
///     ScoreImport::OP_TYPE => {}
///     other => panic!("{other} is a different operation"),
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a live operation",
    label = "not a live operation",
    note = "add `#[derive(LiveOperation)]` to `{Self}`"
)]
pub trait LiveOperation: Storable + Sync {
    /// The stages declared with `#[stages(…)]`, or [`NoStages`](super::NoStages).
    type Stage: Stage;

    /// The state that `run` gets from [`Progress::state`](crate::Progress::state): the type in
    /// `#[liveop(state = …)]`, or [`NoState`].
    type State: Send + Sync + 'static;

    /// All names of the operation. The constants below contain the same names.
    const NAMES: Names;

    /// The queue, the attempts and the time limits, from `#[liveop(queue = …, max_attempts = …)]` and similar
    /// keys.
    const POLICY: Policy = Policy::DEFAULT;

    /// The rule for duplicates, from `#[liveop(unique = …)]`.
    const UNIQUE: Unique<Self> = Unique::No;

    /// The versions from which the operation can be converted, from `#[liveop(before = …)]`.
    #[doc(hidden)]
    const EARLIER: Option<Earlier<Self>> = None;

    /// `true` for `#[liveop(form)]` and `#[liveop(public)]`: requests may create operations of this type. With `false`,
    /// only code of the application creates them.
    const IS_PUBLIC: bool = false;

    /// The application that the operation belongs to: the first half of [`OP_TYPE`](Self::OP_TYPE).
    const APP: &'static str = Self::NAMES.app;

    /// The name of the type in snake case: the second half of [`OP_TYPE`](Self::OP_TYPE).
    const NAME: &'static str = Self::NAMES.name;

    /// `app.name`: the key in the registry, a segment of every URL and the `op_type` of the row.
    const OP_TYPE: &'static str = Self::NAMES.op_type;

    /// The name of the operation that users see.
    const TITLE: &'static str = Self::NAMES.title;

    /// The name of the template of the operation's page in [`Templates`](crate::Templates).
    const HOST_TEMPLATE: &'static str = Self::NAMES.host_template;

    /// The name of the HTML template of the result in [`Templates`](crate::Templates).
    const RESULT_TEMPLATE: &'static str = Self::NAMES.result_template;

    /// The name of the plain text template of the result in [`Templates`](crate::Templates).
    const RESULT_TEXT_TEMPLATE: &'static str = Self::NAMES.result_text_template;

    /// The labels of the stages, in order.
    const STAGES: &'static [&'static str] = <Self::Stage as Stage>::NAMES;

    /// Returns the line that tells this operation from the others of its type, such as "Scores of spring.csv", from
    /// `#[liveop(describe = …)]`. `None` without the key.
    ///
    /// The line is stored when the operation is enqueued, and shown to everyone who may see the operation.
    /// [`NewOperation::description`](super::NewOperation::description) states its bounds.
    fn describe(&self) -> Option<String> {
        None
    }

    /// Returns the name of the template of one custom region in [`Templates`](crate::Templates):
    /// `app/name_fragment.html`. The template renders the data passed to
    /// [`WebProgress::show`](crate::WebProgress::show).
    fn fragment_template(fragment: &str) -> String {
        format!("{}/{}_{fragment}.html", Self::APP, Self::NAME)
    }

    /// Returns the channel on which the operation `id` is published.
    fn channel(id: OperationId) -> ChannelName {
        ChannelName::operation(id)
    }
}

/// The state of an operation that declares no state.
///
/// [`FromState`] has an example of a declared state.
#[derive(Debug)]
pub struct NoState;

/// A conversion from the state of the application to the state of an operation.
///
/// The trait has the shape of axum's `FromRef`: every clonable type converts to itself, and an application
/// implements the trait for its other types. [`NoState`] converts from every state.
///
/// ```
/// use liveops::FromState;
///
/// #[derive(Clone)]
/// struct Mailer;
///
/// #[derive(Clone)]
/// struct App {
///     mailer: Mailer,
/// }
///
/// impl FromState<App> for Mailer {
///     fn from_state(app: &App) -> Self {
///         app.mailer.clone()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "the application's state `{S}` does not provide `{Self}`",
    label = "this operation needs `{Self}`",
    note = "implement `FromState<{S}>` for `{Self}`, or pass `{Self}` itself to `LiveOps::builder(…).state(…)`, in a test to `testing::run(…).state(…)`"
)]
pub trait FromState<S> {
    /// Returns the value from the state of the application.
    fn from_state(state: &S) -> Self;
}

impl<S: Clone> FromState<S> for S {
    fn from_state(state: &S) -> Self {
        state.clone()
    }
}

impl<S> FromState<S> for NoState {
    fn from_state(_: &S) -> Self {
        Self
    }
}
