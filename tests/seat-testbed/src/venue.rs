use serde_json::{Value, json};

use crate::{Client, Server};

/// Stores a layout; its id.
///
/// # Panics
/// When the server refuses it.
pub async fn new_layout(server: &Server, layout: Value) -> String {
    let stored = Client::admin(server).post("/seat-booking/layouts", layout).await.expect(201);
    stored.text("layoutId").to_owned()
}

/// Puts a layout on sale in an event of its own; the event's id.
///
/// # Panics
/// When the server refuses it.
pub async fn new_event(server: &Server, layout: Value) -> String {
    let body = json!({ "layoutId": new_layout(server, layout).await, "name": "A test" });
    let created = Client::admin(server).post("/seat-booking/events", body).await.expect(201);
    created.text("eventId").to_owned()
}

/// A room of 28 seats, in this order:
/// - `seat_A1` to `seat_A10` at 75 in a row at y 100, x 0, 40, 80 and so on, and `seat_B1` to
///   `seat_B10` below them at y 140, with row labels and numbers;
/// - `table_VIP_001` with `table_VIP_001_s1` to `_s4` at 157.50, at x 500, y 100;
/// - `table_1` and `table_10` with `_s1` and `_s2` each at 75, at x 600 and 700, y 100.
///
/// And a stage at x 0, y 0, 400 wide and 60 deep.
pub fn small_layout() -> Value {
    let mut seats = Vec::new();
    for (row, y) in [("A", 100), ("B", 140)] {
        for number in 1..=10 {
            let mut seat = seat(&format!("seat_{row}{number}"), 40 * (number - 1), y, "standard");
            seat["rl"] = row.into();
            seat["sn"] = number.into();
            seats.push(seat);
        }
    }
    let mut items = vec![json!({
        "id": "stage", "type": "stage", "pos": { "x": 0, "y": 0 }, "size": { "x": 400, "y": 60 }
    })];
    for (table, x, count, category) in [
        ("table_VIP_001", 500, 4, "vip"),
        ("table_1", 600, 2, "standard"),
        ("table_10", 700, 2, "standard"),
    ] {
        items.push(json!({
            "id": table, "type": "table", "pos": { "x": x, "y": 100 }, "size": { "x": 60, "y": 60 },
            "sc": count
        }));
        for number in 1..=count {
            seats.push(seat(&format!("{table}_s{number}"), x + 15 * number, 170, category));
        }
    }
    json!({
        "name": "A small room",
        "seats": seats,
        "items": items,
        "categories": [
            { "id": "standard", "name": "Standard", "color": "#3b82f6", "price": 75 },
            { "id": "vip", "name": "VIP", "color": "#d97706", "price": 157.5 },
        ],
    })
}

fn seat(id: &str, x: i32, y: i32, category: &str) -> Value {
    json!({ "id": id, "pos": { "x": x, "y": y }, "size": { "x": 30, "y": 30 }, "catId": category })
}
