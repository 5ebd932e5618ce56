//! From an empty room to a booking.

use seat_testbed::{Client, Events, confirm_body, new_layout, shared, small_layout};
use serde_json::{Value, json};

use super::room::{SOON, at, entry, room, texts, version};

#[tokio::test]
async fn two_seats_become_held_and_then_booked_for_everybody_to_see() {
    let (server, event) = room().await;
    let (ada, bob) = (Client::user(server, "ada"), Client::user(server, "bob"));
    let mut events = Events::open(server, &event, None).await;

    let held = ada.hold(&event, &["seat_A1", "seat_A2"]).await.expect(201);
    let (held_at, expires_at) = (at(held.field("heldAt")), at(held.field("expiresAt")));
    assert_eq!(expires_at.since(held_at).as_secs(), 600);
    assert!(at(held.field("serverTime")) >= held_at);
    let change = events.next(SOON).await;
    assert_eq!((change.event.as_str(), change.id.as_str()), ("change", held.text("version")));
    assert_eq!(
        change.data,
        json!({ "version": held.field("version"), "seats": [
            { "id": "seat_A1", "status": "held", "holdExpiresAt": held.field("expiresAt") },
            { "id": "seat_A2", "status": "held", "holdExpiresAt": held.field("expiresAt") },
        ] })
    );
    let mut rest = held.body;
    for variable in ["heldAt", "expiresAt", "serverTime", "version"] {
        rest.as_object_mut().unwrap().remove(variable);
    }
    let expected = json!({
        "success": true, "heldSeats": ["seat_A1", "seat_A2"], "totalAmount": 150.0, "currency": "USD"
    });
    assert_eq!(with_float(rest, "totalAmount"), expected);

    let refused = bob.hold(&event, &["seat_A2", "seat_A3"]).await.expect(409);
    assert_eq!(refused.code(), "seats_unavailable");
    assert_eq!(texts(refused.field("conflictingSeats")), ["seat_A2"]);
    assert_eq!(bob.status_of(&event, "seat_A3").await, "available");

    let booked = ada.confirm(&event, &["seat_A1", "seat_A2"], None).await.expect(201);
    let change = events.next(SOON).await;
    assert_eq!((change.event.as_str(), change.id.as_str()), ("change", booked.text("version")));
    assert_eq!(change.status_of("seat_A1"), Some("booked"));
    assert_eq!(change.status_of("seat_A2"), Some("booked"));

    let layout = bob.get(&format!("/seat-booking/layout/{event}")).await.expect(200);
    assert_eq!(layout.field("version"), booked.field("version"));
    let status = |id| entry(layout.field("seats"), "id", id)["status"].clone();
    assert_eq!(
        [status("seat_A1"), status("seat_A2"), status("seat_A3")],
        ["booked", "booked", "available"]
    );
    let text = String::from_utf8(layout.bytes).unwrap();
    assert!(!text.contains("ada"), "whoever booked a seat is nobody's business");

    let refused = bob.hold(&event, &["seat_A1"]).await.expect(409);
    assert_eq!(texts(refused.field("conflictingSeats")), ["seat_A1"]);
}

#[tokio::test]
async fn a_booking_has_every_field_of_the_contract() {
    let (server, event) = room().await;
    let ada = Client::user(server, "ada");
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    ada.hold_table(&event, "table_1").await.expect(201);
    let mut body = confirm_body(&event, &["seat_A1"], &["table_1"]);
    body["contactInfo"]["phone"] = "+1234567890".into();
    body["paymentInfo"] = json!({ "method": "credit_card", "transactionId": "txn_123" });
    body["notes"] = "Near the aisle, please".into();

    let booked = ada.confirm_with(body, None).await.expect(201);
    let id = booked.text("bookingId");
    assert!(id.len() == 24 && id.bytes().all(|digit| digit.is_ascii_hexdigit()), "{id}");
    assert!(at(booked.field("createdAt")).ms() > 0);
    assert!(version(booked.field("version")).seq >= 3);
    let mut rest = booked.body.clone();
    for variable in ["bookingId", "createdAt", "version"] {
        rest.as_object_mut().unwrap().remove(variable);
    }
    let expected = json!({
        "success": true,
        "eventId": event,
        "userId": "ada",
        "bookingType": "mixed",
        "bookedSeats": [{
            "seatId": "seat_A1", "categoryId": "standard", "price": 75.0, "rowLabel": "A", "seatNumber": 1
        }],
        "bookedTables": [{
            "tableId": "table_1", "seatCount": 2,
            "associatedSeatIds": ["table_1_s1", "table_1_s2"], "totalPrice": 150.0
        }],
        "allSeatIds": ["seat_A1", "table_1_s1", "table_1_s2"],
        "totalAmount": 225.0,
        "currency": "USD",
        "status": "confirmed",
        "payment": {
            "status": "pending", "amount": 225.0, "method": "credit_card", "transactionId": "txn_123"
        },
        "contact": { "name": "Ada Lovelace", "email": "ada@example.com", "phone": "+1234567890" },
        "notes": "Near the aisle, please",
    });
    assert_eq!(in_floats(rest), expected);
}

#[tokio::test]
async fn prices_are_summed_exactly_and_in_the_events_currency() {
    let server = shared().await;
    let mut layout = small_layout();
    layout["categories"][0]["price"] = json!(0.1);
    layout["categories"][1]["price"] = json!(19.99);
    let body =
        json!({ "layoutId": new_layout(server, layout).await, "name": "Cents", "currency": "EUR" });
    let event = Client::admin(server).post("/seat-booking/events", body).await.expect(201);
    let event = event.text("eventId");
    let ada = Client::user(server, "ada");

    let seats = ["seat_A1", "seat_A2", "table_VIP_001_s1", "table_VIP_001_s2", "table_VIP_001_s3"];
    let held = ada.hold(event, &seats).await.expect(201);
    assert_eq!(held.field("totalAmount").as_f64(), Some(60.17));
    assert_eq!(held.field("currency"), "EUR");
    // 0.1 + 0.1 + 3 * 19.99 is 60.169999999999995 in floating point.
    assert!(String::from_utf8(held.bytes).unwrap().contains(r#""totalAmount":60.17,"#));

    let booked = ada.confirm(event, &seats, None).await.expect(201);
    assert_eq!(booked.field("totalAmount").as_f64(), Some(60.17));
    assert_eq!(booked.field("payment")["amount"].as_f64(), Some(60.17));
    assert_eq!(booked.field("currency"), "EUR");
}

/// The value with this amount as a float: `150`, `150.0` and `150.00` are the same amount.
fn with_float(mut value: Value, field: &str) -> Value {
    value[field] = json!(value[field].as_f64().expect("an amount"));
    value
}

/// The booking with every amount as a float.
fn in_floats(booking: Value) -> Value {
    let mut booking = with_float(booking, "totalAmount");
    booking["payment"] = with_float(booking["payment"].take(), "amount");
    booking["bookedSeats"][0] = with_float(booking["bookedSeats"][0].take(), "price");
    booking["bookedTables"][0] = with_float(booking["bookedTables"][0].take(), "totalPrice");
    booking
}
