/// What one kind of operation is called, and where its templates are.
///
/// Written by `#[derive(LiveOperation)]`; read through the constants of
/// [`LiveOperation`](super::LiveOperation), which has one for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names {
    /// The application: the first half of the op type.
    pub app: &'static str,
    /// The type's name in snake case: the second half of the op type.
    pub name: &'static str,
    /// `app.name`.
    pub op_type: &'static str,
    /// What people read.
    pub title: &'static str,
    /// The name of the page's template.
    pub host_template: &'static str,
    /// The name of the result's HTML template.
    pub result_template: &'static str,
    /// The name of the result's text template.
    pub result_text_template: &'static str,
}
