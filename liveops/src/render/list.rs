//! The list of operations: table, rows, pagination and live updates.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use maud::{Markup, html};

use super::{Age, BulkOutcome, ContainerOptions, Renderer, region::badge};
use crate::{
    language::Text,
    operation::{ChannelName, ListSort, OperationId, OperationState, PastAction, UserId},
    token::SubscriptionToken,
};

/// One operation in a list.
#[derive(Debug, Clone)]
pub(crate) struct ListRow {
    /// The id of the operation.
    pub id: OperationId,
    /// The op type, `app.name`.
    #[cfg(feature = "cli")]
    pub op_type: String,
    /// The title of the operation.
    pub title: String,
    /// The description of the operation.
    pub description: Option<String>,
    /// The path of the operation's page.
    pub url: String,
    /// The owner of the operation.
    pub owner: UserId,
    /// The lifecycle state of the operation.
    pub state: OperationState,
    /// The progress from 0 to 100, if known.
    pub percent: Option<f64>,
    /// The last status.
    pub status: String,
    /// The time at which the operation was enqueued.
    pub created_on: DateTime<Utc>,
    /// The start of the newest attempt.
    pub started_on: Option<DateTime<Utc>>,
    /// The end of the operation.
    pub finished_on: Option<DateTime<Utc>>,
}

/// One page of a list, with links to the neighbouring pages.
#[derive(Debug, Clone)]
pub(crate) struct ListPage {
    /// The operations, in list order.
    pub rows: Vec<ListRow>,
    /// The path and query of this page.
    pub url: String,
    /// The path and query of the next page.
    pub next_url: Option<String>,
    /// The path and query of the previous page.
    pub previous_url: Option<String>,
    /// The states of the filter; empty for all states.
    pub states: Vec<OperationState>,
    /// The search text.
    pub search: String,
    /// The number of operations that the search of this page has read, if it ended before the page was full. The
    /// next page continues the search.
    pub searched: Option<u64>,
    /// The additional controls for staff; `None` for other viewers.
    pub staff: Option<StaffList>,
}

/// The additional filters and actions of a list for staff, who see the operations of all owners.
#[derive(Debug, Clone)]
pub(crate) struct StaffList {
    /// The registered op types with their titles.
    pub op_types: Vec<(&'static str, String)>,
    /// The op type filter; all types if `None`.
    pub op_type: Option<String>,
    /// The owner filter; all owners if empty.
    pub owner: String,
    /// The age filter; all ages if `None`.
    pub age: Option<Age>,
    /// The sort order.
    pub sort: ListSort,
    /// The path that receives bulk actions.
    pub bulk_url: String,
    /// The outcome of the last bulk action.
    pub outcome: Option<BulkOutcome>,
    /// The newest deletion of old operations.
    pub last_prune: Option<PastAction>,
}

impl ListRow {
    /// The duration of the newest attempt until its end.
    pub(crate) fn took(&self) -> Option<Duration> {
        // The clocks of two processes may differ.
        (self.finished_on? - self.started_on?).to_std().ok()
    }
}

impl ListPage {
    fn sort(&self) -> ListSort {
        self.staff.as_ref().map_or(ListSort::Newest, |staff| staff.sort)
    }
}

impl Renderer {
    /// Renders the list with its filter. The list updates itself over the owner's channel.
    pub(crate) fn list(
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
                Some(staff) => {
                    (self.bulk_form(&staff.bulk_url, staff.outcome.as_ref(), &table))
                    @if let Some(prune) = &staff.last_prune { p class="liveops-note" { (self.last_prune(prune)) } }
                },
                None => (table),
            }
        }
    }

    fn last_prune(&self, prune: &PastAction) -> String {
        let time = self.language.date_time(prune.at).into();
        let count = prune.count.unwrap_or_default().into();
        self.language.translate_with(Text::LastPrune, [("time", time), ("count", count)])
    }

    /// Renders the element that reloads `url` when the operations of a list change.
    pub(super) fn live_list(
        &self,
        id: &str,
        url: &str,
        channel: &ChannelName,
        connection: &ContainerOptions,
        content: &Markup,
    ) -> Markup {
        html! {
            live-list id=(id)
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

    /// Renders the table without the filter.
    pub(crate) fn list_table(&self, page: &ListPage) -> Markup {
        let translate = |text| self.language.translate(text);
        html! {
            @if page.rows.is_empty() {
                @if page.searched.is_none() {
                    p class="liveops-empty" { (translate(Text::NoOperations)) }
                }
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
                            th scope="col" { (translate(Text::StartedOn)) }
                            th scope="col" { (translate(Text::Took)) }
                        }
                    }
                    tbody { @for row in &page.rows { (self.row(page, row)) } }
                }
            }
            @if let Some(count) = page.searched {
                p class="liveops-empty" {
                    (self.language.translate_with(
                        Text::SearchContinues,
                        [("count", count.into())],
                    ))
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

    /// Renders the parts of a row that change while its operation runs, as elements that htmx swaps out of
    /// band. A whole row cannot be swapped: a browser drops a `<tr>` outside of a table.
    ///
    /// All viewers of the row get the same HTML, so the HTML contains no translated text.
    pub(crate) fn row_out_of_band(&self, row: &ListRow) -> String {
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
            tr id={ "op-row-" (row.id) } {
                @if is_staff { td { (self.tick(row)) } }
                td id=(title_id(row)) {
                    (linked(&row.title, Some(&row.url)))
                    @if let Some(description) = &row.description {
                        div class="liveops-secondary" { bdi { (description) } }
                    }
                }
                td {
                    span id={ "op-row-state-" (row.id) } { (badge(&self.language, row.state)) }
                    " "
                    (progress_element(row, None))
                }
                td { (status_element(row, None)) }
                @if is_staff { td { (row.owner) } }
                td { (self.time(moment(page.sort(), row))) }
                td data-label=(self.language.translate(Text::StartedOn)) {
                    @if let Some(on) = row.started_on { (self.time(on)) }
                }
                td data-label=(self.language.translate(Text::Took)) {
                    @if let Some(took) = row.took() { (self.language.duration(took)) }
                }
            }
        }
    }
}

/// Renders the title of an operation, as a link if the operation has a page.
pub(super) fn linked(title: &str, url: Option<&str>) -> Markup {
    html! {
        @match url {
            Some(url) => a href=(url) { (title) },
            None => (title),
        }
    }
}

/// Returns the time in the first column of times: the end in a list by the end, the creation in every other one.
fn moment(sort: ListSort, row: &ListRow) -> DateTime<Utc> {
    let ended_on = row.finished_on.filter(|_| sort == ListSort::LastFinished);
    ended_on.unwrap_or(row.created_on)
}

const fn moment_in_words(sort: ListSort) -> Text {
    match sort {
        ListSort::LastFinished => Text::EndedOn,
        ListSort::Newest | ListSort::Oldest | ListSort::LongestRunning => Text::Created,
    }
}

fn title_id(row: &ListRow) -> String {
    format!("op-row-title-{}", row.id)
}

/// Renders the progress of an operation without translated text; the label is the title on the page.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Templates;

    #[test]
    fn a_page_whose_search_continues_says_so_and_not_that_there_is_nothing() {
        let next_url = Some("/live/?next=7".to_owned());
        let page = ListPage {
            rows: Vec::new(),
            url: "/live/".to_owned(),
            next_url,
            previous_url: None,
            states: Vec::new(),
            search: "row".to_owned(),
            searched: Some(10_000),
            staff: None,
        };
        let renderer = Renderer::new(Templates::new(), "/live");
        let continues = renderer.list_table(&page).0;
        let sentence = "There are no more matches in the 10,000 operations searched. The search \
                        continues on the next page.";
        assert!(continues.contains(sentence) && continues.contains("rel=\"next\""), "{continues}");
        assert!(!continues.contains("No operations."), "{continues}");
        let complete = renderer.list_table(&ListPage { searched: None, ..page }).0;
        assert!(
            complete.contains("No operations.") && !complete.contains("searched"),
            "{complete}"
        );
    }
}
