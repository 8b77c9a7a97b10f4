//! The keys of `#[liveop(…)]`.
//!
//! Every key is optional and may be given once. Several `#[liveop(…)]` are combined. Each key is an empty
//! module here, so that an editor can complete the key and show its documentation.

/// **Name**, the first half of the op type. Default: the name of the package, with `_` for `-`.
///
/// A string literal of `a-z`, `0-9` and `_` that starts with a letter.
///
/// ```text
/// #[liveop(app = "demo")]
/// ```
pub mod app {}

/// **Name**, the second half of the op type. Default: the name of the type in snake case.
///
/// A string literal of `a-z`, `0-9` and `_` that starts with a letter. Required if the name of the type has
/// other letters. `ScoreImport` becomes `score_import`.
///
/// ```text
/// #[liveop(name = "score_import")]
/// ```
pub mod name {}

/// **Text**, the name of the operation that users see. Default: the words of the type's name.
///
/// A string literal of one line, not empty. `PBNScoreImport` becomes `PBN score import`.
///
/// ```text
/// #[liveop(title = "Scores of a tournament")]
/// ```
pub mod title {}

/// **Text with fields** or a function, the line that tells an operation from the others of its type. Default: no
/// description.
///
/// A string literal of one line with the names of fields in braces; the fields of a tuple struct are `{0}`, `{1}`.
/// `{{` and `}}` are braces in the text. A field needs the trait `Display`; a path and an
/// [`Upload`](crate::form::Upload) are shown as the name of the file, and an `Option` without a value as nothing.
/// Or the path of a function that takes the operation and returns a `String`, not quoted; an empty `String` is no
/// description.
///
/// Lists, pages, links between operations and the command line show the description to everyone who may see the
/// operation, so it must not contain a secret. It is computed when the operation is enqueued; the row keeps at most 200
/// characters.
///
/// ```text
/// #[liveop(describe = "Scores of {file}")]
/// #[liveop(describe = ScoreImport::description)]
/// ```
pub mod describe {}

/// **Template** of the operation's page: the name of a function or of a file in
/// [`Templates`](crate::Templates). Default: `app/name.html`.
///
/// A string literal: a relative path with `/` between its parts and without `..`.
///
/// ```text
/// #[liveop(host_template = "demo/import.html")]
/// ```
pub mod host_template {}

/// **Template** of the result: the name of a function or of a file in [`Templates`](crate::Templates).
/// Default: `app/name_result.html`.
///
/// A string literal: a relative path with `/` between its parts and without `..`.
///
/// ```text
/// #[liveop(result_template = "demo/scores.html")]
/// ```
pub mod result_template {}

/// **Template** of the result as plain text: the name of a function or of a file in
/// [`Templates`](crate::Templates). Default: `app/name_result.txt`.
///
/// A string literal: a relative path with `/` between its parts and without `..`.
///
/// ```text
/// #[liveop(result_text_template = "demo/scores.txt")]
/// ```
pub mod result_text_template {}

/// **Name** of the queue that the operation waits in. Default: `default`.
///
/// A string literal of `a-z`, `0-9`, `_` and `-` that starts with a letter.
///
/// ```text
/// #[liveop(queue = "slow-imports")]
/// ```
pub mod queue {}

/// **Whole number**, the priority: operations with a larger number start first. Default: 0.
///
/// From -2,147,483,648 to 2,147,483,647, not quoted.
///
/// ```text
/// #[liveop(priority = 10)]
/// ```
pub mod priority {}

/// **Whole number**, the maximum number of attempts. Default: 1, so no operation runs twice.
///
/// From 1 to 2,147,483,647, not quoted. With the default, an operation whose worker is killed or shut down ends
/// with an error, and its owner can retry it. [`on_shutdown`] has the exception for shutdowns.
///
/// ```text
/// #[liveop(max_attempts = 5)]
/// ```
pub mod max_attempts {}

/// **Duration** or two durations, the wait before another attempt. Default: `"10 s..1 h"`.
///
/// A string literal. One duration is the wait before every attempt. Of two durations, the first is the wait
/// before the second attempt; each further wait is twice as long as the one before, up to the second
/// duration. At most 36,600 days each.
///
/// ```text
/// #[liveop(max_attempts = 5, backoff = "10 s..1 h")]
/// ```
pub mod backoff {}

/// **Duration**, the maximum duration of one attempt. Default: no limit.
///
/// A string literal, greater than zero, in whole milliseconds, at most 36,600 days. The run is dropped at its next `.await`. A run
/// that holds its thread cannot be dropped; after another wait,
/// [`Config::stop_timeout`](crate::Config::stop_timeout), the operation ends with a warning that its code is
/// still running, and without a next attempt.
///
/// ```text
/// #[liveop(timeout = "1h 30min")]
/// ```
pub mod timeout {}

/// **Rule for duplicates**: a duplicate of an operation that has not ended is not enqueued. Default: no
/// operation is a duplicate.
///
/// `"input"`, `"owner"`, or the path of a function that takes the operation and returns a `String`, not
/// quoted. Only operations of one type and one owner can be duplicates, so no caller gets an operation that
/// it may not access. The database enforces the rule. A caller that enqueues a duplicate gets the operation
/// that exists.
///
/// ```text
/// #[liveop(unique = "input")]
/// #[liveop(unique = ScoreImport::file_name)]
/// ```
pub mod unique {}

/// **Cancellation** of a running operation. Default: `"cooperative"`.
///
/// `"cooperative"` ends the run at its next cancellation check. `"abort"` drops the run at its next `.await`
/// after a grace period. A run that holds its thread cannot be dropped; after another wait,
/// [`Config::stop_timeout`](crate::Config::stop_timeout), the operation ends with a warning that its code is
/// still running.
///
/// ```text
/// #[liveop(cancel = "abort")]
/// ```
pub mod cancel {}

/// **Consequence of a shutdown** for a run that does not end in the grace period. Default: `"interrupt"`.
///
/// `"interrupt"` ends the operation with the error "Interrupted by a restart.", and its owner can retry it.
/// `"requeue"` puts the operation back into the queue, and the next worker runs it again from its start; use
/// this value for operations that may run twice. An operation for which [`max_attempts`] allows another attempt
/// goes back into the queue with either value. A hand-back costs no attempt;
/// [`Config::hand_backs_max`](crate::Config::hand_backs_max) limits their number.
///
/// ```text
/// #[liveop(on_shutdown = "requeue")]
/// ```
pub mod on_shutdown {}

/// **Whole number**, the version of the shape of the input, stored with the input. Default: 1.
///
/// From 1 to 2,147,483,647, not quoted. A worker starts only operations whose version it can read: its own, and those
/// before it ([`before`]). Other operations wait for a worker that can read them.
///
/// ```text
/// #[liveop(version = 2)]
/// ```
pub mod version {}

/// **Type** of the input in the version before this one. Default: operations of earlier versions wait.
///
/// A type that derives [`EarlierInput`](crate::EarlierInput), not quoted, and that converts into the operation with
/// `From`. Operations of this version are converted when they start. Needs [`version`].
///
/// ```text
/// #[liveop(version = 2, before = ScoreImportV1)]
/// ```
pub mod before {}

/// **Flag**: no process has ever stored the versions between [`version`] and the version of the type in [`before`].
/// Default: the version before is one less.
///
/// ```text
/// #[liveop(version = 5, before = ScoreImportV2, gap)]
/// ```
pub mod gap {}

/// **Flag**: only code of the application creates these operations, with `enqueue`, `chain_to` or its command
/// line. This is also the default; the flag states the intention, and excludes [`form`] and [`public`].
///
/// A request that tries to create an internal operation is answered as for an unknown op type. Viewers see
/// existing internal operations like any other operation.
///
/// ```text
/// #[liveop(internal)]
/// ```
pub mod internal {}

/// **Flag**: requests may create operations of this type with `POST /{op_type}/`, although the type has no [`form`].
/// Default: only code of the application creates them.
///
/// serde reads the input from JSON or form data, and liveops checks nothing else. A client chooses every field,
/// including paths and URLs. `run` must check the values. An operation with a form is always public.
/// [`AccessPolicy::may_create`](crate::access::AccessPolicy::may_create) restricts the viewers.
///
/// ```text
/// #[liveop(public)]
/// ```
pub mod public {}

/// **Flag**: the fields of the struct make a form. Default: no form.
///
/// `GET /{op_type}/` then shows a page with the form. Requests with form data or JSON are checked field by
/// field. [`Renderer::form`](crate::render::Renderer::form) renders the form for a page of the application.
/// [`form::keys`](crate::form::keys) documents the keys of `#[field(…)]`, which configure one field.
///
/// ```text
/// #[liveop(form)]
/// ```
pub mod form {}

/// **Function** that checks all fields together, `fn(&Self) -> Result<(), E>`, where `E` converts into
/// [`FormErrors`](crate::form::FormErrors). Texts convert. Default: no check.
///
/// The path of the function, not quoted. Called for operations that requests create, and not for operations
/// that the application enqueues.
///
/// ```text
/// #[liveop(validate = Self::check)]
/// ```
pub mod validate {}

/// **Type** of the state that `run` gets from `Progress::state`. Default: [`NoState`](super::NoState).
///
/// A type, not quoted. The state of the application must convert to the type:
/// [`FromState`](super::FromState).
///
/// ```text
/// #[liveop(state = Arc<AppState>)]
/// ```
pub mod state {}

/// **Path** to liveops, for a crate that is renamed or re-exported; written `crate`. Default: `::liveops`.
///
/// A path, not quoted.
///
/// ```text
/// #[liveop(crate = my_app::liveops)]
/// ```
// No module can have the name `crate`. The module is part of the documentation only: an editor would insert
// the name `krate`.
#[cfg_attr(not(doc), doc(hidden))]
pub mod krate {}
