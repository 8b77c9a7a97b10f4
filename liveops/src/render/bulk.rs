use maud::{Markup, html};

use super::{ListRow, Renderer, list::linked};
use crate::language::Text;

/// What became of what was asked for several operations at once.
#[derive(Debug, Clone, Default)]
pub struct BulkOutcome {
    /// How many it was done for.
    pub done: usize,
    /// How many it was not done for.
    pub refused: usize,
    /// Which ones these are, and why, as far as that is told.
    pub reasons: Vec<BulkRefusal>,
}

/// An operation for which what was asked was not done.
#[derive(Debug, Clone)]
pub struct BulkRefusal {
    /// What people read as its name.
    pub title: String,
    /// The path of its page, if there is one.
    pub url: Option<String>,
    /// Why, for people.
    pub reason: String,
}

impl Renderer {
    /// What became of a request for several operations, as an element that htmx swaps out of band.
    pub fn bulk_outcome_out_of_band(&self, outcome: &BulkOutcome) -> Markup {
        self.bulk_outcome(Some(outcome), Some("true"))
    }

    /// The table with what can be done to the rows that are ticked in it, and what became of it.
    pub(super) fn bulk_form(
        &self,
        url: &str,
        outcome: Option<&BulkOutcome>,
        table: &Markup,
    ) -> Markup {
        html! {
            form class="liveops-bulk" method="post" action=(url) data-liveop-action {
                // The one that Enter in a box would press: nothing is done to operations by accident.
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

    /// The box that ticks all others; `liveops.js` makes it do so, and it is not shown without scripts.
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
