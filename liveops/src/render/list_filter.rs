use maud::{Markup, html};

use super::{Age, ListPage, Renderer, StaffList, region::state_in_words};
use crate::{
    language::Text,
    operation::{ListSort, OperationState},
};

impl Renderer {
    /// The form above a list. It sends what it holds to the list itself, so it works without a script.
    pub(super) fn filter(&self, page: &ListPage) -> Markup {
        let say = |text| self.language.say(text);
        html! {
            form class="liveops-filter" method="get" action={ (self.mount()) "/" } {
                @if let Some(staff) = &page.staff { (self.type_filter(staff)) }
                label {
                    (say(Text::State)) " "
                    select name="state" {
                        option value="" { (say(Text::EveryState)) }
                        @for state in OperationState::ALL {
                            option value=(state) selected[page.state == Some(state)] {
                                (say(state_in_words(state)))
                            }
                        }
                    }
                }
                @if let Some(staff) = &page.staff { (self.staff_filter(staff)) }
                label { (say(Text::Search)) " " input type="search" name="q" value=(page.search); }
                button type="submit" { (say(Text::Show)) }
            }
        }
    }

    fn type_filter(&self, staff: &StaffList) -> Markup {
        let chosen = staff.op_type.as_deref();
        let is_known = |chosen: &&str| staff.op_types.iter().any(|(known, _)| known == chosen);
        html! {
            label {
                (self.language.say(Text::Type)) " "
                select name="op_type" {
                    option value="" { (self.language.say(Text::EveryType)) }
                    @for (op_type, title) in &staff.op_types {
                        option value=(op_type) selected[chosen == Some(op_type)] { (title) }
                    }
                    // One that the application knows no more has rows all the same.
                    @if let Some(unknown) = chosen.filter(|chosen| !is_known(chosen)) {
                        option value=(unknown) selected { (unknown) }
                    }
                }
            }
        }
    }

    fn staff_filter(&self, staff: &StaffList) -> Markup {
        let say = |text| self.language.say(text);
        html! {
            label { (say(Text::Owner)) " " input type="text" name="owner" value=(staff.owner); }
            label {
                (say(Text::Age)) " "
                select name="age" {
                    option value="" { (say(Text::EveryAge)) }
                    @for age in Age::ALL {
                        option value=(age) selected[staff.age == Some(age)] {
                            (age.in_words(&self.language))
                        }
                    }
                }
            }
            label {
                (say(Text::Sort)) " "
                select name="sort" {
                    @for sort in ListSort::ALL {
                        option value=(sort) selected[staff.sort == sort] { (say(sort_in_words(sort))) }
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
