//! Whole pages: the application's layout around the content of liveops.

use maud::{Markup, html};

use super::{HostPage, Layout, Renderer, Subject};
use crate::{language::Text, operation::UserId};

impl Renderer {
    /// Renders a whole page in the application's layout.
    pub fn page(&self, title: &str, viewer: &UserId, body: Markup) -> Markup {
        self.templates.render_layout(&Layout {
            title: title.to_owned(),
            head: self.head(),
            body,
            list_url: self.list_url(),
            list_title: self.language.translate(Text::Operations),
            viewer: viewer.to_string(),
            language: self.language.clone(),
        })
    }

    /// Renders the page of one operation with its host template around `container`.
    pub(crate) fn operation_page(
        &self,
        subject: &Subject,
        description: Option<String>,
        viewer: &UserId,
        container: Markup,
    ) -> Markup {
        let page_title = self.page_title(subject, description.as_deref());
        let host = HostPage {
            title: self.language.title(&subject.kind).into_owned(),
            description,
            container,
            list_url: self.list_url(),
            language: self.language.clone(),
        };
        let body = self.templates.render_host(subject.kind.host_template, &host);
        self.page(&page_title, viewer, body)
    }

    /// Returns the title of the page of an operation.
    pub(super) fn page_title(&self, subject: &Subject, description: Option<&str>) -> String {
        let title = self.language.title(&subject.kind);
        match description {
            // The description first: a tab of a browser shows the beginning only.
            Some(description) => format!("{description} – {title}"),
            None => title.into_owned(),
        }
    }

    /// Renders the sections of an operation's page that belong to one viewer, after its container. liveops.js removes
    /// them when the page continues with another operation.
    pub(crate) fn viewer_sections(&self, details: Option<Markup>, staff: Option<Markup>) -> Markup {
        html! {
            div class="op-sections" { (details.unwrap_or_default()) (staff.unwrap_or_default()) }
        }
    }

    /// Renders a page with an error message.
    pub fn error_page(&self, title: &str, message: &str, viewer: &UserId) -> Markup {
        self.refusal_page(title, message, None, viewer)
    }

    /// Renders a page with an error message and, if given, a link to the operation in question.
    pub(crate) fn refusal_page(
        &self,
        title: &str,
        message: &str,
        operation_url: Option<&str>,
        viewer: &UserId,
    ) -> Markup {
        let body = html! {
            h1 { (title) }
            p class="op-error" role="alert" { (message) }
            @if let Some(url) = operation_url {
                p { a href=(url) { (self.language.translate(Text::ShowIt)) } }
            }
            p { a href=(self.list_url()) { (self.language.translate(Text::AllOperations)) } }
        };
        self.page(title, viewer, body)
    }

    fn list_url(&self) -> String {
        format!("{}/", self.mount())
    }
}

#[cfg(all(test, not(feature = "i18n")))]
mod tests {
    use super::*;
    use crate::render::Templates;

    #[test]
    fn pages_are_in_english_for_every_accept_language() {
        let renderer = Renderer::new(Templates::new(), "/live").with_language("pl, de;q=0.5");
        let [title, message] =
            [Text::NotFoundTitle, Text::NotFound].map(|text| renderer.language.translate(text));
        let page = renderer.error_page(&title, &message, &UserId::from("ann")).0;
        for expected in [
            "<html lang=\"en\">",
            "<h1>Not found</h1>",
            "Operation not found.",
            ">All operations</a>",
        ] {
            assert!(page.contains(expected), "{expected} in {page}");
        }
    }
}
