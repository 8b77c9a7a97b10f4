use maud::{Markup, PreEscaped, html};

use super::{Apply, Fragment, Renderer, Subject};
use crate::{
    operation::{ChannelName, OperationState},
    projection::Region,
    token::SubscriptionToken,
};

/// How the browser reaches the operation shown in a container.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The permission to watch; absent where it comes with a chain frame.
    pub token: Option<SubscriptionToken>,
    /// The place in the channel that the container's content is from.
    pub cursor: Option<String>,
}

impl Renderer {
    /// The element that shows one operation and follows it: put it anywhere on a page, as often as
    /// there are operations.
    ///
    /// `fragments` is a snapshot.
    pub fn container(
        &self,
        subject: &Subject,
        state: OperationState,
        fragments: &[Fragment],
        connection: &Connection,
    ) -> Markup {
        let id = subject.id;
        let region = |region: Region| element(subject, &region, fragments);
        let url = self.url(subject.kind.op_type, id);
        html! {
            section id={ "op-" (id) } class="liveop"
                data-liveop-channel=(ChannelName::operation(id))
                data-liveop-state=(state)
                data-liveop-token=[connection.token.as_ref().map(SubscriptionToken::as_str)]
                data-liveop-cursor=[connection.cursor.as_ref()]
                data-liveop-socket={ (self.mount()) "/ws" }
                data-liveop-tokens={ (self.mount()) "/token" } {
                header class="op-head" {
                    h2 class="op-title" { (subject.kind.title) }
                    span class="op-connection" role="img" hidden {}
                    (region(Region::Controls))
                }
                (region(Region::Stages))
                div aria-live="polite" { (region(Region::Status)) }
                (region(Region::Progress))
                div class="op-regions" {
                    @for custom in custom_regions(fragments) { (region(custom)) }
                }
                (region(Region::Result))
                details class="op-log-box" open {
                    summary { "Log" }
                    (region(Region::Log))
                    a class="op-log-link" href={ (url) "log" } { "Whole log" }
                }
            }
        }
    }

    /// The same fragments as elements that htmx swaps out of band.
    pub fn out_of_band(&self, subject_id: crate::OperationId, fragments: &[Fragment]) -> String {
        let mut html = String::new();
        for fragment in fragments {
            let element = match fragment.apply {
                Apply::Replace => {
                    wrapped(subject_id, &fragment.region, Some("true"), &fragment.html)
                }
                Apply::Append(_) => html! {
                    div hx-swap-oob={ "beforeend:#" (element_id(subject_id, &fragment.region)) } {
                        (PreEscaped(&fragment.html))
                    }
                },
            };
            html.push_str(&element.0);
        }
        html
    }
}

fn custom_regions(fragments: &[Fragment]) -> impl Iterator<Item = Region> {
    let is_custom = |fragment: &&Fragment| {
        matches!(fragment.region, Region::Custom(_)) && fragment.apply == Apply::Replace
    };
    fragments.iter().filter(is_custom).map(|fragment| fragment.region.clone())
}

/// The element of a region, with everything the fragments put into it.
fn element(subject: &Subject, region: &Region, fragments: &[Fragment]) -> Markup {
    let content: String = fragments
        .iter()
        .filter(|fragment| fragment.region == *region)
        .map(|fragment| &*fragment.html)
        .collect();
    wrapped(subject.id, region, None, &content)
}

fn wrapped(
    id: crate::OperationId,
    region: &Region,
    swap: Option<&'static str>,
    content: &str,
) -> Markup {
    let class = match region {
        Region::Custom(_) => "op-region".to_owned(),
        built_in => format!("op-{built_in}"),
    };
    let is_log = *region == Region::Log;
    html! {
        div id=(element_id(id, region)) class=(class) hx-swap-oob=[swap]
            role=[is_log.then_some("log")] aria-live=[is_log.then_some("off")]
            tabindex=[is_log.then_some("0")] {
            (PreEscaped(content))
        }
    }
}

fn element_id(id: crate::OperationId, region: &Region) -> String {
    format!("op-{region}-{id}")
}
