//! The bounds of what a request may say, at the bound and one beyond it.

use reqwest::Method;
use seat_layout::Layout;
use seat_testbed::{Answer, Client, Server, confirm_body, new_event, shared, small_layout};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::room::{SOON, room, room_for_two, texts};

/// A hall of 300 seats, `A-1` to `A-30`, `B-1` and so on, and an event in it.
async fn hall() -> (&'static Server, String) {
    let server = shared().await;
    let layout = Layout::grid(10, 30).expect("it is a good layout").to_document();
    (server, new_event(server, serde_json::to_value(layout).expect("a layout is JSON")).await)
}

/// So many seats of the hall.
fn seats(count: usize) -> Vec<String> {
    let rows = ('A'..='J').flat_map(|row| (1..=30).map(move |number| format!("{row}-{number}")));
    rows.take(count).collect()
}

/// That this names the field as wrong.
#[track_caller]
fn assert_names(answer: &Answer, field: &str) {
    assert_eq!((answer.status, answer.code()), (400, "invalid_request"), "{}", answer.body);
    assert_eq!(answer.field("errors")[0]["field"], field, "{}", answer.body);
}

#[tokio::test]
async fn one_request_holds_extends_and_confirms_50_seats_and_no_more() {
    let (server, event) = hall().await;
    let ada = Client::user(server, "ada");
    let (enough, too_many) = (seats(50), seats(51));
    let hold = |seats: &[String]| {
        ada.post("/seat-booking/hold-seats", json!({ "eventId": event, "seatIds": seats }))
    };
    assert_names(&hold(&too_many).await, "seatIds");
    assert_names(&hold(&[]).await, "seatIds");
    assert_eq!(hold(&enough).await.expect(201).field("totalAmount").as_f64(), Some(2_500.0));

    let extend = |seats: &[String]| {
        let body = json!({ "eventId": event, "seatIds": seats, "holdDurationMinutes": 30 });
        ada.post("/seat-booking/extend", body)
    };
    assert_names(&extend(&too_many).await, "seatIds");
    assert_names(&extend(&[]).await, "seatIds");
    extend(&enough).await.expect(200);

    let confirm = |seats: &[String]| {
        let seats: Vec<&str> = seats.iter().map(String::as_str).collect();
        let body = confirm_body(&event, &seats, &[]);
        async { ada.confirm_with(body, None).await }
    };
    assert_names(&confirm(&too_many).await, "seatIds");
    assert_names(&confirm(&[]).await, "seatIds");
    let booked = confirm(&enough).await.expect(201);
    assert_eq!(booked.field("bookedSeats").as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn a_confirm_has_50_seats_at_the_most_in_all() {
    let server = shared().await;
    let seat = |id: String| json!({ "id": id, "pos": { "x": 0, "y": 0 }, "size": { "x": 1, "y": 1 }, "catId": "c" });
    let at_table = (0..45).map(|n| seat(format!("T_{n}")));
    let singly = (0..6).map(|n| seat(format!("S{n}")));
    let layout = json!({
        "name": "A table and more",
        "seats": at_table.chain(singly).collect::<Vec<_>>(),
        "items": [{
            "id": "T", "type": "table", "pos": { "x": 0, "y": 0 }, "size": { "x": 1, "y": 1 }, "sc": 45
        }],
        "categories": [{ "id": "c", "name": "C", "color": "red", "price": 1 }],
    });
    let event = new_event(server, layout).await;
    let ada = Client::user(server, "ada");
    ada.hold_table(&event, "T").await.expect(201);
    ada.hold(&event, &["S0", "S1", "S2", "S3", "S4"]).await.expect(201);
    let seats = ["S0", "S1", "S2", "S3", "S4", "S5"];
    let refused = ada.confirm_with(confirm_body(&event, &seats, &["T"]), None).await;
    assert_names(&refused, "seatIds");
    let booked =
        ada.confirm_with(confirm_body(&event, &seats[..5], &["T"]), None).await.expect(201);
    assert_eq!(texts(booked.field("allSeatIds")).len(), 50);
}

#[tokio::test]
async fn the_availability_of_200_seats_is_told_and_of_no_more() {
    let (server, event) = hall().await;
    let anyone = Client::anyone(server);
    let path =
        |count| format!("/seat-booking/availability/{event}?seatIds={}", seats(count).join(","));
    let told = anyone.get(&path(200)).await.expect(200);
    assert_eq!(told.field("availability").as_object().unwrap().len(), 200);
    assert_names(&anyone.get(&path(201)).await, "seatIds");
    assert_names(&anyone.get(&format!("/seat-booking/availability/{event}")).await, "seatIds");
}

#[tokio::test]
async fn a_page_has_1_to_100_entries() {
    let server = shared().await;
    let ada = Client::user(server, "ada");
    for path in ["/seat-booking/my-bookings", "/seat-booking/events"] {
        for limit in ["1", "100"] {
            ada.get(&format!("{path}?limit={limit}")).await.expect(200);
        }
        for limit in ["0", "101", "-1", "1.5", "many", ""] {
            assert_names(&ada.get(&format!("{path}?limit={limit}")).await, "limit");
        }
        for cursor in ["nonsense", "0123"] {
            assert_names(&ada.get(&format!("{path}?cursor={cursor}")).await, "cursor");
        }
    }
}

#[tokio::test]
async fn a_hold_lasts_no_shorter_and_no_longer_than_allowed() {
    // The shared server allows 0.2 seconds to 120 minutes.
    let (ada, _, event) = room_for_two().await;
    for minutes in [0.0, -1.0, 0.19 / 60.0, 120.001, 1e300] {
        let refused = ada.hold_for(&event, &["seat_A1"], minutes).await;
        assert_names(&refused, "holdDurationMinutes");
        let body =
            json!({ "eventId": event, "tableId": "table_1", "holdDurationMinutes": minutes });
        assert_names(&ada.post("/seat-booking/hold-table", body).await, "holdDurationMinutes");
        let body =
            json!({ "eventId": event, "seatIds": ["seat_A1"], "holdDurationMinutes": minutes });
        assert_names(&ada.post("/seat-booking/extend", body).await, "holdDurationMinutes");
    }
    assert_eq!(ada.status_of(&event, "seat_A1").await, "available");
    ada.hold_for(&event, &["seat_A1"], 120.0).await.expect(201);
    ada.hold_for(&event, &["seat_A2"], 0.2 / 60.0).await.expect(201);
}

#[tokio::test]
async fn an_untouched_server_holds_for_1_to_120_minutes() {
    let server = Server::start(&["--hold-min-seconds", "60"]).await;
    let event = new_event(&server, small_layout()).await;
    let ada = Client::user(&server, "ada");
    assert_names(&ada.hold_for(&event, &["seat_A1"], 0.999).await, "holdDurationMinutes");
    ada.hold_for(&event, &["seat_A1"], 1.0).await.expect(201);
    ada.hold_for(&event, &["seat_A2"], 1.5).await.expect(201);
}

#[tokio::test]
async fn ids_and_keys_are_as_long_as_they_may_be_and_no_longer() {
    let server = shared().await;
    let longest = "s".repeat(64);
    let layout = json!({
        "name": "One seat",
        "seats": [{
            "id": longest, "pos": { "x": 0, "y": 0 }, "size": { "x": 1, "y": 1 }, "catId": "c.-_9"
        }],
        "categories": [{ "id": "c.-_9", "name": "C", "color": "red", "price": 1 }],
    });
    let event = new_event(server, layout).await;
    let ada = Client::user(server, "ada");
    ada.hold(&event, &[&longest]).await.expect(201);
    assert_names(&ada.hold(&event, &[&"s".repeat(65)]).await, "seatIds[0]");
    assert_names(&ada.hold_table(&event, &"t".repeat(65)).await, "tableId");

    for key in ["k".repeat(256), String::new(), "\"\"".to_owned()] {
        assert_names(&ada.confirm(&event, &[&longest], Some(&key)).await, "Idempotency-Key");
    }
    let key: String = ('!'..='~').cycle().skip(2).take(255).collect();
    let booked = ada.confirm(&event, &[&longest], Some(&key)).await.expect(201);
    let again = ada.confirm(&event, &[&longest], Some(&key)).await.expect(201);
    assert_eq!(again.field("bookingId"), booked.field("bookingId"));
}

#[tokio::test]
async fn a_body_has_64_kilobytes_and_no_more() {
    let (server, event) = room().await;
    let ada = Client::user(server, "ada");
    let body = |length: usize| {
        let body = json!({ "eventId": event, "seatIds": ["seat_A1"], "padding": "" }).to_string();
        let padding = "x".repeat(length - body.len());
        body.replace(r#""padding":"""#, &format!(r#""padding":"{padding}""#))
    };
    let request = |length| {
        let request = ada.request(Method::POST, "/seat-booking/hold-seats");
        request.header("Content-Type", "application/json").body(body(length))
    };
    assert_eq!(ada.send(request(65_537)).await.expect(413).code(), "payload_too_large");
    ada.send(request(65_536)).await.expect(201);
}

#[tokio::test]
async fn a_layout_has_64_megabytes_and_no_more() {
    let server = shared().await;
    let admin = Client::admin(server);
    let body = |length: usize| {
        let mut layout = small_layout();
        layout["padding"] = "".into();
        let length = length - layout.to_string().len();
        layout["padding"] = "x".repeat(length).into();
        layout
    };
    admin.post("/seat-booking/layouts", body(64 * 1024 * 1024)).await.expect(201);

    // Only the head is sent: what is too long by its own word is refused before it is read.
    let address = server.url().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /seat-booking/layouts HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        admin.token().unwrap(),
        64 * 1024 * 1024 + 1,
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let length = timeout(SOON, stream.read(&mut answer)).await.expect("an answer in time").unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[tokio::test]
async fn unknown_fields_are_ignored() {
    let (server, event) = room().await;
    let (ada, admin) = (Client::user(server, "ada"), Client::admin(server));
    let more = |mut body: Value| {
        body["more"] = json!({ "of": ["what", "nobody", "knows"] });
        body
    };
    let hold = more(json!({ "eventId": event, "seatIds": ["seat_A1"] }));
    ada.post("/seat-booking/hold-seats", hold).await.expect(201);
    let hold = more(json!({ "eventId": event, "tableId": "table_1" }));
    ada.post("/seat-booking/hold-table", hold).await.expect(201);
    let extend = more(json!({ "eventId": event, "seatIds": ["seat_A1"] }));
    ada.post("/seat-booking/extend", extend).await.expect(200);
    let mut confirm = more(confirm_body(&event, &["seat_A1"], &["table_1"]));
    confirm["contactInfo"]["more"] = 1.into();
    let booked = ada.confirm_with(confirm, None).await.expect(201);
    let path = format!("/seat-booking/bookings/{}", booked.text("bookingId"));
    admin.post(&format!("{path}/payment"), more(json!({ "status": "paid" }))).await.expect(200);
    ada.post(&format!("{path}/cancel"), more(json!({}))).await.expect(200);
    let block = more(json!({ "seatIds": ["seat_A1"] }));
    admin.post(&format!("/seat-booking/events/{event}/block"), block).await.expect(200);
    ada.get(&format!("/seat-booking/states/{event}?more=1")).await.expect(200);

    let mut layout = more(small_layout());
    layout["seats"][0]["more"] = 1.into();
    let event = new_event(server, layout).await;
    let event = ada.get(&format!("/seat-booking/events/{event}")).await.expect(200);
    let create = more(json!({ "layoutId": event.field("layoutId"), "name": "Gala" }));
    admin.post("/seat-booking/events", create).await.expect(201);
}
