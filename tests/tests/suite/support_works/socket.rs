use axum::{
    Router,
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::get,
};
use liveops::testing::{Server, Socket};
use serde_json::json;

use crate::support::proxy::Proxy;

/// Sends back what it gets, after a greeting with the cookie; closes when told to leave.
async fn echo(mut socket: WebSocket, cookie: String) {
    let greeting = json!({ "type": "greeting", "cookie": cookie });
    socket.send(Message::text(greeting.to_string())).await.unwrap();
    while let Some(Ok(Message::Text(text))) = socket.recv().await {
        if text.contains("leave") {
            let frame = CloseFrame { code: 4403, reason: "told to".into() };
            let _ = socket.send(Message::Close(Some(frame))).await;
            return;
        }
        socket.send(Message::Text(text)).await.unwrap();
    }
}

async fn open(headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    if header("origin") == "https://evil.example" {
        return StatusCode::FORBIDDEN.into_response();
    }
    let cookie = header("cookie").to_owned();
    upgrade.on_upgrade(|socket| echo(socket, cookie))
}

async fn serve() -> Server {
    Server::start(Router::new().route("/ws", get(open))).await
}

#[tokio::test]
async fn message_comes_back() {
    let server = serve().await;
    let mut socket = Socket::connect(&server.socket_url("/ws"), &[]).await;
    socket.send(&json!({ "type": "one" })).await;
    socket.send(&json!({ "type": "two" })).await;
    let message = socket.next_matching("two", |message| message["type"] == "two").await;
    assert_eq!(message, json!({ "type": "two" }));
    socket.close().await;
}

#[tokio::test]
async fn headers_reach_the_server() {
    let server = serve().await;
    let mut socket = Socket::connect(&server.socket_url("/ws"), &[("cookie", "a=b")]).await;
    assert_eq!(socket.next_message().await["cookie"], "a=b");
}

#[tokio::test]
async fn refusal_has_its_status() {
    let server = serve().await;
    let headers = [("origin", "https://evil.example")];
    let refused = Socket::try_connect(&server.socket_url("/ws"), &headers).await;
    assert_eq!(refused.err(), Some(StatusCode::FORBIDDEN));
}

#[tokio::test]
async fn close_code_is_seen() {
    let server = serve().await;
    let mut socket = Socket::connect(&server.socket_url("/ws"), &[]).await;
    socket.send_text("leave").await;
    assert_eq!(socket.closed().await, 4403);
}

#[tokio::test]
#[should_panic(expected = "waited for pears")]
async fn panic_says_what_was_awaited() {
    let server = serve().await;
    let mut socket = Socket::connect(&server.socket_url("/ws"), &[]).await;
    socket.send_text("leave").await;
    socket.next_matching("pears", |_| false).await;
}

#[tokio::test]
async fn message_comes_back_through_a_proxy() {
    let server = serve().await;
    let proxy = Proxy::start(server.address()).await;
    let mut socket = Socket::connect(&proxy.socket_url("/ws"), &[]).await;
    socket.send(&json!({ "type": "one" })).await;
    socket.next_matching("one", |message| message["type"] == "one").await;
    socket.close().await;
}
