//! Bodies that are larger, deeper or less clear than they may be.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use reqwest::{Body, Method};
use seat_testbed::{Answer, Client, confirm_body, shared, small_layout};
use serde_json::json;

use crate::http::{
    raw::answer_to,
    room::{SOON, room, room_for_two},
};

/// Sends this as JSON to hold seats.
async fn hold(client: &Client, body: impl Into<Body>) -> Answer {
    let request = client.request(Method::POST, "/seat-booking/hold-seats");
    client.send(request.header("Content-Type", "application/json").body(body)).await
}

#[tokio::test]
async fn a_body_that_does_not_say_how_long_it_is_is_read_no_further_than_the_limit() {
    let (ada, _, event) = room_for_two().await;
    let part = "x".repeat(16 * 1024);
    let parts = (0..16).map(move |_| Ok::<_, std::io::Error>(part.clone()));
    let start = format!(r#"{{"eventId":"{event}","seatIds":["seat_A1"],"more":""#);
    let parts = std::iter::once(Ok(start)).chain(parts);
    let endless = Body::wrap_stream(futures_util::stream::iter(parts));
    assert_eq!(hold(&ada, endless).await.expect(413).code(), "payload_too_large");
    assert_eq!(ada.status_of(&event, "seat_A1").await, "available");
}

#[tokio::test]
async fn a_users_body_is_not_longer_because_it_goes_where_layouts_go() {
    let server = shared().await;
    let mut layout = small_layout();
    layout["more"] = "x".repeat(1024 * 1024).into();
    // Who may not store a layout is told so before it is read.
    for (client, status) in [(Client::anyone(server), 401), (Client::user(server, "ada"), 403)] {
        let token = client.token().unwrap_or("none");
        let head = format!(
            "POST /seat-booking/layouts HTTP/1.1\r\nHost: seats\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: 60000000\r\n\r\n"
        );
        let answer = answer_to(server, head.as_bytes(), SOON).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
}

#[tokio::test]
async fn a_compressed_body_is_refused_before_anything_is_unpacked() {
    let (ada, _, event) = room_for_two().await;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(format!(r#"{{"eventId":"{event}","seatIds":["seat_A1"],"more":""#).as_bytes())
        .unwrap();
    for _ in 0..64 {
        gzip.write_all(&[b'x'; 1024 * 1024]).unwrap();
    }
    gzip.write_all(br#""}"#).unwrap();
    let bomb = gzip.finish().unwrap();
    for coding in ["gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "identity, gzip"] {
        let request = ada.request(Method::POST, "/seat-booking/hold-seats");
        let request = request.header("Content-Type", "application/json");
        let request = request.header("Content-Encoding", coding).body(bomb.clone());
        let refused = ada.send(request).await;
        // A bomb of 64 KB is too long as it is; none is unpacked.
        assert!([413, 415].contains(&refused.status), "{coding}: {}", refused.status);
    }
    let small = ada.request(Method::POST, "/seat-booking/hold-seats").body("{}");
    let refused = ada.send(small.header("Content-Encoding", "gzip")).await.expect(415);
    assert_eq!(refused.code(), "unsupported_media_type");
}

#[tokio::test]
async fn a_deeply_nested_body_is_refused_or_passed_over() {
    let (ada, _, event) = room_for_two().await;
    let depth = 30_000;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let depth = depth / open.len();
        let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        for body in [nested.clone(), format!(r#"{{"eventId":"{event}","seatIds":{nested}}}"#)] {
            assert_eq!(hold(&ada, body).await.expect(400).code(), "invalid_request");
        }
        // Where nobody reads it, it costs no more than another body of its length.
        let unread = format!(r#"{{"eventId":"{event}","seatIds":["seat_A1"],"more":{nested}}}"#);
        let answer = hold(&ada, unread).await;
        assert!([201, 400].contains(&answer.status), "{}", answer.body);
    }
    let viewport = "%5B".repeat(5_000);
    let path = format!("/seat-booking/layout/{event}?viewport={viewport}");
    ada.get(&path).await.expect(400);
}

#[tokio::test]
async fn a_field_that_is_given_twice_is_refused_by_its_name() {
    let (server, event) = room().await;
    let ada = Client::user(server, "ada");
    for (field, body) in [
        (
            "seatIds",
            format!(r#"{{"eventId":"{event}","seatIds":["seat_A1"],"seatIds":["seat_A2"]}}"#),
        ),
        (
            "eventId",
            format!(r#"{{"eventId":"{event}","eventId":"{event}","seatIds":["seat_A1"]}}"#),
        ),
        // The same name in other words.
        (
            "seatIds",
            format!(r#"{{"eventId":"{event}","seatIds":["seat_A1"],"seat\u0049ds":["seat_A2"]}}"#),
        ),
    ] {
        let refused = hold(&ada, body).await.expect(400);
        assert_eq!(refused.field("errors")[0]["field"], field);
    }
    let confirm = confirm_body(&event, &["seat_A1"], &[]).to_string();
    let twice =
        confirm.replacen('{', r#"{"contactInfo":{"name":"Eve","email":"eve@example.com"},"#, 1);
    let request = ada.request(Method::POST, "/seat-booking/confirm");
    let request = request.header("Content-Type", "application/json").body(twice);
    assert_eq!(ada.send(request).await.expect(400).field("errors")[0]["field"], "contactInfo");
    for query in ["seatIds=seat_A1&seatIds=seat_A2", "seatIds=seat_A1&seat%49ds=seat_A2"] {
        ada.get(&format!("/seat-booking/availability/{event}?{query}")).await.expect(400);
        ada.delete(&format!("/seat-booking/release-seats/{event}?{query}")).await.expect(400);
    }
    assert_eq!(ada.status_of(&event, "seat_A1").await, "available");
}

#[tokio::test]
async fn a_body_that_is_no_text_is_refused() {
    let (ada, _, event) = room_for_two().await;
    let good = json!({ "eventId": event, "seatIds": ["seat_A1"] }).to_string();
    let utf16: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let with = |note: &[u8]| {
        [&good.as_bytes()[..good.len() - 1], b",\"seatIdz\":\"", note, b"\"}"].concat()
    };
    for body in [
        utf16,
        [b"\xef\xbb\xbf", good.as_bytes()].concat(),
        [good.as_bytes(), good.as_bytes()].concat(),
        [good.as_bytes(), b"\0"].concat(),
        good.replace("seat_A1", "seat_A1\\ud800").into_bytes(),
        good.replace("seat_A1", "seat_A1\\u0000").into_bytes(),
        [b"\xff\xfe", good.as_bytes()].concat(),
        with(b"\n"),
        b"NaN".to_vec(),
    ] {
        let text = String::from_utf8_lossy(&body).into_owned();
        let refused = hold(&ada, body).await;
        assert_eq!(
            (refused.status, refused.body["code"].as_str()),
            (400, Some("invalid_request")),
            "{text:?}"
        );
    }
    assert_eq!(ada.status_of(&event, "seat_A1").await, "available");
}
