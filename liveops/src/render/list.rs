use chrono::{DateTime, SecondsFormat, Utc};
use maud::{Markup, html};

use super::{
    Connection, Renderer,
    region::{badge, state_in_words},
};
use crate::{
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
            h1 { "Operations" }
            (self.filter(page))
            div id="liveops-list"
                data-liveop-list=(page.url)
                data-liveop-channel=(channel)
                data-liveop-token=[connection.token.as_ref().map(SubscriptionToken::as_str)]
                data-liveop-socket={ (self.mount()) "/ws" }
                data-liveop-tokens={ (self.mount()) "/token" } {
                (self.list_table(page))
            }
        }
    }

    /// The table alone.
    pub fn list_table(&self, page: &ListPage) -> Markup {
        html! {
            @if page.rows.is_empty() {
                p class="liveops-empty" { "No operations here." }
            } @else {
                table class="liveops-table" {
                    thead {
                        tr {
                            th scope="col" { "Operation" }
                            th scope="col" { "State" }
                            th scope="col" { "Status" }
                            @if page.shows_owner { th scope="col" { "Owner" } }
                            th scope="col" { "Created" }
                        }
                    }
                    tbody { @for row in &page.rows { (self.row(row, page.shows_owner)) } }
                }
            }
            @if let Some(next_url) = &page.next_url {
                p class="liveops-pager" { a href=(next_url) { "Older operations" } }
            }
        }
    }

    fn row(&self, row: &ListRow, shows_owner: bool) -> Markup {
        let is_running = row.state == OperationState::Started;
        html! {
            tr {
                td { a href=(self.url(&row.op_type, row.id)) { (row.title) } }
                td {
                    (badge(row.state))
                    @if let Some(percent) = row.percent.filter(|_| is_running) {
                        " "
                        progress max="100" value=(percent) aria-label="Progress" { (percent) " %" }
                    }
                }
                td { (row.status) }
                @if shows_owner { td { (row.owner) } }
                td {
                    time datetime=(row.created_on.to_rfc3339_opts(SecondsFormat::Millis, true)) {
                        (row.created_on.format("%Y-%m-%d %H:%M:%S"))
                    }
                }
            }
        }
    }

    fn filter(&self, page: &ListPage) -> Markup {
        html! {
            form class="liveops-filter" method="get" action={ (self.mount()) "/" } {
                label {
                    "State "
                    select name="state" {
                        option value="" { "All" }
                        @for state in OperationState::ALL {
                            option value=(state) selected[page.state == Some(state)] {
                                (state_in_words(state))
                            }
                        }
                    }
                }
                label { "Search " input type="search" name="q" value=(page.search); }
                button type="submit" { "Show" }
            }
        }
    }
}
