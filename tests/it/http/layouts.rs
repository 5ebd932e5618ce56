//! Layouts: which are refused and where, how they are kept, and one of 100,000 seats.

use std::collections::BTreeSet;

use reqwest::Method;
use seat_layout::{Layout, arena};
use seat_testbed::{Client, new_event, new_layout, shared, small_layout};
use serde_json::{Value, json};

use super::room::{entry, texts};

#[tokio::test]
async fn a_layout_is_given_back_as_it_was_stored_and_every_seat_says_its_table() {
    let server = shared().await;
    let mut layout = small_layout();
    let id = new_layout(server, layout.clone()).await;
    let stored =
        Client::anyone(server).get(&format!("/seat-booking/layouts/{id}")).await.expect(200);
    for seat in layout["seats"].as_array_mut().unwrap() {
        if let Some((table, _)) = seat["id"].as_str().unwrap().rsplit_once("_s") {
            seat["tableId"] = table.into();
        }
    }
    layout["layoutId"] = id.into();
    assert_eq!(in_floats(&stored.body), in_floats(&layout));
}

/// The value with every number as a float: `75`, `75.0` and `75.00` are the same number.
fn in_floats(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(list) => list.iter().map(in_floats).collect(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), in_floats(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

#[tokio::test]
async fn a_layout_may_be_kept_for_ever_and_is_not_sent_twice() {
    let server = shared().await;
    let path = format!("/seat-booking/layouts/{}", new_layout(server, small_layout()).await);
    let anyone = Client::anyone(server);
    let first = anyone.get(&path).await.expect(200);
    assert_eq!(first.header("Cache-Control"), Some("public, max-age=31536000, immutable"));
    let etag = first.header("ETag").unwrap();
    assert!(etag.starts_with('"') && etag.ends_with('"'), "{etag} is not strong");

    let again = anyone.request(Method::GET, &path).header("If-None-Match", etag);
    let again = anyone.send(again).await.expect(304);
    assert!(again.bytes.is_empty());
    assert_eq!(again.header("ETag"), Some(etag));
    assert_eq!(again.header("Cache-Control"), first.header("Cache-Control"));
    let other = anyone.request(Method::GET, &path).header("If-None-Match", "\"other\"");
    anyone.send(other).await.expect(200);

    // A strong tag stands for exact bytes, so the compressed ones have another.
    let gzip = anyone.request(Method::GET, &path).header("Accept-Encoding", "gzip");
    let gzip = anyone.send(gzip).await.expect(200);
    assert_eq!(gzip.header("Content-Encoding"), Some("gzip"));
    assert_ne!(gzip.header("ETag"), Some(etag));
}

#[tokio::test]
async fn a_layout_that_does_not_exist_is_not_found() {
    let anyone = Client::anyone(shared().await);
    let missing = anyone.get("/seat-booking/layouts/0123456789abcdef01234567").await.expect(404);
    assert_eq!(missing.code(), "layout_not_found");
}

#[tokio::test]
async fn layouts_are_stored_by_admins_alone() {
    let server = shared().await;
    let user = Client::user(server, "ada").post("/seat-booking/layouts", small_layout()).await;
    assert_eq!(user.expect(403).code(), "forbidden");
    let anyone = Client::anyone(server).post("/seat-booking/layouts", small_layout()).await;
    assert_eq!(anyone.expect(401).code(), "unauthorized");
}

/// The small layout with another value at a JSON pointer.
fn with(pointer: &str, value: Value) -> Value {
    let mut layout = small_layout();
    *layout.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    layout
}

/// The small layout without the value at the end of a JSON pointer.
fn without(pointer: &str) -> Value {
    let mut layout = small_layout();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer has a slash");
    let parent = layout.pointer_mut(parent).and_then(Value::as_object_mut);
    parent.unwrap_or_else(|| panic!("no {pointer}")).remove(name);
    layout
}

/// The small layout with its first seat at this table.
fn with_table_id(table: &str) -> Value {
    let mut layout = small_layout();
    layout["seats"][0]["tableId"] = table.into();
    layout
}

#[tokio::test]
async fn a_wrong_layout_is_refused_by_the_place_where_it_is_wrong() {
    let admin = Client::admin(shared().await);
    // Of the small layout: seats[0] is seat_A1, seats[20] to [23] are the VIP table's; items[0] is
    // the stage, items[1] to [3] are the tables.
    for (place, layout) in [
        ("name", without("/name")),
        ("name", with("/name", json!(""))),
        ("seats", without("/seats")),
        ("seats", with("/seats", json!([]))),
        ("seats[1].id", with("/seats/1/id", json!("seat_A1"))),
        ("seats[0].id", with("/seats/0/id", json!("seat A1"))),
        ("seats[0].id", with("/seats/0/id", json!(""))),
        ("seats[0].id", without("/seats/0/id")),
        ("seats[0].catId", with("/seats/0/catId", json!("gold"))),
        ("seats[0].tableId", with_table_id("table_2")),
        ("seats[0].tableId", with_table_id("stage")),
        ("seats[0].pos.x", with("/seats/0/pos/x", json!(-1))),
        ("seats[0].size.y", with("/seats/0/size/y", json!(-0.5))),
        ("seats[0].pos.x", with("/seats/0/pos/x", json!("left"))),
        ("items[2].id", with("/items/2/id", json!("table_VIP_001"))),
        ("items[0].type", with("/items/0/type", json!("bar"))),
        ("items[0].pos.y", with("/items/0/pos/y", json!(-1))),
        ("items[1].sc", with("/items/1/sc", json!(5))),
        ("items[1].sc", with("/items/1/sc", json!(3))),
        ("categories[1].id", with("/categories/1/id", json!("standard"))),
        ("categories[0].price", with("/categories/0/price", json!(9.999))),
        ("categories[0].price", with("/categories/0/price", json!(-1))),
        ("categories", without("/categories")),
    ] {
        let refused = admin.post("/seat-booking/layouts", layout).await.expect(400);
        assert_eq!(refused.code(), "invalid_request");
        let fields = refused.field("errors").as_array().unwrap();
        assert!(fields.iter().any(|error| error["field"] == place), "{place}: {}", refused.body);
    }
}

#[tokio::test]
async fn numbers_that_are_not_finite_are_refused() {
    let server = shared().await;
    let admin = Client::admin(server);
    let text = small_layout().to_string();
    for number in ["1e999", "NaN", "Infinity"] {
        let body = text.replacen(r#""x":0"#, &format!(r#""x":{number}"#), 1);
        assert_ne!(body, text);
        let request = admin.request(Method::POST, "/seat-booking/layouts");
        let request = request.header("Content-Type", "application/json").body(body);
        assert_eq!(admin.send(request).await.expect(400).code(), "invalid_request", "{number}");
    }
}

#[tokio::test]
async fn a_table_has_at_most_50_seats() {
    let server = shared().await;
    let admin = Client::admin(server);
    let layout = |count: usize| {
        let seat = |number| {
            json!({
                "id": format!("T_{number}"), "pos": { "x": number, "y": 0 }, "size": { "x": 1, "y": 1 },
                "catId": "c"
            })
        };
        json!({
            "name": "A long table",
            "seats": (0..count).map(seat).collect::<Vec<_>>(),
            "items": [{
                "id": "T", "type": "table", "pos": { "x": 0, "y": 0 }, "size": { "x": 1, "y": 1 },
                "sc": count
            }],
            "categories": [{ "id": "c", "name": "C", "color": "red", "price": 1 }],
        })
    };
    let refused = admin.post("/seat-booking/layouts", layout(51)).await.expect(400);
    assert_eq!(refused.field("errors")[0]["field"], "items[0]");
    let event = new_event(server, layout(50)).await;
    let held = Client::user(server, "ada").hold_table(&event, "T").await.expect(201);
    assert_eq!(texts(held.field("heldSeats")).len(), 50);
}

#[tokio::test]
async fn a_layout_has_at_most_200_000_seats() {
    let admin = Client::admin(shared().await);
    let seat = |n: u32| {
        format!(r#"{{"id":"{n}","pos":{{"x":0,"y":0}},"size":{{"x":1,"y":1}},"catId":"c"}}"#)
    };
    let seats: Vec<String> = (0..200_001).map(seat).collect();
    let body = format!(
        r#"{{"name":"Too much","seats":[{}],"items":[],"categories":[{{"id":"c","name":"C","color":"red","price":1}}]}}"#,
        seats.join(",")
    );
    let request = admin.request(Method::POST, "/seat-booking/layouts");
    let request = request.header("Content-Type", "application/json").body(body);
    let refused = admin.send(request).await.expect(400);
    assert_eq!(refused.field("errors")[0]["field"], "seats");
}

#[tokio::test]
async fn a_seat_belongs_to_the_table_that_it_names_or_is_named_after() {
    let server = shared().await;
    let seat = |id: &str| json!({ "id": id, "pos": { "x": 0, "y": 0 }, "size": { "x": 1, "y": 1 }, "catId": "c" });
    let table = |id: &str, count: u32| {
        json!({
            "id": id, "type": "table", "pos": { "x": 0, "y": 0 }, "size": { "x": 1, "y": 1 }, "sc": count
        })
    };
    let mut elsewhere = seat("far_away");
    elsewhere["tableId"] = "T".into();
    let layout = json!({
        "name": "Tables",
        "seats": [
            seat("T_1"), seat("T-2"), seat("T.3"), seat("T10_1"), seat("T_x_1"), seat("T1"), seat("T"), seat("T_"),
            elsewhere
        ],
        "items": [table("T", 4), table("T10", 1), table("T_x", 1)],
        "categories": [{ "id": "c", "name": "C", "color": "red", "price": 1 }],
    });
    let event = new_event(server, layout).await;
    let ada = Client::user(server, "ada");
    let mut tables = Vec::new();
    for table in ["T", "T10", "T_x"] {
        let held = ada.hold_table(&event, table).await.expect(201);
        tables.push(texts(held.field("heldSeats")).join(" "));
    }
    assert_eq!(tables, ["T_1 T-2 T.3 far_away", "T10_1", "T_x_1"]);
    // Nobody's: "T1" has no separator, and nothing is behind "T" and "T_".
    ada.hold(&event, &["T1", "T", "T_"]).await.expect(201);
    ada.confirm(&event, &["T1", "T", "T_"], None).await.expect(201);
}

#[tokio::test]
async fn the_layout_of_the_specification_is_sold() {
    let server = shared().await;
    let seat = |id: &str, x: u32, y: u32, category: &str| {
        json!({
            "id": id, "pos": { "x": x, "y": y }, "size": { "x": 30, "y": 30 }, "catId": category
        })
    };
    let mut seats =
        vec![seat("seat_A1", 100, 200, "cat_premium"), seat("seat_A2", 140, 200, "cat_premium")];
    for (number, seat) in seats.iter_mut().enumerate() {
        seat["rl"] = "A".into();
        seat["sn"] = (number + 1).into();
    }
    seats.extend(
        (1..=8).map(|n| seat(&format!("table_VIP_001_s{n}"), 300 + 10 * n, 400, "cat_vip")),
    );
    let layout = json!({
        "name": "Main Hall",
        "seats": seats,
        "items": [
            { "id": "table_VIP_001", "type": "table", "pos": { "x": 300, "y": 400 },
              "size": { "x": 80, "y": 80 }, "sc": 8 },
            { "id": "stage_main", "type": "stage", "pos": { "x": 400, "y": 50 },
              "size": { "x": 200, "y": 100 } },
        ],
        "categories": [
            { "id": "cat_premium", "name": "Premium", "color": "#FFD700", "price": 150.00 },
            { "id": "cat_vip", "name": "VIP", "color": "#FF6B6B", "price": 300.00 },
        ],
    });
    let event = new_event(server, layout).await;
    let ada = Client::user(server, "ada");
    let held = ada.hold_for(&event, &["seat_A1", "seat_A2"], 10.0).await.expect(201);
    assert_eq!(held.field("totalAmount").as_f64(), Some(300.0));
    let held = ada.hold_table(&event, "table_VIP_001").await.expect(201);
    assert_eq!(held.field("totalAmount").as_f64(), Some(2_400.0));

    let path = format!(
        r#"/seat-booking/layout/{event}?viewport={{"x":0,"y":0,"width":800,"height":600}}"#
    );
    let layout = Client::anyone(server).get(&path).await.expect(200);
    let seat = entry(layout.field("seats"), "id", "seat_A1");
    assert_eq!(
        (&seat["status"], &seat["rl"], &seat["sn"]),
        (&json!("held"), &json!("A"), &json!(1))
    );
    assert_eq!(entry(layout.field("items"), "id", "table_VIP_001")["status"], "held");
    assert_eq!(entry(layout.field("items"), "id", "stage_main")["status"], "available");
}

#[tokio::test]
async fn a_hundred_thousand_seats_are_stored_held_booked_and_read_by_viewport() {
    let server = shared().await;
    let document = arena(100_000);
    let event = new_event(server, serde_json::to_value(&document).unwrap()).await;
    let layout = Layout::new(document).unwrap();
    let (ada, anyone) = (Client::user(server, "ada"), Client::anyone(server));
    let last = &layout.seats()[99_999];
    let seats = [layout.seats()[50_000].id.as_str(), last.id.as_str()];
    ada.hold(&event, &seats).await.expect(201);
    ada.confirm(&event, &seats[1..], None).await.expect(201);

    let (x, y) = (last.pos.x - 150.0, last.pos.y - 150.0);
    let path = format!(
        r#"/seat-booking/layout/{event}?viewport={{"x":{x},"y":{y},"width":300,"height":300}}"#
    );
    let view = anyone.get(&path).await.expect(200);
    let seen: BTreeSet<&str> =
        view.field("seats").as_array().unwrap().iter().map(|s| s["id"].as_str().unwrap()).collect();
    let inside = layout.seats().iter().filter(|seat| {
        (x..=x + 300.0).contains(&seat.pos.x) && (y..=y + 300.0).contains(&seat.pos.y)
    });
    let inside: BTreeSet<&str> = inside.map(|seat| seat.id.as_str()).collect();
    assert_eq!(seen, inside);
    assert!((2..5_000).contains(&seen.len()), "{} seats", seen.len());
    assert_eq!(entry(view.field("seats"), "id", last.id.as_str())["status"], "booked");

    let states = anyone.get(&format!("/seat-booking/states/{event}")).await.expect(200);
    let states = states.text("states");
    assert_eq!((states.len(), &states[50_000..50_001], &states[99_999..]), (100_000, "h", "b"));
    assert_eq!(states.matches('a').count(), 99_998);
    let whole = anyone.get(&format!("/seat-booking/layout/{event}")).await.expect(200);
    assert_eq!(whole.field("seats").as_array().unwrap().len(), 100_000);
}
