//! The small room that most of these tests sell, and how they read what is said about it.

use std::time::Duration;

use seat_state::{Timestamp, Version};
use seat_testbed::{Client, Server, new_event, shared, small_layout};
use serde_json::Value;

/// How long anything may take that the server does by itself; two cores run all tests at once.
pub(super) const SOON: Duration = Duration::from_secs(15);

/// A short hold, in minutes.
pub(super) const HALF_A_SECOND: f64 = 0.5 / 60.0;

/// The shared server and an event in the small room.
pub(super) async fn room() -> (&'static Server, String) {
    let server = shared().await;
    (server, new_event(server, small_layout()).await)
}

/// Two users of the shared server and an event in the small room.
pub(super) async fn room_for_two() -> (Client, Client, String) {
    let (server, event) = room().await;
    (Client::user(server, "ada"), Client::user(server, "bob"), event)
}

/// A list of texts.
#[track_caller]
pub(super) fn texts(list: &Value) -> Vec<&str> {
    let list = list.as_array().unwrap_or_else(|| panic!("{list} is no list"));
    list.iter().map(|text| text.as_str().expect("a text")).collect()
}

/// A moment on the wire.
#[track_caller]
pub(super) fn at(moment: &Value) -> Timestamp {
    let text = moment.as_str().unwrap_or_else(|| panic!("{moment} is no moment"));
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A version on the wire.
#[track_caller]
pub(super) fn version(version: &Value) -> Version {
    let text = version.as_str().unwrap_or_else(|| panic!("{version} is no version"));
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// One letter for each seat of an event.
pub(super) async fn states(client: &Client, event: &str) -> String {
    let answer = client.get(&format!("/seat-booking/states/{event}")).await.expect(200);
    answer.text("states").to_owned()
}

/// The version at which an event is.
pub(super) async fn version_now(client: &Client, event: &str) -> Version {
    let answer = client.get(&format!("/seat-booking/states/{event}")).await.expect(200);
    version(answer.field("version"))
}

/// The entry of this id in a list of seats, items or holds.
#[track_caller]
pub(super) fn entry<'a>(list: &'a Value, field: &str, id: &str) -> &'a Value {
    let entries = list.as_array().unwrap_or_else(|| panic!("{list} is no list"));
    let found = entries.iter().find(|entry| entry[field] == id);
    found.unwrap_or_else(|| panic!("no {id} in {list}"))
}
