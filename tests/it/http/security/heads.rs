//! Heads that are too long, or that two readers would read differently.

use reqwest::Method;
use seat_testbed::{Client, Server, shared};

use crate::http::{
    raw::answer_to,
    room::{SOON, room},
};

/// The statuses of all answers to these bytes.
async fn statuses(server: &Server, request: &str) -> Vec<u16> {
    let answers = answer_to(server, request.as_bytes(), SOON).await;
    let heads = answers.split("HTTP/1.1 ").skip(1);
    heads.map(|head| head[..3].parse().expect("a status")).collect()
}

#[tokio::test]
async fn a_head_is_bounded_in_length_and_in_lines() {
    let server = shared().await;
    let many: String = (0..200).map(|nth| format!("X-{nth}: 1\r\n")).collect();
    for (what, head) in [
        ("one long line", format!("X-Long: {}\r\n", "x".repeat(300_000))),
        ("one long name", format!("X-{}: 1\r\n", "x".repeat(300_000))),
        ("many lines", many),
    ] {
        let request = format!("GET /livez HTTP/1.1\r\nHost: seats\r\n{head}\r\n");
        let statuses = statuses(server, &request).await;
        assert!(matches!(statuses[..], [] | [400] | [431]), "{what}: {statuses:?}");
    }
    let request = format!("GET /livez?{} HTTP/1.1\r\nHost: seats\r\n\r\n", "x".repeat(300_000));
    let statuses = statuses(server, &request).await;
    assert!(matches!(statuses[..], [] | [400] | [414] | [431]), "{statuses:?}");
    Client::anyone(server).get("/livez").await.expect(200);
}

#[tokio::test]
async fn a_request_whose_end_could_be_told_in_two_ways_is_refused() {
    let (server, event) = room().await;
    let ada = Client::user(server, "ada");
    let hidden = format!(
        "DELETE /seat-booking/release-seats/{event} HTTP/1.1\r\nHost: seats\r\n\
         Authorization: Bearer {}\r\n\r\n",
        ada.token().unwrap()
    );
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    for lines in [
        "Content-Length: 0\r\nContent-Length: 7\r\n",
        "Content-Length: 0, 7\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +0\r\n",
        "Content-Length: 0x0\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
        "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, chunked, identity\r\n",
        "Transfer-Encoding: \u{b}chunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Content-Length : 0\r\n",
        "X: 1\r\n folded\r\n",
        "X\0: 1\r\n",
    ] {
        let request = format!(
            "POST /seat-booking/hold-seats HTTP/1.1\r\nHost: seats\r\n{lines}\r\n0\r\n\r\n{hidden}"
        );
        let statuses = statuses(server, &request).await;
        assert!(matches!(statuses[..], [] | [400] | [501]), "{lines:?}: {statuses:?}");
    }
    // A chunk whose length is none.
    for chunk in ["-1", "fffffffffffffffff", "0x1", "1 1", "z"] {
        let request = format!(
            "POST /seat-booking/hold-seats HTTP/1.1\r\nHost: seats\r\nAuthorization: Bearer {}\r\n\
             Transfer-Encoding: chunked\r\n\r\n{chunk}\r\nx\r\n0\r\n\r\n{hidden}",
            ada.token().unwrap()
        );
        let statuses = statuses(server, &request).await;
        assert!(matches!(statuses[..], [] | [400]), "{chunk}: {statuses:?}");
    }
    assert_eq!(ada.status_of(&event, "seat_A1").await, "held", "what was hidden was done");
}

#[tokio::test]
async fn a_method_is_what_the_line_says_and_a_path_stays_in_its_place() {
    let (server, event) = room().await;
    let ada = Client::user(server, "ada");
    ada.hold(&event, &["seat_A1"]).await.expect(201);
    let path = format!("/seat-booking/release-seats/{event}");
    for header in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        let request = ada.request(Method::POST, &path).header(header, "DELETE");
        ada.send(request).await.expect(405);
    }
    ada.get(&format!("{path}?_method=DELETE")).await.expect(405);
    assert_eq!(ada.status_of(&event, "seat_A1").await, "held");
    for path in [
        "/docs/../../../../etc/passwd",
        "/docs/..%2f..%2f..%2fetc/passwd",
        "/docs/%2e%2e/%2e%2e/etc/passwd",
        "/docs//etc/passwd",
        "/docs/....//etc/passwd",
        "/docs/..\\..\\etc\\passwd",
        "/docs/%00",
        "//etc/passwd",
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: seats\r\n\r\n");
        let answer = answer_to(server, request.as_bytes(), SOON).await;
        assert!(!answer.starts_with("HTTP/1.1 2") && !answer.contains("root:"), "{path}: {answer}");
    }
}
