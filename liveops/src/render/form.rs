//! The form that creates an operation.

mod control;
mod entered;

use std::borrow::Cow;

use maud::{Markup, Render, html};
use serde::Serialize;

use super::{Renderer, labels::form_labels};
use crate::{
    form::{Field, Form, FormErrors, HasForm, Texts},
    language::{Language, Text},
    operation::{OperationKind, UserId},
};
use control::{Ids, RenderedControl};
use entered::Entered;

/// The name under which the submit button sends its label.
const SUBMIT: &str = "liveops-submit";

/// The form that creates an operation, as markup for a page of the application.
///
/// The browser sends the form to the liveops router, which creates the operation and redirects to its page,
/// or shows the form again with an error beside each invalid field. The page's head needs
/// [`Renderer::head`](super::Renderer::head) for the styles. [`Renderer::form`] has an example.
#[derive(Debug, Clone)]
pub struct FormView {
    form: &'static Form,
    kind: OperationKind,
    language: Language,
    action: String,
    id: String,
    /// The label of the submit button, if the page sets one.
    submit: Option<String>,
    is_in_place: bool,
    hidden: Vec<&'static str>,
    entered: Entered,
    errors: FormErrors,
}

impl Renderer {
    /// Creates the form of an operation that has `#[liveop(form)]`.
    ///
    /// ```
    /// use liveops::LiveOperation;
    /// # use liveops::{LiveOps, store};
    /// use maud::html;
    /// use serde::{Deserialize, Serialize};
    ///
    /// #[derive(LiveOperation, Serialize, Deserialize)]
    /// #[liveop(app = "demo", form)]
    /// struct Letter {
    ///     /// Greeting. Stands above the text.
    ///     greeting: String,
    ///     #[field(default = 1)]
    ///     copies: u8,
    /// }
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = store::connect("sqlite::memory:").await?;
    /// # let liveops = LiveOps::builder(db).build()?;
    /// let form = liveops.renderer().form::<Letter>();
    /// let page = html! {
    ///     h2 { (Letter::TITLE) }
    ///     (form.value("greeting", "Hello!").submit("Print it"))
    /// };
    /// assert!(page.0.contains(r#"action="/live/demo.letter/""#));
    /// assert!(page.0.contains(r#"value="Hello!""#));
    /// assert!(page.0.contains("Stands above the text."));
    /// # Ok(())
    /// # }
    /// ```
    pub fn form<Op: HasForm>(&self) -> FormView {
        // The derive implements `HasForm` only together with the form.
        const NO_FIELDS: &Form = &Form { intro: "", fields: &[] };
        self.form_of(&const { OperationKind::of::<Op>() }, Op::FORM.unwrap_or(NO_FIELDS))
    }

    pub(crate) fn form_of(&self, kind: &OperationKind, form: &'static Form) -> FormView {
        FormView {
            form,
            kind: *kind,
            language: self.language.clone(),
            action: self.create_url(kind.op_type),
            id: format!("op-form-{}", kind.op_type.replace('.', "-")),
            submit: None,
            is_in_place: false,
            hidden: Vec::new(),
            entered: Entered::defaults(form),
            errors: FormErrors::new(),
        }
    }

    /// Renders a page that contains only the form.
    pub(crate) fn form_page(
        &self,
        kind: &OperationKind,
        form: &FormView,
        viewer: &UserId,
    ) -> Markup {
        let title = self.language.title(kind);
        let body = html! {
            h1 { (title) }
            @if !form.form.intro.is_empty() { p class="liveops-lead" { (form.intro()) } }
            (form)
        };
        self.page(&title, viewer, body)
    }
}

impl FormView {
    /// Renders the description of the operation from its documentation.
    pub fn intro(&self) -> Markup {
        prose(&self.form.intro_in(&self.language, &self.kind))
    }

    /// Sets the initial value of a field.
    ///
    /// # Panics
    ///
    /// Panics in debug builds if the form has no such field.
    #[must_use]
    pub fn value(mut self, field: &str, value: impl Serialize) -> Self {
        debug_assert!(self.form.field(field).is_some(), "the form has no field `{field}`");
        self.entered.set(field, &crate::form::field::value(&value));
        self
    }

    /// Sets the value of a field and hides the field.
    ///
    /// # Panics
    ///
    /// Panics in debug builds if the form has no such field.
    #[must_use]
    pub fn hidden(mut self, field: &str, value: impl Serialize) -> Self {
        self.hidden.extend(self.form.field(field).map(|field| field.name));
        self.value(field, value)
    }

    /// Sets the label of the submit button. The form sends the label along, so that it is kept when the form
    /// is shown again.
    #[must_use]
    pub fn submit(self, words: impl Into<String>) -> Self {
        Self { submit: Some(words.into()), ..self }
    }

    /// Sets the id of the form, for a page with two forms of one operation.
    #[must_use]
    pub fn id(self, id: impl Into<String>) -> Self {
        Self { id: id.into(), ..self }
    }

    /// Lets htmx send the form and, if the input is invalid, replace the form in place. Any other error, such as that
    /// of a busy server, appears at the end of the form, which keeps its values and files.
    ///
    /// The page has to load htmx 2 or 4, and liveops.js, which shows the errors. Without htmx the browser sends the
    /// form as usual.
    #[must_use]
    pub fn in_place(self) -> Self {
        Self { is_in_place: true, ..self }
    }

    /// Fills the form with the received texts and the errors in them.
    pub(crate) fn sent(self, texts: Texts, had_files: bool, errors: FormErrors) -> Self {
        let submit = texts.of(SUBMIT).rfind(|words| !words.trim().is_empty()).map(str::to_owned);
        Self { entered: Entered::sent(texts, had_files), submit, errors, ..self }
    }
}

impl Render for FormView {
    fn render(&self) -> Markup {
        let encoding = self.form.has_files().then_some("multipart/form-data");
        html! {
            form class="liveops-form" id=(self.id) method="post" action=(self.action)
                enctype=[encoding]
                hx-post=[self.is_in_place.then_some(&self.action)]
                hx-swap=[self.is_in_place.then_some("outerHTML")]
                hx-encoding=[encoding.filter(|_| self.is_in_place)]
                data-liveop-labels=[self.is_in_place.then(|| form_labels(&self.language))]
                data-liveop-form {
                (self.summary())
                @for field in self.form.fields { (self.field(field)) }
                (self.button())
            }
        }
    }
}

impl FormView {
    /// Renders the error summary, which receives the focus, with a link to each field.
    fn summary(&self) -> Markup {
        html! {
            @if !self.errors.is_empty() {
                div class="liveops-mistakes" role="alert" tabindex="-1" autofocus {
                    p { strong { (self.heading()) } }
                    ul {
                        @for (field, message) in self.errors.iter() {
                            li { (self.mistake(field, message)) }
                        }
                    }
                }
            }
        }
    }

    fn button(&self) -> Markup {
        html! {
            @match &self.submit {
                Some(words) => {
                    button type="submit" data-variant="primary" name=(SUBMIT) value=(words) { (words) }
                }
                None => button type="submit" data-variant="primary" { (self.language.translate(Text::Start)) },
            }
        }
    }

    fn heading(&self) -> String {
        self.language.translate_with(Text::Mistakes, [("count", self.errors.iter().count().into())])
    }

    fn mistake(&self, field: Option<&str>, message: &str) -> Markup {
        let field = field.and_then(|name| self.form.field(name));
        let is_seen = |field: &&'static Field| !self.is_hidden(field);
        html! {
            @match field {
                Some(field) if is_seen(&field) => {
                    a href={ "#" (self.ids(field).control) } { (prose(&self.label(field))) ": " (message) }
                }
                Some(field) => { (prose(&self.label(field))) ": " (message) }
                None => { (message) }
            }
        }
    }

    fn field(&self, field: &'static Field) -> Markup {
        let ids = self.ids(field);
        let texts = self.entered.of(field);
        if self.is_hidden(field) {
            let kind = &field.field_type;
            let is_empty_list = texts.is_empty() && kind.is_multiple && !kind.is_file();
            return html! {
                @if is_empty_list { input type="hidden" name=(field.name) value=""; }
                @for text in texts { input type="hidden" name=(field.name) value=(text); }
            };
        }
        let error = self.errors.of(field.name);
        let lost = self.entered.had_files && field.field_type.is_file();
        let (language, kind, form) = (&self.language, &self.kind, self.form);
        RenderedControl { field, kind, form, language, ids, texts, error, lost }.render()
    }

    fn label(&self, field: &Field) -> Cow<'static, str> {
        self.form.label_in(&self.language, &self.kind, field)
    }

    fn is_hidden(&self, field: &Field) -> bool {
        field.is_hidden || self.hidden.contains(&field.name)
    }

    fn ids(&self, field: &Field) -> Ids {
        Ids::new(&self.id, field.name)
    }
}

/// Renders a text in which backticks mark code.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests;
