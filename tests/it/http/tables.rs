//! Tables that are held and booked as one.

use seat_testbed::confirm_body;
use serde_json::json;

use super::room::{at, entry, room_for_two, texts, version_now};

const VIP_SEATS: [&str; 4] =
    ["table_VIP_001_s1", "table_VIP_001_s2", "table_VIP_001_s3", "table_VIP_001_s4"];

#[tokio::test]
async fn a_held_table_has_all_its_seats_and_costs_what_they_do() {
    let (ada, _, event) = room_for_two().await;
    let held = ada.hold_table(&event, "table_VIP_001").await.expect(201);
    assert_eq!(held.field("success"), true);
    assert_eq!(held.text("tableId"), "table_VIP_001");
    assert_eq!(texts(held.field("heldSeats")), VIP_SEATS);
    assert_eq!(held.field("totalAmount").as_f64(), Some(630.0));
    assert_eq!(held.field("currency"), "USD");
    assert_eq!(at(held.field("expiresAt")).since(at(held.field("heldAt"))).as_secs(), 600);
    at(held.field("serverTime"));

    let again = ada.hold_table(&event, "table_VIP_001").await.expect(201);
    assert_eq!(again.field("version"), held.field("version"));
    assert_eq!(again.field("expiresAt"), held.field("expiresAt"));

    let layout = ada.get(&format!("/seat-booking/layout/{event}")).await.expect(200);
    let item = |id| &entry(layout.field("items"), "id", id)["status"];
    assert_eq!(
        [item("table_VIP_001"), item("table_1"), item("stage")],
        ["held", "available", "available"]
    );
    for seat in VIP_SEATS {
        assert_eq!(entry(layout.field("seats"), "id", seat)["status"], "held");
    }
}

#[tokio::test]
async fn a_held_table_can_be_held_by_nobody_else_whole_or_in_part() {
    let (ada, bob, event) = room_for_two().await;
    ada.hold_table(&event, "table_VIP_001").await.expect(201);
    let refused = bob.hold_table(&event, "table_VIP_001").await.expect(409);
    assert_eq!(refused.code(), "seats_unavailable");
    assert_eq!(texts(refused.field("conflictingTables")), ["table_VIP_001"]);

    let refused = bob.hold(&event, &["seat_A1", "table_VIP_001_s2"]).await.expect(409);
    assert_eq!(texts(refused.field("conflictingSeats")), ["table_VIP_001_s2"]);
    assert_eq!(bob.status_of(&event, "seat_A1").await, "available");
}

#[tokio::test]
async fn a_table_can_not_be_held_while_somebody_else_has_one_of_its_seats() {
    let (ada, bob, event) = room_for_two().await;
    bob.hold(&event, &["table_VIP_001_s2"]).await.expect(201);
    let before = version_now(&ada, &event).await;
    let refused = ada.hold_table(&event, "table_VIP_001").await.expect(409);
    assert_eq!(refused.code(), "seats_unavailable");
    assert_eq!(texts(refused.field("conflictingSeats")), ["table_VIP_001_s2"]);
    assert_eq!(version_now(&ada, &event).await, before, "a refused hold changes nothing");

    // A booked seat is in the way of everybody, whoever booked it.
    bob.confirm(&event, &["table_VIP_001_s2"], None).await.expect(201);
    for user in [&ada, &bob] {
        let refused = user.hold_table(&event, "table_VIP_001").await.expect(409);
        assert_eq!(texts(refused.field("conflictingSeats")), ["table_VIP_001_s2"]);
    }
}

#[tokio::test]
async fn single_holds_of_the_caller_become_part_of_the_table_and_set_its_expiry() {
    let (ada, _, event) = room_for_two().await;
    let single = ada.hold_for(&event, &["table_VIP_001_s3"], 1.0).await.expect(201);
    let held = ada.hold_table(&event, "table_VIP_001").await.expect(201);
    assert_eq!(held.field("expiresAt"), single.field("expiresAt"));

    let holds = ada.get(&format!("/seat-booking/my-holds/{event}")).await.expect(200);
    for seat in VIP_SEATS {
        let hold = entry(holds.field("holds"), "seatId", seat);
        assert_eq!(hold["tableId"], "table_VIP_001", "{seat}");
        assert_eq!(hold["expiresAt"], *single.field("expiresAt"), "{seat}");
    }
}

#[tokio::test]
async fn a_seat_of_a_held_table_is_neither_confirmed_nor_extended_nor_released_singly() {
    let (ada, bob, event) = room_for_two().await;
    ada.hold_table(&event, "table_VIP_001").await.expect(201);
    let refused = ada.confirm(&event, &["table_VIP_001_s1"], None).await.expect(409);
    assert_eq!(refused.code(), "not_held");
    assert_eq!(texts(refused.field("missingSeats")), ["table_VIP_001_s1"]);

    let body = json!({ "eventId": event, "seatIds": ["table_VIP_001_s1"] });
    assert_eq!(ada.post("/seat-booking/extend", body).await.expect(409).code(), "not_held");

    let path = format!("/seat-booking/release-seats/{event}");
    let released = ada.delete(&format!("{path}?seatIds=table_VIP_001_s1")).await.expect(200);
    assert!(texts(released.field("releasedSeats")).is_empty());
    assert_eq!(bob.status_of(&event, "table_VIP_001_s1").await, "held");

    let released = ada.delete(&format!("{path}?tableIds=table_VIP_001")).await.expect(200);
    assert_eq!(texts(released.field("releasedSeats")), VIP_SEATS);
    bob.hold_table(&event, "table_VIP_001").await.expect(201);
}

#[tokio::test]
async fn a_table_whose_seats_are_held_singly_is_not_held_as_a_table() {
    let (ada, _, event) = room_for_two().await;
    ada.hold(&event, &["table_1_s1", "table_1_s2"]).await.expect(201);
    let refused = ada.confirm_with(confirm_body(&event, &[], &["table_1"]), None).await.expect(409);
    assert_eq!(refused.code(), "not_held");
    assert_eq!(texts(refused.field("missingSeats")), ["table_1_s1", "table_1_s2"]);
    let path = format!("/seat-booking/release-seats/{event}?tableIds=table_1");
    assert!(texts(ada.delete(&path).await.expect(200).field("releasedSeats")).is_empty());

    let booked = ada.confirm(&event, &["table_1_s1", "table_1_s2"], None).await.expect(201);
    assert_eq!(booked.field("bookingType"), "individual_seats");
    assert_eq!(booked.field("bookedTables"), &json!([]));
}

#[tokio::test]
async fn an_extended_table_lasts_longer_with_all_its_seats() {
    let (ada, _, event) = room_for_two().await;
    let held = ada.hold_table(&event, "table_1").await.expect(201);
    let body = json!({ "eventId": event, "tableIds": ["table_1"], "holdDurationMinutes": 60 });
    let longer = ada.post("/seat-booking/extend", body).await.expect(200);
    assert!(at(longer.field("expiresAt")) > at(held.field("expiresAt")));
    let holds = ada.get(&format!("/seat-booking/my-holds/{event}")).await.expect(200);
    for seat in ["table_1_s1", "table_1_s2"] {
        let expiry = &entry(holds.field("holds"), "seatId", seat)["expiresAt"];
        assert_eq!(expiry, longer.field("expiresAt"), "{seat}");
    }
}

#[tokio::test]
async fn a_confirmed_table_is_a_table_booking() {
    let (ada, bob, event) = room_for_two().await;
    ada.hold_table(&event, "table_VIP_001").await.expect(201);
    let booked = ada.confirm_with(confirm_body(&event, &[], &["table_VIP_001"]), None).await;
    let booked = booked.expect(201);
    assert_eq!(booked.field("bookingType"), "table_booking");
    assert_eq!(booked.field("bookedSeats"), &json!([]));
    let table = &booked.field("bookedTables")[0];
    assert_eq!((&table["tableId"], &table["seatCount"]), (&json!("table_VIP_001"), &json!(4)));
    assert_eq!(texts(&table["associatedSeatIds"]), VIP_SEATS);
    assert_eq!(table["totalPrice"].as_f64(), Some(630.0));
    assert_eq!(texts(booked.field("allSeatIds")), VIP_SEATS);
    assert_eq!(booked.field("totalAmount").as_f64(), Some(630.0));

    let layout = bob.get(&format!("/seat-booking/layout/{event}")).await.expect(200);
    assert_eq!(entry(layout.field("items"), "id", "table_VIP_001")["status"], "booked");
    let refused = bob.hold(&event, &VIP_SEATS).await.expect(409);
    assert_eq!(texts(refused.field("conflictingSeats")), VIP_SEATS);
    let refused = bob.hold_table(&event, "table_VIP_001").await.expect(409);
    assert_eq!(refused.code(), "seats_unavailable");
}

#[tokio::test]
async fn seats_and_a_table_in_one_booking_are_charged_once_each() {
    let (ada, _, event) = room_for_two().await;
    ada.hold(&event, &["seat_A1", "seat_B2"]).await.expect(201);
    ada.hold_table(&event, "table_VIP_001").await.expect(201);
    let body = confirm_body(&event, &["seat_A1", "seat_B2"], &["table_VIP_001"]);
    let booked = ada.confirm_with(body, None).await.expect(201);
    assert_eq!(booked.field("bookingType"), "mixed");
    let singly = booked.field("bookedSeats").as_array().unwrap();
    let singly: Vec<_> = singly.iter().map(|seat| seat["seatId"].as_str().unwrap()).collect();
    assert_eq!(singly, ["seat_A1", "seat_B2"]);
    assert_eq!(booked.field("bookedTables").as_array().unwrap().len(), 1);
    let all = [&["seat_A1", "seat_B2"][..], &VIP_SEATS].concat();
    assert_eq!(texts(booked.field("allSeatIds")), all);
    assert_eq!(booked.field("totalAmount").as_f64(), Some(2.0 * 75.0 + 4.0 * 157.5));
}

#[tokio::test]
async fn a_seat_named_singly_and_through_its_table_is_a_duplicate() {
    let (ada, _, event) = room_for_two().await;
    ada.hold_table(&event, "table_1").await.expect(201);
    let body = confirm_body(&event, &["table_1_s2"], &["table_1"]);
    let refused = ada.confirm_with(body, None).await.expect(400);
    assert_eq!(refused.code(), "duplicate_seats");
    assert_eq!(texts(refused.field("duplicateSeats")), ["table_1_s2"]);
    let body = confirm_body(&event, &[], &["table_1", "table_1"]);
    let refused = ada.confirm_with(body, None).await.expect(400);
    assert_eq!(refused.code(), "duplicate_seats");
    assert_eq!(texts(refused.field("duplicateSeats")), ["table_1_s1", "table_1_s2"]);
    assert_eq!(ada.status_of(&event, "table_1_s2").await, "held");
}

#[tokio::test]
async fn table_1_has_nothing_of_table_10() {
    let (ada, bob, event) = room_for_two().await;
    let held = ada.hold_table(&event, "table_1").await.expect(201);
    assert_eq!(texts(held.field("heldSeats")), ["table_1_s1", "table_1_s2"]);
    assert_eq!(bob.status_of(&event, "table_10_s1").await, "available");
    let held = bob.hold_table(&event, "table_10").await.expect(201);
    assert_eq!(texts(held.field("heldSeats")), ["table_10_s1", "table_10_s2"]);

    let booked = ada.confirm_with(confirm_body(&event, &[], &["table_1"]), None).await.expect(201);
    assert_eq!(texts(booked.field("allSeatIds")), ["table_1_s1", "table_1_s2"]);
    assert_eq!(bob.status_of(&event, "table_10_s1").await, "held");
    let path = format!("/seat-booking/release-seats/{event}?tableIds=table_10");
    let released = bob.delete(&path).await.expect(200);
    assert_eq!(texts(released.field("releasedSeats")), ["table_10_s1", "table_10_s2"]);
    assert_eq!(bob.status_of(&event, "table_1_s1").await, "booked");
}

#[tokio::test]
async fn a_table_that_the_layout_does_not_have_is_not_found() {
    let (ada, _, event) = room_for_two().await;
    // The stage is an item too, but no table.
    for table in ["table_2", "stage", "seat_A1"] {
        let answer = ada.hold_table(&event, table).await.expect(404);
        assert_eq!(answer.code(), "table_not_found", "{table}");
    }
}
