use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::time::timeout;

use crate::{Node, Server};

/// An open stream of an event's changes.
pub struct Events {
    response: reqwest::Response,
    unread: Vec<u8>,
}

/// One event of a stream.
#[derive(Debug, Clone, PartialEq)]
pub struct SseEvent {
    /// The version that it makes.
    pub id: String,
    /// `change` or `resync`.
    pub event: String,
    /// What it says.
    pub data: Value,
}

impl SseEvent {
    /// The status that this change gives to a seat; none when it is not about that seat.
    pub fn status_of(&self, seat: &str) -> Option<&str> {
        let seats = self.data["seats"].as_array()?;
        seats.iter().find(|entry| entry["id"] == seat)?["status"].as_str()
    }
}

impl Events {
    /// Opens the stream, as a browser does that got `last_id` last.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn open(server: &Server, event: &str, last_id: Option<&str>) -> Self {
        let request = reqwest::Client::new().get(address(server, event, "").await);
        Self::answered(match last_id {
            Some(id) => request.header("Last-Event-ID", id),
            None => request,
        })
        .await
    }

    /// Opens the stream of one process of a server.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn open_at(node: &Node, event: &str) -> Self {
        let address = format!("{}/seat-booking/changes/{event}", node.url());
        Self::answered(reqwest::Client::new().get(address)).await
    }

    /// Opens the stream after the version that a client read.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn open_since(server: &Server, event: &str, version: &str) -> Self {
        let query = format!("?since={version}");
        Self::answered(reqwest::Client::new().get(address(server, event, &query).await)).await
    }

    async fn answered(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.expect("the server answers");
        assert_eq!(response.status(), 200, "the stream was refused");
        Self { response, unread: Vec::new() }
    }

    /// The headers of the answer.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The next event; comments are skipped.
    ///
    /// # Panics
    /// When none comes in time.
    pub async fn next(&mut self, within: Duration) -> SseEvent {
        let next = timeout(within, self.read()).await;
        let next = next.unwrap_or_else(|_| panic!("no event within {within:?}"));
        next.expect("the stream goes on")
    }

    /// The events from here on to the first one in which the seat has that status, and that one.
    ///
    /// # Panics
    /// When it does not come in time.
    pub async fn until(&mut self, seat: &str, status: &str, within: Duration) -> Vec<SseEvent> {
        let mut events = Vec::new();
        let read = async {
            loop {
                let event = self.read().await.expect("the stream goes on");
                let reached = event.status_of(seat) == Some(status);
                events.push(event);
                if reached {
                    break;
                }
            }
        };
        if timeout(within, read).await.is_err() {
            panic!("{seat} did not become {status} within {within:?}, but: {events:?}");
        }
        events
    }

    /// Reads to the end of the stream, which comes when the server stops.
    ///
    /// # Panics
    /// When it does not come in time.
    pub async fn end(mut self, within: Duration) {
        let read = async { while self.read().await.is_some() {} };
        timeout(within, read).await.unwrap_or_else(|_| panic!("no end within {within:?}"));
    }

    /// The next event; none at the end of the stream.
    async fn read(&mut self) -> Option<SseEvent> {
        loop {
            while let Some(end) = self.unread.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.unread.drain(..end + 2).collect();
                let event = parsed(std::str::from_utf8(&block).expect("a stream is UTF-8"));
                if event.is_some() {
                    return event;
                }
            }
            // A stream that is cut off in the middle is at its end, too.
            let chunk = self.response.chunk().await.ok().flatten()?;
            self.unread.extend_from_slice(&chunk);
        }
    }
}

/// Where the stream is, once the process there shows what the server has answered before: a client
/// reads the states and then follows their changes.
async fn address(server: &Server, event: &str, query: &str) -> String {
    let url = server.url();
    if let Some(seen) = server.seen().and_then(|seen| seen.newest(event)) {
        let states = format!("{url}/seat-booking/states/{event}?atLeast={seen}");
        let states = reqwest::get(states).await.expect("the server answers");
        assert_eq!(states.status(), 200, "the states were refused");
    }
    format!("{url}/seat-booking/changes/{event}{query}")
}

/// The event of a block of lines; none when it has comments or a retry time alone.
fn parsed(block: &str) -> Option<SseEvent> {
    let field =
        |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    Some(SseEvent {
        data: serde_json::from_str(field("data")?).expect("the data is JSON"),
        id: field("id").expect("an event has an id").to_owned(),
        event: field("event").expect("an event has a name").to_owned(),
    })
}
