//! The stream of an event's changes (I8): a snapshot and the changes after it are the server's
//! state, at every version, with no gap between.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::future::{join, join_all};
use seat_state::Version;
use seat_testbed::{Client, Events, Server, SseEvent, confirm_body, new_event, small_layout};
use serde_json::json;

use super::room::{SOON, room, texts, version, version_now};

#[tokio::test]
async fn a_snapshot_and_the_changes_after_it_are_the_state_at_every_version() {
    let (server, event) = room().await;
    let admin = Client::admin(server);
    let users: Vec<Client> = ["live-ada", "live-bob", "live-eve", "live-kim"]
        .iter()
        .map(|name| Client::user(server, name))
        .collect();
    customer(&users[0], &event, 1, 10).await;
    let snapshot = admin.get(&format!("/seat-booking/states/{event}")).await.expect(200);
    let mut events = Events::open_since(server, &event, snapshot.text("version")).await;
    let mut replica = Replica::new(version(snapshot.field("version")), snapshot.text("states"));

    let done = Cell::new(false);
    let all = async {
        let customers = users.iter().zip(2..).map(|(user, seed)| customer(user, &event, seed, 150));
        join(join_all(customers), house(&admin, &event, 7, 40)).await;
        for user in &users {
            user.delete(&format!("/seat-booking/release-seats/{event}")).await.expect(200);
        }
        done.set(true);
    };
    let mut seen = BTreeMap::new();
    let reader = async {
        loop {
            let last = done.get();
            let now = admin.get(&format!("/seat-booking/states/{event}")).await.expect(200);
            seen.insert(version(now.field("version")), now.text("states").to_owned());
            if last {
                break;
            }
        }
    };
    join(all, reader).await;

    assert!(seen.len() > 20, "only {} versions were read", seen.len());
    let (&last, _) = seen.last_key_value().unwrap();
    while replica.version < last {
        replica.apply(&events.next(SOON).await);
        if let Some(states) = seen.get(&replica.version) {
            assert_eq!(&replica.states(), states, "at {}", replica.version);
        }
    }
    // The bookings are another witness than the states, which come from the changes too.
    assert_eq!(replica.seats_in('b'), booked_seats(&users).await);
    assert_eq!(replica.seats_in('h'), BTreeSet::new());
    assert!(replica.applied > 100, "only {} changes", replica.applied);
}

/// What a client makes of a snapshot and the changes after it.
struct Replica {
    version: Version,
    seats: Vec<(String, char)>,
    applied: usize,
}

impl Replica {
    fn new(version: Version, states: &str) -> Self {
        let layout = small_layout();
        let ids = layout["seats"].as_array().unwrap().iter();
        let ids = ids.map(|seat| seat["id"].as_str().unwrap().to_owned());
        Self { version, seats: ids.zip(states.chars()).collect(), applied: 0 }
    }

    fn apply(&mut self, change: &SseEvent) {
        assert_eq!(change.event, "change");
        assert_eq!(change.data["version"], change.id);
        let next = Version { seq: self.version.seq + 1, ..self.version };
        assert_eq!(version(&json!(change.id)), next, "a gap");
        self.version = next;
        let seats = change.data["seats"].as_array().unwrap();
        assert!(!seats.is_empty(), "a change of nothing: {change:?}");
        for seat in seats {
            let letter = match seat["status"].as_str().unwrap() {
                "available" => 'a',
                "held" => 'h',
                "booked" => 'b',
                "blocked" => 'x',
                other => panic!("{other} is no status"),
            };
            assert_eq!(seat.get("holdExpiresAt").is_some(), letter == 'h', "{change:?}");
            let known = self.seats.iter_mut().find(|(id, _)| seat["id"] == *id);
            known.unwrap_or_else(|| panic!("no such seat: {change:?}")).1 = letter;
        }
        self.applied += 1;
    }

    fn states(&self) -> String {
        self.seats.iter().map(|(_, letter)| letter).collect()
    }

    fn seats_in(&self, state: char) -> BTreeSet<String> {
        let seats = self.seats.iter().filter(|(_, letter)| *letter == state);
        seats.map(|(id, _)| id.clone()).collect()
    }
}

/// The seats of these users' active bookings, which are all of one event.
async fn booked_seats(users: &[Client]) -> BTreeSet<String> {
    let mut seats = BTreeSet::new();
    for user in users {
        let mine = user.get("/seat-booking/my-bookings?limit=100").await.expect(200);
        let bookings = mine.field("bookings").as_array().unwrap().iter();
        for booking in bookings.filter(|booking| booking["status"] == "confirmed") {
            seats.extend(texts(&booking["allSeatIds"]).into_iter().map(str::to_owned));
        }
        assert!(mine.body.get("nextCursor").is_none(), "more bookings than a page has");
    }
    seats
}

/// Numbers that look random and are the same for one seed.
struct Dice(u64);

impl Dice {
    /// One of `0..sides`, by the generator SplitMix64.
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % sides
    }

    fn seat(&mut self) -> String {
        let row = if self.roll(2) == 0 { "A" } else { "B" };
        format!("seat_{row}{}", self.roll(10) + 1)
    }

    fn table(&mut self) -> &'static str {
        ["table_VIP_001", "table_1", "table_10"][self.roll(3) as usize]
    }
}

/// Somebody who does so many things at random, of which many are refused.
async fn customer(user: &Client, event: &str, seed: u64, steps: u32) {
    let mut dice = Dice(seed);
    let mut bookings = Vec::new();
    let mut last = dice.seat();
    for _ in 0..steps {
        let (one, two, table) = (dice.seat(), dice.seat(), dice.table());
        let seats = if one == two { vec![one.as_str()] } else { vec![one.as_str(), &two] };
        let answer = match dice.roll(12) {
            0..3 => user.hold(event, &seats).await,
            3 => user.hold_for(event, &seats, 0.3 / 60.0).await,
            4 => user.hold_table(event, table).await,
            5 => user.confirm(event, &[&last], None).await,
            6 => user.confirm_with(confirm_body(event, &[], &[table]), None).await,
            7 => {
                let body =
                    json!({ "eventId": event, "seatIds": [last], "holdDurationMinutes": 30 });
                user.post("/seat-booking/extend", body).await
            }
            8 => user.delete(&format!("/seat-booking/release-seats/{event}")).await,
            9 => user.delete(&format!("/seat-booking/release-seats/{event}?seatIds={last}")).await,
            _ => match bookings.pop() {
                Some(id) => {
                    user.post(&format!("/seat-booking/bookings/{id}/cancel"), json!({})).await
                }
                None => user.delete(&format!("/seat-booking/release-seats/{event}")).await,
            },
        };
        last = one;
        assert!([200, 201, 409].contains(&answer.status), "{}: {}", answer.status, answer.body);
        if let Some(id) = answer.body["bookingId"].as_str().filter(|_| answer.status == 201) {
            bookings.push(id.to_owned());
        }
    }
}

/// The house keeps seats back and gives them back, at random.
async fn house(admin: &Client, event: &str, seed: u64, steps: u32) {
    let mut dice = Dice(seed);
    for _ in 0..steps {
        let action = if dice.roll(2) == 0 { "block" } else { "unblock" };
        let body = json!({ "seatIds": [dice.seat()] });
        let path = format!("/seat-booking/events/{event}/{action}");
        let answer = admin.post(&path, body).await;
        assert!([200, 409].contains(&answer.status), "{}: {}", answer.status, answer.body);
    }
}

#[tokio::test]
async fn a_client_that_comes_back_gets_what_it_missed_and_nothing_twice() {
    let (server, event) = room().await;
    let ada = Client::user(server, "ada");
    let mut versions = Vec::new();
    for seat in ["seat_A1", "seat_A2", "seat_A3", "seat_A4"] {
        versions.push(ada.hold(&event, &[seat]).await.expect(201).text("version").to_owned());
    }
    let by_header = Events::open(server, &event, Some(&versions[1])).await;
    let by_query = Events::open_since(server, &event, &versions[1]).await;
    for mut events in [by_header, by_query] {
        let missed = events.next(SOON).await;
        assert_eq!((&missed.id, missed.status_of("seat_A3")), (&versions[2], Some("held")));
        assert_eq!(events.next(SOON).await.id, versions[3]);
    }

    // Whoever missed nothing gets the next change first; without a version one begins at now.
    let mut up_to_date = Events::open(server, &event, Some(&versions[3])).await;
    let mut fresh = Events::open(server, &event, None).await;
    let next = ada.hold(&event, &["seat_A5"]).await.expect(201);
    assert_eq!(up_to_date.next(SOON).await.id, next.text("version"));
    assert_eq!(fresh.next(SOON).await.id, next.text("version"));
}

#[tokio::test]
async fn a_client_with_a_version_that_can_not_be_resumed_is_told_to_read_anew() {
    let (server, event) = room().await;
    let ada = Client::user(server, "ada");
    let now = ada.hold(&event, &["seat_A1"]).await.expect(201);
    let now = version(now.field("version"));
    for cannot in [
        Version { epoch: now.epoch - 1, ..now },
        Version { epoch: now.epoch + 1, ..now },
        Version { seq: now.seq + 1_000, ..now },
    ] {
        let mut events = Events::open(server, &event, Some(&cannot.to_string())).await;
        let first = events.next(SOON).await;
        assert_eq!(first.event, "resync", "{cannot}");
        let from = version(&first.data["version"]);
        assert_eq!(first.id, from.to_string());
        assert_eq!(from, version_now(&ada, &event).await);
        // The stream goes on from there.
        let seat = if cannot.epoch < now.epoch { "seat_B1" } else { "seat_B2" };
        let seat = if cannot.seq > now.seq { "seat_B3" } else { seat };
        let next = ada.hold(&event, &[seat]).await.expect(201);
        assert_eq!(events.next(SOON).await.id, next.text("version"));
    }
}

#[tokio::test]
async fn a_stream_is_neither_cached_nor_compressed_nor_buffered() {
    let (server, event) = room().await;
    let path = format!("{}/seat-booking/changes/{event}", server.url());
    let request = reqwest::Client::builder().no_gzip().build().unwrap().get(path);
    let answer = request.header("Accept-Encoding", "gzip").send().await.unwrap();
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap());
    assert_eq!(header("Content-Type"), Some("text/event-stream"));
    assert!(matches!(header("Content-Encoding"), None | Some("identity")));
    assert!(header("Cache-Control").unwrap().contains("no-"));
    assert!(header("X-Server-Time").is_some() && header("X-Request-Id").is_some());
}

#[tokio::test]
async fn a_stream_that_is_asked_for_wrongly_is_refused() {
    let (server, event) = room().await;
    let anyone = Client::anyone(server);
    let path = format!("/seat-booking/changes/{event}");
    let wrong = anyone.get(&format!("{path}?since=yesterday")).await.expect(400);
    assert_eq!(wrong.field("errors")[0]["field"], "since");
    let request = anyone.request(reqwest::Method::GET, &path).header("Last-Event-ID", "yesterday");
    let wrong = anyone.send(request).await.expect(400);
    assert_eq!(wrong.field("errors")[0]["field"], "Last-Event-ID");
    let missing = anyone.get("/seat-booking/changes/0123456789abcdef01234567").await.expect(404);
    assert_eq!(missing.code(), "event_not_found");
}

#[tokio::test]
async fn a_stream_shows_that_it_stands_at_least_every_15_seconds() {
    let (server, event) = room().await;
    let path = format!("{}/seat-booking/changes/{event}", server.url());
    let mut answer = reqwest::get(path).await.unwrap();
    // What comes first is the greeting; nothing happens in this room, so then come comments.
    for _ in 0..2 {
        let chunk = tokio::time::timeout(Duration::from_secs(15), answer.chunk()).await;
        let chunk = chunk.expect("silent for 15 seconds").unwrap().expect("the stream goes on");
        let text = std::str::from_utf8(&chunk).unwrap();
        assert!(text.lines().any(|line| line.starts_with(':')), "{text}");
    }
}

#[tokio::test]
async fn open_streams_do_not_hold_up_a_stop() {
    let mut server = Server::start(&[]).await;
    let event = new_event(&server, small_layout()).await;
    let events = Events::open(&server, &event, None).await;
    let (status, ()) = join(server.stop(), events.end(SOON)).await;
    assert!(status.success(), "{status}");
}
