//! Seats that the house keeps back.

use seat_testbed::{Client, Events};
use serde_json::json;

use super::room::{SOON, entry, room, states, texts, version_now};

#[tokio::test]
async fn a_blocked_seat_is_shown_as_blocked_and_held_by_nobody() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    let mut events = Events::open(server, &event, None).await;
    let path = format!("/seat-booking/events/{event}");
    let body = json!({ "seatIds": ["seat_A1", "table_1_s1"] });
    let blocked = admin.post(&format!("{path}/block"), body.clone()).await.expect(200);
    assert_eq!(texts(blocked.field("seatIds")), ["seat_A1", "table_1_s1"]);

    let layout = ada.get(&format!("/seat-booking/layout/{event}")).await.expect(200);
    assert_eq!(entry(layout.field("seats"), "id", "seat_A1")["status"], "blocked");
    assert_eq!(states(&ada, &event).await.matches('x').count(), 2);
    events.until("seat_A1", "blocked", SOON).await;
    let stats = ada.get(&format!("/seat-booking/stats/{event}")).await.expect(200);
    assert_eq!(stats.field("blockedSeats"), 2);
    assert_eq!(stats.field("availableSeats"), 26);
    let refused = ada.hold(&event, &["seat_A1", "seat_A2"]).await.expect(409);
    assert_eq!(texts(refused.field("conflictingSeats")), ["seat_A1"]);
    let refused = ada.hold_table(&event, "table_1").await.expect(409);
    assert_eq!(texts(refused.field("conflictingSeats")), ["table_1_s1"]);

    let before = version_now(&ada, &event).await;
    let again = admin.post(&format!("{path}/block"), body.clone()).await.expect(200);
    assert_eq!(texts(again.field("seatIds")), ["seat_A1", "table_1_s1"]);
    assert_eq!(version_now(&ada, &event).await, before, "they were blocked already");

    let unblocked = admin.post(&format!("{path}/unblock"), body).await.expect(200);
    let mut seats = texts(unblocked.field("seatIds"));
    seats.sort_unstable();
    assert_eq!(seats, ["seat_A1", "table_1_s1"]);
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    ada.hold_table(&event, "table_1").await.expect(201);
}

#[tokio::test]
async fn held_and_booked_seats_are_not_blocked_nor_is_any_other_of_the_request() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    ada.hold(&event, &["seat_A1", "seat_A2"]).await.expect(201);
    ada.confirm(&event, &["seat_A1"], None).await.expect(201);
    ada.hold_table(&event, "table_1").await.expect(201);
    let before = version_now(&ada, &event).await;

    let body = json!({ "seatIds": ["seat_A1", "seat_A2", "seat_A3", "table_1_s2"] });
    let refused =
        admin.post(&format!("/seat-booking/events/{event}/block"), body).await.expect(409);
    assert_eq!(refused.code(), "seats_unavailable");
    assert_eq!(texts(refused.field("conflictingSeats")), ["seat_A1", "seat_A2", "table_1_s2"]);
    assert_eq!(ada.status_of(&event, "seat_A3").await, "available");
    assert_eq!(version_now(&ada, &event).await, before);
    ada.confirm(&event, &["seat_A2"], None).await.expect(201);
}

#[tokio::test]
async fn unblocking_leaves_seats_alone_that_are_not_blocked() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    ada.hold(&event, &["seat_A1", "seat_A2"]).await.expect(201);
    ada.confirm(&event, &["seat_A1"], None).await.expect(201);
    let path = format!("/seat-booking/events/{event}/unblock");
    let body = json!({ "seatIds": ["seat_A1", "seat_A2", "seat_A3"] });
    let unblocked = admin.post(&path, body).await.expect(200);
    assert!(texts(unblocked.field("seatIds")).is_empty());
    assert_eq!(ada.status_of(&event, "seat_A1").await, "booked");
    assert_eq!(ada.status_of(&event, "seat_A2").await, "held");
}

#[tokio::test]
async fn seats_are_blocked_by_admins_alone_and_by_their_names() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    for action in ["block", "unblock"] {
        let path = format!("/seat-booking/events/{event}/{action}");
        let body = json!({ "seatIds": ["seat_A1"] });
        assert_eq!(ada.post(&path, body.clone()).await.expect(403).code(), "forbidden");
        let anyone = Client::anyone(server).post(&path, body.clone()).await.expect(401);
        assert_eq!(anyone.code(), "unauthorized");
        let unknown =
            admin.post(&path, json!({ "seatIds": ["seat_A1", "seat_Z1"] })).await.expect(400);
        assert_eq!(texts(unknown.field("unknownSeats")), ["seat_Z1"]);
        let twice =
            admin.post(&path, json!({ "seatIds": ["seat_A1", "seat_A1"] })).await.expect(400);
        assert_eq!(texts(twice.field("duplicateSeats")), ["seat_A1"]);
        let none = admin.post(&path, json!({ "seatIds": [] })).await.expect(400);
        assert_eq!(none.field("errors")[0]["field"], "seatIds");
        let path = format!("/seat-booking/events/0123456789abcdef01234567/{action}");
        assert_eq!(admin.post(&path, body).await.expect(404).code(), "event_not_found");
    }
    assert_eq!(ada.status_of(&event, "seat_A1").await, "available");
}
