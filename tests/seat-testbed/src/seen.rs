use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use reqwest::{Method, Request};
use seat_state::Version;
use serde_json::Value;

use crate::Answer;

/// The reads that wait for a version on request.
const READS: &[&str] = &["availability", "layout", "my-holds", "states", "stats"];

/// What the people who call a server of several processes have been told by any of them: the newest
/// version of each event. A read of another process asks for it.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<HashMap<String, Version>>);

impl Seen {
    pub(crate) fn newest(&self, event: &str) -> Option<Version> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(event).copied()
    }

    /// Has a read wait for the newest version, unless the test itself says for which.
    pub(crate) fn ask(&self, request: &mut Request) {
        let (route, event) = route_and_event(request);
        if *request.method() != Method::GET || !READS.contains(&route) {
            return;
        }
        let newest = event.and_then(|event| self.newest(event));
        let url = request.url();
        let said = url.query_pairs().any(|(name, _)| name == "atLeast");
        if let Some(version) = newest.filter(|_| !said) {
            let mut url = url.clone();
            url.query_pairs_mut().append_pair("atLeast", &version.to_string());
            *request.url_mut() = url;
        }
    }

    /// Notes the version that an answer tells.
    pub(crate) fn learn(&self, event: Option<String>, answer: &Answer) {
        let event = event.or_else(|| text(&answer.body, "eventId"));
        let version = text(&answer.body, "version").and_then(|version| version.parse().ok());
        if let (Some(event), Some(version)) = (event, version) {
            let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let newest = seen.entry(event).or_insert(version);
            *newest = version.max(*newest);
        }
    }
}

/// The event that a request is about, where the path or the body says so.
pub(crate) fn event_of(request: &Request) -> Option<String> {
    match route_and_event(request) {
        // A layout is large, and of no event.
        ("layouts", _) => None,
        (_, Some(event)) => Some(event.to_owned()),
        (_, None) => {
            let body = serde_json::from_slice(request.body()?.as_bytes()?).ok()?;
            text(&body, "eventId")
        }
    }
}

/// Of `/seat-booking/states/{eventId}`, `states` and the id.
fn route_and_event(request: &Request) -> (&str, Option<&str>) {
    let mut segments = request.url().path().split('/').skip(2);
    let route = segments.next().unwrap_or_default();
    (route, segments.next().filter(|_| route != "bookings"))
}

fn text(body: &Value, field: &str) -> Option<String> {
    body.get(field)?.as_str().map(str::to_owned)
}
