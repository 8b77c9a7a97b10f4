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

/// **Template** of the operation's page. Default: `app/name.html`.
///
/// A string literal, a relative path with `/` between its parts, without `..`.
///
/// ```text
/// #[liveop(host_template = "demo/import.html")]
/// ```
pub mod host_template {}

/// **Template** of the result. Default: `app/name_result.html`.
///
/// A string literal, a relative path with `/` between its parts, without `..`.
///
/// ```text
/// #[liveop(result_template = "demo/scores.html")]
/// ```
pub mod result_template {}

/// **Template** of the result as plain text. Default: `app/name_result.txt`.
///
/// A string literal, a relative path with `/` between its parts, without `..`.
///
/// ```text
/// #[liveop(result_text_template = "demo/scores.txt")]
/// ```
pub mod result_text_template {}

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
