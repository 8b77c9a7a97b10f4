//! The names and templates of an operation type.

/// The names of one operation type and of its templates.
///
/// `#[derive(LiveOperation)]` writes this value. [`LiveOperation`](super::LiveOperation) has a constant for
/// each field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names {
    /// The application: the first half of the op type.
    pub app: &'static str,
    /// The name of the type in snake case: the second half of the op type.
    pub name: &'static str,
    /// The op type: `app.name`.
    pub op_type: &'static str,
    /// The name of the operation that users see.
    pub title: &'static str,
    /// The name of the page's template.
    pub host_template: &'static str,
    /// The name of the result's HTML template.
    pub result_template: &'static str,
    /// The name of the result's text template.
    pub result_text_template: &'static str,
}
