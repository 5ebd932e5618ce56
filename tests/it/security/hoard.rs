//! Somebody who wants to keep seats from the others without buying them.

use futures_util::future::join_all;
use seat_testbed::{Client, Server, new_event, small_layout};
use serde_json::json;

#[tokio::test]
async fn holds_of_one_moment_take_no_more_seats_than_one_user_may_hold() {
    let server = Server::start(&["--seats-per-user-max", "3"]).await;
    let event = new_event(&server, small_layout()).await;
    for round in 0..5 {
        let user = Client::user(&server, &format!("hoarder-{round}"));
        let seats: Vec<String> =
            (1..=10).flat_map(|n| ["A", "B"].map(|row| format!("seat_{row}{n}"))).collect();
        let singly = join_all(seats.iter().map(async |seat| user.hold(&event, &[seat]).await));
        let tables = ["table_1", "table_10"].map(|table| user.hold_table(&event, table));
        let (singly, tables) = tokio::join!(singly, join_all(tables));
        let refused = singly.iter().chain(&tables).filter(|answer| answer.status == 422).count();
        let holds = user.get(&format!("/seat-booking/my-holds/{event}")).await.expect(200);
        let held = holds.field("holds").as_array().unwrap().len();
        assert!((2..=3).contains(&held), "round {round}: {held} seats are held");
        assert!(refused >= 19, "round {round}: {refused} of 22 were refused");
        user.delete(&format!("/seat-booking/release-seats/{event}")).await.expect(200);
    }
}

#[tokio::test]
async fn no_way_of_asking_again_makes_a_hold_last_longer_than_allowed() {
    let server = Server::start(&["--hold-max-seconds", "600"]).await;
    let event = new_event(&server, small_layout()).await;
    let ada = Client::user(&server, "ada");
    let first = ada.hold_for(&event, &["table_1_s1"], 5.0).await.expect(201);
    let expires = first.text("expiresAt").to_owned();
    let expires_now = async |what: &str| {
        let holds = ada.get(&format!("/seat-booking/my-holds/{event}")).await.expect(200);
        let holds = holds.field("holds").as_array().unwrap().clone();
        let hold = holds.iter().find(|hold| hold["seatId"] == "table_1_s1").expect(what);
        hold["expiresAt"].as_str().unwrap().to_owned()
    };
    // Again, longer, with others, and as a part of its table.
    ada.hold_for(&event, &["table_1_s1"], 10.0).await.expect(201);
    assert_eq!(expires_now("again").await, expires);
    ada.hold_for(&event, &["table_1_s1", "seat_A1"], 10.0).await.expect(201);
    assert_eq!(expires_now("with another").await, expires);
    let body = json!({ "eventId": event, "tableId": "table_1", "holdDurationMinutes": 10 });
    ada.post("/seat-booking/hold-table", body).await.expect(201);
    assert_eq!(expires_now("as a table").await, expires);
    // A confirm that is refused leaves it as it was.
    ada.confirm(&event, &["table_1_s1", "seat_A2"], Some("order")).await.expect(409);
    assert_eq!(expires_now("after a refusal").await, expires);
    // Extending is allowed, up to the longest hold after the first moment, however often.
    let mut last = expires;
    for _ in 0..3 {
        let body = json!({ "eventId": event, "tableIds": ["table_1"], "holdDurationMinutes": 10 });
        ada.post("/seat-booking/extend", body).await.expect(200);
        let now = expires_now("extended").await;
        assert!(now >= last);
        last = now;
    }
    let held_at: seat_state::Timestamp = first.text("heldAt").parse().unwrap();
    let until: seat_state::Timestamp = last.parse().unwrap();
    assert!(until.since(held_at) <= std::time::Duration::from_secs(600), "{until}");
}
