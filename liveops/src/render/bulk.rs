//! The bulk actions of the operation list for staff, and their outcome.

use maud::{Markup, html};

use super::{ListRow, Renderer, list::linked};
use crate::language::Text;

/// The outcome of one action on several operations.
#[derive(Debug, Clone, Default)]
pub(crate) struct BulkOutcome {
    /// The number of operations for which the action succeeded.
    pub done: usize,
    /// The number of operations for which the action was refused.
    pub refused: usize,
    /// The refused operations with reasons; empty if the reasons are not known.
    pub reasons: Vec<BulkRefusal>,
}

/// An operation for which an action was refused.
#[derive(Debug, Clone)]
pub(crate) struct BulkRefusal {
    /// The title of the operation.
    pub title: String,
    /// The path of the operation's page, if there is one.
    pub url: Option<String>,
    /// The reason, as a text for users.
    pub reason: String,
}

impl Renderer {
    /// Renders the outcome of a bulk action as an element that htmx swaps out of band.
    pub(crate) fn bulk_outcome_out_of_band(&self, outcome: &BulkOutcome) -> Markup {
        self.bulk_outcome(Some(outcome), Some("true"))
    }

    /// Renders the table in a form with the actions for ticked rows and the outcome of the last action.
    pub(super) fn bulk_form(
        &self,
        url: &str,
        outcome: Option<&BulkOutcome>,
        table: &Markup,
    ) -> Markup {
        html! {
            form class="liveops-bulk" method="post" action=(url) data-liveop-action {
                // The default button of the form: Enter in a checkbox must not start an action.
                button type="submit" disabled hidden {}
                div class="liveops-actions" {
                    button type="submit" name="action" value="cancel" data-variant="danger" {
                        (self.language.translate(Text::CancelSelected))
                    }
                    button type="submit" name="action" value="retry" {
                        (self.language.translate(Text::RetrySelected))
                    }
                }
                div aria-live="polite" { (self.bulk_outcome(outcome, None)) }
                (table)
            }
        }
    }

    /// Renders the checkbox that ticks all others. `liveops.js` implements the behaviour; without scripts the
    /// checkbox is hidden.
    pub(super) fn tick_all(&self) -> Markup {
        html! {
            input id="liveops-tick-all" class="liveops-tick-all" type="checkbox" autocomplete="off"
                aria-label=(self.language.translate(Text::SelectAll)) data-liveop-tick-all;
        }
    }

    pub(super) fn tick(&self, row: &ListRow) -> Markup {
        let label = self.language.translate_with(
            Text::SelectOperation,
            [
                ("title", row.title.as_str().into()),
                ("owner", row.owner.as_str().into()),
                ("created", self.language.date_time(row.created_on).into()),
            ],
        );
        html! {
            input type="checkbox" name="id" value=(row.id) autocomplete="off" aria-label=(label)
                data-liveop-tick;
        }
    }

    fn bulk_outcome(&self, outcome: Option<&BulkOutcome>, swap: Option<&'static str>) -> Markup {
        html! {
            div id="liveops-bulk-outcome" class="liveops-outcome" hx-swap-oob=[swap] {
                @if let Some(outcome) = outcome {
                    p { (self.done_in_words(outcome)) }
                    @if !outcome.reasons.is_empty() {
                        ul { @for refusal in &outcome.reasons { (refused(refusal)) } }
                    }
                }
            }
        }
    }

    fn done_in_words(&self, outcome: &BulkOutcome) -> String {
        let all = outcome.done + outcome.refused;
        self.language.translate_with(
            Text::DoneOfSelected,
            [("done", outcome.done.into()), ("all", all.into())],
        )
    }
}

fn refused(refusal: &BulkRefusal) -> Markup {
    html! {
        li { (linked(&refusal.title, refusal.url.as_deref())) ": " (refusal.reason) }
    }
}
