//! Confirming a hold, once and again, alone and at the same moment, to the end or cut off.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use seat_testbed::{Client, Server, confirm_body, eventually, new_event, shared, small_layout};
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::sleep};

use super::room::{SOON, room, room_for_two, states, texts, version_now};

#[tokio::test]
async fn seats_that_were_never_held_or_given_back_can_not_be_confirmed() {
    let (ada, bob, event) = room_for_two().await;
    ada.hold(&event, &["seat_A1", "seat_A2"]).await.expect(201);
    bob.hold(&event, &["seat_A3"]).await.expect(201);
    ada.delete(&format!("/seat-booking/release-seats/{event}?seatIds=seat_A2")).await.expect(200);

    let seats = ["seat_A1", "seat_A2", "seat_A3", "seat_A4"];
    let refused = ada.confirm(&event, &seats, None).await.expect(409);
    assert_eq!(refused.code(), "not_held");
    assert_eq!(texts(refused.field("missingSeats")), ["seat_A2", "seat_A3", "seat_A4"]);
    assert_eq!(ada.status_of(&event, "seat_A1").await, "held", "nothing was booked");
    ada.confirm(&event, &["seat_A1"], None).await.expect(201);
}

#[tokio::test]
async fn a_replay_is_the_first_booking_as_it_now_stands() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    let first = ada.confirm(&event, &["seat_A1"], Some("order-1")).await.expect(201);
    assert_eq!(first.header("Idempotency-Replayed"), None);
    let before = version_now(&ada, &event).await;

    let again = ada.confirm(&event, &["seat_A1"], Some("order-1")).await.expect(201);
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    assert_eq!(without_version(&again.body), without_version(&first.body));
    assert_eq!(version_now(&ada, &event).await, before, "a replay changes nothing");

    let booking = format!("/seat-booking/bookings/{}", first.text("bookingId"));
    admin.post(&format!("{booking}/payment"), json!({ "status": "paid" })).await.expect(200);
    let paid = ada.confirm(&event, &["seat_A1"], Some("order-1")).await.expect(201);
    assert_eq!(paid.text("status"), "paid");
    ada.post(&format!("{booking}/cancel"), json!({})).await.expect(200);
    let cancelled = ada.confirm(&event, &["seat_A1"], Some("order-1")).await.expect(201);
    assert_eq!(cancelled.header("Idempotency-Replayed"), Some("true"));
    assert_eq!(cancelled.text("status"), "cancelled");
    assert_eq!(ada.status_of(&event, "seat_A1").await, "available");
}

#[tokio::test]
async fn a_quoted_key_is_the_bare_one() {
    let (ada, _, event) = room_for_two().await;
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    let quoted = ada.confirm(&event, &["seat_A1"], Some("\"order-1\"")).await.expect(201);
    let bare = ada.confirm(&event, &["seat_A1"], Some("order-1")).await.expect(201);
    assert_eq!(bare.header("Idempotency-Replayed"), Some("true"));
    assert_eq!(bare.field("bookingId"), quoted.field("bookingId"));
}

#[tokio::test]
async fn the_order_of_seats_is_not_part_of_the_payload() {
    let (ada, _, event) = room_for_two().await;
    ada.hold(&event, &["seat_A1", "seat_A2"]).await.expect(201);
    let first = ada.confirm(&event, &["seat_A1", "seat_A2"], Some("order-1")).await.expect(201);
    let again = ada.confirm(&event, &["seat_A2", "seat_A1"], Some("order-1")).await.expect(201);
    assert_eq!(again.field("bookingId"), first.field("bookingId"));
}

#[tokio::test]
async fn a_key_with_another_payload_is_a_mismatch_and_books_nothing() {
    let (ada, _, event) = room_for_two().await;
    ada.hold(&event, &["seat_A1", "seat_A2"]).await.expect(201);
    ada.confirm(&event, &["seat_A1"], Some("order-1")).await.expect(201);

    let good = confirm_body(&event, &["seat_A1"], &[]);
    let mut other_seat = good.clone();
    other_seat["seatIds"] = json!(["seat_A2"]);
    let mut other_contact = good.clone();
    other_contact["contactInfo"]["name"] = "Charles Babbage".into();
    let mut other_notes = good.clone();
    other_notes["notes"] = "By the window".into();
    let mut other_payment = good.clone();
    other_payment["paymentInfo"] = json!({ "method": "cash" });
    for other in [other_seat, other_contact, other_notes, other_payment] {
        let refused = ada.confirm_with(other, Some("order-1")).await.expect(422);
        assert_eq!(refused.code(), "idempotency_mismatch");
    }
    assert_eq!(ada.status_of(&event, "seat_A2").await, "held");
    ada.confirm(&event, &["seat_A2"], Some("order-2")).await.expect(201);
}

#[tokio::test]
async fn one_key_of_two_users_or_two_events_is_two_keys() {
    let (server, event) = room().await;
    let (ada, bob) = (Client::user(server, "ada"), Client::user(server, "bob"));
    let other_event = new_event(server, small_layout()).await;
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    bob.hold(&event, &["seat_A2"]).await.expect(201);
    ada.hold(&other_event, &["seat_A1"]).await.expect(201);

    let bookings = [
        ada.confirm(&event, &["seat_A1"], Some("order-1")).await.expect(201),
        bob.confirm(&event, &["seat_A2"], Some("order-1")).await.expect(201),
        ada.confirm(&other_event, &["seat_A1"], Some("order-1")).await.expect(201),
    ];
    let ids: BTreeSet<&str> = bookings.iter().map(|booking| booking.text("bookingId")).collect();
    assert_eq!(ids.len(), 3);
    for booking in &bookings {
        assert_eq!(booking.header("Idempotency-Replayed"), None);
    }
}

#[tokio::test]
async fn equal_requests_at_one_moment_make_one_booking_and_all_get_it() {
    let (server, event) = room().await;
    let ada = Client::user(server, "at-one-moment");
    for count in 2..=8 {
        let (seat, key) = (format!("seat_A{count}"), format!("order-{count}"));
        ada.hold(&event, &[&seat]).await.expect(201);
        let seats = [seat.as_str()];
        let requests = (0..count).map(|_| ada.confirm(&event, &seats, Some(&key)));
        let answers = join_all(requests).await;

        let ids = answers.iter().map(|answer| answer.clone().expect(201).body["bookingId"].clone());
        let mut ids: Vec<Value> = ids.collect();
        ids.dedup();
        assert_eq!(ids.len(), 1, "{count} requests made {ids:?}");
        let first = answers.iter().filter(|a| a.header("Idempotency-Replayed").is_none());
        assert_eq!(first.count(), 1, "one of {count} requests made the booking");
    }
    let mine = ada.get("/seat-booking/my-bookings?limit=100").await.expect(200);
    assert_eq!(mine.field("bookings").as_array().unwrap().len(), 7);
}

#[tokio::test]
async fn a_refused_key_succeeds_once_the_seats_are_held() {
    let (ada, bob, event) = room_for_two().await;
    bob.hold(&event, &["seat_A1"]).await.expect(201);
    for _ in 0..2 {
        let refused = ada.confirm(&event, &["seat_A1"], Some("order-1")).await.expect(409);
        assert_eq!(refused.code(), "not_held");
    }
    bob.delete(&format!("/seat-booking/release-seats/{event}")).await.expect(200);
    assert_eq!(
        ada.status_of(&event, "seat_A1").await,
        "available",
        "a refused confirm stays refused"
    );

    ada.hold(&event, &["seat_A1"]).await.expect(201);
    let booked = ada.confirm(&event, &["seat_A1"], Some("order-1")).await.expect(201);
    assert_eq!(booked.header("Idempotency-Replayed"), None);
    let again = ada.confirm(&event, &["seat_A1"], Some("order-1")).await.expect(201);
    assert_eq!(again.field("bookingId"), booked.field("bookingId"));
}

#[tokio::test]
async fn without_a_key_a_repetition_finds_its_booking() {
    let (ada, bob, event) = room_for_two().await;
    ada.hold(&event, &["seat_A1", "seat_A2"]).await.expect(201);
    let first = ada.confirm(&event, &["seat_A1"], None).await.expect(201);
    let again = ada.confirm(&event, &["seat_A1"], None).await.expect(201);
    assert_eq!(again.field("bookingId"), first.field("bookingId"));

    // Not with another payload, nor for somebody else, nor after the booking was cancelled.
    let mut other = confirm_body(&event, &["seat_A1"], &[]);
    other["notes"] = "By the window".into();
    assert_eq!(ada.confirm_with(other, None).await.expect(409).code(), "not_held");
    assert_eq!(bob.confirm(&event, &["seat_A1"], None).await.expect(409).code(), "not_held");
    let cancel = format!("/seat-booking/bookings/{}/cancel", first.text("bookingId"));
    ada.post(&cancel, json!({})).await.expect(200);
    assert_eq!(ada.confirm(&event, &["seat_A1"], None).await.expect(409).code(), "not_held");
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_a_whole_booking_or_none() {
    let (server, event) = room().await;
    let ada = Client::user(server, "goes-away");
    let orders: Vec<[String; 2]> =
        (1..=10).map(|n| ["A", "B"].map(|row| format!("seat_{row}{n}"))).collect();
    for (nth, [one, other]) in orders.iter().enumerate() {
        let seats = [one.as_str(), other.as_str()];
        ada.hold(&event, &seats).await.expect(201);
        let request = confirm_request(&ada, &event, &seats, "");
        // Every fifth goes away in the middle of its request.
        let sent = if nth % 5 == 0 { request.len() - 1 } else { request.len() };
        let patience = Duration::from_micros(300 * nth as u64);
        send_and_reset(server, &request.as_bytes()[..sent], patience).await;
    }

    // Whatever was not confirmed is given back; what was is booked, as soon as its task has ended.
    eventually("every seat is booked whole or free", SOON, async || {
        ada.delete(&format!("/seat-booking/release-seats/{event}")).await.expect(200);
        !states(&ada, &event).await.contains('h')
    })
    .await;
    let mine = ada.get("/seat-booking/my-bookings?limit=100").await.expect(200);
    let mut booked = BTreeSet::new();
    for booking in mine.field("bookings").as_array().unwrap() {
        assert_eq!(booking["status"], "confirmed");
        assert_eq!(booking["totalAmount"].as_f64(), Some(150.0));
        let seats = texts(&booking["allSeatIds"]);
        assert!(
            orders.iter().any(|order| *order == seats[..]),
            "no order, or half of one: {booking}"
        );
        assert!(booked.insert(seats[0]), "{booking} is there twice");
    }
    for seats in &orders {
        let expected = if booked.contains(seats[0].as_str()) { "booked" } else { "available" };
        for seat in seats {
            assert_eq!(ada.status_of(&event, seat).await, expected, "{seat}");
        }
    }
    assert!((1..=8).contains(&booked.len()), "{} requests came through", booked.len());
}

#[tokio::test]
async fn a_client_that_comes_back_with_its_key_gets_the_booking() {
    let server = shared().await;
    let event = new_event(server, small_layout()).await;
    let ada = Client::user(server, "comes-back");
    for number in 1..=10 {
        let (seat, key) = (format!("seat_A{number}"), format!("order-{number}"));
        ada.hold(&event, &[&seat]).await.expect(201);
        let patience = Duration::from_micros(300 * number);
        let request =
            confirm_request(&ada, &event, &[&seat], &format!("Idempotency-Key: {key}\r\n"));
        send_and_reset(server, request.as_bytes(), patience).await;
        ada.confirm(&event, &[&seat], Some(&key)).await.expect(201);
    }
    let mine = ada.get("/seat-booking/my-bookings?limit=100").await.expect(200);
    let bookings = mine.field("bookings").as_array().unwrap();
    let seats: BTreeSet<_> = bookings.iter().flat_map(|b| texts(&b["allSeatIds"])).collect();
    assert_eq!((bookings.len(), seats.len()), (10, 10));
}

/// The bytes of a confirm with further header lines.
fn confirm_request(client: &Client, event: &str, seats: &[&str], headers: &str) -> String {
    let body = confirm_body(event, seats, &[]).to_string();
    format!(
        "POST /seat-booking/confirm HTTP/1.1\r\nHost: seats\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        client.token().expect("it is a user"),
        body.len(),
    )
}

/// Sends this on a connection of its own and resets it after a while, which makes the server drop
/// the handler wherever it is.
async fn send_and_reset(server: &Server, request: &[u8], patience: Duration) {
    let address = server.url().strip_prefix("http://").expect("it is HTTP");
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("a socket has this option");
    stream.set_zero_linger().expect("a socket has this option");
    stream.write_all(request).await.expect("the server reads");
    sleep(patience).await;
    drop(stream);
}

fn without_version(answer: &Value) -> Value {
    let mut answer = answer.clone();
    answer.as_object_mut().expect("an answer is an object").remove("version");
    answer
}
