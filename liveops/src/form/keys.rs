//! The keys of `#[field(…)]`, for the fields of an operation with a form.
//!
//! Every key is optional and may be given once. Several `#[field(…)]` are combined. Each key is an empty
//! module here, so that an editor can complete the key and show its documentation.

/// **Text**, the label of the field. Default: the first sentence of its documentation, or else the words of
/// its name.
///
/// A string literal of one line, not empty.
///
/// ```text
/// #[field(label = "CSV file")]
/// ```
pub mod label {}

/// **Text**, the help for the field. Default: the rest of its documentation.
///
/// A string literal of one line, not empty.
///
/// ```text
/// #[field(help = "With a header.")]
/// ```
pub mod help {}

/// **Kind** of the field. Default: the kind of its type.
///
/// `"text"`, `"multiline"`, `"email"`, `"url"`, `"tel"`, `"password"`, `"number"`, `"checkbox"`, `"date"`,
/// `"time"`, `"datetime"` or `"file"`. Required for a field with serde's `with` or `deserialize_with`. A list
/// of texts can only be `"multiline"` or `"file"`. A `PathBuf` that users type also needs [`any_path`].
///
/// ```text
/// #[field(kind = "email")]
/// ```
pub mod kind {}

/// **Value** of a field that is left out, and the first value that the form shows. Default: serde's default.
///
/// A literal, or an expression of the field's type.
///
/// ```text
/// #[field(default = 10)]
/// ```
pub mod default {}

/// **Bound**, the minimum. Default: the minimum of the type.
///
/// A number. For dates and times, a string literal in their JSON format.
///
/// ```text
/// #[field(min = 1)]
/// ```
pub mod min {}

/// **Bound**, the maximum. Default: the maximum of the type.
///
/// A number. For dates and times, a string literal in their JSON format.
///
/// ```text
/// #[field(max = 100)]
/// ```
pub mod max {}

/// **Number**, the step between two values, greater than 0. Default: 1 for whole numbers, any step for
/// others.
///
/// Only the browser enforces the step.
///
/// ```text
/// #[field(step = 0.5)]
/// ```
pub mod step {}

/// **Whole number**, the maximum number of characters of a text. Default: no limit.
///
/// For a `FileContent`, the maximum number of bytes. Default: 1 MiB.
///
/// ```text
/// #[field(max_length = 200)]
/// ```
pub mod max_length {}

/// **Text**, an example that is shown while the field is empty. Default: none.
///
/// A string literal of one line, not empty.
///
/// ```text
/// #[field(placeholder = "ann@example.org")]
/// ```
pub mod placeholder {}

/// **List** of the choices. Default: the choices of the type.
///
/// String literals or numbers. A choice may have a label behind `=`.
///
/// ```text
/// #[field(options = [0 = "As fast as it can", 250 = "Slowly"])]
/// ```
pub mod options {}

/// **Kinds of files** that are accepted, separated by commas. Default: all.
///
/// A string literal, as in HTML: extensions and media types. The browser and the server check them. A common extension
/// determines the media type of a file; otherwise the server uses the type that the browser sent. The server cannot
/// check file content in JSON, because the content has no file name.
///
/// ```text
/// #[field(accept = ".csv")]
/// ```
pub mod accept {}

/// **Whole number**, the number of visible lines of a text. Default: one, or the default of the browser.
///
/// ```text
/// #[field(rows = 5)]
/// ```
pub mod rows {}

/// **Flag**: the field is sent but not shown. Needs a default, or a value from the page.
///
/// ```text
/// #[field(hidden)]
/// ```
pub mod hidden {}

/// **Flag**: the field is not in the form. Needs a default, or a type that may be left out. JSON may still
/// contain the field, and then only serde checks the value: a `PathBuf` can be any path that a request names.
///
/// ```text
/// #[field(skip)]
/// ```
pub mod skip {}

/// **Flag**: a request may name a file of the server instead of uploading one. The operation must then check
/// the path, because the file can be any file that the process can read. With a [`kind`] other than `"file"`,
/// users type the path.
///
/// ```text
/// #[field(any_path)]
/// ```
pub mod any_path {}

/// **Function** that validates a value, `fn(&T) -> Result<(), E>`. Users see the error. Default: none.
///
/// The path of the function, not quoted.
///
/// ```text
/// #[field(validate = ScoreImport::check_course)]
/// ```
pub mod validate {}
