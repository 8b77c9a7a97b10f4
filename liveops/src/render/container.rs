//! The container element of an operation, and fragments as out-of-band swaps.

use maud::{Markup, PreEscaped, html};

use super::{Apply, Fragment, Renderer, Subject, region::link, traceback};
use crate::{
    event::LinkedOperation,
    language::Text,
    operation::{ChannelName, OperationId, OperationState},
    projection::Region,
    token::SubscriptionToken,
};

/// The parts of a container that differ from page to page: the connection to the operation, and content for
/// authorized viewers only.
#[derive(Debug, Clone, Default)]
pub(crate) struct ContainerOptions {
    /// The token for the subscription; `None` if a chain frame delivers the token.
    pub token: Option<SubscriptionToken>,
    /// The cursor in the channel that the container's content corresponds to.
    pub cursor: Option<String>,
    /// The operation whose container this one follows on an open page. liveops.js keeps the container of that
    /// operation, folded; the client of django-liveops replaces it.
    pub follows: Option<OperationId>,
    /// The operation that this one continues.
    pub previous: Option<LinkedOperation>,
    /// The description of the operation.
    pub description: Option<String>,
    /// The [traceback](Renderer::traceback), if the viewer may read it.
    pub traceback: Option<Markup>,
    /// The [earlier attempts](Renderer::earlier_attempts).
    pub earlier_attempts: Option<Markup>,
    /// `true` if the viewer may see but not change the operation. The style sheet then hides Cancel and Retry, because
    /// all viewers share the region of these buttons.
    pub is_read_only: bool,
}

impl Renderer {
    /// Renders the element that shows one operation and follows its channel. A page can have any number of
    /// containers.
    ///
    /// `fragments` is a snapshot.
    pub(crate) fn container(
        &self,
        subject: &Subject,
        state: OperationState,
        fragments: &[Fragment],
        connection: &ContainerOptions,
    ) -> Markup {
        let id = subject.id;
        let region = |region: Region| element(id, &region, fragments);
        let url = self.url(subject.kind.op_type, id);
        html! {
            live-operation id={ "op-" (id) } class="liveop" lang=(self.language)
                hx-swap-oob=[connection.follows.map(|id| format!("outerHTML:#op-{id}"))]
                data-liveop-channel=(ChannelName::operation(id))
                data-liveop-state=(state)
                data-liveop-title=(self.page_title(subject, connection.description.as_deref()))
                data-liveop-read-only[connection.is_read_only]
                data-liveop-token=[connection.token.as_ref().map(SubscriptionToken::as_str)]
                data-liveop-cursor=[connection.cursor.as_ref()]
                data-liveop-socket={ (self.mount()) "/ws" }
                data-liveop-events={ (url) "events" }
                data-liveop-tokens={ (self.mount()) "/token" }
                data-liveop-keepalive=(self.keepalive.as_secs_f64())
                data-liveop-labels=(self.labels()) {
                header class="op-head" {
                    h2 class="op-title" { (self.language.title(&subject.kind)) }
                    span class="op-connection" role="img" hidden {}
                    (region(Region::Controls))
                }
                @if let Some(description) = &connection.description {
                    p class="op-description" { bdi { (description) } }
                }
                @if let Some(previous) = &connection.previous {
                    p class="op-previous" {
                        (self.language.translate(Text::ContinuedFrom)) " " (link(previous))
                    }
                }
                (region(Region::Stages))
                div aria-live="polite" { (region(Region::Status)) }
                (region(Region::Progress))
                (regions_element(id, None, fragments))
                (region(Region::Result))
                (traceback::element(id, None, connection.traceback.as_ref()))
                details class="op-log-box" open {
                    summary id={ "op-log-title-" (id) } { (self.language.translate(Text::Log)) }
                    (region(Region::Log))
                    a class="op-log-link" href={ (url) "log" } { (self.language.translate(Text::WholeLog)) }
                }
                // liveops.js loads the content again when another attempt has begun.
                div class="op-history" data-liveop-list={ (url) "attempts" } {
                    @if let Some(attempts) = &connection.earlier_attempts { (attempts) }
                }
            }
        }
    }

    /// Renders fragments as elements that htmx swaps out of band.
    pub(crate) fn out_of_band(&self, id: OperationId, fragments: &[Fragment]) -> String {
        let element = |fragment: &Fragment| match fragment.apply {
            Apply::Replace => wrapped(id, &fragment.region, Some("true"), &fragment.html),
            Apply::Append(_) => html! {
                div hx-swap-oob={ "beforeend:#" (element_id(id, &fragment.region)) } {
                    (PreEscaped(&fragment.html))
                }
            },
        };
        fragments.iter().map(|fragment| element(fragment).0).collect()
    }

    /// Renders a snapshot as elements that htmx swaps out of band. The swap also removes custom regions that
    /// are not in the snapshot, and the traceback of an earlier run.
    pub(crate) fn snapshot_out_of_band(&self, id: OperationId, snapshot: &[Fragment]) -> String {
        let is_custom = |fragment: &&Fragment| matches!(fragment.region, Region::Custom(_));
        let built_in: Vec<Fragment> =
            snapshot.iter().filter(|fragment| !is_custom(fragment)).cloned().collect();
        let mut html = self.out_of_band(id, &built_in);
        html.push_str(&regions_element(id, Some("true"), snapshot).0);
        html.push_str(&traceback::element(id, Some("true"), None).0);
        html
    }
}

/// Renders the element around the custom regions.
fn regions_element(id: OperationId, swap: Option<&'static str>, fragments: &[Fragment]) -> Markup {
    html! {
        div id={ "op-regions-" (id) } class="op-regions" hx-swap-oob=[swap] {
            @for region in custom_regions(fragments) { (element(id, &region, fragments)) }
        }
    }
}

fn custom_regions(fragments: &[Fragment]) -> impl Iterator<Item = Region> {
    let is_custom = |fragment: &&Fragment| {
        matches!(fragment.region, Region::Custom(_)) && fragment.apply == Apply::Replace
    };
    fragments.iter().filter(is_custom).map(|fragment| fragment.region.clone())
}

/// Renders the element of a region with the content of all its fragments.
fn element(id: OperationId, region: &Region, fragments: &[Fragment]) -> Markup {
    let content: String = fragments
        .iter()
        .filter(|fragment| fragment.region == *region)
        .map(|fragment| &*fragment.html)
        .collect();
    wrapped(id, region, None, &content)
}

fn wrapped(id: OperationId, region: &Region, swap: Option<&'static str>, content: &str) -> Markup {
    let class = match region {
        Region::Custom(_) => "op-region".to_owned(),
        built_in => format!("op-{built_in}"),
    };
    let is_log = *region == Region::Log;
    html! {
        div id=(element_id(id, region)) class=(class) hx-swap-oob=[swap]
            role=[is_log.then_some("log")]
            aria-labelledby=[is_log.then(|| format!("op-log-title-{id}"))]
            aria-live=[is_log.then_some("off")] tabindex=[is_log.then_some("0")] {
            (PreEscaped(content))
        }
    }
}

fn element_id(id: OperationId, region: &Region) -> String {
    format!("op-{region}-{id}")
}
