//! The wire contract once more, by the same tests: on Redis and MongoDB, and with two servers beside
//! each other that the requests go to in turn. A test program of its own, because its name says which
//! stores the tests run on.

#![allow(clippy::unwrap_used, reason = "a test that can't go on panics, in its own functions too")]

mod faults;
#[path = "http/mod.rs"]
mod http;
mod one_key_two_servers;
#[path = "race.rs"]
mod race;
#[path = "storm.rs"]
mod storm;

use std::time::Duration;

use seat_testbed::{Client, Events, new_event, shared, small_layout};

#[tokio::test]
async fn what_one_server_does_the_other_knows() {
    let server = shared().await;
    let [one, other] = server.nodes() else { panic!("it has two processes") };
    let event = new_event(server, small_layout()).await;
    let ada = Client::user(server, "ada");
    let mut streams = Vec::new();
    for node in [one, other] {
        streams.push(Events::open_at(node, &event).await);
    }

    let held = ada.at(one).hold(&event, &["seat_A1"]).await.expect(201);
    let booked = ada.at(other).confirm(&event, &["seat_A1"], None).await.expect(201);
    for stream in &mut streams {
        for version in [held.text("version"), booked.text("version")] {
            assert_eq!(stream.next(Duration::from_secs(15)).await.id, version);
        }
    }
    let booking = format!("/seat-booking/bookings/{}", booked.text("bookingId"));
    ada.at(one).get(&booking).await.expect(200);
}
