//! The same request comes to two servers at once (I7).

use futures_util::future::join_all;
use seat_layout::Layout;
use seat_testbed::{Answer, Client, new_event, shared};
use serde_json::Value;

const ROUNDS: usize = 60;

#[tokio::test]
async fn two_confirms_at_once_at_two_servers_make_one_booking_and_both_get_it() {
    let server = shared().await;
    let hall = Layout::grid(10, 10).unwrap().to_document();
    let event = &new_event(server, serde_json::to_value(&hall).unwrap()).await;
    let ada = &Client::user(server, "impatient");
    let seats: Vec<&str> = hall.seats.iter().map(|seat| seat.id.as_str()).collect();
    for seat in &seats[..ROUNDS] {
        ada.hold(event, &[seat]).await.expect(201);
        let confirm = async |node| ada.at(node).confirm(event, &[seat], Some(seat)).await;
        let answers = join_all(server.nodes().iter().map(confirm)).await;
        let replayed = |header: &Option<&str>| *header == Some("true");
        let replays = answers.iter().map(|answer| answer.header("Idempotency-Replayed"));
        assert_eq!(replays.filter(replayed).count(), 1, "one of them made it: {answers:?}");
        let bookings: Vec<Value> = answers.into_iter().map(booking).collect();
        assert_eq!(bookings[0], bookings[1]);
    }
    let mine = ada.get("/seat-booking/my-bookings?limit=100").await.expect(200);
    assert_eq!(mine.field("bookings").as_array().unwrap().len(), ROUNDS);
}

/// What was answered, without the version: of a replay it is that of now.
fn booking(answer: Answer) -> Value {
    let mut booking = answer.expect(201).body;
    booking.as_object_mut().unwrap().remove("version");
    booking
}
