//! The filter form above a list.

use maud::{Markup, html};

use super::{Age, ListPage, Renderer, StaffList, region::state_in_words};
use crate::{
    language::Text,
    operation::{ListSort, OperationState},
};

impl Renderer {
    /// Renders the form above a list. The form sends its values to the list itself and works without scripts.
    pub(super) fn filter(&self, page: &ListPage) -> Markup {
        let translate = |text| self.language.translate(text);
        html! {
            form class="liveops-filter" method="get" action={ (self.mount()) "/" } {
                @if let Some(staff) = &page.staff { (self.type_filter(staff)) }
                (self.state_filter(&page.states))
                @if let Some(staff) = &page.staff { (self.staff_filter(staff)) }
                label { (translate(Text::Search)) " " input type="search" name="q" value=(page.search); }
                button type="submit" { (translate(Text::Show)) }
            }
        }
    }

    fn type_filter(&self, staff: &StaffList) -> Markup {
        let chosen = staff.op_type.as_deref();
        let known = staff.op_types.iter().map(|(op_type, title)| (*op_type, title.clone()));
        // An op type that is no longer registered can still have rows.
        let is_known = |chosen: &&str| staff.op_types.iter().any(|(known, _)| known == chosen);
        let unknown = chosen.filter(|chosen| !is_known(chosen));
        let types = known.chain(unknown.map(|unknown| (unknown, unknown.to_owned())));
        self.choice("op_type", Text::Type, Some(Text::EveryType), types, chosen)
    }

    fn state_filter(&self, chosen: &[OperationState]) -> Markup {
        let in_words = |state: &OperationState| self.language.translate(state_in_words(*state));
        let all = OperationState::ALL.iter().map(|state| (state.as_str(), in_words(state)));
        // The address of a list may name several states, which are one more option.
        let chosen_value = chosen.iter().map(|state| state.as_str()).collect::<Vec<_>>().join(",");
        let chosen_words = || chosen.iter().map(in_words).collect::<Vec<_>>().join(", ");
        let several = (chosen.len() > 1).then(|| (chosen_value.as_str(), chosen_words()));
        let chosen = (!chosen.is_empty()).then_some(chosen_value.as_str());
        self.choice("state", Text::State, Some(Text::EveryState), all.chain(several), chosen)
    }

    fn staff_filter(&self, staff: &StaffList) -> Markup {
        let translate = |text| self.language.translate(text);
        let ages = Age::ALL.map(|age| (age.as_str(), age.in_words(&self.language)));
        let sorts = ListSort::ALL.map(|sort| (sort.as_str(), translate(sort_in_words(sort))));
        html! {
            label { (translate(Text::Owner)) " " input type="text" name="owner" value=(staff.owner); }
            (self.choice("age", Text::Age, Some(Text::EveryAge), ages, staff.age.map(Age::as_str)))
            (self.choice("sort", Text::Sort, None, sorts, Some(staff.sort.as_str())))
        }
    }

    /// Renders a choice of one value, and of all values if `all` has a label.
    fn choice<'a>(
        &self,
        name: &str,
        label: Text,
        all: Option<Text>,
        options: impl IntoIterator<Item = (&'a str, String)>,
        chosen: Option<&str>,
    ) -> Markup {
        html! {
            label {
                (self.language.translate(label)) " "
                select name=(name) {
                    @if let Some(all) = all { option value="" { (self.language.translate(all)) } }
                    @for (value, words) in options {
                        option value=(value) selected[chosen == Some(value)] { (words) }
                    }
                }
            }
        }
    }
}

const fn sort_in_words(sort: ListSort) -> Text {
    match sort {
        ListSort::Newest => Text::Newest,
        ListSort::Oldest => Text::Oldest,
        ListSort::LastFinished => Text::LastFinished,
        ListSort::LongestRunning => Text::LongestRunning,
    }
}
