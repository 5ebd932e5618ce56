//! A graceful stop, by SIGTERM or SIGINT: holds and bookings outlive it, and nothing holds it up.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use rustix::process::Signal;
use seat_testbed::{Client, Events, Server, confirm_body, new_event, small_layout};
use serde_json::Value;
use tokio::{sync::watch, task::JoinSet, time::timeout};

/// A stop that waits for nobody.
const STOPPED_WITHIN: Duration = Duration::from_secs(5);

#[tokio::test]
async fn holds_outlive_a_stop_by_sigterm() {
    holds_outlive(Signal::TERM).await;
}

#[tokio::test]
async fn holds_outlive_a_stop_by_sigint() {
    holds_outlive(Signal::INT).await;
}

async fn holds_outlive(signal: Signal) {
    let mut server = Server::start(&[]).await;
    let event = new_event(&server, small_layout()).await;
    let user = Client::user(&server, "patient");
    user.hold(&event, &["seat_A1", "seat_A2"]).await.expect(201);
    user.hold_table(&event, "table_1").await.expect(201);
    let before = my_holds(&user, &event).await;
    assert_eq!(before.as_array().unwrap().len(), 4);

    stop(&mut server, signal).await;
    let saved = server.data_dir().join("holds.json");
    assert!(saved.exists(), "the holds were not saved");
    server.start_again().await;

    assert!(!saved.exists(), "a later start would read the holds again");
    let user = Client::user(&server, "patient");
    assert_eq!(my_holds(&user, &event).await, before);
    let other = Client::user(&server, "late");
    let refused = other.hold(&event, &["seat_A1", "seat_B1"]).await.expect(409);
    assert_eq!(refused.field("conflictingSeats"), &Value::from(vec!["seat_A1"]));
    user.confirm_with(confirm_body(&event, &["seat_A1", "seat_A2"], &["table_1"]), None)
        .await
        .expect(201);
}

async fn my_holds(user: &Client, event: &str) -> Value {
    user.get(&format!("/seat-booking/my-holds/{event}")).await.expect(200).field("holds").clone()
}

#[tokio::test]
async fn open_streams_do_not_hold_up_a_stop() {
    let mut server = Server::start(&[]).await;
    let event = new_event(&server, small_layout()).await;
    let streams = join_all((0..3).map(|_| Events::open(&server, &event, None))).await;
    stop(&mut server, Signal::TERM).await;
    join_all(streams.into_iter().map(|stream| stream.end(STOPPED_WITHIN))).await;
}

#[tokio::test]
async fn a_confirm_in_flight_is_answered_or_can_be_repeated_after_a_stop() {
    const KEY: &str = "order-1";
    let mut server = Server::start(&[]).await;
    let event = new_event(&server, small_layout()).await;
    let seats: Vec<String> = (1..=10)
        .flat_map(|number| [format!("seat_A{number}"), format!("seat_B{number}")])
        .collect();
    let crowd = Client::anyone(&server);
    join_all(seats.iter().map(|seat| {
        let user = crowd.and_user(&server, seat);
        let event = &event;
        async move { user.hold(event, &[seat]).await.expect(201) }
    }))
    .await;

    let (answered, mut so_far) = watch::channel(0);
    let mut confirms = JoinSet::new();
    for seat in seats {
        let user = crowd.and_user(&server, &seat);
        let body = confirm_body(&event, &[&seat], &[]);
        let answered = answered.clone();
        confirms.spawn(async move {
            let request = user.request(Method::POST, "/seat-booking/confirm").json(&body);
            let answer = user.try_send(request.header("Idempotency-Key", KEY)).await;
            answered.send_modify(|answered| *answered += 1);
            (seat, answer.ok())
        });
    }
    so_far.wait_for(|&so_far| so_far > 0).await.unwrap();
    stop(&mut server, Signal::TERM).await;
    server.start_again().await;

    for (seat, before) in confirms.join_all().await {
        let user = Client::user(&server, &seat);
        let after = user.confirm(&event, &[&seat], Some(KEY)).await.expect(201);
        // On a busy machine it may have been told to repeat the request.
        if let Some(before) = before.filter(|before| before.status != 503) {
            assert_eq!(before.expect(201).text("bookingId"), after.text("bookingId"));
            assert_eq!(after.header("Idempotency-Replayed"), Some("true"));
        }
    }
}

/// Stops the server, which ends in time and without an error.
async fn stop(server: &mut Server, signal: Signal) {
    server.signal(signal);
    let status = timeout(STOPPED_WITHIN, server.ended()).await;
    let status = status.unwrap_or_else(|_| panic!("it does not stop:\n{}", server.log()));
    assert!(status.success(), "{status}:\n{}", server.log());
}
