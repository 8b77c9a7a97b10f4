//! The keys of `#[field(…)]`, which stands on a field of an operation that has a form.
//!
//! Every key is optional, and given once; several `#[field(…)]` add up. Each is an empty module here,
//! which is what an editor can complete and show where the key is typed.

/// **Text**, what people read as the field's name. Default: the first sentence of its documentation, or the
/// words of its name.
///
/// A string literal, one line, not empty.
///
/// ```text
/// #[field(label = "CSV file")]
/// ```
pub mod label {}

/// **Text**, what else there is to say about the field. Default: the rest of its documentation.
///
/// A string literal, one line, not empty.
///
/// ```text
/// #[field(help = "With a header.")]
/// ```
pub mod help {}

/// **Kind** of the field. Default: that of its type.
///
/// `"text"`, `"multiline"`, `"email"`, `"url"`, `"tel"`, `"password"`, `"number"`, `"checkbox"`,
/// `"date"`, `"time"`, `"datetime"` or `"file"`. A field that serde reads in a way of its own, with
/// `with` or `deserialize_with`, needs it. A list of texts can only be `"multiline"`, or files. A `PathBuf` that is to be typed needs [`any_path`] as well.
///
/// ```text
/// #[field(kind = "email")]
/// ```
pub mod kind {}

/// **Value** of the field where it is left out, and what the form shows first. Default: the one that serde
/// has for it.
///
/// A literal, or an expression of the field's type.
///
/// ```text
/// #[field(default = 10)]
/// ```
pub mod default {}

/// **Bound**, the least value. Default: that of the type.
///
/// A number; for dates and times a string literal, as they stand in JSON.
///
/// ```text
/// #[field(min = 1)]
/// ```
pub mod min {}

/// **Bound**, the greatest value. Default: that of the type.
///
/// A number; for dates and times a string literal, as they stand in JSON.
///
/// ```text
/// #[field(max = 100)]
/// ```
pub mod max {}

/// **Number**, the step from one value to the next, more than 0. Default: 1 for whole numbers, any for
/// others.
///
/// The browser sees to it.
///
/// ```text
/// #[field(step = 0.5)]
/// ```
pub mod step {}

/// **Whole number**, how many characters a text may have. Default: any number.
///
/// Of a `FileContent`, how many bytes; 1 MiB unless set.
///
/// ```text
/// #[field(max_length = 200)]
/// ```
pub mod max_length {}

/// **Text** that is shown while the field is empty: an example. Default: none.
///
/// A string literal, one line, not empty.
///
/// ```text
/// #[field(placeholder = "ann@example.org")]
/// ```
pub mod placeholder {}

/// **List** of the values to choose from. Default: those of the type.
///
/// String literals or numbers, each with a label behind `=` where people read something else.
///
/// ```text
/// #[field(options = [0 = "As fast as it can", 250 = "Slowly"])]
/// ```
pub mod options {}

/// **Kinds of files** that are taken, with commas between them. Default: all.
///
/// A string literal, as in HTML. Extensions are checked against the name that an upload comes with, media
/// types are the browser's to see to. The content of a file in JSON has no name.
///
/// ```text
/// #[field(accept = ".csv")]
/// ```
pub mod accept {}

/// **Whole number**, as how many lines a text is seen. Default: one, or what the browser does.
///
/// ```text
/// #[field(rows = 5)]
/// ```
pub mod rows {}

/// **Flag**, the field is sent and not seen. It has a default, or the page gives it a value.
///
/// ```text
/// #[field(hidden)]
/// ```
pub mod hidden {}

/// **Flag**, the field is not in the form. It has a default, or may be left out. JSON may have it all the
/// same, and nobody but serde checks it then: a `PathBuf` is any path that somebody sends.
///
/// ```text
/// #[field(skip)]
/// ```
pub mod skip {}

/// **Flag**, a request may name a file where it could upload one. The operation then has to look what it is
/// given: it may be any file that the process can read. With a [`kind`] that is not `"file"`, its path is typed.
///
/// ```text
/// #[field(any_path)]
/// ```
pub mod any_path {}

/// **Function** that says what is wrong with a value, `fn(&T) -> Result<(), E>` with an error that can be
/// shown. Default: none.
///
/// Its path, not quoted.
///
/// ```text
/// #[field(validate = ScoreImport::check_course)]
/// ```
pub mod validate {}
