//! The values of the variables in a text.

/// The value of a variable in a text.
///
/// [`Language::text`](super::Language::text) has an example.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Arg {
    /// A number, formatted in the language of the text. Selects the plural form.
    Number(f64),
    /// A whole number, formatted in the language of the text with all its digits. Selects the plural form up to 2⁵³,
    /// and the default form for larger numbers.
    Integer(u64),
    /// A text, inserted unchanged.
    Text(String),
}

impl From<f64> for Arg {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Arg {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<u64> for Arg {
    fn from(number: u64) -> Self {
        Self::Integer(number)
    }
}

impl From<usize> for Arg {
    fn from(number: usize) -> Self {
        Self::Integer(number as u64)
    }
}

impl From<&str> for Arg {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Arg {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
