//! Holding seats, giving them back, and holding them longer.

use std::time::Duration;

use seat_testbed::{Client, Events, Server, new_event, small_layout};
use serde_json::json;

use super::room::{
    HALF_A_SECOND, SOON, at, entry, room, room_for_two, texts, version, version_now,
};

#[tokio::test]
async fn a_hold_takes_all_its_seats_or_none_and_names_every_one_in_the_way() {
    let (ada, bob, event) = room_for_two().await;
    ada.hold(&event, &["seat_A1", "seat_A3", "seat_A5"]).await.expect(201);
    ada.confirm(&event, &["seat_A3"], None).await.expect(201);

    let before = version_now(&bob, &event).await;
    let seats = ["seat_A1", "seat_A2", "seat_A3", "seat_A4", "seat_A5"];
    let refused = bob.hold(&event, &seats).await.expect(409);
    assert_eq!(refused.code(), "seats_unavailable");
    assert_eq!(texts(refused.field("conflictingSeats")), ["seat_A1", "seat_A3", "seat_A5"]);
    for free in ["seat_A2", "seat_A4"] {
        assert_eq!(bob.status_of(&event, free).await, "available");
    }
    assert_eq!(version_now(&bob, &event).await, before, "a refused hold changes nothing");
}

#[tokio::test]
async fn a_repeated_hold_keeps_its_expiry_and_the_version() {
    let (ada, _, event) = room_for_two().await;
    let seats = ["seat_A1", "seat_A2"];
    let first = ada.hold_for(&event, &seats, 1.0).await.expect(201);
    let again = ada.hold_for(&event, &seats, 60.0).await.expect(201);
    for same in ["heldSeats", "totalAmount", "heldAt", "expiresAt", "version"] {
        assert_eq!(again.field(same), first.field(same), "{same}");
    }
}

#[tokio::test]
async fn a_hold_with_seats_that_are_held_already_expires_with_the_first_of_them() {
    let (ada, _, event) = room_for_two().await;
    let first = ada.hold_for(&event, &["seat_A1"], 1.0).await.expect(201);
    let more = ada.hold_for(&event, &["seat_A1", "seat_A2"], 60.0).await.expect(201);
    assert_eq!(more.field("expiresAt"), first.field("expiresAt"));
    assert_eq!(more.field("heldAt"), first.field("heldAt"));
    assert!(version(more.field("version")) > version(first.field("version")));

    let holds = ada.get(&format!("/seat-booking/my-holds/{event}")).await.expect(200);
    let expiry = |seat| at(&entry(holds.field("holds"), "seatId", seat)["expiresAt"]);
    assert_eq!(expiry("seat_A1"), at(first.field("expiresAt")));
    assert!(expiry("seat_A2") > expiry("seat_A1"));
}

#[tokio::test]
async fn a_hold_that_runs_out_is_announced_and_its_seats_can_be_held_by_others() {
    let (server, event) = room().await;
    let (ada, bob) = (Client::user(server, "ada"), Client::user(server, "bob"));
    let mut events = Events::open(server, &event, None).await;
    let seats = ["seat_A1", "seat_A2"];
    let held = ada.hold_for(&event, &seats, HALF_A_SECOND).await.expect(201);
    assert_eq!(
        at(held.field("expiresAt")).since(at(held.field("heldAt"))),
        Duration::from_millis(500)
    );

    let freed = events.until("seat_A1", "available", SOON).await.pop().unwrap();
    let version_freed = version(&json!(freed.id));
    assert_eq!(freed.status_of("seat_A2"), Some("available"));
    assert_eq!(version_freed.seq, version(held.field("version")).seq + 1);
    let now = bob.get(&format!("/seat-booking/states/{event}")).await;
    let now = at(&json!(now.header("X-Server-Time").unwrap()));
    assert!(now >= at(held.field("expiresAt")), "it was freed before its time");

    bob.hold(&event, &seats).await.expect(201);
    let missing = ada.confirm(&event, &seats, None).await.expect(409);
    assert_eq!(
        (missing.code(), texts(missing.field("missingSeats"))),
        ("not_held", seats.to_vec())
    );
}

#[tokio::test]
async fn released_seats_are_free_at_once_and_those_of_others_stay() {
    let (ada, bob, event) = room_for_two().await;
    ada.hold(&event, &["seat_A1", "seat_A2", "seat_A3"]).await.expect(201);
    bob.hold(&event, &["seat_B1"]).await.expect(201);

    let path = format!("/seat-booking/release-seats/{event}?seatIds=seat_A1,seat_B1,seat_B2");
    let released = ada.delete(&path).await.expect(200);
    assert_eq!(released.field("success"), true);
    assert_eq!(texts(released.field("releasedSeats")), ["seat_A1"]);
    assert_eq!(bob.status_of(&event, "seat_B1").await, "held");
    bob.hold(&event, &["seat_A1"]).await.expect(201);

    let before = version_now(&ada, &event).await;
    let again = ada.delete(&path).await.expect(200);
    assert!(texts(again.field("releasedSeats")).is_empty());
    assert_eq!(version_now(&ada, &event).await, before, "nothing was released");
}

#[tokio::test]
async fn a_release_without_seats_frees_everything_that_the_caller_holds() {
    let (ada, bob, event) = room_for_two().await;
    ada.hold(&event, &["seat_A1", "seat_A2"]).await.expect(201);
    ada.hold_table(&event, "table_1").await.expect(201);
    bob.hold(&event, &["seat_B1"]).await.expect(201);

    let path = format!("/seat-booking/release-seats/{event}");
    let released = ada.delete(&path).await.expect(200);
    let mut seats = texts(released.field("releasedSeats"));
    seats.sort_unstable();
    assert_eq!(seats, ["seat_A1", "seat_A2", "table_1_s1", "table_1_s2"]);
    let holds = ada.get(&format!("/seat-booking/my-holds/{event}")).await.expect(200);
    assert_eq!(holds.field("holds"), &json!([]));
    assert_eq!(bob.status_of(&event, "seat_B1").await, "held");
}

#[tokio::test]
async fn a_release_with_an_empty_list_does_not_free_everything() {
    let (ada, _, event) = room_for_two().await;
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    let refused =
        ada.delete(&format!("/seat-booking/release-seats/{event}?seatIds=")).await.expect(400);
    assert_eq!(refused.field("errors")[0]["field"], "seatIds");
    assert_eq!(ada.status_of(&event, "seat_A1").await, "held");
}

#[tokio::test]
async fn an_extended_hold_lasts_longer_and_never_shorter() {
    let (server, event) = room().await;
    let ada = Client::user(server, "ada");
    let held = ada.hold_for(&event, &["seat_A1", "seat_A2"], 1.0).await.expect(201);
    let mut events = Events::open_since(server, &event, held.text("version")).await;

    let body = json!({ "eventId": event, "seatIds": ["seat_A1"], "holdDurationMinutes": 30 });
    let longer = ada.post("/seat-booking/extend", body).await.expect(200);
    assert_eq!(texts(longer.field("heldSeats")), ["seat_A1"]);
    assert_eq!(longer.field("heldAt"), held.field("heldAt"));
    assert_eq!(longer.field("totalAmount").as_f64(), Some(75.0));
    let added = at(longer.field("expiresAt")).since(at(held.field("expiresAt")));
    assert!(added >= Duration::from_secs(29 * 60), "{added:?}");
    let change = events.next(SOON).await;
    assert_eq!(change.id, longer.text("version"));
    assert_eq!(
        change.data["seats"],
        json!([
            { "id": "seat_A1", "status": "held", "holdExpiresAt": longer.field("expiresAt") }
        ])
    );

    let body = json!({ "eventId": event, "seatIds": ["seat_A1"], "holdDurationMinutes": 5 });
    let shorter = ada.post("/seat-booking/extend", body).await.expect(200);
    assert_eq!(shorter.field("expiresAt"), longer.field("expiresAt"));
}

#[tokio::test]
async fn a_hold_can_be_extended_no_further_than_the_longest_one() {
    let server = Server::start(&["--hold-max-seconds", "60", "--hold-default-seconds", "60"]).await;
    let event = new_event(&server, small_layout()).await;
    let ada = Client::user(&server, "ada");
    let held = ada.hold_for(&event, &["seat_A1"], 0.5).await.expect(201);
    for _ in 0..2 {
        let body = json!({ "eventId": event, "seatIds": ["seat_A1"] });
        let extended = ada.post("/seat-booking/extend", body).await.expect(200);
        let lasts = at(extended.field("expiresAt")).since(at(held.field("heldAt")));
        assert_eq!(lasts, Duration::from_secs(60));
    }
}

#[tokio::test]
async fn an_extension_needs_every_seat_and_changes_nothing_without() {
    let (ada, bob, event) = room_for_two().await;
    let held = ada.hold(&event, &["seat_A1"]).await.expect(201);
    bob.hold(&event, &["seat_A2"]).await.expect(201);
    let body = json!({
        "eventId": event, "seatIds": ["seat_A1", "seat_A2", "seat_A3"], "holdDurationMinutes": 60
    });
    let refused = ada.post("/seat-booking/extend", body).await.expect(409);
    assert_eq!(refused.code(), "not_held");
    assert_eq!(texts(refused.field("missingSeats")), ["seat_A2", "seat_A3"]);
    let holds = ada.get(&format!("/seat-booking/my-holds/{event}")).await.expect(200);
    assert_eq!(holds.field("holds")[0]["expiresAt"], *held.field("expiresAt"));
}

#[tokio::test]
async fn a_reloaded_page_finds_its_own_holds_and_no_others() {
    let (ada, bob, event) = room_for_two().await;
    let seat = ada.hold_for(&event, &["seat_A1"], 5.0).await.expect(201);
    let table = ada.hold_table(&event, "table_10").await.expect(201);
    bob.hold(&event, &["seat_B1"]).await.expect(201);

    let holds = ada.get(&format!("/seat-booking/my-holds/{event}")).await.expect(200);
    let list = holds.field("holds");
    assert_eq!(list.as_array().unwrap().len(), 3);
    assert_eq!(
        entry(list, "seatId", "seat_A1"),
        &json!({
            "seatId": "seat_A1", "heldAt": seat.field("heldAt"), "expiresAt": seat.field("expiresAt")
        })
    );
    assert_eq!(
        entry(list, "seatId", "table_10_s2"),
        &json!({
            "seatId": "table_10_s2", "tableId": "table_10",
            "heldAt": table.field("heldAt"), "expiresAt": table.field("expiresAt")
        })
    );
    assert!(at(holds.field("serverTime")) >= at(table.field("heldAt")));
    assert!(version(holds.field("version")) >= version(table.field("version")));
}

#[tokio::test]
async fn a_user_holds_no_more_seats_at_once_than_allowed() {
    let server = Server::start(&["--seats-per-user-max", "3"]).await;
    let event = new_event(&server, small_layout()).await;
    let (ada, bob) = (Client::user(&server, "ada"), Client::user(&server, "bob"));
    ada.hold(&event, &["seat_A1", "seat_A2"]).await.expect(201);

    let refused = ada.hold(&event, &["seat_A3", "seat_A4"]).await.expect(422);
    assert_eq!((refused.code(), refused.field("limit")), ("hold_limit", &json!(3)));
    assert_eq!(ada.status_of(&event, "seat_A3").await, "available");
    assert_eq!(ada.hold_table(&event, "table_1").await.expect(422).code(), "hold_limit");
    // What one holds already does not count twice.
    ada.hold(&event, &["seat_A1", "seat_A2", "seat_A3"]).await.expect(201);
    assert_eq!(ada.hold(&event, &["seat_A4"]).await.expect(422).code(), "hold_limit");
    bob.hold(&event, &["seat_B1", "seat_B2", "seat_B3"]).await.expect(201);

    // Neither given back nor booked seats are held.
    ada.delete(&format!("/seat-booking/release-seats/{event}?seatIds=seat_A1")).await.expect(200);
    ada.confirm(&event, &["seat_A2"], None).await.expect(201);
    ada.hold(&event, &["seat_A4", "seat_A5"]).await.expect(201);
    // Another event has a limit of its own.
    let other = new_event(&server, small_layout()).await;
    ada.hold(&other, &["seat_A1", "seat_A2", "seat_A3"]).await.expect(201);
}

#[tokio::test]
async fn users_whose_names_begin_alike_are_not_each_other() {
    let (server, event) = room().await;
    let (ada, adam) = (Client::user(server, "ada"), Client::user(server, "adam"));
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    assert_eq!(adam.hold(&event, &["seat_A1"]).await.expect(409).code(), "seats_unavailable");
    assert_eq!(adam.confirm(&event, &["seat_A1"], None).await.expect(409).code(), "not_held");
    let released = adam.delete(&format!("/seat-booking/release-seats/{event}")).await.expect(200);
    assert!(texts(released.field("releasedSeats")).is_empty());
}
