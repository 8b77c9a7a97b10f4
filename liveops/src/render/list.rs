use chrono::{DateTime, SecondsFormat, Utc};
use maud::{Markup, html};

use super::{
    Connection, Renderer,
    region::{badge, progress_element, state_in_words},
};
use crate::{
    language::{Language, Text},
    operation::{ChannelName, OperationId, OperationState, UserId},
    token::SubscriptionToken,
};

/// One operation in a list.
#[derive(Debug, Clone)]
pub struct ListRow {
    /// Which operation.
    pub id: OperationId,
    /// `app.name` of its type.
    pub op_type: String,
    /// What people read as its name.
    pub title: String,
    /// Whose it is.
    pub owner: UserId,
    /// Where it is in its life.
    pub state: OperationState,
    /// How far it is, from 0 to 100, where that is known.
    pub percent: Option<f64>,
    /// What it last said.
    pub status: String,
    /// When it was enqueued.
    pub created_on: DateTime<Utc>,
}

/// A page of a list, and how to come to the next one.
#[derive(Debug, Clone)]
pub struct ListPage {
    /// The operations, newest first.
    pub rows: Vec<ListRow>,
    /// The path and query of this page.
    pub url: String,
    /// The path and query of the page after this one.
    pub next_url: Option<String>,
    /// Whether the owner is shown: to staff, who see everybody's.
    pub shows_owner: bool,
    /// The state shown; all of them if there is none.
    pub state: Option<OperationState>,
    /// What the list is searched for.
    pub search: String,
}

impl Renderer {
    /// The list with its filter; it keeps itself up to date over the owner's channel.
    pub fn list(&self, page: &ListPage, channel: &ChannelName, connection: &Connection) -> Markup {
        html! {
            h1 { (self.language.say(Text::Operations)) }
            (self.filter(page))
            div id="liveops-list"
                data-liveop-list=(page.url)
                data-liveop-channel=(channel)
                data-liveop-token=[connection.token.as_ref().map(SubscriptionToken::as_str)]
                data-liveop-socket={ (self.mount()) "/ws" }
                data-liveop-events={ (self.mount()) "/events" }
                data-liveop-tokens={ (self.mount()) "/token" }
                data-liveop-keepalive=(self.keepalive.as_secs_f64())
                data-liveop-labels=(self.labels()) {
                (self.list_table(page))
            }
        }
    }

    /// The table alone.
    pub fn list_table(&self, page: &ListPage) -> Markup {
        let say = |text| self.language.say(text);
        html! {
            @if page.rows.is_empty() {
                p class="liveops-empty" { (say(Text::NoOperations)) }
            } @else {
                table class="liveops-table" {
                    thead {
                        tr {
                            th scope="col" { (say(Text::Operation)) }
                            th scope="col" { (say(Text::State)) }
                            th scope="col" { (say(Text::Status)) }
                            @if page.shows_owner { th scope="col" { (say(Text::Owner)) } }
                            th scope="col" { (say(Text::Created)) }
                        }
                    }
                    tbody { @for row in &page.rows { (self.row(row, page.shows_owner)) } }
                }
            }
            @if let Some(next_url) = &page.next_url {
                p class="liveops-pager" { a href=(next_url) { (say(Text::OlderOperations)) } }
            }
        }
    }

    /// The elements of a row that change while its operation runs, as elements that htmx swaps out
    /// of band. A row itself cannot be one of them: a browser drops `<tr>` outside of a table.
    pub fn row_out_of_band(&self, row: &ListRow) -> String {
        html! {
            (state_element(&self.language, row, Some("true")))
            (status_element(row, Some("true")))
        }
        .0
    }

    fn row(&self, row: &ListRow, shows_owner: bool) -> Markup {
        html! {
            tr {
                td { a href=(self.url(&row.op_type, row.id)) { (row.title) } }
                td { (state_element(&self.language, row, None)) }
                td { (status_element(row, None)) }
                @if shows_owner { td { (row.owner) } }
                td {
                    time datetime=(row.created_on.to_rfc3339_opts(SecondsFormat::Millis, true)) {
                        (self.language.date_time(row.created_on))
                    }
                }
            }
        }
    }

    fn filter(&self, page: &ListPage) -> Markup {
        let say = |text| self.language.say(text);
        html! {
            form class="liveops-filter" method="get" action={ (self.mount()) "/" } {
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
                label { (say(Text::Search)) " " input type="search" name="q" value=(page.search); }
                button type="submit" { (say(Text::Show)) }
            }
        }
    }
}

fn state_element(language: &Language, row: &ListRow, swap: Option<&'static str>) -> Markup {
    let is_running = row.state == OperationState::Started;
    html! {
        div id={ "op-row-state-" (row.id) } hx-swap-oob=[swap] {
            (badge(language, row.state))
            @if let Some(percent) = row.percent.filter(|_| is_running) {
                " "
                (progress_element(language, percent))
            }
        }
    }
}

fn status_element(row: &ListRow, swap: Option<&'static str>) -> Markup {
    html! { div id={ "op-row-status-" (row.id) } hx-swap-oob=[swap] { (row.status) } }
}
