use serde::Deserialize;
use serde_json::Value;

use crate::{
    operation::{OperationId, OperationState},
    projection::Region,
};

/// What the server says over a WebSocket.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Message {
    /// A channel is followed: what was missing has been sent.
    Subscribed {
        /// Which channel.
        channel: String,
    },
    /// Parts of the page of an operation have changed.
    ShownRegions(ShownRegions),
    /// An operation has ended.
    Finished(Finished),
    /// An operation has handed its page over to another one.
    Chain(Chain),
    /// The list of the viewer's operations has changed.
    ListChanged,
    /// The server refuses something.
    Refused {
        /// Why, as a close code.
        code: u16,
        /// Why, in words.
        message: String,
    },
    /// The server wants to know whether the client is there; the client has answered.
    Ping,
}

/// Parts of the page of an operation, as HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRegions {
    /// The operation's channel, or that of the list it is in.
    pub channel: String,
    /// What is sent to htmx: an element for each region that changed.
    pub html: String,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Finished {
    /// Which operation.
    #[serde(rename = "pk")]
    pub id: OperationId,
    /// How.
    pub state: OperationState,
    /// The path of its page.
    pub url: String,
    /// Where the browser goes now; `None` where it stays.
    pub success_url: Option<String>,
}

/// The operation that goes on where another one ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Chain {
    /// Which operation.
    #[serde(rename = "pk")]
    pub id: OperationId,
    /// The path of its page.
    pub url: String,
    pub(super) token: String,
}

impl ShownRegions {
    /// What a region is shown with: the HTML inside its element, or what is added there. `None` where it
    /// did not change.
    ///
    /// ```
    /// # use liveops::testing::ShownRegions;
    /// let id = "0198c5d8-0000-7000-8000-000000000000";
    /// let shown = ShownRegions {
    ///     channel: format!("liveop.{id}"),
    ///     html: format!(r#"<div id="op-status-{id}" hx-swap-oob="true"><p>Hello</p></div>"#),
    /// };
    /// assert_eq!(shown.region(&"status".parse().unwrap()).unwrap(), "<p>Hello</p>");
    /// assert_eq!(shown.region(&"log".parse().unwrap()), None);
    /// ```
    pub fn region(&self, region: &Region) -> Option<String> {
        let mut content = None::<String>;
        for (at, start) in self.html.match_indices("<div ") {
            let element = self.html[at + start.len()..].split_once('>');
            if let Some((_, rest)) = element.filter(|(tag, _)| names(tag, region)) {
                content.get_or_insert_default().push_str(inside(rest));
            }
        }
        content
    }
}

/// Whether a tag is that of the element of `region`, or adds to it.
fn names(tag: &str, region: &Region) -> bool {
    let is_named = |rest: &str| {
        let rest = rest.strip_prefix(region.as_str()).and_then(|rest| rest.strip_prefix('-'));
        let id = rest.and_then(|rest| rest.split('"').next());
        id.is_some_and(|id| id.parse::<OperationId>().is_ok())
    };
    ["id=\"op-", "hx-swap-oob=\"beforeend:#op-"]
        .iter()
        .any(|start| tag.strip_prefix(start).is_some_and(is_named))
}

/// What is inside an element `div`, of all that comes behind its tag.
fn inside(html: &str) -> &str {
    let mut depth = 1_u32;
    for (at, _) in html.match_indices("div") {
        if html[..at].ends_with("</") {
            depth -= 1;
        } else if html[..at].ends_with('<') {
            depth += 1;
        }
        if depth == 0 {
            return &html[..at - "</".len()];
        }
    }
    html
}

/// A message as it is on the wire.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Wire {
    ChatMessage(Chat),
    Subscribed { channel: String },
    Error { code: u16, message: String },
    Ping,
}

#[derive(Debug, Deserialize)]
struct Chat {
    channel: String,
    liveop_html: Option<String>,
    liveop_finished: Option<Finished>,
    liveop_chain: Option<Chain>,
    #[serde(default)]
    liveop_list_changed: bool,
}

impl Message {
    /// Reads a message.
    ///
    /// # Panics
    ///
    /// When it is none that this version of liveops sends.
    pub(super) fn read(message: &Value) -> Self {
        let wire = Wire::deserialize(message);
        match wire.unwrap_or_else(|error| panic!("no message, {error}: {message}")) {
            Wire::ChatMessage(chat) => Self::of_chat(chat),
            Wire::Subscribed { channel } => Self::Subscribed { channel },
            Wire::Error { code, message } => Self::Refused { code, message },
            Wire::Ping => Self::Ping,
        }
    }

    fn of_chat(chat: Chat) -> Self {
        if let Some(finished) = chat.liveop_finished {
            return Self::Finished(finished);
        }
        if let Some(chain) = chat.liveop_chain {
            return Self::Chain(chain);
        }
        match chat.liveop_html {
            Some(html) => Self::ShownRegions(ShownRegions { channel: chat.channel, html }),
            None if chat.liveop_list_changed => Self::ListChanged,
            None => {
                panic!("expected a message that says something, found one about {}", chat.channel)
            }
        }
    }
}
