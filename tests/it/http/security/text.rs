//! Ids, keys, names and notes that mean something to a store or a page: refused where an id is
//! wanted, elsewhere kept as the text that they are.

use reqwest::Method;
use seat_testbed::{Client, confirm_body, new_event, shared, token};
use serde_json::{Value, json};

use crate::http::room::{entry, room, room_for_two, texts};

/// Texts that are syntax somewhere: in a key of Redis, a query of MongoDB, JSON, HTML, a log.
const SYNTAX: &[&str] = &[
    "{seat_lock}:x",
    "}{",
    "seat_A1:ada",
    "*",
    "seat_A?",
    "$where",
    "$ne",
    "{\"$ne\":null}",
    "{\"$gt\":\"\"}",
    "'; return true; //",
    "a\u{0}b",
    "a\r\nSET x 1\r\n",
    "a\nb",
    "a b",
    "../../etc/passwd",
    "%00",
    "<script>alert(1)</script>",
    "\u{202e}1A_taes",
    // Cyrillic and full-width letters that look like those of `seat_A1`.
    "seat_\u{410}1",
    "\u{ff53}eat_A1",
    "seat_A1\u{200b}",
    "seat_A1\u{301}",
];

/// What MongoDB would take for an operator where a text is wanted.
fn operators() -> Vec<Value> {
    vec![
        json!({ "$ne": null }),
        json!({ "$gt": "" }),
        json!({ "$regex": ".*" }),
        json!({ "$where": "true" }),
        json!({ "$oid": "0123456789abcdef01234567" }),
        json!(["seat_A1"]),
        json!(null),
        json!(1),
        json!(true),
    ]
}

#[tokio::test]
async fn no_id_is_anything_but_a_name() {
    let (ada, bob, event) = room_for_two().await;
    bob.hold(&event, &["seat_A1"]).await.expect(201);
    for text in SYNTAX {
        for (field, path, body) in [
            ("seatIds[0]", "hold-seats", json!({ "eventId": event, "seatIds": [text] })),
            ("tableId", "hold-table", json!({ "eventId": event, "tableId": text })),
            ("eventId", "hold-seats", json!({ "eventId": text, "seatIds": ["seat_A2"] })),
            ("seatIds[0]", "extend", json!({ "eventId": event, "seatIds": [text] })),
            ("seatIds[0]", "confirm", confirm_body(&event, &[text], &[])),
            ("tableIds[0]", "confirm", confirm_body(&event, &[], &[text])),
        ] {
            let refused = ada.post(&format!("/seat-booking/{path}"), body).await.expect(400);
            assert_eq!(refused.field("errors")[0]["field"], field, "{text:?}");
        }
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for (method, path) in [(Method::GET, "availability"), (Method::DELETE, "release-seats")] {
            let path = format!("/seat-booking/{path}/{event}?seatIds={encoded}");
            let refused = ada.send(ada.request(method, &path)).await.expect(400);
            assert_eq!(refused.field("errors")[0]["field"], "seatIds", "{text:?}");
        }
    }
    for operator in operators() {
        for (path, body) in [
            ("hold-seats", json!({ "eventId": event, "seatIds": [operator] })),
            ("hold-seats", json!({ "eventId": operator, "seatIds": ["seat_A2"] })),
            ("hold-table", json!({ "eventId": event, "tableId": operator })),
        ] {
            if operator != json!(["seat_A1"]) || path != "hold-table" {
                let refused = ada.post(&format!("/seat-booking/{path}"), body).await.expect(400);
                assert_eq!(refused.code(), "invalid_request", "{operator}");
            }
        }
    }
    assert_eq!(ada.status_of(&event, "seat_A1").await, "held");
    assert_eq!(ada.status_of(&event, "seat_A2").await, "available");
}

#[tokio::test]
async fn an_operator_is_no_contact_and_no_note() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    for operator in operators() {
        for place in
            ["/contactInfo/name", "/contactInfo/email", "/contactInfo", "/paymentInfo/method"]
        {
            let mut body = confirm_body(&event, &["seat_A1"], &[]);
            body["paymentInfo"] = json!({ "method": "card" });
            *body.pointer_mut(place).unwrap() = operator.clone();
            let refused = ada.confirm_with(body, Some("order")).await.expect(400);
            assert_eq!(refused.code(), "invalid_request", "{place} {operator}");
        }
        // A note may be missing, and `null` says that it is.
        if operator != Value::Null {
            let mut body = confirm_body(&event, &["seat_A1"], &[]);
            body["notes"] = operator.clone();
            ada.confirm_with(body, Some("order")).await.expect(400);
        }
    }
    let booked = ada.confirm(&event, &["seat_A1"], Some("order")).await.expect(201);
    let path = format!("/seat-booking/bookings/{}", booked.text("bookingId"));
    for operator in operators().iter().filter(|operator| !operator.is_null()) {
        ada.post(&format!("{path}/cancel"), json!({ "reason": operator })).await.expect(400);
        let payment = json!({ "status": "paid", "transactionId": operator });
        admin.post(&format!("{path}/payment"), payment).await.expect(400);
        let payment = json!({ "status": operator });
        admin.post(&format!("{path}/payment"), payment).await.expect(400);
    }
    assert_eq!(ada.get(&path).await.expect(200).text("status"), "confirmed");
}

#[tokio::test]
async fn what_a_customer_writes_comes_back_as_it_was_written() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    let written = SYNTAX.join(" ");
    // A key is printable ASCII.
    let key: String = written.chars().filter(|c| (' '..='~').contains(c)).collect();
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    let mut body = confirm_body(&event, &["seat_A1"], &[]);
    body["notes"] = written.as_str().into();
    body["contactInfo"]["name"] = SYNTAX[7].into();
    body["contactInfo"]["phone"] = "$where\u{0}\r\n".into();
    body["paymentInfo"] = json!({ "method": "$set", "transactionId": "{\"$ne\":null}" });
    let booked = ada.confirm_with(body.clone(), Some(&key)).await.expect(201);
    let again = ada.confirm_with(body.clone(), Some(&key)).await.expect(201);
    assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
    assert_eq!(again.field("bookingId"), booked.field("bookingId"));

    let path = format!("/seat-booking/bookings/{}", booked.text("bookingId"));
    let kept = ada.get(&path).await.expect(200);
    assert_eq!(kept.field("notes"), &body["notes"]);
    assert_eq!(kept.field("contact"), &body["contactInfo"]);
    let payment = json!({ "status": "paid", "transactionId": SYNTAX[7] });
    let paid = admin.post(&format!("{path}/payment"), payment).await.expect(200);
    assert_eq!(paid.field("payment")["transactionId"], SYNTAX[7]);
    let reason = json!({ "reason": written });
    let cancelled = ada.post(&format!("{path}/cancel"), reason).await.expect(200);
    assert_eq!(cancelled.field("cancelReason"), &json!(written));
}

#[tokio::test]
async fn a_user_whose_name_is_a_pattern_is_nobody_else() {
    let (server, event) = room().await;
    let victim = Client::user(server, "victim");
    victim.hold(&event, &["seat_A1", "seat_A2"]).await.expect(201);
    victim.confirm(&event, &["seat_A1"], None).await.expect(201);
    for name in
        ["*", "?ictim", "[v]ictim", "victi*", "$where", "'||'1'=='1", "victim\"", "victim\\"]
            .into_iter()
            .chain(["..", "__proto__", "#epoch", "victim#", "victim,victim", "/victim", "%76ictim"])
    {
        let other = Client::user(server, name);
        let holds = other.get(&format!("/seat-booking/my-holds/{event}")).await.expect(200);
        assert_eq!(holds.field("holds"), &json!([]), "{name}");
        let bookings = other.get("/seat-booking/my-bookings").await.expect(200);
        assert_eq!(bookings.field("bookings"), &json!([]), "{name}");
        let path = format!("/seat-booking/release-seats/{event}");
        let released = other.delete(&path).await.expect(200);
        assert!(texts(released.field("releasedSeats")).is_empty(), "{name}");
        assert_eq!(other.confirm(&event, &["seat_A2"], None).await.expect(409).code(), "not_held");
        // And has holds of its own, by exactly that name.
        other.hold(&event, &["seat_B1"]).await.expect(201);
        let holds = other.get(&format!("/seat-booking/my-holds/{event}")).await.expect(200);
        assert_eq!(entry(holds.field("holds"), "seatId", "seat_B1")["seatId"], "seat_B1");
        let released = other.delete(&path).await.expect(200);
        assert_eq!(texts(released.field("releasedSeats")), ["seat_B1"], "{name}");
    }
    // Names that would end a key, or begin another, are nobody's.
    for name in ["victim:1", "{victim}", "vic tim", "victim\u{0}", "victim\n", "v\u{456}ctim"] {
        let claims = json!({ "sub": name, "exp": 4_000_000_000_u64 });
        let client = Client::with_token(server, &token(server.secret(), &claims));
        client.get("/seat-booking/my-bookings").await.expect(401);
    }
    let holds = victim.get(&format!("/seat-booking/my-holds/{event}")).await.expect(200);
    assert_eq!(entry(holds.field("holds"), "seatId", "seat_A2")["seatId"], "seat_A2");
}

#[tokio::test]
async fn a_seat_whose_name_means_something_elsewhere_is_a_seat() {
    const NAMES: [&str; 14] = [
        "__proto__",
        "constructor",
        "toString",
        "..",
        ".",
        "-",
        "0",
        "-1",
        "null",
        "NaN",
        "true",
        "epoch",
        "_id",
        "seat_lock",
    ];
    let server = shared().await;
    let seat = |id: &str| json!({ "id": id, "pos": { "x": 0, "y": 0 }, "size": { "x": 1, "y": 1 }, "catId": "__proto__" });
    let layout = json!({
        "name": "<b>$where</b>\u{0}",
        "seats": NAMES.map(seat),
        "categories": [{ "id": "__proto__", "name": "$", "color": "\"><script>", "price": 1 }],
    });
    let event = new_event(server, layout).await;
    let ada = Client::user(server, "ada");
    let held = ada.hold(&event, &NAMES).await.expect(201);
    assert_eq!(held.field("totalAmount").as_f64(), Some(14.0));
    let booked = ada.confirm(&event, &NAMES[..7], None).await.expect(201);
    assert_eq!(texts(booked.field("allSeatIds")).len(), 7);
    for (nth, name) in NAMES.iter().enumerate() {
        let expected = if nth < 7 { "booked" } else { "held" };
        assert_eq!(ada.status_of(&event, name).await, expected, "{name}");
    }
    let stats =
        Client::admin(server).get(&format!("/seat-booking/stats/{event}")).await.expect(200);
    assert_eq!(stats.field("categoryBreakdown")["__proto__"]["booked"], 7);
}
