//! Reading an event: the layout with its states, the states alone, counts, single seats.

use std::{collections::BTreeSet, io::Read};

use flate2::read::GzDecoder;
use futures_util::future::join;
use reqwest::Method;
use seat_testbed::{Client, Server, confirm_body, new_event, shared, small_layout};
use serde_json::{Value, json};

use super::room::{at, entry, room, texts, version};

/// The ids in a list of seats or items.
fn ids(list: &Value) -> BTreeSet<&str> {
    let list = list.as_array().expect("a list");
    list.iter().map(|entry| entry["id"].as_str().expect("an id")).collect()
}

#[tokio::test]
async fn a_viewport_shows_exactly_what_lies_in_it_or_on_its_edge() {
    let (server, event) = room().await;
    let anyone = Client::anyone(server);
    let layout = small_layout();
    let number = |entry: &Value, pointer: &str| entry.pointer(pointer).unwrap().as_f64().unwrap();
    let mut sizes = BTreeSet::new();
    for (x, y, width, height) in [
        (0.0, 0.0, 800.0, 600.0),
        (40.0, 100.0, 40.0, 40.0),
        (40.0, 100.0, 0.0, 0.0),
        (40.5, 99.5, 39.0, 100.0),
        (-100.0, -100.0, 140.5, 200.0),
        (360.0, 140.0, 200.0, 30.0),
        (501.0, 101.0, 10.0, 10.0),
        (590.0, 165.0, 1e9, 1e9),
        (2_000.0, 2_000.0, 10.0, 10.0),
    ] {
        let viewport = format!(r#"{{"x":{x},"y":{y},"width":{width},"height":{height}}}"#);
        let path = format!("/seat-booking/layout/{event}?viewport={viewport}");
        let view = anyone.get(&path).await.expect(200);

        let seats = layout["seats"].as_array().unwrap().iter().filter(|seat| {
            let (seat_x, seat_y) = (number(seat, "/pos/x"), number(seat, "/pos/y"));
            x <= seat_x && seat_x <= x + width && y <= seat_y && seat_y <= y + height
        });
        let seats: BTreeSet<&str> = seats.map(|seat| seat["id"].as_str().unwrap()).collect();
        assert_eq!(ids(view.field("seats")), seats, "{viewport}");
        let items = layout["items"].as_array().unwrap().iter().filter(|item| {
            let (item_x, item_y) = (number(item, "/pos/x"), number(item, "/pos/y"));
            let (right, bottom) =
                (item_x + number(item, "/size/x"), item_y + number(item, "/size/y"));
            x <= right && item_x <= x + width && y <= bottom && item_y <= y + height
        });
        let items: BTreeSet<&str> = items.map(|item| item["id"].as_str().unwrap()).collect();
        assert_eq!(ids(view.field("items")), items, "{viewport}");
        assert_eq!(view.field("categories").as_array().unwrap().len(), 2);
        sizes.insert(seats.len());
    }
    assert!(sizes.len() > 4, "the viewports are too much alike: {sizes:?}");
}

#[tokio::test]
async fn a_viewport_of_another_form_is_refused() {
    let (server, event) = room().await;
    let anyone = Client::anyone(server);
    for viewport in [
        "",
        "1",
        "0,0,800,600",
        r#"{"x":0,"y":0,"width":800}"#,
        r#"{"x":0,"y":0,"width":-1,"height":1}"#,
        r#"{"x":"0","y":0,"width":1,"height":1}"#,
        r#"{"x":1e999,"y":0,"width":1,"height":1}"#,
    ] {
        let path = format!("/seat-booking/layout/{event}?viewport={viewport}");
        let refused = anyone.get(&path).await.expect(400);
        assert_eq!(refused.field("errors")[0]["field"], "viewport", "{viewport}");
    }
}

#[tokio::test]
async fn a_layout_has_every_field_of_the_contract() {
    let (server, event) = room().await;
    let (ada, anyone) = (Client::user(server, "ada"), Client::anyone(server));
    let held = ada.hold(&event, &["seat_A1"]).await.expect(201);
    let view = anyone.get(&format!("/seat-booking/layout/{event}")).await.expect(200);
    assert_eq!(view.text("eventId"), event);
    let info = anyone.get(&format!("/seat-booking/events/{event}")).await.expect(200);
    assert_eq!(view.field("layoutId"), info.field("layoutId"));
    assert_eq!(view.text("name"), "A small room");
    assert_eq!(view.field("version"), held.field("version"));
    assert!(at(view.field("serverTime")) >= at(held.field("heldAt")));
    let category = entry(view.field("categories"), "id", "vip");
    assert_eq!((&category["name"], &category["color"]), (&json!("VIP"), &json!("#d97706")));
    assert_eq!(category["price"].as_f64(), Some(157.5));

    let seat = entry(view.field("seats"), "id", "seat_A1");
    assert_eq!((seat["pos"]["x"].as_f64(), seat["size"]["y"].as_f64()), (Some(0.0), Some(30.0)));
    let rest = ["catId", "rl", "sn", "status", "holdExpiresAt"].map(|name| &seat[name]);
    assert_eq!(
        rest.map(Clone::clone),
        ["standard".into(), "A".into(), json!(1), "held".into(), held.field("expiresAt").clone()]
    );
    let free = entry(view.field("seats"), "id", "seat_A2");
    assert!(free.get("holdExpiresAt").is_none());
    let of_table = entry(view.field("seats"), "id", "table_10_s1");
    assert_eq!(of_table["tableId"], "table_10");
    assert!(of_table.get("rl").is_none() && of_table.get("sn").is_none());
}

#[tokio::test]
async fn an_unchanged_event_is_not_sent_again() {
    let (server, event) = room().await;
    let (ada, anyone) = (Client::user(server, "ada"), Client::anyone(server));
    for path in [format!("/seat-booking/layout/{event}"), format!("/seat-booking/states/{event}")] {
        let first = anyone.get(&path).await.expect(200);
        let etag = first.header("ETag").unwrap().to_owned();
        assert_eq!(etag, format!("W/\"{}\"", first.text("version")));
        let asked = || anyone.request(Method::GET, &path).header("If-None-Match", &etag);

        let unchanged = anyone.send(asked()).await.expect(304);
        assert!(unchanged.bytes.is_empty());
        assert_eq!(unchanged.header("ETag"), Some(etag.as_str()));
        assert!(
            at(&json!(unchanged.header("X-Server-Time").unwrap())) >= at(first.field("serverTime"))
        );
        assert!(unchanged.header("X-Request-Id").is_some());

        ada.hold(&event, &["seat_A1"]).await.expect(201);
        let changed = anyone.send(asked()).await.expect(200);
        assert_ne!(changed.header("ETag"), Some(etag.as_str()));
        ada.delete(&format!("/seat-booking/release-seats/{event}")).await.expect(200);
    }
}

#[tokio::test]
async fn a_client_that_takes_gzip_gets_the_same_bytes_compressed() {
    let (server, event) = room().await;
    // Another process says another time at which it made its bytes.
    let anyone = Client::anyone(server).at(&server.nodes()[0]);
    let path = format!("/seat-booking/layout/{event}");
    let plain = anyone.get(&path).await.expect(200);
    assert_eq!(plain.header("Content-Encoding"), None);
    for accepted in ["gzip", "gzip, deflate, br, zstd"] {
        let request = anyone.request(Method::GET, &path).header("Accept-Encoding", accepted);
        let compressed = anyone.send(request).await.expect(200);
        assert_eq!(compressed.header("Content-Encoding"), Some("gzip"), "{accepted}");
        assert!(compressed.header("Vary").unwrap().to_lowercase().contains("accept-encoding"));
        assert!(compressed.bytes.len() < plain.bytes.len() / 4);
        let mut bytes = Vec::new();
        GzDecoder::new(&*compressed.bytes).read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, plain.bytes);
    }
}

#[tokio::test]
async fn every_answer_says_when_it_was_made_and_for_which_request() {
    let (server, event) = room().await;
    let (ada, anyone) = (Client::user(server, "ada"), Client::anyone(server));
    let states = format!("/seat-booking/states/{event}");
    let etag = anyone.get(&states).await.header("ETag").unwrap().to_owned();
    let mut own_ids = BTreeSet::new();
    for (status, client, method, path) in [
        (200, &anyone, Method::GET, states.as_str()),
        (304, &anyone, Method::GET, &states),
        (200, &anyone, Method::GET, "/livez"),
        (200, &anyone, Method::GET, "/metrics"),
        (200, &anyone, Method::GET, "/openapi.json"),
        (400, &anyone, Method::GET, "/seat-booking/states/nonsense"),
        (401, &anyone, Method::GET, "/seat-booking/my-bookings"),
        (403, &ada, Method::POST, "/seat-booking/layouts"),
        (404, &anyone, Method::GET, "/nothing"),
        (404, &anyone, Method::GET, "/seat-booking/states/0123456789abcdef01234567"),
        (405, &anyone, Method::DELETE, &states),
    ] {
        let request = || match status {
            304 => client.request(method.clone(), path).header("If-None-Match", &etag),
            _ => client.request(method.clone(), path),
        };
        let answer = client.send(request()).await.expect(status);
        at(&json!(answer.header("X-Server-Time").expect("every answer has a time")));
        let id = answer.header("X-Request-Id").expect("every answer has an id").to_owned();
        assert!(own_ids.insert(id), "an id was given twice");

        let answer = client.send(request().header("X-Request-Id", "the-callers")).await;
        assert_eq!(answer.header("X-Request-Id"), Some("the-callers"), "{method} {path}");
        if status >= 400 {
            assert_eq!(answer.field("requestId"), "the-callers");
        }
    }
}

#[tokio::test]
async fn the_states_are_one_letter_a_seat_in_the_layouts_order() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    ada.hold(&event, &["seat_A1", "seat_A2"]).await.expect(201);
    ada.confirm(&event, &["seat_A2"], None).await.expect(201);
    ada.hold_table(&event, "table_10").await.expect(201);
    let body = json!({ "seatIds": ["seat_B1"] });
    let blocked =
        admin.post(&format!("/seat-booking/events/{event}/block"), body).await.expect(200);

    let states =
        Client::anyone(server).get(&format!("/seat-booking/states/{event}")).await.expect(200);
    assert_eq!(states.text("eventId"), event);
    assert_eq!(states.text("states"), "hbaaaaaaaaxaaaaaaaaaaaaaaahh");
    assert!(version(states.field("version")) >= version(blocked.field("version")));
    at(states.field("serverTime"));
    let info = admin.get(&format!("/seat-booking/events/{event}")).await.expect(200);
    assert_eq!(states.field("layoutId"), info.field("layoutId"));
}

#[tokio::test]
async fn only_admins_see_what_an_event_earns() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    ada.hold(&event, &["seat_A1", "seat_A2", "seat_A3"]).await.expect(201);
    ada.hold_table(&event, "table_VIP_001").await.expect(201);
    let paid = ada.confirm(&event, &["seat_A1"], None).await.expect(201);
    let body = confirm_body(&event, &[], &["table_VIP_001"]);
    ada.confirm_with(body, None).await.expect(201);
    let cancelled = ada.confirm(&event, &["seat_A3"], None).await.expect(201);
    let path = |booking: &str, action| format!("/seat-booking/bookings/{booking}/{action}");
    admin
        .post(&path(paid.text("bookingId"), "payment"), json!({ "status": "paid" }))
        .await
        .expect(200);
    ada.post(&path(cancelled.text("bookingId"), "cancel"), json!({})).await.expect(200);

    let stats = format!("/seat-booking/stats/{event}");
    let of_user = ada.get(&stats).await.expect(200);
    let counts = json!({
        "totalSeats": 28, "bookedSeats": 5, "heldSeats": 1, "availableSeats": 22, "blockedSeats": 0,
        "version": of_user.field("version")
    });
    assert_eq!(of_user.body, counts);

    let of_admin = admin.get(&stats).await.expect(200);
    for (name, count) in counts.as_object().unwrap() {
        assert_eq!(of_admin.field(name), count, "{name}");
    }
    assert_eq!(of_admin.field("revenue").as_f64(), Some(75.0 + 4.0 * 157.5));
    assert_eq!(of_admin.field("currency"), "USD");
    let standard = &of_admin.field("categoryBreakdown")["standard"];
    let counts = ["total", "booked", "held", "available"].map(|name| standard[name].as_u64());
    assert_eq!(counts, [Some(24), Some(1), Some(1), Some(22)]);
    assert_eq!(standard["revenue"].as_f64(), Some(75.0));
    let vip = &of_admin.field("categoryBreakdown")["vip"];
    assert_eq!((vip["booked"].as_u64(), vip["revenue"].as_f64()), (Some(4), Some(630.0)));
    assert_eq!(Client::anyone(server).get(&stats).await.expect(401).code(), "unauthorized");
}

#[tokio::test]
async fn the_availability_of_single_seats_is_told() {
    let (server, event) = room().await;
    let (ada, anyone) = (Client::user(server, "ada"), Client::anyone(server));
    let held = ada.hold(&event, &["seat_A1"]).await.expect(201);
    let path = |seats: &str| format!("/seat-booking/availability/{event}?seatIds={seats}");
    let told = anyone.get(&path("seat_A1,seat_B1")).await.expect(200);
    assert_eq!(
        told.body,
        json!({
            "eventId": event, "version": held.field("version"),
            "availability": { "seat_A1": "held", "seat_B1": "available" }
        })
    );
    let unknown = anyone.get(&path("seat_A1,seat_Z1,seat_Z2")).await.expect(400);
    assert_eq!(unknown.code(), "unknown_seats");
    assert_eq!(texts(unknown.field("unknownSeats")), ["seat_Z1", "seat_Z2"]);
    for wrong in ["", "seat_A1,", "seat A1"] {
        let refused = anyone.get(&path(wrong)).await.expect(400);
        assert_eq!(refused.field("errors")[0]["field"], "seatIds", "{wrong}");
    }
}

#[tokio::test]
async fn a_write_is_seen_by_every_read_after_it() {
    let (server, event) = room().await;
    let (ada, anyone) = (Client::user(server, "ada"), Client::anyone(server));
    for number in 1..=10 {
        let seat = format!("seat_A{number}");
        let made = version(ada.hold(&event, &[&seat]).await.expect(201).field("version"));
        for path in ["layout", "states", "stats", "my-holds"] {
            let read = ada.get(&format!("/seat-booking/{path}/{event}")).await.expect(200);
            assert!(version(read.field("version")) >= made, "{path} lags behind");
        }
        assert_eq!(anyone.status_of(&event, &seat).await, "held");
    }
}

#[tokio::test]
async fn a_read_waits_for_the_version_it_is_asked_for() {
    // The second that it waits otherwise is short for a machine that runs all tests at once.
    let server = Server::start(&["--at-least-wait-ms", "15000"]).await;
    let event = new_event(&server, small_layout()).await;
    let (ada, anyone) = (Client::user(&server, "ada"), Client::anyone(&server));
    for (path, seat) in [
        ("layout", "seat_A1"),
        ("states", "seat_A2"),
        ("stats", "seat_A3"),
        ("availability", "seat_A4"),
    ] {
        let now = anyone.get(&format!("/seat-booking/states/{event}")).await.expect(200);
        let mut next = version(now.field("version"));
        next.seq += 1;
        let path = format!("/seat-booking/{path}/{event}?seatIds=seat_B1&atLeast={next}");
        let (read, held) = join(ada.get(&path), ada.hold(&event, &[seat])).await;
        assert_eq!(version(held.expect(201).field("version")), next);
        assert!(version(read.expect(200).field("version")) >= next, "{path}");

        // A version of an older epoch is no reason to wait, and what is no version is refused.
        let older = path.replace(&next.to_string(), "1-999999");
        ada.get(&older).await.expect(200);
        let refused = ada.get(&path.replace(&next.to_string(), "newest")).await.expect(400);
        assert_eq!(refused.field("errors")[0]["field"], "atLeast", "{path}");
    }
}

#[tokio::test]
async fn the_server_says_that_it_lives_and_is_ready_and_what_it_offers() {
    let anyone = Client::anyone(shared().await);
    assert_eq!(anyone.get("/livez").await.expect(200).text("status"), "alive");
    assert_eq!(anyone.get("/readyz").await.expect(200).text("status"), "ready");
    let document = anyone.get("/openapi.json").await.expect(200);
    assert!(document.field("paths").get("/seat-booking/hold-seats").is_some());
    let metrics = anyone.get("/metrics").await.expect(200);
    assert!(String::from_utf8(metrics.bytes).unwrap().lines().count() > 1);
    assert_eq!(anyone.get("/docs/").await.status, 200);
}
