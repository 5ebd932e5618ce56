//! Clients that keep a connection and want nothing: they are left, and nobody waits for them.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use seat_testbed::{Client, Events, Server, eventually, new_event, small_layout};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::http::raw::connect;

/// How long these servers keep a connection on which they can send nothing.
const SILENT: &str = "2";
/// By when such a connection is closed, where two cores run all tests at once.
const CLOSED_WITHIN: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);

const WHOLE: &str = "GET /livez HTTP/1.1\r\nHost: seats\r\n\r\n";

/// Sends the beginning at once and the rest byte by byte, over and over, until the server hangs up.
///
/// # Panics
/// When it does not in time.
async fn dribble(what: &str, server: &Server, beginning: String, rest: &str) {
    let mut stream = connect(server).await;
    stream.set_nodelay(true).unwrap();
    stream.write_all(beginning.as_bytes()).await.unwrap();
    let (mut answers, mut requests) = stream.split();
    let send = async {
        for byte in rest.bytes().cycle() {
            sleep(PAUSE).await;
            if requests.write_all(&[byte]).await.is_err() {
                break;
            }
        }
        // Nothing more to say, or nobody to say it to.
        std::future::pending::<()>().await;
    };
    let mut heard = Vec::new();
    let closed = async {
        tokio::select! {
            _ = answers.read_to_end(&mut heard) => {}
            () = send => {}
        }
    };
    let start = Instant::now();
    let closed = timeout(CLOSED_WITHIN, closed).await;
    assert!(
        closed.is_ok(),
        "{what}: kept for {:?}: {}",
        start.elapsed(),
        String::from_utf8_lossy(&heard)
    );
}

#[tokio::test]
async fn a_client_that_dribbles_is_left_wherever_it_does_and_the_others_are_served() {
    let server = Server::start(&["--silent-seconds", SILENT]).await;
    let event = new_event(&server, small_layout()).await;
    let ada = Client::user(&server, "ada");
    let head = |token: &str, length: &str| {
        format!(
            "POST /seat-booking/hold-seats HTTP/1.1\r\nHost: seats\r\nAuthorization: Bearer {token}\
             \r\n{length}\r\n\r\n"
        )
    };
    let token = ada.token().unwrap();
    let (chunked, counted) = ("Transfer-Encoding: chunked", "Content-Length: 60000");
    let cases = [
        ("a connection without a request", String::new(), ""),
        ("the first head", String::new(), "GET /livez HTTP/1.1\r\nX: xxxxxxxxxxxxxxxxxxxxxxx"),
        ("a later head", WHOLE.to_owned(), "GET"),
        ("a later head that stops", format!("{WHOLE}G"), ""),
        ("a body", head(token, counted), " "),
        ("a body in chunks", head(token, chunked), "1\r\n \r\n"),
        ("a body that nobody reads", head("none", counted), " "),
        ("a body in chunks that nobody reads", head("none", chunked), "1\r\n \r\n"),
        ("a body in chunks that stops", head("none", chunked) + "1", ""),
        ("one that is idle after a request", WHOLE.to_owned(), ""),
    ];
    let dribbling =
        join_all(cases.map(|(what, beginning, rest)| dribble(what, &server, beginning, rest)));
    let others = async {
        for _ in 0..20 {
            ada.hold(&event, &["seat_A1"]).await.expect(201);
            sleep(PAUSE).await;
        }
    };
    tokio::join!(dribbling, others);
}

#[tokio::test]
async fn a_stream_of_changes_is_no_silence_though_nothing_changes() {
    // A comment comes within 15 seconds; this server comments after 10.
    let server = Server::start(&["--silent-seconds", "15"]).await;
    let event = new_event(&server, small_layout()).await;
    let mut stream = Events::open(&server, &event, None).await;
    sleep(Duration::from_secs(20)).await;
    Client::user(&server, "ada").hold(&event, &["seat_A1"]).await.expect(201);
    assert_eq!(stream.next(CLOSED_WITHIN).await.status_of("seat_A1"), Some("held"));
}

#[tokio::test]
async fn a_small_body_that_takes_too_long_is_refused() {
    let server = Server::start(&[]).await;
    let ada = Client::user(&server, "ada");
    let mut stream = connect(&server).await;
    let head = format!(
        "POST /seat-booking/hold-seats HTTP/1.1\r\nHost: seats\r\nAuthorization: Bearer {}\r\n\
         Content-Length: 60000\r\n\r\n ",
        ada.token().unwrap()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let length = timeout(CLOSED_WITHIN, stream.read(&mut answer)).await.expect("in time").unwrap();
    let answer = String::from_utf8_lossy(&answer[..length]);
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("took too long"), "{answer}");
}

#[tokio::test]
async fn three_hundred_idle_connections_keep_nobody_out_and_are_left() {
    let server = Server::start(&["--silent-seconds", SILENT]).await;
    let event = new_event(&server, small_layout()).await;
    let mut idle = Vec::new();
    for nth in 0..300 {
        let mut stream = connect(&server).await;
        if nth % 2 == 0 {
            stream.write_all(b"GET /seat-booking/").await.unwrap();
        }
        idle.push(stream);
    }
    let ada = Client::user(&server, "ada");
    timeout(Duration::from_secs(10), ada.hold(&event, &["seat_A1"])).await.unwrap().expect(201);
    eventually("every idle connection is closed", CLOSED_WITHIN, async || {
        idle.retain_mut(|stream| !is_closed(stream));
        idle.is_empty()
    })
    .await;
}

/// Whether the server has hung up; what it said before is passed over.
fn is_closed(stream: &mut TcpStream) -> bool {
    let mut bytes = [0; 4_096];
    loop {
        match stream.try_read(&mut bytes) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
        }
    }
}
