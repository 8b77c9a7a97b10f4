//! The conversion of inputs that an earlier version of the application has stored.

use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde_json::Value;

use super::Versions;
#[cfg(feature = "testing")]
use super::{LiveOperation, Shape};

/// The input of an operation in an earlier version of the application, which processes of that version have stored.
///
/// `#[derive(EarlierInput)]` implements this trait for a type with `Deserialize`. An operation names the type with
/// `#[liveop(version = …, before = …)]`, and `From` converts the value. A worker then runs the operations of both
/// versions, and one of the earlier version is converted when it starts. The row keeps the earlier input, so a process of
/// the earlier version can still run the operation.
///
/// ```
/// use liveops::{EarlierInput, LiveOperation};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(LiveOperation, Serialize, Deserialize)]
/// #[liveop(app = "demo", version = 2, before = ScoreImportV1)]
/// struct ScoreImport {
///     file: String,
///     separator: char,
/// }
///
/// /// The input before the separator could be chosen.
/// #[derive(EarlierInput, Deserialize)]
/// #[liveop(version = 1)]
/// struct ScoreImportV1 {
///     file: String,
/// }
///
/// impl From<ScoreImportV1> for ScoreImport {
///     fn from(ScoreImportV1 { file }: ScoreImportV1) -> Self {
///         Self { file, separator: ',' }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an earlier version of an input",
    label = "not an earlier version",
    note = "add `#[derive(EarlierInput)]` and `#[liveop(version = …)]` with its version to `{Self}`"
)]
pub trait EarlierInput: DeserializeOwned {
    /// The version of the input.
    const VERSION: u32;

    /// The versions from which this version can be converted, from `#[liveop(before = …)]`.
    #[doc(hidden)]
    const EARLIER: Option<Earlier<Self>> = None;
}

/// A conversion from an earlier version, implemented with `From`.
#[diagnostic::on_unimplemented(
    message = "`{Before}` cannot be converted into `{Self}`",
    label = "no conversion from this version",
    note = "write `impl From<{Before}> for {Self}`"
)]
pub trait Follows<Before> {
    /// Converts the earlier version.
    fn follow(before: Before) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: From<Before>, Before> Follows<Before> for T {
    fn follow(before: Before) -> Self {
        before.into()
    }
}

/// The earlier versions from which a `T` can be converted.
pub struct Earlier<T> {
    versions: &'static Versions,
    read: fn(u32, Value) -> Result<T, serde_json::Error>,
    #[cfg(feature = "testing")]
    add_shapes: fn(&mut Vec<(u32, Shape)>),
}

impl<T> Earlier<T> {
    /// Returns the conversion from `Before`, which precedes `version`.
    ///
    /// # Panics
    ///
    /// Panics if `version` does not follow the version of `Before`. In a constant, the panic is an error of the compiler
    /// at the caller.
    #[track_caller]
    pub const fn before<Before: EarlierInput>(version: u32, has_gap: bool) -> Self
    where
        T: Follows<Before>,
    {
        assert!(
            Before::VERSION < version,
            "`version` must be greater than the version of the type in `before`"
        );
        assert!(
            has_gap || Before::VERSION + 1 == version,
            "`version` must be one more than the version of the type in `before`: add a type for each version in \
             between, or write `gap` if these versions were never in use"
        );
        // The compiler evaluates the constants of a function before its body, and types that name each other in a
        // circle would have no value.
        Self::of::<Before>()
    }

    const fn of<Before: EarlierInput>() -> Self
    where
        T: Follows<Before>,
    {
        let versions = const { &Versions::with_earlier(Before::VERSION, &Before::EARLIER) };
        Self {
            versions,
            read: read::<T, Before>,
            #[cfg(feature = "testing")]
            add_shapes: add_shapes::<Before>,
        }
    }

    /// Returns the versions.
    pub(super) const fn versions(&self) -> &'static Versions {
        self.versions
    }

    /// Reads a stored input of this version.
    ///
    /// # Errors
    ///
    /// Returns an error if the input does not fit the type of its version, or if no type has this version.
    pub(crate) fn read(&self, version: u32, input: Value) -> Result<T, serde_json::Error> {
        (self.read)(version, input)
    }
}

impl<T> fmt::Debug for Earlier<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Earlier").field("versions", &self.versions).finish_non_exhaustive()
    }
}

fn read<T: Follows<Before>, Before: EarlierInput>(
    version: u32,
    input: Value,
) -> Result<T, serde_json::Error> {
    let before = match Before::EARLIER {
        _ if version == Before::VERSION => Before::deserialize(input),
        Some(earlier) => earlier.read(version, input),
        None => Err(serde_json::Error::custom(format!("no type has version {version}"))),
    };
    before.map(T::follow)
}

#[cfg(feature = "testing")]
fn add_shapes<Before: EarlierInput>(shapes: &mut Vec<(u32, Shape)>) {
    if let Some(earlier) = Before::EARLIER {
        (earlier.add_shapes)(shapes);
    }
    shapes.push((Before::VERSION, Shape::of::<Before>()));
}

/// Returns the shape of the input in each version that the operation can read, the earliest first.
#[cfg(feature = "testing")]
pub(crate) fn input_shapes<Op: LiveOperation>() -> Vec<(u32, Shape)> {
    let mut shapes = Vec::new();
    if let Some(earlier) = Op::EARLIER {
        (earlier.add_shapes)(&mut shapes);
    }
    shapes.push((Op::POLICY.version, Shape::of::<Op>()));
    shapes
}
