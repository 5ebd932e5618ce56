//! Bookings after they were made: who sees them, cancelling, and payments.

use reqwest::Method;
use seat_testbed::{Answer, Client, confirm_body, new_event, small_layout};
use serde_json::{Value, json};

use super::room::{at, room, texts, version, version_now};

/// A user's booking of one seat; its path.
async fn booked(user: &Client, event: &str, seat: &str) -> String {
    user.hold(event, &[seat]).await.expect(201);
    let booking = user.confirm(event, &[seat], None).await.expect(201);
    format!("/seat-booking/bookings/{}", booking.text("bookingId"))
}

#[tokio::test]
async fn a_booking_is_seen_by_its_owner_and_the_admins_alone() {
    let (server, event) = room().await;
    let (ada, bob) = (Client::user(server, "ada"), Client::user(server, "bob"));
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    let made = ada.confirm(&event, &["seat_A1"], None).await.expect(201);
    let path = format!("/seat-booking/bookings/{}", made.text("bookingId"));

    let own = ada.get(&path).await.expect(200);
    for field in
        ["bookingId", "eventId", "allSeatIds", "totalAmount", "status", "createdAt", "contact"]
    {
        assert_eq!(own.field(field), made.field(field), "{field}");
    }
    assert_eq!(Client::admin(server).get(&path).await.expect(200).body, own.body);

    // Somebody else's booking answers as one that does not exist.
    let missing = bob.get("/seat-booking/bookings/0123456789abcdef01234567").await.expect(404);
    let foreign = bob.get(&path).await.expect(404);
    assert_eq!((foreign.code(), missing.code()), ("booking_not_found", "booking_not_found"));
    assert_eq!(foreign.field("detail"), missing.field("detail"));
    let cancel = bob.post(&format!("{path}/cancel"), json!({})).await.expect(404);
    assert_eq!(cancel.code(), "booking_not_found");
    assert_eq!(ada.get(&path).await.expect(200).text("status"), "confirmed");
    assert_eq!(Client::anyone(server).get(&path).await.expect(401).code(), "unauthorized");
}

#[tokio::test]
async fn my_bookings_come_newest_first_and_in_pages() {
    let (server, event) = room().await;
    let (ada, bob) = (Client::user(server, "pages-ada"), Client::user(server, "pages-bob"));
    let other_event = new_event(server, small_layout()).await;
    for seat in ["seat_A1", "seat_A2", "seat_A3"] {
        booked(&ada, &event, seat).await;
        booked(&ada, &other_event, seat).await;
        booked(&bob, &event, &seat.replace('A', "B")).await;
    }
    booked(&ada, &event, "seat_A4").await;

    let all = ada.get("/seat-booking/my-bookings").await.expect(200);
    assert!(all.body.get("nextCursor").is_none());
    let all = all.field("bookings").as_array().unwrap();
    assert_eq!(all.len(), 7);
    assert!(all.iter().all(|booking| booking["userId"] == "pages-ada"));
    let moments: Vec<_> = all.iter().map(|booking| at(&booking["createdAt"])).collect();
    assert!(moments.is_sorted_by(|newer, older| newer >= older), "{moments:?}");

    let mut pages = Vec::new();
    let mut path = "/seat-booking/my-bookings?limit=3".to_owned();
    let mut lengths = Vec::new();
    loop {
        let page = ada.get(&path).await.expect(200);
        let bookings = page.field("bookings").as_array().unwrap();
        lengths.push(bookings.len());
        pages.extend(bookings.iter().cloned());
        let Some(cursor) = page.body.get("nextCursor") else { break };
        path = format!("/seat-booking/my-bookings?limit=3&cursor={}", cursor.as_str().unwrap());
    }
    assert_eq!(lengths, [3, 3, 1]);
    assert_eq!(&pages, all);
    // The last page of whole pages has no successor either.
    let whole = ada.get("/seat-booking/my-bookings?limit=7").await.expect(200);
    assert!(whole.body.get("nextCursor").is_none());
}

#[tokio::test]
async fn a_cancelled_booking_frees_its_seats_at_once() {
    let (server, event) = room().await;
    let (ada, bob) = (Client::user(server, "ada"), Client::user(server, "bob"));
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    ada.hold_table(&event, "table_1").await.expect(201);
    let body = confirm_body(&event, &["seat_A1"], &["table_1"]);
    let made = ada.confirm_with(body, None).await.expect(201);
    let path = format!("/seat-booking/bookings/{}", made.text("bookingId"));

    let cancelled =
        ada.post(&format!("{path}/cancel"), json!({ "reason": "Rain" })).await.expect(200);
    bob.hold(&event, &["seat_A1"]).await.expect(201);
    bob.hold_table(&event, "table_1").await.expect(201);
    assert_eq!(cancelled.text("status"), "cancelled");
    assert_eq!(cancelled.field("bookingId"), made.field("bookingId"));
    assert_eq!(cancelled.field("allSeatIds"), made.field("allSeatIds"));
    assert_eq!(cancelled.field("cancelReason"), "Rain");
    assert!(version(cancelled.field("version")) > version(made.field("version")));

    let again = ada.post(&format!("{path}/cancel"), json!({})).await.expect(409);
    assert_eq!(again.code(), "invalid_state");
    assert_eq!(bob.status_of(&event, "seat_A1").await, "held", "only once");
    assert_eq!(ada.get(&path).await.expect(200).text("status"), "cancelled");
}

#[tokio::test]
async fn a_cancellation_needs_no_body_and_may_be_the_houses() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    let path = booked(&ada, &event, "seat_A1").await;
    let bare = admin.request(Method::POST, &format!("{path}/cancel"));
    let cancelled = admin.send(bare).await.expect(200);
    assert_eq!((cancelled.text("status"), cancelled.text("userId")), ("cancelled", "ada"));
    assert_eq!(ada.status_of(&event, "seat_A1").await, "available");
}

/// Records a payment as an admin.
async fn pay(admin: &Client, booking: &str, body: Value) -> Answer {
    admin.post(&format!("{booking}/payment"), body).await
}

#[tokio::test]
async fn a_recorded_payment_makes_a_booking_paid_and_may_be_recorded_again() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    let booking = booked(&ada, &event, "seat_A1").await;
    let before = version_now(&ada, &event).await;

    let body = json!({ "status": "paid", "transactionId": "txn_1", "amount": 75.00 });
    let paid = pay(&admin, &booking, body.clone()).await.expect(200);
    assert_eq!(paid.text("status"), "paid");
    assert_eq!(paid.field("payment")["status"], "paid");
    assert_eq!(paid.field("payment")["transactionId"], "txn_1");
    assert_eq!(pay(&admin, &booking, body).await.expect(200).body, paid.body);
    assert_eq!(ada.get(&booking).await.expect(200).text("status"), "paid");
    assert_eq!(version_now(&ada, &event).await, before, "no seat has changed");

    let other = pay(&admin, &booking, json!({ "status": "paid", "transactionId": "txn_2" })).await;
    assert_eq!(other.expect(409).code(), "invalid_state");
    assert_eq!(ada.get(&booking).await.expect(200).field("payment")["transactionId"], "txn_1");
}

#[tokio::test]
async fn a_payment_of_another_amount_is_refused() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    let booking = booked(&ada, &event, "seat_A1").await;
    for amount in [74.99, 75.01, 0.0, 7_500.0] {
        let refused =
            pay(&admin, &booking, json!({ "status": "paid", "amount": amount })).await.expect(400);
        assert_eq!(refused.code(), "invalid_request");
        assert_eq!(refused.field("errors")[0]["field"], "amount", "{amount}");
    }
    assert_eq!(ada.get(&booking).await.expect(200).field("payment")["status"], "pending");
}

#[tokio::test]
async fn a_failed_payment_changes_the_payment_alone_and_may_be_made_good() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    let booking = booked(&ada, &event, "seat_A1").await;
    let failed =
        pay(&admin, &booking, json!({ "status": "failed", "transactionId": "txn_1" })).await;
    let failed = failed.expect(200);
    assert_eq!(
        (failed.text("status"), &failed.field("payment")["status"]),
        ("confirmed", &json!("failed"))
    );
    assert_eq!(ada.status_of(&event, "seat_A1").await, "booked");
    let paid = pay(&admin, &booking, json!({ "status": "paid", "transactionId": "txn_2" })).await;
    assert_eq!(paid.expect(200).text("status"), "paid");
}

#[tokio::test]
async fn a_cancelled_booking_is_not_paid_and_a_paid_one_is_refunded() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    let cancelled = booked(&ada, &event, "seat_A1").await;
    ada.post(&format!("{cancelled}/cancel"), json!({})).await.expect(200);
    let refused = pay(&admin, &cancelled, json!({ "status": "paid" })).await.expect(409);
    assert_eq!(refused.code(), "invalid_state");

    let paid = booked(&ada, &event, "seat_A2").await;
    pay(&admin, &paid, json!({ "status": "paid" })).await.expect(200);
    let cancelled = ada.post(&format!("{paid}/cancel"), json!({})).await.expect(200);
    assert_eq!(cancelled.text("status"), "cancelled");
    assert_eq!(cancelled.field("payment")["status"], "refunded");
}

#[tokio::test]
async fn payments_are_recorded_by_admins_alone() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    let booking = booked(&ada, &event, "seat_A1").await;
    let body = json!({ "status": "paid" });
    assert_eq!(pay(&ada, &booking, body.clone()).await.expect(403).code(), "forbidden");
    assert_eq!(
        pay(&Client::anyone(server), &booking, body.clone()).await.expect(401).code(),
        "unauthorized"
    );
    let missing = pay(&admin, "/seat-booking/bookings/0123456789abcdef01234567", body).await;
    assert_eq!(missing.expect(404).code(), "booking_not_found");
    let wrong = pay(&admin, &booking, json!({ "status": "refunded" })).await.expect(400);
    assert_eq!(wrong.field("errors")[0]["field"], "status");
    assert_eq!(ada.get(&booking).await.expect(200).text("status"), "confirmed");
}

#[tokio::test]
async fn a_clients_word_is_no_proof_of_payment() {
    let (server, event) = room().await;
    let ada = Client::user(server, "ada");
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    let mut body = confirm_body(&event, &["seat_A1"], &[]);
    body["paymentInfo"] = json!({ "method": "card", "transactionId": "txn_1", "status": "paid" });
    let booked = ada.confirm_with(body, None).await.expect(201);
    assert_eq!(
        (booked.text("status"), &booked.field("payment")["status"]),
        ("confirmed", &json!("pending"))
    );
    assert_eq!(texts(booked.field("allSeatIds")), ["seat_A1"]);
}
