use chrono::{DateTime, SecondsFormat, Utc};
use maud::{Markup, html};

use super::{Age, BulkOutcome, ContainerOptions, Renderer, region::badge};
use crate::{
    language::Text,
    operation::{ChannelName, ListSort, OperationId, OperationState, UserId},
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
    /// The path of its page, if there is one.
    pub url: Option<String>,
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
    /// When its newest attempt started.
    pub started_on: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_on: Option<DateTime<Utc>>,
}

/// A page of a list, and how to come to those beside it.
#[derive(Debug, Clone)]
pub struct ListPage {
    /// The operations, in their order.
    pub rows: Vec<ListRow>,
    /// The path and query of this page.
    pub url: String,
    /// The path and query of the page after this one.
    pub next_url: Option<String>,
    /// The path and query of the page before this one.
    pub previous_url: Option<String>,
    /// The state shown; all of them if there is none.
    pub state: Option<OperationState>,
    /// What the list is searched for.
    pub search: String,
    /// What staff see beside that, where they are who looks.
    pub staff: Option<StaffList>,
}

/// What a list has for staff, who see everybody's operations.
#[derive(Debug, Clone)]
pub struct StaffList {
    /// The types of operations there are, with what people read as their names.
    pub op_types: Vec<(&'static str, String)>,
    /// The type shown; all of them if there is none.
    pub op_type: Option<String>,
    /// Whose operations are shown; everybody's if it is empty.
    pub owner: String,
    /// The age shown; every one if there is none.
    pub age: Option<Age>,
    /// The order.
    pub sort: ListSort,
    /// Where what is to be done to several operations is sent.
    pub bulk_url: String,
    /// What became of that.
    pub outcome: Option<BulkOutcome>,
}

impl ListPage {
    fn sort(&self) -> ListSort {
        self.staff.as_ref().map_or(ListSort::Newest, |staff| staff.sort)
    }
}

impl Renderer {
    /// The list with its filter; it keeps itself up to date over the owner's channel.
    pub fn list(
        &self,
        page: &ListPage,
        channel: &ChannelName,
        connection: &ContainerOptions,
    ) -> Markup {
        let content = self.list_table(page);
        let table = self.live_list("liveops-list", &page.url, channel, connection, &content);
        html! {
            h1 { (self.language.translate(Text::Operations)) }
            (self.filter(page))
            @match &page.staff {
                Some(staff) => (self.bulk_form(&staff.bulk_url, staff.outcome.as_ref(), &table)),
                None => (table),
            }
        }
    }

    /// What is loaded anew from `url` when the operations of a list have changed.
    pub(super) fn live_list(
        &self,
        id: &str,
        url: &str,
        channel: &ChannelName,
        connection: &ContainerOptions,
        content: &Markup,
    ) -> Markup {
        html! {
            div id=(id)
                data-liveop-list=(url)
                data-liveop-channel=(channel)
                data-liveop-token=[connection.token.as_ref().map(SubscriptionToken::as_str)]
                data-liveop-socket={ (self.mount()) "/ws" }
                data-liveop-events={ (self.mount()) "/events" }
                data-liveop-tokens={ (self.mount()) "/token" }
                data-liveop-keepalive=(self.keepalive.as_secs_f64())
                data-liveop-labels=(self.labels()) {
                (content)
            }
        }
    }

    /// The table alone.
    pub fn list_table(&self, page: &ListPage) -> Markup {
        let translate = |text| self.language.translate(text);
        html! {
            @if page.rows.is_empty() {
                p class="liveops-empty" { (translate(Text::NoOperations)) }
            } @else {
                table class="liveops-table" {
                    thead {
                        tr {
                            @if page.staff.is_some() { th scope="col" { (self.tick_all()) } }
                            th scope="col" { (translate(Text::Operation)) }
                            th scope="col" { (translate(Text::State)) }
                            th scope="col" { (translate(Text::Status)) }
                            @if page.staff.is_some() { th scope="col" { (translate(Text::Owner)) } }
                            th scope="col" { (translate(moment_in_words(page.sort()))) }
                        }
                    }
                    tbody { @for row in &page.rows { (self.row(page, row)) } }
                }
            }
            @if page.previous_url.is_some() || page.next_url.is_some() {
                p class="liveops-pager" {
                    @if let Some(url) = &page.previous_url {
                        a href=(url) rel="prev" { (translate(Text::PreviousPage)) }
                    }
                    " "
                    @if let Some(url) = &page.next_url {
                        a href=(url) rel="next" { (translate(Text::NextPage)) }
                    }
                }
            }
        }
    }

    /// The elements of a row that change while its operation runs, as elements that htmx swaps out
    /// of band. A row itself cannot be one of them: a browser drops `<tr>` outside of a table.
    ///
    /// All who have the operation in their list get the same, so no word in it is this renderer's.
    pub fn row_out_of_band(&self, row: &ListRow) -> String {
        html! {
            (progress_element(row, Some("true")))
            (status_element(row, Some("true")))
        }
        .0
    }

    pub(super) fn time(&self, on: DateTime<Utc>) -> Markup {
        html! {
            time datetime=(on.to_rfc3339_opts(SecondsFormat::Millis, true)) {
                (self.language.date_time(on))
            }
        }
    }

    fn row(&self, page: &ListPage, row: &ListRow) -> Markup {
        let is_staff = page.staff.is_some();
        html! {
            tr {
                @if is_staff { td { (self.tick(row)) } }
                td id=(title_id(row)) { (linked(&row.title, row.url.as_deref())) }
                td {
                    span id={ "op-row-state-" (row.id) } { (badge(&self.language, row.state)) }
                    " "
                    (progress_element(row, None))
                }
                td { (status_element(row, None)) }
                @if is_staff { td { (row.owner) } }
                td { (self.time(moment(page.sort(), row))) }
            }
        }
    }
}

/// The name of an operation, which leads to its page if there is one.
pub(super) fn linked(title: &str, url: Option<&str>) -> Markup {
    html! {
        @match url {
            Some(url) => a href=(url) { (title) },
            None => (title),
        }
    }
}

/// The moment of a row that a list in this order shows.
fn moment(sort: ListSort, row: &ListRow) -> DateTime<Utc> {
    let sorted_by = match sort {
        ListSort::Newest | ListSort::Oldest => None,
        ListSort::LastFinished => row.finished_on,
        ListSort::LongestRunning => row.started_on,
    };
    sorted_by.unwrap_or(row.created_on)
}

const fn moment_in_words(sort: ListSort) -> Text {
    match sort {
        ListSort::Newest | ListSort::Oldest => Text::Created,
        ListSort::LastFinished => Text::EndedOn,
        ListSort::LongestRunning => Text::StartedOn,
    }
}

fn title_id(row: &ListRow) -> String {
    format!("op-row-title-{}", row.id)
}

/// How far an operation is, as far as that can be said in no language: its name is on the page.
fn progress_element(row: &ListRow, swap: Option<&'static str>) -> Markup {
    let is_running = row.state == OperationState::Started;
    html! {
        span id={ "op-row-progress-" (row.id) } hx-swap-oob=[swap] {
            @if let Some(percent) = row.percent.filter(|_| is_running) {
                progress max="100" value=(percent) aria-labelledby=(title_id(row)) {}
            }
        }
    }
}

fn status_element(row: &ListRow, swap: Option<&'static str>) -> Markup {
    html! { div id={ "op-row-status-" (row.id) } hx-swap-oob=[swap] { (row.status) } }
}
