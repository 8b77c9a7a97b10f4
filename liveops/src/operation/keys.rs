//! The keys of `#[liveop(…)]`.
//!
//! Every key is optional, and given once; several `#[liveop(…)]` add up. Each is an empty module here,
//! which is what an editor can complete and show where the key is typed.

/// **Name**, the first half of the op type. Default: the package's name, with `_` for `-`.
///
/// A string literal of `a-z`, `0-9` and `_` that starts with a letter.
///
/// ```text
/// #[liveop(app = "demo")]
/// ```
pub mod app {}

/// **Name**, the second half of the op type. Default: the type's name in snake case.
///
/// A string literal of `a-z`, `0-9` and `_` that starts with a letter. A type whose name has other
/// letters needs it. `ScoreImport` is `score_import`.
///
/// ```text
/// #[liveop(name = "score_import")]
/// ```
pub mod name {}

/// **Text**, what people call the operation. Default: the words of the type's name.
///
/// A string literal, one line, not empty. `PBNScoreImport` is `PBN score import`.
///
/// ```text
/// #[liveop(title = "Scores of a tournament")]
/// ```
pub mod title {}

/// **Template** of the operation's page: the name of a function or a file of
/// [`Templates`](crate::Templates). Default: `app/name.html`.
///
/// A string literal, a relative path with `/` between its parts, without `..`.
///
/// ```text
/// #[liveop(host_template = "demo/import.html")]
/// ```
pub mod host_template {}

/// **Template** of the result: the name of a function or a file of
/// [`Templates`](crate::Templates). Default: `app/name_result.html`.
///
/// A string literal, a relative path with `/` between its parts, without `..`.
///
/// ```text
/// #[liveop(result_template = "demo/scores.html")]
/// ```
pub mod result_template {}

/// **Template** of the result as plain text: the name of a function or a file of
/// [`Templates`](crate::Templates). Default: `app/name_result.txt`.
///
/// A string literal, a relative path with `/` between its parts, without `..`.
///
/// ```text
/// #[liveop(result_text_template = "demo/scores.txt")]
/// ```
pub mod result_text_template {}

/// **Name** of the queue the operation waits in. Default: `default`.
///
/// A string literal of `a-z`, `0-9`, `_` and `-` that starts with a letter.
///
/// ```text
/// #[liveop(queue = "slow-imports")]
/// ```
pub mod queue {}

/// **Whole number**, what goes first: larger ones do. Default: 0.
///
/// From -2,147,483,648 to 2,147,483,647, not quoted.
///
/// ```text
/// #[liveop(priority = 10)]
/// ```
pub mod priority {}

/// **Whole number**, how often the operation may be run in all. Default: 1, so nothing is run twice.
///
/// From 1 to 2,147,483,647, not quoted.
///
/// ```text
/// #[liveop(max_attempts = 5)]
/// ```
pub mod max_attempts {}

/// **Duration** or two, the wait before another attempt. Default: `"10 s..1 h"`.
///
/// A string literal. One duration is waited every time; of two, the first is waited first, and each
/// wait is twice as long as the one before, up to the second.
///
/// ```text
/// #[liveop(max_attempts = 5, backoff = "10 s..1 h")]
/// ```
pub mod backoff {}

/// **Duration**, how long one attempt may take. Default: without end.
///
/// A string literal, in whole milliseconds and more than none.
///
/// ```text
/// #[liveop(timeout = "1h 30min")]
/// ```
pub mod timeout {}

/// **Which operations count as the same**, so that a second one is not enqueued while the first has
/// not ended. Default: none.
///
/// `"input"`, `"owner"`, or the path of a function that takes the operation and gives a `String`, not
/// quoted. Always among the operations of one type and one owner: nobody is led to an operation that
/// they may not see. The database sees to it; whoever enqueues a second one gets the first.
///
/// ```text
/// #[liveop(unique = "input")]
/// #[liveop(unique = ScoreImport::file_name)]
/// ```
pub mod unique {}

/// **How a running operation is cancelled.** Default: `"cooperative"`.
///
/// `"cooperative"` ends it at its next look; `"abort"` drops it at its next `.await` after a while.
///
/// ```text
/// #[liveop(cancel = "abort")]
/// ```
pub mod cancel {}

/// **Whole number**, which shape the input has; kept with it. Default: 1.
///
/// From 1 to 2,147,483,647, not quoted.
///
/// ```text
/// #[liveop(version = 2)]
/// ```
pub mod version {}

/// **Flag**, only the application's own code creates these operations: `enqueue`, `chain_to`, its command
/// line. Default: every viewer may, with `POST /{op_type}/`.
///
/// To viewers who try, there is no such operation. What there is they see as any other.
///
/// ```text
/// #[liveop(internal)]
/// ```
pub mod internal {}

/// **Flag**, the fields of the struct make a form. Default: there is none.
///
/// The page to create one is then at `GET /{op_type}/`, what comes from a form or as JSON is checked
/// field by field, and [`Renderer::form`](crate::render::Renderer::form) puts the form on a page of your own.
/// [`form::keys`](crate::form::keys) has the keys of `#[field(…)]`, which says more of a field.
///
/// ```text
/// #[liveop(form)]
/// ```
pub mod form {}

/// **Function** that says what is wrong with the fields together, `fn(&Self) -> Result<(), E>`, where `E`
/// turns into [`FormErrors`](crate::form::FormErrors), as texts do. Default: none.
///
/// Its path, not quoted. Asked when an operation comes from outside, and not about one that the
/// application enqueues by itself.
///
/// ```text
/// #[liveop(validate = Self::check)]
/// ```
pub mod validate {}

/// **Type**, what `run` reaches through `Progress::state`. Default: [`NoState`](super::NoState).
///
/// A type, not quoted, that can be had from the state of the application:
/// [`FromState`](super::FromState).
///
/// ```text
/// #[liveop(state = Arc<AppState>)]
/// ```
pub mod state {}

/// **Path** to liveops, for a crate that is renamed or reached through another one; written `crate`.
/// Default: `::liveops`.
///
/// A path, not quoted.
///
/// ```text
/// #[liveop(crate = my_app::liveops)]
/// ```
// No module can be called `crate`. Shown in the documentation, but never offered by an editor, which
// would type the name it has here.
#[cfg_attr(not(doc), doc(hidden))]
pub mod krate {}
