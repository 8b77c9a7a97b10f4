use maud::{Markup, html};

use super::Renderer;
use crate::{language::Text, operation::OperationId};

impl Renderer {
    /// What went wrong, as an element that htmx swaps out of band: for staff, so never part of a
    /// snapshot or of anything else that all who watch an operation get.
    pub fn traceback_out_of_band(&self, id: OperationId, traceback: &str) -> String {
        place(id, Some("true"), Some(&self.traceback(traceback))).0
    }

    /// What went wrong, below a heading in the language of this renderer, which is that of whoever
    /// looks: the page around it speaks another one.
    pub fn traceback(&self, traceback: &str) -> Markup {
        let title = self.language.translate(Text::Traceback);
        html! {
            details lang=(self.language) {
                summary { (title) }
                // It scrolls, so it can be reached with the keyboard, and says what it is.
                pre tabindex="0" role="region" aria-label=(title) dir="ltr" { (traceback) }
            }
        }
    }
}

/// The place of what went wrong; empty for everybody but staff.
pub(super) fn place(
    id: OperationId,
    swap: Option<&'static str>,
    traceback: Option<&Markup>,
) -> Markup {
    html! {
        div id={ "op-traceback-" (id) } class="op-traceback" hx-swap-oob=[swap] {
            @if let Some(traceback) = traceback { (traceback) }
        }
    }
}
