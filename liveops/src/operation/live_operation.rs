use super::{ChannelName, Names, OperationId, Policy, Stage, Storable, Unique};

/// The static side of one kind of operation: its names, templates and stages.
///
/// Implemented by `#[derive(LiveOperation)]`, so that every name is a constant and a typo in a
/// stage does not compile. The work itself is [`Run`](crate::Run).
///
/// The value of the type is the operation's input: it is serialized into the operation's row when
/// it is enqueued, and deserialized wherever it runs.
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
    /// The stages declared with `#[stages(…)]`; [`NoStages`](super::NoStages) where there are none.
    type Stage: Stage;

    /// What `run` reaches through [`Progress::state`](crate::Progress::state): the type named by
    /// `#[liveop(state = …)]`, or [`NoState`].
    type State: Send + Sync + 'static;

    /// What it is called: the constants below, in one value.
    const NAMES: Names;

    /// How it is run: what `#[liveop(queue = …, max_attempts = …)]` and the like say.
    const POLICY: Policy = Policy::DEFAULT;

    /// Which of these operations count as the same: what `#[liveop(unique = …)]` says.
    const UNIQUE: Unique<Self> = Unique::No;

    /// Whether only the application's own code creates one: what `#[liveop(internal)]` says.
    const IS_INTERNAL: bool = false;

    /// The application the operation belongs to: the first half of [`OP_TYPE`](Self::OP_TYPE).
    const APP: &'static str = Self::NAMES.app;

    /// The type's name in snake case: the second half of [`OP_TYPE`](Self::OP_TYPE).
    const NAME: &'static str = Self::NAMES.name;

    /// `app.name`: the registry's key, a segment of every URL and the row's `op_type`.
    const OP_TYPE: &'static str = Self::NAMES.op_type;

    /// What people read as the operation's name.
    const TITLE: &'static str = Self::NAMES.title;

    /// The name under which the operation's page is looked up in [`Templates`](crate::Templates).
    const HOST_TEMPLATE: &'static str = Self::NAMES.host_template;

    /// The name under which the result's HTML is looked up in [`Templates`](crate::Templates).
    const RESULT_TEMPLATE: &'static str = Self::NAMES.result_template;

    /// The name under which the result's plain text is looked up in
    /// [`Templates`](crate::Templates).
    const RESULT_TEXT_TEMPLATE: &'static str = Self::NAMES.result_text_template;

    /// The labels of the stages, in order.
    const STAGES: &'static [&'static str] = <Self::Stage as Stage>::NAMES;

    /// The name under which what [`WebProgress::show`](crate::WebProgress::show) puts into one custom
    /// region is looked up in [`Templates`](crate::Templates): `app/name_fragment.html`.
    fn fragment_template(fragment: &str) -> String {
        format!("{}/{}_{fragment}.html", Self::APP, Self::NAME)
    }

    /// The channel on which the operation `id` is published.
    fn channel(id: OperationId) -> ChannelName {
        ChannelName::operation(id)
    }
}

/// The state of an operation that declares none.
#[derive(Debug)]
pub struct NoState;

/// How an operation's state is taken out of the application's.
///
/// The shape of axum's `FromRef`: every clonable type gives itself, and an application implements
/// the rest for its own types. [`NoState`] comes out of every application.
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
    message = "the application's state `{S}` does not give `{Self}`",
    label = "this operation needs `{Self}`",
    note = "implement `FromState<{S}>` for `{Self}`, or pass `{Self}` itself to `LiveOps::builder(…).state(…)`"
)]
pub trait FromState<S> {
    /// Takes the value out of the application's state.
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
