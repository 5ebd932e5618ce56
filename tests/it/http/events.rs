//! Events: putting a layout on sale, and finding what is on sale.

use std::collections::BTreeSet;

use seat_testbed::{Client, Server, new_layout, shared, small_layout};
use serde_json::json;

use super::room::at;

#[tokio::test]
async fn an_event_is_found_by_anyone_as_it_was_created() {
    let server = shared().await;
    let layout = new_layout(server, small_layout()).await;
    let body = json!({
        "layoutId": layout, "name": "Gala", "startsAt": "2027-01-01T20:00:00.000Z", "currency": "CHF"
    });
    let created = Client::admin(server).post("/seat-booking/events", body).await.expect(201);
    let id = created.text("eventId");
    let event = Client::anyone(server).get(&format!("/seat-booking/events/{id}")).await.expect(200);
    assert_eq!((event.text("eventId"), event.text("layoutId")), (id, layout.as_str()));
    assert_eq!((event.text("name"), event.text("currency")), ("Gala", "CHF"));
    assert_eq!(event.text("startsAt"), "2027-01-01T20:00:00.000Z");
}

#[tokio::test]
async fn an_event_without_a_currency_is_in_dollars() {
    let server = shared().await;
    let body = json!({ "layoutId": new_layout(server, small_layout()).await, "name": "Gala" });
    let created = Client::admin(server).post("/seat-booking/events", body).await.expect(201);
    let path = format!("/seat-booking/events/{}", created.text("eventId"));
    let event = Client::anyone(server).get(&path).await.expect(200);
    assert_eq!(event.text("currency"), "USD");
    assert!(event.body.get("startsAt").is_none());
}

#[tokio::test]
async fn events_are_listed_newest_first_and_in_pages() {
    // A server of its own: on the shared one events come in between.
    let server = Server::start(&[]).await;
    let (admin, anyone) = (Client::admin(&server), Client::anyone(&server));
    let layout = new_layout(&server, small_layout()).await;
    let mut created = BTreeSet::new();
    for number in 0..5 {
        let body = json!({ "layoutId": layout, "name": format!("Night {number}") });
        let event = admin.post("/seat-booking/events", body).await.expect(201);
        created.insert(event.text("eventId").to_owned());
    }

    let all = anyone.get("/seat-booking/events").await.expect(200);
    assert!(all.body.get("nextCursor").is_none());
    let all = all.field("events").as_array().unwrap();
    let listed: BTreeSet<_> =
        all.iter().map(|e| e["eventId"].as_str().unwrap().to_owned()).collect();
    assert_eq!((all.len(), &listed), (5, &created));
    let seconds: Vec<_> = all.iter().map(|event| at(&event["createdAt"]).ms() / 1_000).collect();
    assert!(seconds.is_sorted_by(|newer, older| newer >= older), "{seconds:?}");

    let first = anyone.get("/seat-booking/events?limit=2").await.expect(200);
    let path = |cursor: &str| format!("/seat-booking/events?limit=2&cursor={cursor}");
    let second = anyone.get(&path(first.text("nextCursor"))).await.expect(200);
    let third = anyone.get(&path(second.text("nextCursor"))).await.expect(200);
    assert!(third.body.get("nextCursor").is_none());
    let pages =
        [&first, &second, &third].map(|page| page.field("events").as_array().unwrap().clone());
    assert_eq!(pages.each_ref().map(Vec::len), [2, 2, 1]);
    assert_eq!(&pages.concat(), all);
}

#[tokio::test]
async fn an_event_needs_a_layout_that_exists_and_a_good_form() {
    let server = shared().await;
    let admin = Client::admin(server);
    let layout = new_layout(server, small_layout()).await;
    let body = json!({ "layoutId": "0123456789abcdef01234567", "name": "Gala" });
    let missing = admin.post("/seat-booking/events", body).await.expect(404);
    assert_eq!(missing.code(), "layout_not_found");
    for (field, body) in [
        ("layoutId", json!({ "name": "Gala" })),
        ("layoutId", json!({ "layoutId": "seat", "name": "Gala" })),
        ("name", json!({ "layoutId": layout })),
        ("name", json!({ "layoutId": layout, "name": "" })),
        ("name", json!({ "layoutId": layout, "name": 7 })),
        ("currency", json!({ "layoutId": layout, "name": "Gala", "currency": "dollars" })),
        ("startsAt", json!({ "layoutId": layout, "name": "Gala", "startsAt": "tomorrow" })),
    ] {
        let refused = admin.post("/seat-booking/events", body.clone()).await.expect(400);
        assert_eq!(refused.code(), "invalid_request");
        assert_eq!(refused.field("errors")[0]["field"], field, "{body}");
    }
}

#[tokio::test]
async fn events_are_created_by_admins_alone() {
    let server = shared().await;
    let body = json!({ "layoutId": new_layout(server, small_layout()).await, "name": "Gala" });
    let user = Client::user(server, "ada").post("/seat-booking/events", body.clone()).await;
    assert_eq!(user.expect(403).code(), "forbidden");
    let anyone = Client::anyone(server).post("/seat-booking/events", body).await;
    assert_eq!(anyone.expect(401).code(), "unauthorized");
}
