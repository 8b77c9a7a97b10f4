//! The traceback of a failed operation, for staff.

use maud::{Markup, html};

use super::Renderer;
use crate::{language::Text, operation::OperationId};

impl Renderer {
    /// Renders the traceback as an element that htmx swaps out of band. The traceback is for staff, so it is
    /// never part of a snapshot or a frame, which all viewers receive.
    pub(crate) fn traceback_out_of_band(&self, id: OperationId, traceback: &str) -> String {
        element(id, Some("true"), Some(&self.traceback(traceback))).0
    }

    /// Renders the traceback below a heading. The heading is in the language of this renderer, the viewer's;
    /// the page around it may have another language.
    pub(crate) fn traceback(&self, traceback: &str) -> Markup {
        let title = self.language.translate(Text::Traceback);
        html! {
            details lang=(self.language) {
                summary { (title) }
                // The element scrolls, so it needs keyboard focus and a label.
                pre tabindex="0" role="region" aria-label=(title) dir="ltr" { (traceback) }
            }
        }
    }
}

/// Renders the element of the traceback; empty for viewers who are not staff.
pub(super) fn element(
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
