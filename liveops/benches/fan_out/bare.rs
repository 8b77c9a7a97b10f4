use std::{path::Path, sync::Arc};

use axum::{
    Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, Utf8Bytes, WebSocket},
    },
    response::Response,
    routing::get,
};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::{
    Outcome, beat::Conductor, listener, options::Options, script::Script, target::SOCKET_PATH,
};

/// As many as the hub of liveops keeps.
const BACKLOG_LEN_MAX: usize = 64;

/// What a handler in an application would be that knows nothing but one text for everybody.
#[derive(Debug, Clone)]
struct Bare {
    script: Arc<Script>,
    frames: broadcast::Sender<Utf8Bytes>,
}

/// A WebSocket server that writes what is in the script, at every beat with the time of it.
pub(crate) async fn serve(options: &Options, script: &Path) -> Outcome<()> {
    let conductor = Conductor::listen();
    let bare = Bare {
        script: Arc::new(Script::read(script)?),
        frames: broadcast::Sender::new(BACKLOG_LEN_MAX),
    };
    let mut beat = conductor.beat(options.hz);
    let (frames, frame) = (bare.frames.clone(), bare.script.frame.clone());
    tokio::spawn(async move {
        while let Some(stamp) = beat.next().await {
            // An error means that there is no client.
            let _ = frames.send(stamp.put_into(&frame).into());
        }
    });
    let router = Router::new().route(SOCKET_PATH, get(connect)).with_state(bare);
    listener::serve(router, conductor, "").await
}

/// With the buffers that liveops has.
async fn connect(State(bare): State<Bare>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .read_buffer_size(1 << 10)
        .write_buffer_size(16 << 10)
        .max_message_size(64 << 10)
        .max_frame_size(64 << 10)
        .on_upgrade(move |socket| async move {
            let _ = follow(&bare, socket).await;
        })
}

async fn follow(bare: &Bare, mut socket: WebSocket) -> Outcome<()> {
    let mut frames = bare.frames.subscribe();
    loop {
        tokio::select! {
            message = socket.recv() => match message {
                Some(message) => answer(bare, &mut socket, &message?).await?,
                None => return Ok(()),
            },
            frame = frames.recv() => match frame {
                Ok(frame) => socket.send(Message::Text(frame)).await?,
                // What this one does not have, it cannot send again.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(()),
            },
        }
    }
}

/// Acknowledgements are read, and that is all.
async fn answer(bare: &Bare, socket: &mut WebSocket, message: &Message) -> Outcome<()> {
    use futures_util::SinkExt;
    let Message::Text(text) = message else { return Ok(()) };
    for text in bare.script.answer(text) {
        socket.feed(Message::text(text)).await?;
    }
    Ok(socket.flush().await?)
}
