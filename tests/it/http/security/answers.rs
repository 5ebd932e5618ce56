//! What answers tell caches, browsers and strangers' pages.

use reqwest::Method;
use seat_testbed::{Answer, Client, Server, confirm_body, new_event, shared, small_layout};
use serde_json::json;

use crate::http::room::room;

#[track_caller]
fn assert_private(answer: &Answer) {
    assert_eq!(answer.header("Cache-Control"), Some("no-store"), "{}", answer.body);
    assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"), "{}", answer.body);
}

#[tokio::test]
async fn what_is_somebodys_own_is_kept_by_no_cache() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    let hold = ada.hold(&event, &["seat_A1", "seat_A2"]).await.expect(201);
    let extend = json!({ "eventId": event, "seatIds": ["seat_A1"] });
    let extended = ada.post("/seat-booking/extend", extend).await.expect(200);
    let holds = ada.get(&format!("/seat-booking/my-holds/{event}")).await.expect(200);
    let booked = ada.confirm_with(confirm_body(&event, &["seat_A1"], &[]), None).await.expect(201);
    let path = format!("/seat-booking/bookings/{}", booked.text("bookingId"));
    let seen = ada.get(&path).await.expect(200);
    let listed = ada.get("/seat-booking/my-bookings").await.expect(200);
    let paid = admin.post(&format!("{path}/payment"), json!({ "status": "paid" })).await;
    let stats = admin.get(&format!("/seat-booking/stats/{event}")).await.expect(200);
    let cancelled = ada.post(&format!("{path}/cancel"), json!({})).await.expect(200);
    let released = ada.delete(&format!("/seat-booking/release-seats/{event}")).await.expect(200);
    for answer in [
        hold,
        extended,
        holds,
        booked,
        seen,
        listed,
        paid.expect(200),
        stats,
        cancelled,
        released,
        // Refusals name seats, and say who one is not.
        ada.get("/seat-booking/bookings/0123456789abcdef01234567").await.expect(404),
        ada.hold(&event, &["nothing"]).await.expect(400),
        Client::anyone(server).get("/seat-booking/my-bookings").await.expect(401),
        ada.get("/nothing").await.expect(404),
    ] {
        assert_private(&answer);
    }
}

#[tokio::test]
async fn what_is_everybodys_says_itself_how_long_it_is_kept() {
    let (server, event) = room().await;
    let anyone = Client::anyone(server);
    for path in [
        format!("layout/{event}"),
        format!("states/{event}"),
        format!("availability/{event}?seatIds=seat_A1"),
    ] {
        let answer = anyone.get(&format!("/seat-booking/{path}")).await.expect(200);
        assert_eq!(answer.header("Cache-Control"), Some("no-cache"), "{path}");
        assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"), "{path}");
    }
    // A cache that asks again is not told to forget what it has.
    let states = format!("/seat-booking/states/{event}");
    let tag = anyone.get(&states).await.header("ETag").unwrap().to_owned();
    let again = anyone.request(Method::GET, &states).header("If-None-Match", tag);
    let again = anyone.send(again).await.expect(304);
    assert_eq!(again.header("Cache-Control"), Some("no-cache"));
}

#[tokio::test]
async fn pages_of_other_origins_read_nothing_unless_that_is_set() {
    let server = shared().await;
    let ada = Client::user(server, "ada");
    for origin in ["https://evil.example", "null", server.url(), "http://localhost"] {
        for method in [Method::GET, Method::OPTIONS] {
            let request = ada.request(method, "/seat-booking/my-bookings").header("Origin", origin);
            let request = request.header("Access-Control-Request-Method", "GET");
            let answer = ada.send(request).await;
            let allowed: Vec<_> =
                answer.headers.keys().filter(|name| name.as_str().starts_with("access-")).collect();
            assert!(allowed.is_empty(), "{origin}: {allowed:?}");
        }
    }
}

#[tokio::test]
async fn an_origin_that_is_set_is_that_one_and_brings_no_cookies() {
    const SHOP: &str = "https://tickets.example";
    let server = Server::start(&["--cors-origins", SHOP]).await;
    let event = new_event(&server, small_layout()).await;
    let anyone = Client::anyone(&server);
    let path = format!("/seat-booking/states/{event}");
    let asked = async |origin: &str| {
        anyone.send(anyone.request(Method::GET, &path).header("Origin", origin)).await
    };
    let allowed = asked(SHOP).await.expect(200);
    assert_eq!(allowed.header("Access-Control-Allow-Origin"), Some(SHOP));
    assert_eq!(allowed.header("Access-Control-Allow-Credentials"), None);
    for origin in [
        "https://tickets.example.evil.example",
        "http://tickets.example",
        "https://tickets.example:8443",
        "https://evil.example/https://tickets.example",
        "null",
    ] {
        let refused = asked(origin).await;
        assert_eq!(refused.header("Access-Control-Allow-Origin"), None, "{origin}");
    }
}
