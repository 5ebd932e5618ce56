//! What is somebody else's: its owner can use it, nobody else can, and nobody else can see whose it
//! is.

use reqwest::Method;
use seat_testbed::{Client, Events, confirm_body};
use serde_json::json;

use crate::http::room::{SOON, entry, room, texts};

#[tokio::test]
async fn a_strangers_hold_is_neither_confirmed_nor_extended_nor_given_back() {
    let (server, event) = room().await;
    let (ada, eve) = (Client::user(server, "owner-ada"), Client::user(server, "eve"));
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    ada.hold_table(&event, "table_1").await.expect(201);
    let before = ada.get(&format!("/seat-booking/my-holds/{event}")).await.expect(200);

    for (seats, tables) in
        [(&["seat_A1"][..], &[][..]), (&[], &["table_1"]), (&["seat_A1"], &["table_1"])]
    {
        let mut body = confirm_body(&event, seats, tables);
        // Nobody is who the body says.
        for name in ["userId", "sub", "user"] {
            body[name] = "owner-ada".into();
        }
        let refused = eve.confirm_with(body.clone(), None).await.expect(409);
        assert_eq!(refused.code(), "not_held");
        let refused = eve.post("/seat-booking/extend", body).await.expect(409);
        assert_eq!(refused.code(), "not_held");
        for (name, ids) in [("seatIds", seats), ("tableIds", tables)] {
            if !ids.is_empty() {
                let path = format!("/seat-booking/release-seats/{event}?{name}={}", ids.join(","));
                let released = eve.delete(&format!("{path}&userId=owner-ada")).await.expect(200);
                assert!(texts(released.field("releasedSeats")).is_empty());
            }
        }
    }
    let released = eve.delete(&format!("/seat-booking/release-seats/{event}")).await.expect(200);
    assert!(texts(released.field("releasedSeats")).is_empty());
    let seen = eve.get(&format!("/seat-booking/my-holds/{event}?userId=owner-ada")).await;
    assert_eq!(seen.expect(200).field("holds"), &json!([]));

    let after = ada.get(&format!("/seat-booking/my-holds/{event}")).await.expect(200);
    assert_eq!(after.field("holds"), before.field("holds"), "her holds have changed");
    ada.confirm_with(confirm_body(&event, &["seat_A1"], &["table_1"]), None).await.expect(201);
}

#[tokio::test]
async fn a_strangers_booking_is_neither_seen_nor_cancelled_nor_paid() {
    let (server, event) = room().await;
    let (ada, eve) = (Client::user(server, "booker-ada"), Client::user(server, "booker-eve"));
    let seats = ["seat_A1", "seat_A2"];
    let mut paths = Vec::new();
    for seat in seats {
        ada.hold(&event, &[seat]).await.expect(201);
        let booked = ada.confirm(&event, &[seat], Some(seat)).await.expect(201);
        paths.push(format!("/seat-booking/bookings/{}", booked.text("bookingId")));
    }
    let path = &paths[0];
    let no_booking = |answer: &seat_testbed::Answer| {
        assert_eq!((answer.status, answer.code()), (404, "booking_not_found"));
        for word in ["booker-ada", "ada@example.com", "seat_A1"] {
            assert!(!answer.body.to_string().contains(word), "{}", answer.body);
        }
    };
    no_booking(&eve.get(path).await);
    no_booking(&eve.get(&format!("{path}?userId=booker-ada")).await);
    no_booking(
        &eve.get(&path.to_uppercase().replace("/SEAT-BOOKING/BOOKINGS", "/seat-booking/bookings"))
            .await,
    );
    let cancel = json!({ "reason": "mine", "userId": "booker-ada" });
    no_booking(&eve.post(&format!("{path}/cancel"), cancel.clone()).await);
    let as_ada = eve.request(Method::POST, &format!("{path}/cancel")).json(&cancel);
    no_booking(&eve.send(as_ada.header("X-User-Id", "booker-ada")).await);
    let paid = json!({ "status": "paid", "amount": 75 });
    for client in [&eve, &ada] {
        let refused = client.post(&format!("{path}/payment"), paid.clone()).await.expect(403);
        assert_eq!(refused.code(), "forbidden");
    }
    // Her key is hers alone: with it, a stranger confirms seats that the stranger does not hold.
    let replay = eve.confirm(&event, &["seat_A1"], Some("seat_A1")).await.expect(409);
    assert_eq!(replay.code(), "not_held");

    // A page continues in one's own list, whoever's the cursor was.
    let first = ada.get("/seat-booking/my-bookings?limit=1").await.expect(200);
    let cursor = first.text("nextCursor");
    for query in [format!("?cursor={cursor}"), "?userId=booker-ada".to_owned()] {
        let page = eve.get(&format!("/seat-booking/my-bookings{query}")).await.expect(200);
        assert_eq!(page.field("bookings"), &json!([]), "{query}");
    }
    let mine = ada.get(path).await.expect(200);
    assert_eq!(
        (mine.text("status"), &mine.field("payment")["status"]),
        ("confirmed", &json!("pending"))
    );
}

#[tokio::test]
async fn nobody_sets_what_the_house_decides() {
    let (server, event) = room().await;
    let ada = Client::user(server, "ada");
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    let mut body = confirm_body(&event, &["seat_A1"], &[]);
    for (name, value) in [
        ("userId", json!("bob")),
        ("bookingId", json!("0123456789abcdef01234567")),
        ("status", json!("paid")),
        ("totalAmount", json!(0)),
        ("price", json!(0)),
        ("currency", json!("XXX")),
        ("payment", json!({ "status": "paid" })),
        ("bookedSeats", json!([{ "seatId": "seat_A1", "price": 0 }])),
        ("allSeatIds", json!(["seat_A1", "seat_A2"])),
        ("activeSeatIds", json!([])),
        ("createdAt", json!("2001-01-01T00:00:00.000Z")),
    ] {
        body[name] = value;
    }
    let booked = ada.confirm_with(body, None).await.expect(201);
    assert_eq!((booked.text("status"), booked.text("currency")), ("confirmed", "USD"));
    assert_eq!(booked.field("totalAmount").as_f64(), Some(75.0));
    assert_eq!(texts(booked.field("allSeatIds")), ["seat_A1"]);
    assert_ne!(booked.text("bookingId"), "0123456789abcdef01234567");
    assert!(booked.text("createdAt") > "2020");
    assert_eq!(booked.field("payment")["status"], "pending");
    let path = format!("/seat-booking/bookings/{}", booked.text("bookingId"));
    assert_eq!(ada.get(&path).await.expect(200).text("userId"), "ada");
    assert_eq!(ada.status_of(&event, "seat_A2").await, "available");
}

#[tokio::test]
async fn what_everybody_sees_names_nobody() {
    let (server, event) = room().await;
    let mut stream = Events::open(server, &event, None).await;
    let (ada, anyone) = (Client::user(server, "secretive-ada"), Client::anyone(server));
    ada.hold(&event, &["seat_A1", "seat_A2"]).await.expect(201);
    ada.hold_table(&event, "table_1").await.expect(201);
    let booked = ada.confirm(&event, &["seat_A1"], Some("secret-key")).await.expect(201);

    let changes = stream.until("seat_A1", "booked", SOON).await;
    let mut seen = format!("{changes:?}");
    for path in [
        format!("layout/{event}"),
        format!("layout/{event}?viewport={{\"x\":0,\"y\":0,\"width\":800,\"height\":600}}"),
        format!("states/{event}"),
        format!("availability/{event}?seatIds=seat_A1,seat_A2"),
        format!("events/{event}"),
        "events".to_owned(),
    ] {
        let answer = anyone.get(&format!("/seat-booking/{path}")).await.expect(200);
        seen.push_str(&String::from_utf8(answer.bytes).unwrap());
        seen.push_str(&format!("{:?}", answer.headers));
    }
    let eve = Client::user(server, "eve");
    let stats = eve.get(&format!("/seat-booking/stats/{event}")).await.expect(200);
    assert!(stats.body.get("revenue").is_none() && stats.body.get("categoryBreakdown").is_none());
    let taken = eve.hold(&event, &["seat_A1", "seat_A2"]).await.expect(409);
    for answer in [stats, taken, anyone.get("/metrics").await, anyone.get("/readyz").await] {
        seen.push_str(&String::from_utf8(answer.bytes).unwrap());
    }
    let id = booked.text("bookingId");
    for word in ["secretive-ada", "Lovelace", "ada@example.com", "secret-key", id] {
        assert!(!seen.contains(word), "{word} is seen by everybody");
    }
    // What was searched does say what it should.
    let layout = anyone.get(&format!("/seat-booking/layout/{event}")).await.expect(200);
    assert_eq!(entry(layout.field("seats"), "id", "seat_A1")["status"], "booked");
}
