//! A language server as a program: messages on its standard streams.

use std::{
    io::BufReader,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use serde_json::Value;

/// How long the server may be silent: it builds the macros first, on a slow machine for minutes.
const TIMEOUT: Duration = Duration::from_secs(900);

/// Ends with its input, so with the tests at the latest.
pub(super) struct LanguageServer {
    process: Child,
    input: ChildStdin,
    messages: Receiver<Message>,
    requests: i32,
}

impl LanguageServer {
    pub(super) fn start(program: &str, folder: &Path) -> Self {
        let mut process = Command::new(program)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let input = process.stdin.take().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let (sender, messages) = channel();
        thread::spawn(move || {
            while let Ok(Some(message)) = Message::read(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Self { process, input, messages, requests: 0 }
    }

    /// Asks until there is an answer: whatever the server learns meanwhile makes it give up.
    pub(super) fn request(&mut self, method: &str, params: Value) -> Value {
        loop {
            self.requests += 1;
            let id = RequestId::from(self.requests);
            let request =
                Request { id: id.clone(), method: method.to_owned(), params: params.clone() };
            self.send(request);
            match self.response_to(&id).response_result {
                Ok(answer) => return answer,
                Err(error) if error.code == ErrorCode::ContentModified as i32 => {}
                Err(error) => panic!("{method}: {}", error.message),
            }
        }
    }

    pub(super) fn notify(&mut self, method: &str, params: Value) {
        self.send(Notification { method: method.to_owned(), params });
    }

    /// Waits for a notification of which `is_it` holds.
    pub(super) fn wait_for(&mut self, method: &str, is_it: impl Fn(&Value) -> bool) {
        loop {
            if let Message::Notification(notification) = self.receive()
                && notification.method == method
                && is_it(&notification.params)
            {
                return;
            }
        }
    }

    fn response_to(&mut self, id: &RequestId) -> Response {
        loop {
            if let Message::Response(response) = self.receive()
                && response.id == *id
            {
                return response;
            }
        }
    }

    fn send(&mut self, message: impl Into<Message>) {
        message.into().write(&mut self.input).unwrap();
    }

    fn receive(&mut self) -> Message {
        let message = self.messages.recv_timeout(TIMEOUT).expect("the language server is silent");
        if let Message::Request(request) = &message {
            // What servers ask of an editor is optional, but that it answers is not.
            self.send(Response { id: request.id.clone(), response_result: Ok(Value::Null) });
        }
        message
    }
}

impl Drop for LanguageServer {
    fn drop(&mut self) {
        // Neither can fail for a child that is still ours to wait for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
