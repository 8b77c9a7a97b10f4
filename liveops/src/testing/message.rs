//! The messages of the server, as a test's client reads them.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    operation::{OperationId, OperationState},
    projection::Region,
};

/// A message of the server over a WebSocket.
///
/// ```
/// use liveops::{
///     Viewer,
///     testing::{Application, Message},
/// };
/// # use liveops::{LiveOperation, Progress, Run, RunResult};
/// # use serde::{Deserialize, Serialize};
/// # #[derive(LiveOperation, Serialize, Deserialize)]
/// # #[liveop(app = "demo")]
/// # struct Greeting {
/// #     name: String,
/// # }
/// # impl Run for Greeting {
/// #     type Output = ();
/// #     async fn run(&self, p: Progress<Self>) -> RunResult<()> {
/// #         Ok(p.status(format!("Hello, {}!", self.name)))
/// #     }
/// # }
/// # #[tokio::main]
/// # async fn main() {
///
/// let app = Application::start(|builder| builder.register::<Greeting>()).await;
/// let mut ann = app.connect(Viewer::new("ann")).await;
/// ann.follow_list().await;
/// ann.until("the list", |message| matches!(message, Message::Subscribed { .. })).await;
///
/// app.liveops().enqueue(Greeting { name: "Ann".into() }, "ann").await.unwrap();
/// ann.until("a change", |message| *message == Message::ListChanged).await;
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Message {
    /// The client is subscribed to a channel, and has received the catch-up.
    Subscribed {
        /// Name of the channel.
        channel: String,
    },
    /// Regions of an operation's page have changed.
    ShownRegions(ShownRegions),
    /// An operation has ended.
    Finished(Finished),
    /// An operation has handed over to the next operation of its chain.
    Chain(Chain),
    /// The list of the viewer's operations has changed.
    ListChanged,
    /// The server refused a request of the client.
    Refused {
        /// Reason as a close code.
        code: u16,
        /// Reason as text.
        message: String,
    },
    /// The server sent a keepalive. [`Client`](super::Client) answers before it returns this message.
    Ping,
}

/// Changed regions of an operation's page, as HTML. [`region`](Self::region) has an example.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownRegions {
    /// Channel of the operation or of a list.
    pub channel: String,
    /// HTML for htmx: one element for each changed region.
    pub html: String,
}

/// The ending of an operation. [`Client`](super::Client) has an example.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Finished {
    /// ID of the operation.
    #[serde(rename = "pk")]
    pub id: OperationId,
    /// Final state of the operation.
    pub state: OperationState,
    /// Path of the operation's page.
    pub url: String,
    /// Target of the redirect; `None` if the browser stays on the page.
    pub success_url: Option<String>,
}

/// The next operation of a chain. [`Client`](super::Client) has an example.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Chain {
    /// ID of the next operation.
    #[serde(rename = "pk")]
    pub id: OperationId,
    /// Path of the next operation's page.
    pub url: String,
    pub(super) token: String,
}

impl ShownRegions {
    /// Returns the new HTML of a region: the content of the region's element, or the appended content.
    /// `None` if the region did not change.
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

/// Returns `true` if the tag replaces the element of `region` or appends to the element.
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

/// Returns the content of a `div` from the text after its opening tag.
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

/// A message in its wire format.
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
    /// Parses a message.
    ///
    /// # Panics
    ///
    /// Panics if this version of liveops does not send such a message.
    pub(super) fn read(message: &Value) -> Self {
        let wire = Wire::deserialize(message);
        match wire
            .unwrap_or_else(|error| panic!("expected a message of liveops, {error}: {message}"))
        {
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
                panic!("expected a message with content, found an empty one for {}", chat.channel)
            }
        }
    }
}
