//! Every code of the contract, provoked. `internal` is a bug of ours and can't be provoked on
//! purpose; its form is tested inside `seat-http`, where a handler may be made to panic.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use seat_testbed::{
    Answer, Client, Server, Signal, confirm_body, eventually, new_event, new_layout, shared,
    small_layout, token,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::room::{SOON, room, room_for_two, texts};

const NOWHERE: &str = "0123456789abcdef01234567";

/// That this is a whole problem of this status and code.
#[track_caller]
fn assert_problem(answer: &Answer, status: u16, code: &str) {
    let body = &answer.body;
    assert_eq!((answer.status, body["code"].as_str()), (status, Some(code)), "{body}");
    assert_eq!(answer.header("Content-Type"), Some("application/problem+json"));
    assert_eq!(body["status"], status);
    assert_eq!(body["success"], false);
    assert_eq!(body["requestId"].as_str(), answer.header("X-Request-Id"));
    assert!(answer.header("X-Server-Time").is_some());
    for text in ["type", "title", "detail", "requestId"] {
        assert!(body[text].as_str().is_some_and(|text| !text.is_empty()), "{text} in {body}");
    }
}

/// That this is an `invalid_request` which names this field and says what is wrong there.
#[track_caller]
fn assert_invalid(answer: &Answer, field: &str) {
    assert_problem(answer, 400, "invalid_request");
    let errors = answer.field("errors").as_array().expect("a list of errors");
    let error = errors.iter().find(|error| error["field"] == field);
    let error = error.unwrap_or_else(|| panic!("{field} is not named: {}", answer.body));
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{error}");
}

#[tokio::test]
async fn invalid_request_names_every_wrong_field_of_a_body() {
    let (ada, _, event) = room_for_two().await;
    let hold = |body: Value| ada.post("/seat-booking/hold-seats", body);
    let seats = json!(["seat_A1"]);
    for (field, body) in [
        ("eventId", json!({ "seatIds": seats })),
        ("eventId", json!({ "eventId": 7, "seatIds": seats })),
        ("eventId", json!({ "eventId": "nonsense", "seatIds": seats })),
        ("seatIds", json!({ "eventId": event })),
        ("seatIds", json!({ "eventId": event, "seatIds": "seat_A1" })),
        ("seatIds[1]", json!({ "eventId": event, "seatIds": ["seat_A1", 7] })),
        ("seatIds[1]", json!({ "eventId": event, "seatIds": ["seat_A1", "seat A2"] })),
        (
            "holdDurationMinutes",
            json!({ "eventId": event, "seatIds": seats, "holdDurationMinutes": "5" }),
        ),
        ("body", json!([])),
    ] {
        assert_invalid(&hold(body).await, field);
    }
    let mut body = confirm_body(&event, &["seat_A1"], &[]);
    body["contactInfo"] = json!({ "name": "", "email": "nobody" });
    let refused = ada.confirm_with(body, None).await;
    assert_invalid(&refused, "contactInfo.name");
    assert_invalid(&refused, "contactInfo.email");
    let mut body = confirm_body(&event, &["seat_A1"], &[]);
    body.as_object_mut().unwrap().remove("contactInfo");
    assert_invalid(&ada.confirm_with(body, None).await, "contactInfo");
    for text in ["", "{", "seatIds=seat_A1", r#"{"eventId":"#] {
        let request = ada.request(Method::POST, "/seat-booking/hold-seats");
        let request = request.header("Content-Type", "application/json").body(text);
        assert_invalid(&ada.send(request).await, "body");
    }
}

#[tokio::test]
async fn invalid_request_names_a_malformed_id_in_a_path() {
    let server = shared().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    for id in ["nonsense", "0123456789abcdef0123456", "0123456789abcdef012345678", "%20"] {
        for (field, path) in [
            ("eventId", format!("layout/{id}")),
            ("eventId", format!("states/{id}")),
            ("eventId", format!("stats/{id}")),
            ("eventId", format!("changes/{id}")),
            ("eventId", format!("my-holds/{id}")),
            ("eventId", format!("events/{id}")),
            ("eventId", format!("availability/{id}?seatIds=seat_A1")),
            ("layoutId", format!("layouts/{id}")),
            ("bookingId", format!("bookings/{id}")),
        ] {
            assert_invalid(&ada.get(&format!("/seat-booking/{path}")).await, field);
        }
        assert_invalid(&ada.delete(&format!("/seat-booking/release-seats/{id}")).await, "eventId");
        let cancel = format!("/seat-booking/bookings/{id}/cancel");
        assert_invalid(&ada.post(&cancel, json!({})).await, "bookingId");
        let payment = format!("/seat-booking/bookings/{id}/payment");
        assert_invalid(&admin.post(&payment, json!({ "status": "paid" })).await, "bookingId");
        for action in ["block", "unblock"] {
            let path = format!("/seat-booking/events/{id}/{action}");
            assert_invalid(&admin.post(&path, json!({ "seatIds": ["seat_A1"] })).await, "eventId");
        }
    }
}

#[tokio::test]
async fn unknown_seats_lists_all_of_them() {
    let (ada, _, event) = room_for_two().await;
    let seats = ["seat_A1", "seat_Z1", "seat_a1"];
    let extend = json!({ "eventId": event, "seatIds": seats });
    for refused in [
        ada.hold(&event, &seats).await,
        ada.confirm(&event, &seats, None).await,
        ada.post("/seat-booking/extend", extend).await,
        ada.delete(&format!("/seat-booking/release-seats/{event}?seatIds={}", seats.join(",")))
            .await,
        ada.get(&format!("/seat-booking/availability/{event}?seatIds={}", seats.join(","))).await,
    ] {
        assert_problem(&refused, 400, "unknown_seats");
        assert_eq!(texts(refused.field("unknownSeats")), ["seat_Z1", "seat_a1"]);
    }
    assert_eq!(ada.status_of(&event, "seat_A1").await, "available");
}

#[tokio::test]
async fn duplicate_seats_lists_each_once() {
    let (ada, _, event) = room_for_two().await;
    let seats = ["seat_A1", "seat_A2", "seat_A1", "seat_A1"];
    let extend = json!({ "eventId": event, "seatIds": seats });
    for refused in [
        ada.hold(&event, &seats).await,
        ada.confirm(&event, &seats, None).await,
        ada.post("/seat-booking/extend", extend).await,
        ada.delete(&format!("/seat-booking/release-seats/{event}?seatIds={}", seats.join(",")))
            .await,
        ada.get(&format!("/seat-booking/availability/{event}?seatIds={}", seats.join(","))).await,
    ] {
        assert_problem(&refused, 400, "duplicate_seats");
        assert_eq!(texts(refused.field("duplicateSeats")), ["seat_A1"]);
    }
}

#[tokio::test]
async fn unauthorized_is_whoever_has_no_good_token() {
    let (server, event) = room().await;
    let claims = |sub: &str| json!({ "sub": sub, "exp": 4_000_000_000_u64 });
    let good = token(server.secret(), &claims("ada"));
    Client::with_token(server, &good).get("/seat-booking/my-bookings").await.expect(200);
    let (head, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = head.split_once('.').unwrap();
    // {"alg":"none","typ":"JWT"}
    const NO_ALGORITHM: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
    let admins = token(
        "another secret that is long enough",
        &json!({
            "sub": "ada", "exp": 4_000_000_000_u64, "role": "admin"
        }),
    );
    for bad in [
        String::new(),
        "nonsense".to_owned(),
        "a.b.c".to_owned(),
        head.to_owned(),
        format!("{head}."),
        format!("{head}.{}", signature.chars().rev().collect::<String>()),
        format!("{NO_ALGORITHM}.{payload}."),
        format!("{NO_ALGORITHM}.{payload}.{signature}"),
        format!("{header}.{}.{signature}", admins.split('.').nth(1).unwrap()),
        admins,
        token(server.secret(), &json!({ "exp": 4_000_000_000_u64 })),
        token(server.secret(), &json!({ "sub": "ada" })),
        token(server.secret(), &json!({ "sub": "ada", "exp": 1_000_000_000 })),
        token(server.secret(), &json!({ "sub": "ada", "exp": "never" })),
        token(server.secret(), &json!({ "sub": "ada", "exp": 4_000_000_000_u64, "role": "root" })),
        token(server.secret(), &json!({ "sub": 7, "exp": 4_000_000_000_u64 })),
        token(server.secret(), &claims("")),
        token(server.secret(), &claims("a b")),
        token(server.secret(), &claims("a:b")),
        token(server.secret(), &claims("a{b}")),
        token(server.secret(), &claims("ä")),
        token(server.secret(), &claims(&"a".repeat(129))),
    ] {
        let refused = Client::with_token(server, &bad).hold(&event, &["seat_A1"]).await;
        assert_problem(&refused, 401, "unauthorized");
        assert_eq!(refused.header("WWW-Authenticate"), Some("Bearer"), "{bad}");
    }
    let longest = token(server.secret(), &claims(&"~".repeat(128)));
    Client::with_token(server, &longest).get("/seat-booking/my-bookings").await.expect(200);

    let anyone = Client::anyone(server);
    let basic = anyone.request(Method::GET, "/seat-booking/my-bookings");
    let basic = anyone.send(basic.header("Authorization", format!("Basic {good}"))).await;
    assert_problem(&basic, 401, "unauthorized");
    for path in [
        format!("/seat-booking/my-holds/{event}"),
        format!("/seat-booking/stats/{event}"),
        format!("/seat-booking/bookings/{NOWHERE}"),
    ] {
        assert_problem(&anyone.get(&path).await, 401, "unauthorized");
    }
    let release = anyone.delete(&format!("/seat-booking/release-seats/{event}")).await;
    assert_problem(&release, 401, "unauthorized");
    for path in ["hold-seats", "hold-table", "extend", "confirm", "layouts", "events"] {
        let refused = anyone.post(&format!("/seat-booking/{path}"), json!({})).await;
        assert_problem(&refused, 401, "unauthorized");
    }
}

#[tokio::test]
async fn forbidden_is_a_user_who_does_what_admins_do() {
    let (server, event) = room().await;
    let ada = Client::user(server, "ada");
    for (path, body) in [
        ("layouts".to_owned(), small_layout()),
        ("events".to_owned(), json!({ "layoutId": NOWHERE, "name": "Gala" })),
        (format!("events/{event}/block"), json!({ "seatIds": ["seat_A1"] })),
        (format!("events/{event}/unblock"), json!({ "seatIds": ["seat_A1"] })),
        (format!("bookings/{NOWHERE}/payment"), json!({ "status": "paid" })),
    ] {
        let refused = ada.post(&format!("/seat-booking/{path}"), body).await;
        assert_problem(&refused, 403, "forbidden");
    }
}

#[tokio::test]
async fn not_found_is_an_unknown_route() {
    let (server, event) = room().await;
    let ada = Client::user(server, "ada");
    for path in [
        "/".to_owned(),
        "/nothing".to_owned(),
        "/seat-booking".to_owned(),
        "/seat-booking/".to_owned(),
        "/seat-booking/nothing".to_owned(),
        "/seat-booking/layout".to_owned(),
        format!("/seat-booking/layout/{event}/more"),
        format!("/seat-booking/bookings/{NOWHERE}/refund"),
    ] {
        assert_problem(&ada.get(&path).await, 404, "not_found");
        assert_problem(&ada.post(&path, json!({})).await, 404, "not_found");
    }
}

#[tokio::test]
async fn event_not_found_is_told_by_every_route_of_an_event() {
    let server = shared().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    for path in ["layout", "states", "stats", "changes", "my-holds", "events"] {
        let missing = ada.get(&format!("/seat-booking/{path}/{NOWHERE}")).await;
        assert_problem(&missing, 404, "event_not_found");
    }
    let block = json!({ "seatIds": ["seat_A1"] });
    let extend = json!({ "eventId": NOWHERE, "seatIds": ["seat_A1"] });
    for missing in [
        ada.get(&format!("/seat-booking/availability/{NOWHERE}?seatIds=seat_A1")).await,
        ada.hold(NOWHERE, &["seat_A1"]).await,
        ada.hold_table(NOWHERE, "table_1").await,
        ada.confirm(NOWHERE, &["seat_A1"], None).await,
        ada.post("/seat-booking/extend", extend).await,
        ada.delete(&format!("/seat-booking/release-seats/{NOWHERE}")).await,
        admin.post(&format!("/seat-booking/events/{NOWHERE}/block"), block).await,
    ] {
        assert_problem(&missing, 404, "event_not_found");
    }
}

#[tokio::test]
async fn layout_not_found_is_an_event_in_no_room() {
    let admin = Client::admin(shared().await);
    let body = json!({ "layoutId": NOWHERE, "name": "Gala" });
    assert_problem(&admin.post("/seat-booking/events", body).await, 404, "layout_not_found");
    let missing = admin.get(&format!("/seat-booking/layouts/{NOWHERE}")).await;
    assert_problem(&missing, 404, "layout_not_found");
}

#[tokio::test]
async fn table_not_found_is_a_table_of_another_room() {
    let (ada, _, event) = room_for_two().await;
    let extend = json!({ "eventId": event, "tableIds": ["table_2"] });
    for missing in [
        ada.hold_table(&event, "table_2").await,
        ada.confirm_with(confirm_body(&event, &[], &["table_2"]), None).await,
        ada.post("/seat-booking/extend", extend).await,
        ada.delete(&format!("/seat-booking/release-seats/{event}?tableIds=table_2")).await,
    ] {
        assert_problem(&missing, 404, "table_not_found");
    }
}

#[tokio::test]
async fn booking_not_found_is_nobodys_booking() {
    let server = shared().await;
    let admin = Client::admin(server);
    let path = format!("/seat-booking/bookings/{NOWHERE}");
    for missing in [
        admin.get(&path).await,
        admin.post(&format!("{path}/cancel"), json!({})).await,
        admin.post(&format!("{path}/payment"), json!({ "status": "paid" })).await,
    ] {
        assert_problem(&missing, 404, "booking_not_found");
    }
}

#[tokio::test]
async fn method_not_allowed_is_a_known_route_with_another_method() {
    let (server, event) = room().await;
    let admin = Client::admin(server);
    for (method, path, allowed) in [
        (Method::GET, "hold-seats".to_owned(), "POST"),
        (Method::PUT, "hold-table".to_owned(), "POST"),
        (Method::GET, "extend".to_owned(), "POST"),
        (Method::PATCH, "confirm".to_owned(), "POST"),
        (Method::POST, format!("release-seats/{event}"), "DELETE"),
        (Method::DELETE, format!("my-holds/{event}"), "GET"),
        (Method::POST, "my-bookings".to_owned(), "GET"),
        (Method::DELETE, format!("bookings/{NOWHERE}"), "GET"),
        (Method::GET, format!("bookings/{NOWHERE}/cancel"), "POST"),
        (Method::GET, format!("bookings/{NOWHERE}/payment"), "POST"),
        (Method::POST, format!("layout/{event}"), "GET"),
        (Method::POST, format!("states/{event}"), "GET"),
        (Method::POST, format!("stats/{event}"), "GET"),
        (Method::POST, format!("availability/{event}"), "GET"),
        (Method::POST, format!("changes/{event}"), "GET"),
        (Method::GET, "layouts".to_owned(), "POST"),
        (Method::DELETE, format!("layouts/{NOWHERE}"), "GET"),
        (Method::DELETE, "events".to_owned(), "GET"),
        (Method::DELETE, format!("events/{event}"), "GET"),
        (Method::GET, format!("events/{event}/block"), "POST"),
        (Method::GET, format!("events/{event}/unblock"), "POST"),
    ] {
        let request = admin.request(method.clone(), &format!("/seat-booking/{path}"));
        let refused = admin.send(request).await;
        assert_problem(&refused, 405, "method_not_allowed");
        let allow = refused.header("Allow").unwrap_or_default();
        assert!(allow.contains(allowed), "{method} {path}: {allow:?}");
    }
}

#[tokio::test]
async fn seats_unavailable_lists_every_seat_in_the_way() {
    let (ada, bob, event) = room_for_two().await;
    bob.hold(&event, &["seat_A1", "seat_A3"]).await.expect(201);
    let refused = ada.hold(&event, &["seat_A1", "seat_A2", "seat_A3"]).await;
    assert_problem(&refused, 409, "seats_unavailable");
    assert_eq!(texts(refused.field("conflictingSeats")), ["seat_A1", "seat_A3"]);
}

#[tokio::test]
async fn not_held_lists_every_seat_that_is_missing() {
    let (ada, _, event) = room_for_two().await;
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    let refused = ada.confirm(&event, &["seat_A1", "seat_A2"], None).await;
    assert_problem(&refused, 409, "not_held");
    assert_eq!(texts(refused.field("missingSeats")), ["seat_A2"]);
}

#[tokio::test]
async fn invalid_state_is_cancelling_twice() {
    let (ada, _, event) = room_for_two().await;
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    let booked = ada.confirm(&event, &["seat_A1"], None).await.expect(201);
    let path = format!("/seat-booking/bookings/{}/cancel", booked.text("bookingId"));
    ada.post(&path, json!({})).await.expect(200);
    assert_problem(&ada.post(&path, json!({})).await, 409, "invalid_state");
}

#[tokio::test]
async fn payload_too_large_is_a_body_over_the_limit() {
    let (ada, _, event) = room_for_two().await;
    let body = json!({ "eventId": event, "seatIds": ["seat_A1"], "more": "x".repeat(64 * 1024) });
    assert_problem(&ada.post("/seat-booking/hold-seats", body).await, 413, "payload_too_large");
    assert_eq!(ada.status_of(&event, "seat_A1").await, "available");
}

#[tokio::test]
async fn unsupported_media_type_is_a_body_that_is_not_json() {
    let (ada, _, event) = room_for_two().await;
    let body = json!({ "eventId": event, "seatIds": ["seat_A1"] }).to_string();
    let request = || ada.request(Method::POST, "/seat-booking/hold-seats").body(body.clone());
    for media_type in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
        let refused = ada.send(request().header("Content-Type", media_type)).await;
        assert_problem(&refused, 415, "unsupported_media_type");
    }
    // One that does not say what it is is taken for what is expected.
    ada.send(request()).await.expect(201);
    let with_charset = request().header("Content-Type", "application/json; charset=utf-8");
    ada.send(with_charset).await.expect(201);
}

#[tokio::test]
async fn idempotency_mismatch_is_a_key_with_another_payload() {
    let (ada, _, event) = room_for_two().await;
    ada.hold(&event, &["seat_A1", "seat_A2"]).await.expect(201);
    ada.confirm(&event, &["seat_A1"], Some("order-1")).await.expect(201);
    let refused = ada.confirm(&event, &["seat_A2"], Some("order-1")).await;
    assert_problem(&refused, 422, "idempotency_mismatch");
}

#[tokio::test]
async fn hold_limit_says_how_many_are_allowed() {
    let server = Server::start(&["--seats-per-user-max", "2"]).await;
    let event = new_event(&server, small_layout()).await;
    let ada = Client::user(&server, "ada");
    let refused = ada.hold(&event, &["seat_A1", "seat_A2", "seat_A3"]).await;
    assert_problem(&refused, 422, "hold_limit");
    assert_eq!(refused.field("limit"), 2);
}

#[tokio::test]
async fn rate_limited_is_a_user_who_asks_too_often_and_no_other() {
    let server = Server::start(&["--rate-per-user", "1"]).await;
    let layout = new_layout(&server, small_layout()).await;
    let (ada, bob) = (Client::user(&server, "ada"), Client::user(&server, "bob"));
    // A burst of two is allowed; so many at once are not answered within a second each.
    let answers = join_all((0..20).map(|_| ada.get("/seat-booking/my-bookings"))).await;
    let limited: Vec<&Answer> = answers.iter().filter(|answer| answer.status != 200).collect();
    assert!(limited.len() < 19, "the burst was not allowed");
    let one = limited.first().expect("twenty requests at once are too many");
    for refused in &limited {
        assert_problem(refused, 429, "rate_limited");
    }
    let wait: u64 = one.header("Retry-After").expect("it says how long").parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    bob.get("/seat-booking/my-bookings").await.expect(200);
    // Whoever needs no token is no user.
    let anyone = Client::anyone(&server);
    let path = format!("/seat-booking/layouts/{layout}");
    for answer in join_all((0..20).map(|_| anyone.get(&path))).await {
        answer.expect(200);
    }
    eventually("the user may ask again", SOON, async || {
        ada.get("/seat-booking/my-bookings").await.status == 200
    })
    .await;
}

#[tokio::test]
async fn unavailable_is_an_outcome_that_is_not_known_yet_and_the_same_request_gets_it() {
    let mut server = Server::start(&[]).await;
    let event = new_event(&server, small_layout()).await;
    server.stop().await;
    server.start_again_with(&["--answer-within-ms", "1"]).await;
    let ada = Client::user(&server, "ada");
    let seats = ["seat_A1"];
    // Within a millisecond some reads are not answered either.
    let shows = async |status: &str| {
        let path = format!("/seat-booking/availability/{event}?seatIds=seat_A1");
        let answer = ada.get(&path).await;
        answer.status == 200 && answer.field("availability")["seat_A1"] == status
    };

    let mut attempt = 0;
    let (key, unknown) = loop {
        attempt += 1;
        assert!(attempt < 200, "every confirm was answered in time");
        eventually("the seat is held", SOON, async || ada.hold(&event, &seats).await.status == 201)
            .await;
        let key = format!("order-{attempt}");
        let answer = tokio::select! {
            answer = ada.confirm(&event, &seats, Some(&key)) => answer,
            () = stutter(&server) => unreachable!("it goes on for ever"),
        };
        server.signal(Signal::CONT);
        if answer.status == 503 {
            break (key, answer);
        }
        let cancel = format!("/seat-booking/bookings/{}/cancel", answer.text("bookingId"));
        eventually("the seat is free again", SOON, async || {
            ada.post(&cancel, json!({})).await;
            shows("available").await
        })
        .await;
    };
    assert_problem(&unknown, 503, "unavailable");
    assert!(unknown.header("Retry-After").is_some());

    eventually("the booking is made without us", SOON, async || shows("booked").await).await;
    let mut made = None;
    eventually("the booking is listed", SOON, async || {
        let answer = ada.get("/seat-booking/my-bookings?limit=1").await;
        made = (answer.status == 200).then(|| answer.field("bookings")[0]["bookingId"].clone());
        made.is_some()
    })
    .await;
    eventually("the same request gets it", SOON, async || {
        let again = ada.confirm(&event, &seats, Some(&key)).await;
        let answered = again.status == 201;
        if answered {
            assert_eq!(again.header("Idempotency-Replayed"), Some("true"));
            assert_eq!(Some(again.field("bookingId")), made.as_ref());
        }
        answered
    })
    .await;
}

/// Stops the server again and again for longer than it may take to answer, which no disk is fast
/// enough for.
async fn stutter(server: &Server) {
    loop {
        server.signal(Signal::STOP);
        sleep(Duration::from_millis(4)).await;
        server.signal(Signal::CONT);
        sleep(Duration::from_millis(1)).await;
    }
}
