use std::{panic::Location, pin::Pin, time::Duration};

use eventsource_stream::{Event, Eventsource};
use futures_util::{Stream, StreamExt};
use reqwest::{Client, StatusCode};
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

/// How long the other side may take: far longer than it does on the slowest machine.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A client that reads an event stream.
pub(crate) struct Events {
    stream: Pin<Box<dyn Stream<Item = Event> + Send>>,
}

impl Events {
    /// Connects, with headers such as `Last-Event-ID`.
    #[track_caller]
    pub(crate) fn open(url: &str, headers: &[(&str, &str)]) -> impl Future<Output = Self> + use<> {
        let caller = Location::caller();
        let opening = Self::try_open(url, headers);
        async move {
            let events = opening.await;
            events.unwrap_or_else(|status| panic!("{caller}: refused with {status}"))
        }
    }

    /// Connects, or gives the status with which the server refused.
    pub(crate) fn try_open(
        url: &str,
        headers: &[(&str, &str)],
    ) -> impl Future<Output = Result<Self, StatusCode>> + use<> {
        let request = Client::new().get(url);
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        async move {
            let response = timeout(TIMEOUT, request.send()).await;
            let response = response.unwrap_or_else(|_| panic!("no answer within {TIMEOUT:?}"));
            let response = response.unwrap();
            if response.status() != StatusCode::OK {
                return Err(response.status());
            }
            assert_eq!(response.headers()["content-type"], "text/event-stream");
            let stream = response.bytes_stream().eventsource();
            let stream = stream.take_while(|event| std::future::ready(event.is_ok()));
            Ok(Self { stream: Box::pin(stream.map(Result::unwrap)) })
        }
    }

    /// The next event; `None` when the stream has ended.
    #[track_caller]
    pub(crate) fn next(&mut self) -> impl Future<Output = Option<Event>> {
        let caller = Location::caller();
        async move {
            let next = timeout(TIMEOUT, self.stream.next()).await;
            next.unwrap_or_else(|_| panic!("{caller}: no event within {TIMEOUT:?}"))
        }
    }

    /// The next event that `is_it`, and those before it.
    #[track_caller]
    pub(crate) fn next_matching(
        &mut self,
        is_it: impl Fn(&Event) -> bool,
    ) -> impl Future<Output = Vec<Event>> {
        let caller = Location::caller();
        async move {
            let mut events = Vec::new();
            let deadline = Instant::now() + TIMEOUT;
            while !events.last().is_some_and(&is_it) {
                match timeout_at(deadline, self.stream.next()).await {
                    Ok(Some(event)) => events.push(event),
                    Ok(None) => panic!("{caller}: the stream ended after {events:?}"),
                    Err(_) => panic!("{caller}: only {events:?} within {TIMEOUT:?}"),
                }
            }
            events
        }
    }

    /// Waits until the stream ends; events before that are dropped.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> impl Future<Output = ()> {
        let caller = Location::caller();
        async move {
            let end = timeout(TIMEOUT, async { while self.stream.next().await.is_some() {} });
            end.await.unwrap_or_else(|_| panic!("{caller}: still open after {TIMEOUT:?}"));
        }
    }

    /// Everything up to and including the first message that `ends` it, each with its id.
    #[track_caller]
    pub(crate) fn until(
        &mut self,
        ends: impl Fn(&Value) -> bool,
    ) -> impl Future<Output = Vec<(String, Value)>> {
        let messages = self.next_matching(move |event| ends(&message(event)));
        async move {
            let messages = messages.await.into_iter();
            messages.map(|event| (event.id.clone(), message(&event))).collect()
        }
    }
}

fn message(event: &Event) -> Value {
    serde_json::from_str(&event.data).unwrap_or_default()
}
